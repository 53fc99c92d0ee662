/** Whether the process does what it is there for, and which of several processes that may do the same work it is. */
import { Schema } from "effect"
import { Freshness } from "./FeedState.ts"
import type { Progress } from "../../streams/ports/Monitor.ts"
import * as EncodedProgress from "./EncodedProgress.ts"

/** Of several processes that may do the same work one does it; `active` is the name of that one, where it is known. */
export const Role = Schema.Union([
  Schema.TaggedStruct("active", {}),
  Schema.TaggedStruct("standby", { active: Schema.NullOr(Schema.String) })
])
export type Role = typeof Role.Type

export const Health = Schema.Struct({
  status: Schema.Literals(["ok", "starting", "stuck", "standby"]),
  role: Role,
  freshness: Freshness,
  ...EncodedProgress.EncodedProgress.fields
})

/** Records that wait this long, in milliseconds, while no count changes mean that the engine is stuck. */
export const patience = 60_000

/** An engine with nothing to do is well; one that has not begun is starting. */
export const healthOf = (progress: Progress, advancedAt: number, now: number): "ok" | "starting" | "stuck" => {
  if (progress.lag > 0 && now - advancedAt > patience) return "stuck"
  return progress.read === 0 ? "starting" : "ok"
}
