/** Why a record could not be used: a reason that programs can tell apart, and a sentence for a person. */
import { Schema } from "effect"

export const Reason = Schema.Literals([
  "not-json",
  "missing-field",
  "invalid-field",
  "no-key",
  "no-calendar",
  "does-not-fit",
  "time-ahead",
  "not-milliseconds",
  "too-long",
  "empty",
  "unknown-source",
  "late",
  "nothing-to-cancel",
  "refused"
])
export type Reason = typeof Reason.Type

export interface Refusal {
  readonly reason: Reason
  readonly detail: string
}
