/** Rows of a stream that a pipeline has no use for, as errors. */
import { Schema } from "effect"
import { Reason } from "../records/Refusal.ts"

/** A row is not one of the source's, or its time cannot be. */
export class RefusedRow extends Schema.TaggedError<RefusedRow>()("RefusedRow", {
  row: Schema.Unknown,
  /** The name of its source, where the rows of several are read. */
  source: Schema.optionalKey(Schema.String),
  reason: Reason,
  /** What is wrong, in words for a person. */
  detail: Schema.String
}) {
  override get message(): string {
    return `a row${of(this)} is refused (${this.reason}): ${this.detail}`
  }
}

/** All windows that a row belongs to had closed, and their allowed lateness was over. */
export class LateRow extends Schema.TaggedError<LateRow>()("LateRow", {
  row: Schema.Unknown,
  /** The name of its source, where the rows of several are read. */
  source: Schema.optionalKey(Schema.String),
  detail: Schema.String
}) {
  override get message(): string {
    return `a row${of(this)} is late: ${this.detail}`
  }
}

const of = ({ source }: { readonly source?: string }): string => source === undefined ? "" : ` of "${source}"`
