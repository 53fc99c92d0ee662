/** What can go wrong between courant and the master of a Spark cluster, in one line. */
import { Schema } from "effect"

const Reason = Schema.Literals([
  /** No answer: no such host, refused, reset, too slow. What was asked may have been done. */
  "unreachable",
  /** 468: the cluster speaks another version of the protocol. */
  "protocol-mismatch",
  /** It was understood, and is not done. */
  "refused",
  /** 401 and 403. */
  "not-allowed",
  /** The master knows no submission of this id, or no longer. */
  "unknown-submission",
  /** Not the answer of a Spark master. */
  "not-understood",
  /** An application that was needed has ended, and is not started again. */
  "ended",
  /** The same: somebody has ended it by a request. */
  "killed"
])

/** It holds no request, so that no token that was in one can be printed with it. */
export class SubmissionError extends Schema.TaggedError<SubmissionError>()("SubmissionError", {
  message: Schema.String,
  reason: Reason
}) {}
