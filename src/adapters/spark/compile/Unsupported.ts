/** A part of a pipeline that Spark cannot compute as courant does: named, before anything runs. */
import { Schema } from "effect"

export class Unsupported extends Schema.TaggedError<Unsupported>()("UnsupportedBySpark", {
  pipeline: Schema.String,
  /** Such as `calendar windows` or `the result "variation" (percentChange)`. */
  what: Schema.String,
  why: Schema.String
}) {
  override get message() {
    return `"${this.pipeline}" cannot run on Spark: ${this.what}: ${this.why}`
  }
}
