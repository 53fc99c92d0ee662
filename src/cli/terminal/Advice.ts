/**
 * What to type where something went wrong. Errors of the core and the adapters carry a reason and know no flag and no
 * variable; this has an answer to each, with those of Kafka, InfluxDB and the page beside their flags.
 *
 * Only types of adapters are imported: their clients take their time to load.
 */
import { Predicate } from "effect"
import type { InfluxdbError } from "../../adapters/influxdb/InfluxdbError.ts"
import type { KafkaError } from "../../adapters/kafka/client/Client.ts"
import type { Unsupported } from "../../adapters/spark/compile/Unsupported.ts"
import type { SparkError } from "../../adapters/spark/connect/SparkError.ts"
import type { SubmissionError } from "../../adapters/spark/rest/SubmissionError.ts"
import type { FolderInUse } from "../../adapters/sqlite/WriterLock.ts"
import type { CheckpointMismatch } from "../../streams/ports/Checkpoint.ts"
import type { StateError } from "../../streams/ports/Engine.ts"
import * as InfluxdbAdvice from "../influxdb/InfluxdbAdvice.ts"
import * as KafkaAdvice from "../kafka/KafkaAdvice.ts"

/** The message of an error and what to do about it, on one line. */
export const sentence = (error: unknown): string => {
  const message = Predicate.isObject(error) && Predicate.isString(error["message"]) ? error["message"] : String(error)
  const [line = ""] = message.split("\n")
  const advice = adviceOf(error)
  return advice === undefined ? line : `${line}; ${advice}`
}

/** An error of a port has that of the adapter as its cause: the outermost that says more than its message counts. */
export const adviceOf = (error: unknown): string | undefined => {
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    const advice = isKnown(inner) ? of(inner) : undefined
    if (advice !== undefined) return advice
  }
  return undefined
}

/** Every error to which there is an answer. */
type Known =
  | CheckpointMismatch
  | FolderInUse
  | InfluxdbError
  | KafkaError
  | SparkError
  | StateError
  | SubmissionError
  | Unsupported

const ofSpark: { readonly [reason in SparkError["reason"]]?: string } = {
  unauthenticated: "set COURANT_SPARK_TOKEN to it",
  insecure: "give sc://HOST:PORT/;use_ssl=true, with the authority's certificate in the file that COURANT_SPARK_CA names, or " +
    ";use_ssl=false for a network that you trust"
}

/** By its tag, which is unique in this project; a tag that is none of these has no answer below. */
const isKnown = (error: Error): error is Known => "_tag" in error && Predicate.isString(error._tag)

const of = (error: Known): string | undefined => {
  switch (error._tag) {
    case "CheckpointMismatch":
      return "run with the same pipelines, --out-of-orderness and --allowed-lateness as before, or once with --restart to " +
        "compute everything again from the log"
    case "FolderInUse":
      return "stop it or choose another with --data"
    case "InfluxdbError":
      return InfluxdbAdvice.of(error)
    case "KafkaError":
      return error.reason && KafkaAdvice.of(error.reason)
    case "SparkError":
      return ofSpark[error.reason]
    case "StateError":
      if (error.reason === "log-shortened") return "give it another name, or run once with --restart to compute it from what is left"
      return "run once with --restart to compute everything again from the log"
    case "SubmissionError":
      return error.reason === "not-allowed" ? "set COURANT_SPARK_REST_TOKEN to one" : undefined
    case "UnsupportedBySpark":
      return "courant process computes it without Spark"
    default:
      return undefined
  }
}
