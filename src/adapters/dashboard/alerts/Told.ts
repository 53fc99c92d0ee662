/** Alerts and what they have fired, as programs and the page are told of them. */
import { BigDecimal, Schema } from "effect"
import * as Decimal from "../../../domain/Decimal.ts"
import { Alert, Firing, State } from "../../../streams/ports/AlertStore.ts"

const { states: _, ...place } = Firing.fields

export const ToldFiring = Schema.Struct({
  ...place,
  state: State,
  /** The value of the window, and the newest before it; of a price the high or low that reached the level, and the close before. */
  value: Schema.String,
  before: Schema.String,
  /** When it fired, and since when it is what it is, by the server's clock in milliseconds since the epoch. */
  knownAt: Schema.Int,
  since: Schema.Int
})
export type ToldFiring = typeof ToldFiring.Type

export const ToldAlert = Schema.Struct({
  ...Alert.fields,
  /** Why it waits, where its pipeline or its value is not there; else `null`. */
  idle: Schema.NullOr(Schema.String)
})

export const Alerts = Schema.Struct({
  alerts: Schema.Array(ToldAlert),
  /** The newest 100, the newest first. */
  firings: Schema.Array(ToldFiring),
  /** Why windows cannot be looked at now; else `null`. */
  problem: Schema.NullOr(Schema.String)
})
export type Alerts = typeof Alerts.Type

const Level = Schema.String.check(Schema.isPattern(/^[+-]?\d{1,60}(?:\.\d{1,60})?$/, { expected: "a number in plain digits, such as 187.5" }))

/** What is wished for. */
export const Wish = Schema.Struct({
  pipeline: Schema.String.check(Schema.isMaxLength(500)),
  key: Schema.String.check(Schema.isMaxLength(2_000)),
  value: Schema.String.check(Schema.isMaxLength(500)),
  direction: Schema.Literals(["above", "below"]),
  level: Level,
  note: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(200)))
})
export type Wish = typeof Wish.Type

/** One text for one number: `007`, `7.0` and `+7` are `7`, and minus zero is zero. */
export const plain = (level: string): string => Decimal.format(BigDecimal.fromStringUnsafe(level.replace(/^\+/, "")))

/** As it was known at a time; `null` where it had not fired. */
export const firingAt = ({ states, ...place }: Firing, time = Infinity): ToldFiring | null => {
  const known = states.filter(({ knownAt }) => knownAt <= time)
  const last = known.at(-1)
  if (last === undefined) return null
  // A change of the value alone is no other state.
  const since = known.findLast(({ state }, index) => state !== known[index - 1]?.state) ?? last
  return { ...place, state: last.state, value: last.value, before: last.before, knownAt: states[0].knownAt, since: since.knownAt }
}
