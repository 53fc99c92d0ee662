/** What has been fed of one symbol, as it stands in the position. Pure. */
import { Schema, Struct } from "effect"
import { minute } from "../../domain/Bar.ts"
import { EventTime } from "../../domain/EventTime.ts"
import type { Instrument } from "./Instrument.ts"
import * as Samples from "./Samples.ts"
import * as Splits from "./Splits.ts"
import * as TradingDay from "./TradingDay.ts"

export const Entry = Schema.Struct({
  /** Start of the newest daily bar. */
  day: Schema.optionalKey(EventTime),
  /** Start of a session of which only the close has been fed, in place of its daily bar. */
  close: Schema.optionalKey(EventTime),
  /** Start of the newest one-minute bar. Minutes up to it are fed, but for those in `samples`. */
  bar: Schema.optionalKey(EventTime),
  /** Time of the newest tick. */
  time: Schema.optionalKey(EventTime),
  /** Volume of the session that ticks and bars account for; not known before the session's chart has come. */
  volume: Schema.optionalKey(Schema.Int),
  /** Volume of the session that Yahoo has told, be it assigned to a minute or not. */
  total: Schema.optionalKey(Schema.Int),
  /** Minutes whose bars are still to come. */
  samples: Schema.optionalKey(Samples.Samples),
  /** What prices have to be multiplied by to be compared with the first ones that were fed. */
  split: Schema.optionalKey(Splits.Split),
  /** End of the day on which a record has said the currency and the decimals. */
  said: Schema.optionalKey(EventTime)
})

export type Entry = typeof Entry.Type

/** The end of the newest bar. */
export const barEnd = ({ bar }: Entry): number => bar === undefined ? -Infinity : bar + minute

/** The newest moment of which something has been fed; minus infinity where nothing has. */
export const lastMoment = (entry: Entry): number => Math.max(entry.time ?? -Infinity, barEnd(entry) - 1)

const halfAnHour = 30 * minute

/**
 * Volume starts from nothing with the exchange's calendar day. That of an overnight market
 * starts in the evening, which shows as a fall after a pause; a smaller fall is a correction.
 */
export const beginsSession = (entry: Entry, { overnight, zone }: Instrument, time: number, volume = Infinity): boolean => {
  const last = lastMoment(entry)
  if (!Number.isFinite(last)) return false
  if (overnight) return time >= last + halfAnHour && volume < (entry.total ?? 0) / 2
  return !TradingDay.contains(TradingDay.at(zone, last), time)
}

/** Bars of minutes before a new session count towards its volume no more, and its first record says the currency anew. */
export const beforeSession = (entry: Entry): Entry => {
  const earlier = [...Samples.minutesOf(entry.samples)].map(([start, volume]): [number, number | null] =>
    [start, volume === Samples.gap ? volume : null])
  return { ...Struct.omit(entry, ["volume", "total", "samples", "said"]), ...Samples.ofMinutes(new Map(earlier)) }
}

/** With the minutes whose bars are still to come. Of too many the oldest are left as they are. */
export const withSamples = (entry: Entry, minutes: Samples.Minutes, limit: number): Entry => {
  const starts = [...minutes.keys()].sort((a, b) => a - b)
  const left = starts.slice(0, Math.max(0, starts.length - limit))
  const kept = left.length === 0 ? minutes : new Map([...minutes].filter(([start]) => start > left.at(-1)!))
  const { bar } = upTo(entry, left.at(-1))
  return { ...Struct.omit(entry, ["bar", "samples"]), ...(bar === undefined ? {} : { bar }), ...Samples.ofMinutes(kept) }
}

/** Nothing up to this minute is fed any more that is not among the samples. */
export const upTo = (entry: Entry, start = -Infinity): Entry =>
  start > (entry.bar ?? -Infinity) ? { ...entry, bar: start } : entry
