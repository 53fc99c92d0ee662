/** What went wrong on the way to the cluster or on it, as those are told it who only want to know what to do. */
import type { SparkError } from "../connect/SparkError.ts"
import type { SubmissionError } from "../rest/SubmissionError.ts"
import { ClusterError } from "../SparkCluster.ts"

export type Failure = SparkError | SubmissionError | ClusterError

/** Whether the session that gave the error is of no use any more, whereas another one may be. */
export const isOfSession = (failure: Failure): boolean =>
  failure.reason === "session-changed" || failure.reason === "session-closed"

/** Whether the same may well succeed later: what was asked is not to blame. */
export const mayPass = (failure: Failure): boolean =>
  failure._tag === "SparkError" && !isOfMaking(failure) && !isLoss(failure) &&
  (failure.reason === "unreachable" || failure.reason === "execution-lost" || isOfSession(failure) ||
    isOfQuery(failure) || isEnding(failure))

/** A query whose plan or options are wrong may find that out only when it runs. */
const isOfMaking = ({ types = [] }: SparkError): boolean =>
  types.some((type) =>
    type === "java.lang.IllegalArgumentException" || type === "org.apache.spark.sql.AnalysisException")

/** Records were deleted before they were read: `failOnDataLoss` of Spark's source of Kafka. */
const isLoss = (error: SparkError): boolean => lineOfLoss(error) !== undefined

const lineOfLoss = ({ causes = [], message }: SparkError): string | undefined =>
  [message, ...causes].join("\n").split("\n").find((line) => /KAFKA_DATA_LOSS|Some data may have been lost/.test(line))

/** A driver that was told to end still answers for a moment, with what happens to be gone already. */
const isEnding = ({ causes = [], message }: SparkError): boolean =>
  [message, ...causes].some((words) => /stopped SparkContext|SparkContext was shut down|ShuttingDown/i.test(words))

/** A query failed while it ran, which whoever asks for it is told. */
export const isOfQuery = (failure: Failure): boolean =>
  failure._tag === "SparkError" && failure.errorClass === "STREAM_FAILED"

/** `failed` where it was tried again and again. */
export const toClusterError = (failure: Failure): ClusterError => {
  switch (failure._tag) {
    case "ClusterError":
      return failure
    case "SparkError":
      return new ClusterError({ reason: reasonOf(failure), message: wordsOf(failure), cause: failure })
    case "SubmissionError":
      return new ClusterError({ reason: reasonOfSubmission(failure), message: failure.message, cause: failure })
  }
}

const reasonOf = (error: SparkError): ClusterError["reason"] => {
  if (isOfMaking(error)) return "refused"
  if (isOfQuery(error) || isOfJob(error)) return "failed"
  return mayPass(error) ? "unreachable" : "refused"
}

/** It was taken, and failed on the way: a disk, a broker, an executor. */
const isOfJob = ({ message }: SparkError): boolean => /^(\[\w+\] )?Job aborted/.test(message)

const reasonOfSubmission = ({ reason }: SubmissionError): ClusterError["reason"] => {
  if (reason === "killed") return "stopped"
  return reason === "unreachable" || reason === "ended" ? "unreachable" : "refused"
}

/**
 * The line that says most. What a query fails with is the innermost of what led to it; a task that failed on an
 * executor is told by the driver as text, `Lost task 0.3 in stage 5.0 (TID 12) (10.0.0.7 executor 0): ` before what it
 * failed with.
 */
export const wordsOf = (error: SparkError): string => {
  const { causes = [], message } = error
  const innermost = causes.findLast((cause) => cause !== "") ?? message
  const words = lineOfLoss(error) ?? innermost.split("\n").find((line) => line.trim() !== "") ?? message
  const onExecutor = /Lost task [^:]*?\(TID \d+\) \([^)]*\): (.*)/.exec(words)?.[1]
  return (onExecutor ?? words).replaceAll(/[\s\p{Cc}]+/gu, " ").trim().slice(0, 600)
}
