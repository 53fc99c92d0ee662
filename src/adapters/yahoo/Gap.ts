/**
 * Minutes of a symbol that were not fed when its prices began to count. They are caught up with once its charts have come.
 * Pure.
 */
import { Schema } from "effect"
import { minute } from "../../domain/Bar.ts"
import { EventTime } from "../../domain/EventTime.ts"
import type * as Bars from "./Bars.ts"
import type * as Rows from "./Rows.ts"
import * as TradingDay from "./TradingDay.ts"

export const Gap = Schema.Struct({
  /** The newest moment before it of which something has been fed. */
  after: Schema.optionalKey(EventTime),
  /** Time of the first tick behind it. */
  before: EventTime,
  /** The session's volume that had been accounted for before it. */
  volume: Schema.optionalKey(Schema.Int),
  /** The session's volume at the first tick behind it. */
  reached: Schema.optionalKey(Schema.Int)
})

export type Gap = typeof Gap.Type

export interface Filling {
  readonly bars: ReadonlyArray<Rows.Row>
  /** Volume that was traded in the gap and is in none of these bars, but in the minutes of its two ends: it counts with the next tick. */
  readonly owed: number
}

/** What is missing in a gap of the bars that have been found. Those up to `covered` are not. */
export const filling = (gap: Gap, covered: number, { bars, heldBack }: Bars.Minutes, zone: string): Filling => {
  const first = Math.max(gap.after ?? -Infinity, covered)
  const end = Math.floor(gap.before / minute) * minute
  const missing = bars.filter(({ start }) => first < start && start < end)
  if (gap.reached === undefined) return { bars: missing, owed: 0 }
  const session = TradingDay.at(zone, gap.before)
  const rest = gap.reached - (gap.volume ?? 0) - volumeOf(missing.filter(({ start }) => TradingDay.contains(session, start)))
  const lastFed = Math.floor((gap.after ?? -Infinity) / minute) * minute
  const ends = bars.filter(({ start }) => start === end || start === lastFed)
  return { bars: missing, owed: Math.max(0, Math.min(rest, volumeOf(ends) + heldBack)) }
}

const volumeOf = (rows: ReadonlyArray<Rows.Row>): number => rows.reduce((sum, { volume }) => sum + volume, 0)
