/**
 * What can go wrong with a Spark Connect server, and what follows from it. Spark says of every error of its own which
 * class it is of (`google.rpc.ErrorInfo`); an error without that comes from the way there.
 *
 * Source: https://spark.apache.org/docs/4.0.0/sql-error-conditions.html
 */
import { Code, ConnectError } from "@connectrpc/connect"
import { Option, Schema } from "effect"
import { type ErrorInfo, ErrorInfoSchema } from "./proto/error_details_pb.ts"

const Reason = Schema.Literals([
  /** No answer: no such host, refused, cut off, too slow. What was sent may have been done. */
  "unreachable",
  /** The server asks for another token. */
  "unauthenticated",
  /** TLS at one end only, a certificate that is not trusted, or a token that others could read. */
  "insecure",
  /** The server was started anew: the session is gone, and its queries with it. */
  "session-changed",
  /** The session expired or was released, and its queries with it. */
  "session-closed",
  /** The server no longer knows the execution, which had begun: what became of it is not known. */
  "execution-lost",
  /** Spark will not do it: `errorClass` says why. */
  "refused",
  /** Not the answer of a Spark Connect server that courant knows. */
  "not-understood"
])

export class SparkError extends Schema.TaggedError<SparkError>()("SparkError", {
  message: Schema.String,
  reason: Reason,
  /** Spark's condition, as in `UNRESOLVED_COLUMN.WITH_SUGGESTION`. Errors of old code have none. */
  errorClass: Schema.optionalKey(Schema.String),
  sqlState: Schema.optionalKey(Schema.String),
  /** What the message is made from, by name. */
  parameters: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  /** What led to it, outermost first: a query that fails says little itself. */
  causes: Schema.optionalKey(Schema.Array(Schema.String)),
  /** The classes of the innermost of them, the most special one first, as in `java.lang.IllegalArgumentException`. */
  types: Schema.optionalKey(Schema.Array(Schema.String)),
  /** By which the server keeps all that it knows of the error, for a while. */
  errorId: Schema.optionalKey(Schema.String),
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/** Whether the same request may well succeed later. */
export const isPassing = ({ reason }: SparkError): boolean => reason === "unreachable"

export const notUnderstood = (message: string, cause?: unknown): SparkError =>
  new SparkError({ reason: "not-understood", message, cause })

/** What a call to the server at `address` failed with. */
export const fromFailure = (address: string, failure: unknown): SparkError => {
  const error = ConnectError.from(failure)
  const [info] = error.findDetails(ErrorInfoSchema)
  return info === undefined ? fromTheWay(address, error) : fromSpark(info, error)
}

const fromSpark = (info: ErrorInfo, error: ConnectError): SparkError => {
  const { metadata } = info
  const { errorClass, errorId, sqlState } = metadata
  const parameters = decodeParameters(metadata["messageParameters"])
  return new SparkError({
    reason: reasonOf(errorClass),
    message: error.rawMessage.trim(),
    ...(errorClass === undefined ? {} : { errorClass }),
    ...(sqlState === undefined ? {} : { sqlState }),
    ...(errorId === undefined ? {} : { errorId }),
    ...(parameters === undefined ? {} : { parameters }),
    cause: error
  })
}

const reasonOf = (errorClass: string | undefined): typeof Reason.Type => {
  switch (errorClass) {
    case "INVALID_HANDLE.SESSION_CHANGED":
      return "session-changed"
    case "INVALID_HANDLE.SESSION_CLOSED":
    case "INVALID_HANDLE.SESSION_NOT_FOUND":
      return "session-closed"
    case "INVALID_HANDLE.OPERATION_ABANDONED":
    case "INVALID_HANDLE.OPERATION_NOT_FOUND":
      return "execution-lost"
    // Another stream of the same execution took over: an earlier attempt of ours, which the server had not seen end.
    case "INVALID_CURSOR.DISCONNECTED":
      return "unreachable"
    default:
      return "refused"
  }
}

const Parameters = Schema.fromJsonString(Schema.Record(Schema.String, Schema.String))

const decodeParameters = (text: string | undefined) =>
  Option.getOrUndefined(Schema.decodeUnknownOption(Parameters)(text))

const fromTheWay = (address: string, error: ConnectError): SparkError => {
  switch (error.code) {
    case Code.Unauthenticated:
    case Code.PermissionDenied:
      return new SparkError({
        reason: "unauthenticated",
        message: `Spark Connect at ${address} does not know the token (${error.rawMessage}); ` +
          "it has to be the server's spark.connect.authenticate.token",
        cause: error
      })
    case Code.Unimplemented:
    case Code.NotFound:
    case Code.InvalidArgument:
    case Code.FailedPrecondition:
    case Code.OutOfRange:
      return notUnderstood(`what answers at ${address} is no Spark Connect server: ${error.rawMessage}`, error)
    default:
      return new SparkError({ reason: "unreachable", message: error.rawMessage, cause: error })
  }
}
