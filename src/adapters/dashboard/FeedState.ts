/** The feed as viewers see it: how fresh it is, whether it has ended, and how it is replayed where that can be changed. */
import { Effect, Schema } from "effect"
import { Feed, type Freshness as FreshnessOfFeed, type Pace } from "../../streams/ports/Feed.ts"

/** How many times as fast as it happened; `null` is as fast as possible, which JSON has no number for. */
const Speed = Schema.NullOr(Schema.Finite)

export const Freshness = Schema.Union([
  Schema.TaggedStruct("live", {}),
  Schema.TaggedStruct("delayed", { minutes: Schema.Finite }),
  Schema.TaggedStruct("recorded", { date: Schema.String, speed: Speed }),
  Schema.TaggedStruct("closed", { reason: Schema.String }),
  Schema.TaggedStruct("stale", { reason: Schema.String }),
  Schema.TaggedStruct("simulated", {})
])

export const FeedState = Schema.Struct({
  name: Schema.String,
  freshness: Freshness,
  /** Nothing comes any more. */
  ended: Schema.Boolean,
  /** `null` where it is not for viewers to change. */
  control: Schema.NullOr(Schema.Struct({ paused: Schema.Boolean, speed: Speed }))
})

/** What {@link FeedState} describes, as it is before it is JSON. */
export interface State {
  readonly name: string
  readonly freshness: FreshnessOfFeed
  readonly ended: boolean
  readonly control: Pace | null
}

const changeable = {
  paused: Schema.optionalKey(Schema.Boolean),
  speed: Schema.optionalKey(Schema.Finite.check(Schema.isBetween({ minimum: 0.1, maximum: 100_000 })))
}

/** How a viewer changes the pace of a replay. Members that nobody knows would do nothing in silence. */
export const Change = Schema.StructWithRest(Schema.Struct(changeable), [Schema.Record(Schema.String, Schema.Unknown)]).check(
  Schema.makeFilter((change) => {
    const names = Object.keys(change)
    const unknown = names.find((name) => !Object.hasOwn(changeable, name))
    if (unknown !== undefined) return `${unknown}: there is no such member; there are paused and speed`
    return names.length > 0 || "nothing is to be changed: give paused, speed or both"
  })
)

export const read = Effect.fnUntraced(function*(hasEnded: Effect.Effect<boolean>): Effect.fn.Return<State, never, Feed> {
  const { control, freshness, name } = yield* Feed
  return {
    name,
    freshness: yield* freshness,
    ended: yield* hasEnded,
    control: control === undefined ? null : yield* control.pace
  }
})
