/** The feed as viewers see it: how fresh it is, whether it has ended, and how it is replayed where that can be changed. */
import { Effect, Schema } from "effect"
import { Feed, Freshness } from "../../streams/ports/Feed.ts"

export const FeedState = Schema.Struct({
  name: Schema.String,
  freshness: Freshness,
  /** Nothing comes any more. */
  ended: Schema.Boolean,
  /** `null` where it is not for viewers to change. */
  control: Schema.NullOr(Schema.Struct({
    paused: Schema.Boolean,
    /** How many times as fast as it happened; `null` as fast as possible. */
    speed: Schema.NullOr(Schema.Finite)
  }))
})
export type FeedState = typeof FeedState.Type

export const read = Effect.fnUntraced(function*(hasEnded: Effect.Effect<boolean>): Effect.fn.Return<FeedState, never, Feed> {
  const { control, freshness, name } = yield* Feed
  return {
    name,
    freshness: yield* freshness,
    ended: yield* hasEnded,
    control: control === undefined ? null : yield* Effect.map(control.pace, ({ paused, speed }) => ({ paused, speed: Number.isFinite(speed) ? speed : null }))
  }
})
