/**
 * One session's calls: gRPC over HTTP/2, the bearer token, and in each request who asks. The server's own id of the
 * session is observed in its answers and sent along, so that a server that was started anew refuses us instead of
 * giving an empty session in silence.
 *
 * Source: https://github.com/apache/spark/blob/v4.0.0/sql/connect/docs/client-connection-string.md
 */
import { create } from "@bufbuild/protobuf"
import { type CallOptions, type Client, createClient } from "@connectrpc/connect"
import { Duration, Effect } from "effect"
import * as MonotonicTime from "../../../streams/ports/MonotonicTime.ts"
import * as RetryPolicy from "../../../streams/ports/RetryPolicy.ts"
import { FetchErrorDetailsResponse_ErrorSchema, SparkConnectService } from "./proto/base_pb.ts"
import type { FetchErrorDetailsResponse } from "./proto/base_pb.ts"
import { fromFailure, isPassing, SparkError } from "./SparkError.ts"
import * as Transport from "./Transport.ts"

export interface Target extends Transport.Target {
  /** A UUID. */
  readonly sessionId: string
  /** Sessions are kept apart by user. */
  readonly user: string
  /** The server's id of the session where it is known from before. */
  readonly serverSessionId: string | undefined
  /** For how long the server may be away before a request fails. */
  readonly patience: Duration.Duration
}

export interface Wire {
  readonly address: string
  readonly client: Client<typeof SparkConnectService>
  /** Who asks, for each request. */
  readonly identity: () => Identity
  /** Notes the server's id of the session, from an answer. */
  readonly observe: (serverSessionId: string) => void
  readonly serverSessionId: () => string | undefined
  /** One call, tried again while the server is away: only for what may be done twice. */
  readonly ask: <A extends Answer>(call: Call<A>, timeout?: Duration.Duration) => Effect.Effect<A, SparkError>
  /** Tries again while the server is away, until it was for as long as we have patience since what `since` says. */
  readonly patiently: <A>(
    attempt: Effect.Effect<A, SparkError>,
    since: (now: number) => number
  ) => Effect.Effect<A, SparkError>
}

interface Answer {
  readonly serverSideSessionId: string
}

type Call<A> = (client: Client<typeof SparkConnectService>, identity: Identity, options: CallOptions) => Promise<A>

export interface Identity {
  readonly sessionId: string
  readonly userContext: { readonly userId: string; readonly userName: string }
  readonly clientType: string
  readonly clientObservedServerSideSessionId?: string
}

/** How long one attempt may take: an analysis may ask other systems, as that of Kafka does. */
const requestTimeout = Duration.seconds(60)

const backOff = RetryPolicy.backOff({ first: "50 millis", longest: "2 seconds" })

/** The connection ends with the scope. */
export const make = Effect.fnUntraced(function*(target: Target) {
  const address = Transport.addressOf(target)
  const client = createClient(SparkConnectService, yield* Transport.make(target))
  const who = identify(target)
  let hasAnswered = false

  const patiently: Wire["patiently"] = (attempt, since) =>
    Effect.retry(attempt, {
      schedule: backOff,
      while: (error) =>
        Effect.map(MonotonicTime.millis, (now) =>
          isPassing(error) && now - since(now) < Duration.toMillis(target.patience))
    }).pipe(Effect.mapError((error) => isPassing(error) ? noAnswer(address, target.patience, error) : error))

  const ask: Wire["ask"] = Effect.fnUntraced(function*(call, timeout = requestTimeout) {
    const started = yield* MonotonicTime.millis
    const once = Effect.tryPromise({
      try: (signal) => call(client, who.identity(), { signal, timeoutMs: Duration.toMillis(timeout) }),
      catch: (failure) => fromFailure(address, failure)
    }).pipe(
      // One that has answered before is only away.
      Effect.tapError((error) => isPassing(error) && !hasAnswered ? Transport.diagnose(target) : Effect.void)
    )
    const answer = yield* patiently(once, () => started)
    hasAnswered = true
    who.observe(answer.serverSideSessionId)
    return answer
  }, Effect.catch((error) => Effect.flatMap(detailed(client, who.identity(), error), Effect.fail)))

  return { address, client, ...who, patiently, ask } satisfies Wire
})

const identify = ({ serverSessionId: known, sessionId, user }: Target) => {
  let observed = known
  return {
    serverSessionId: () => observed,
    observe: (serverSessionId: string) => {
      // The first stays: a server that was started anew has to notice that it is not the one we know.
      if (serverSessionId !== "") observed ??= serverSessionId
    },
    identity: (): Identity => ({
      sessionId,
      userContext: { userId: user, userName: user },
      clientType: "courant",
      ...(observed === undefined ? {} : { clientObservedServerSideSessionId: observed })
    })
  }
}

const noAnswer = (address: string, patience: Duration.Duration, error: SparkError): SparkError =>
  new SparkError({
    reason: "unreachable",
    message: `no Spark Connect server at ${address} answered within ${Duration.format(patience)} (${error.message})`,
    cause: error.cause
  })

/**
 * The same error with all that the server knows of it: a status carries the first 2,048 characters of a message, and
 * nothing of what led to it. Where it cannot be had, the error as it is.
 */
export const detailed = (client: Wire["client"], identity: Identity, error: SparkError): Effect.Effect<SparkError> => {
  const { errorId } = error
  if (errorId === undefined) return Effect.succeed(error)
  return Effect.tryPromise((signal) =>
    client.fetchErrorDetails({ ...identity, errorId }, { signal, timeoutMs: 5_000 })
  ).pipe(
    Effect.map((details) => withDetails(error, details)),
    Effect.orElseSucceed(() => error)
  )
}

const withDetails = (error: SparkError, { errors, rootErrorIdx }: FetchErrorDetailsResponse): SparkError => {
  const [root = create(FetchErrorDetailsResponse_ErrorSchema), ...causes] = chain(errors, rootErrorIdx)
  const { errorClass, messageParameters, sqlState } = root.sparkThrowable ?? {}
  const types = (causes.at(-1) ?? root).errorTypeHierarchy
  return new SparkError({
    ...error,
    message: root.message.trim() || error.message,
    ...(errorClass === undefined ? {} : { errorClass }),
    ...(sqlState === undefined ? {} : { sqlState }),
    ...(messageParameters === undefined ? {} : { parameters: messageParameters }),
    ...(types.length === 0 ? {} : { types }),
    ...(causes.length === 0 ? {} : { causes: causes.map(({ message }) => message.trim()) })
  })
}

/** Each error names its cause by index; an error is not its own cause, whatever a server says. */
const chain = (errors: FetchErrorDetailsResponse["errors"], root: number | undefined) => {
  const found = new Set<FetchErrorDetailsResponse["errors"][number]>()
  for (let next = root; next !== undefined;) {
    const error = errors[next]
    if (error === undefined || found.has(error)) break
    found.add(error)
    next = error.causeIdx
  }
  return [...found]
}
