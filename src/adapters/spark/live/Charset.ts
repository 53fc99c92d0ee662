/** Whether a server reads texts as what they are. */
import { Effect } from "effect"
import * as Plan from "../connect/Plan.ts"
import type { Session } from "../connect/Session.ts"
import { SparkError } from "../connect/SparkError.ts"

/**
 * Spark 4.0 reads the texts of a VARIANT in the charset of its JVM, which on Java 17 is that of the locale, and ASCII where
 * there is none: every other character would come to question marks, in silence. Spark folds the constant where the plan
 * is made, and so says of itself which it is.
 */
export const check = Effect.fnUntraced(function*(session: Session["Service"]): Effect.fn.Return<void, SparkError> {
  const plan = yield* session.explain(Plan.sql(`SELECT variant_get(parse_json('"\u00e9"'), '$', 'string') = '\u00e9' AS is_utf8`))
  if (plan.includes("true AS is_utf8")) return
  return yield* new SparkError({
    reason: "refused",
    message: "this Spark Connect server does not read UTF-8: give its driver and executors -Dfile.encoding=UTF-8 " +
      "(spark.driver.extraJavaOptions, spark.executor.extraJavaOptions)"
  })
})
