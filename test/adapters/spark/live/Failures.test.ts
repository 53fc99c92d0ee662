/** What went wrong, in a word and a line. The messages were recorded from Apache Spark 4.0.0. */
import { assert, describe, it } from "@effect/vitest"
import { SparkError } from "../../../../src/adapters/spark/connect/SparkError.ts"
import { type Failure, mayPass, toClusterError } from "../../../../src/adapters/spark/live/Failures.ts"
import { SubmissionError } from "../../../../src/adapters/spark/rest/SubmissionError.ts"

const ofQuery = (...causes: ReadonlyArray<string>) => ({
  message: "[STREAM_FAILED] Query [id = 8c47, runId = 9fb2] terminated with exception: … SQLSTATE: XXKST",
  reason: "refused",
  errorClass: "STREAM_FAILED",
  causes
} as const)

const onExecutor = "Job aborted due to stage failure: Task 0 in stage 5.0 failed 4 times, most recent failure: Lost task 0.3 " +
  "in stage 5.0 (TID 12) (127.0.0.1 executor 0): java.io.IOException: No space left on device\n\tat java.base/…"

const failures: ReadonlyArray<readonly [what: string, failure: Failure, reason: string, message: RegExp, mayPass: boolean]> = [
  ["a query", new SparkError(ofQuery("No space left on device")), "failed", /^No space left on device$/, true],
  ["a task of a query", new SparkError(ofQuery("Writing job aborted", onExecutor)), "failed", /^java.io.IOException: No space left on device$/, true],
  ["a query without causes", new SparkError(ofQuery()), "failed", /^\[STREAM_FAILED\]/, true],
  [
    "options that are wrong",
    new SparkError({ ...ofQuery("Offset is no JSON"), types: ["java.lang.IllegalArgumentException", "java.lang.Exception"] }),
    "refused",
    /^Offset is no JSON$/,
    false
  ],
  [
    "records that are gone",
    new SparkError(ofQuery("[KAFKA_DATA_LOSS.COULD_NOT_READ_OFFSET_RANGE] Some data may have been lost because …")),
    "failed",
    /data may have been lost/,
    false
  ],
  ["a plan", new SparkError({ reason: "refused", message: "[UNRESOLVED_COLUMN] no column\n\n'Project …" }), "refused", /^\[UNRESOLVED_COLUMN\] no column$/, false],
  ["a token", new SparkError({ reason: "unauthenticated", message: "not known" }), "refused", /^not known$/, false],
  ["a job", new SparkError({ reason: "refused", message: onExecutor }), "failed", /^java.io.IOException: No space/, false],
  ["a server that is away", new SparkError({ reason: "unreachable", message: "no answer" }), "unreachable", /^no answer$/, true],
  ["a session that is closed", new SparkError({ reason: "session-closed", message: "closed" }), "unreachable", /^closed$/, true],
  ["a driver that ends", new SparkError({ reason: "refused", message: "Cannot call methods on a stopped SparkContext.\nThis stopped" }), "unreachable", /^Cannot call methods/, true],
  ["a driver that was killed", new SubmissionError({ reason: "killed", message: "killed" }), "stopped", /^killed$/, false],
  ["a driver that does not come up", new SubmissionError({ reason: "ended", message: "no room" }), "unreachable", /^no room$/, false],
  ["a master that refuses", new SubmissionError({ reason: "not-allowed", message: "token" }), "refused", /^token$/, false]
]

describe("is told as what it is, and tried again where that may help", () => {
  for (const [what, failure, reason, message, passes] of failures) {
    it(what, () => {
      const error = toClusterError(failure)
      assert.deepStrictEqual([error.reason, mayPass(failure)], [reason, passes])
      assert.match(error.message, message)
      assert.strictEqual(error.cause, failure)
    })
  }
})
