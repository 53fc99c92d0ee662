/**
 * What has been fed of each symbol, and so what is still to be fed. All that Yahoo Finance
 * says, by poll, by stream or as a chart, is booked here in one order; the ledger decides
 * alone what becomes a tick or a bar, so that nothing is fed twice. Pure.
 *
 * A symbol's entry is also its resume position: `(time, volume)` of the newest tick and the
 * newest bars. A tick's size is what the session's volume grew by since the last one, and
 * bars count towards that volume. So the sizes and bar volumes of a session add up to its
 * volume, whoever reported it and however often the feed was started again, but for what
 * Yahoo had assigned to no minute at the time of a back-fill.
 *
 * Where many symbols have to be caught up with, most of them are introduced first: their
 * prices count from then on, and the minutes before are a gap that their charts fill later.
 */
import { Effect, Schema, Struct } from "effect"
import { minute } from "../../domain/Bar.ts"
import { EventTime } from "../../domain/EventTime.ts"
import type { Chunk } from "../../streams/records/Records.ts"
import * as Records from "../../streams/records/Records.ts"
import * as Bars from "./Bars.ts"
import * as Gap from "./Gap.ts"
import { type Instrument, mayCost, type Unit } from "./Instrument.ts"
import * as Price from "./Price.ts"
import type * as Rows from "./Rows.ts"
import * as Splits from "./Splits.ts"
import * as TradingDay from "./TradingDay.ts"

/** A price with the time of its trade, and the session's volume where that is known. */
export interface Observation {
  readonly symbol: string
  readonly time: number
  readonly price: number
  readonly volume: number | undefined
}

/** What a symbol's charts say; without charts it goes on from where it is. */
export interface CatchUp {
  readonly instrument: Instrument
  /** Of minutes since {@link missingSince}, and of days before the session. */
  readonly charts?: Bars.Charts & {
    /** The session's volume where the chart does not tell. */
    readonly volume: number | undefined
    /** Minutes that are over at this time are whole. */
    readonly settled: number
  }
}

export type News =
  | { readonly _tag: "introduced"; readonly instruments: ReadonlyArray<Instrument> }
  | { readonly _tag: "caughtUp"; readonly symbols: ReadonlyArray<CatchUp> }
  | { readonly _tag: "observed"; readonly observations: ReadonlyArray<Observation> }

const Entry = Schema.Struct({
  /** Start of the newest daily bar. */
  day: Schema.optionalKey(EventTime),
  /** Start of the newest one-minute bar. */
  bar: Schema.optionalKey(EventTime),
  /** Time of the newest tick. */
  time: Schema.optionalKey(EventTime),
  /** Volume of the session that ticks and bars account for. */
  volume: Schema.optionalKey(Schema.Int),
  /** Volume in it that has not been fed and counts with the next tick. */
  owed: Schema.optionalKey(Schema.Int),
  /** What prices have to be multiplied by to be compared with the first ones that were fed. */
  split: Schema.optionalKey(Splits.Split),
  /** End of the day on which a record has said the currency and the decimals. */
  said: Schema.optionalKey(EventTime),
  /** Minutes before the newest ticks that have not been fed. */
  gap: Schema.optionalKey(Gap.Gap)
})

type Entry = typeof Entry.Type

export interface Ledger {
  readonly entries: ReadonlyMap<string, Entry>
  /** Symbols that have been caught up with or introduced. Observations of others have to wait. */
  readonly instruments: ReadonlyMap<string, Instrument>
  /** Those that have been introduced and not yet caught up with, and whether a price of theirs has counted since. */
  readonly behind: ReadonlyMap<string, "silent" | "counting">
}

export const empty: Ledger = { entries: new Map(), instruments: new Map(), behind: new Map() }

/** Records in a chunk at most. */
const chunkLimit = 4_096

/** Books one piece of news and gives the chunks that it leads to, each with its position. */
export const book = (ledger: Ledger, news: News): readonly [Ledger, ReadonlyArray<Chunk>] => {
  const instruments = new Map(ledger.instruments)
  const entries = new Map(ledger.entries)
  const behind = new Map(ledger.behind)
  const chunks: Array<Chunk> = []

  if (news._tag === "introduced") {
    for (const instrument of news.instruments) {
      instruments.set(instrument.symbol, instrument)
      behind.set(instrument.symbol, "silent")
    }
    return [{ entries, instruments, behind }, []]
  }

  if (news._tag === "observed") {
    const items = news.observations.flatMap((observation) => {
      const { symbol } = observation
      const instrument = instruments.get(symbol)
      if (instrument === undefined) return []
      const entry = entries.get(symbol) ?? {}
      const isFirst = behind.get(symbol) === "silent"
      const item = isFirst ? observeFirst(entry, instrument, observation) : observe(entry, instrument, observation)
      if (item === undefined) return []
      if (isFirst) behind.set(symbol, "counting")
      entries.set(symbol, item.entry)
      return [item]
    })
    if (items.length > 0) chunks.push(toChunk(items, entries))
    return [{ entries, instruments, behind }, chunks]
  }

  const items: Array<Item> = []
  for (const catchUp of news.symbols) {
    const { symbol } = catchUp.instrument
    instruments.set(symbol, catchUp.instrument)
    behind.delete(symbol)
    const caughtUp = bars(entries.get(symbol) ?? {}, catchUp)
    items.push(...caughtUp.items)
    if (caughtUp.items.length === 0) entries.set(symbol, caughtUp.entry)
  }
  items.sort((a, b) => a.time - b.time)
  for (let from = 0; from < items.length; from += chunkLimit) {
    const slice = items.slice(from, from + chunkLimit)
    for (const { entry, symbol } of slice) entries.set(symbol, entry)
    chunks.push(toChunk(slice, entries))
  }
  return [{ entries, instruments, behind }, chunks]
}

/** A line with its time, and its symbol's entry once it has been fed. */
interface Item {
  readonly symbol: string
  readonly time: number
  readonly kind: Records.Kind
  readonly line: string
  readonly entry: Entry
}

const toChunk = (items: ReadonlyArray<Item>, entries: Ledger["entries"]): Chunk =>
  Records.fromBytes(
    items.map(({ line }) => encoder.encode(line)),
    items.map(({ kind }) => kind),
    JSON.stringify({ version: 1, symbols: Object.fromEntries(entries) })
  )

const encoder = new TextEncoder()

/**
 * The one place that decides whether an observation is news. It is, where the trade is
 * newer than everything that was fed, or where the volume grew without the time moving
 * (the closing auction is booked under the time of the close).
 */
const observe = (entry: Entry, instrument: Instrument, observation: Observation): Item | undefined => {
  const { price, time } = observation
  const seen = newest(entry)
  if (time < seen || !mayCost(instrument, price)) return undefined
  const volume = instrument.cumulativeVolume ? wholeVolume(observation.volume) : undefined
  const isNew = beginsSession(entry, instrument, time, volume)
  const known = isNew ? 0 : entry.volume
  const grown = known === undefined || volume === undefined ? 0 : Math.max(0, volume - known)
  const size = grown + (isNew ? 0 : entry.owed ?? 0)
  if (entry.time !== undefined && time === entry.time && size === 0) return undefined
  const accounted = known === undefined ? volume : known + grown
  return tick(instrument, { price, size, time }, {
    ...Struct.omit(entry, ["owed"]),
    time,
    ...(accounted === undefined ? {} : { volume: accounted })
  })
}

/**
 * The first price of a symbol that has been introduced: what came before it is a gap. A symbol that has one already,
 * which an earlier run has not filled, waits until it is caught up with.
 */
const observeFirst = (entry: Entry, instrument: Instrument, observation: Observation): Item | undefined => {
  const { price, time } = observation
  if (entry.gap !== undefined || time < newest(entry) || time === entry.time || !mayCost(instrument, price)) return undefined
  const reached = instrument.cumulativeVolume ? wholeVolume(observation.volume) : undefined
  const current: Entry = beginsSession(entry, instrument, time, reached) ? Struct.omit(entry, ["volume", "owed"]) : entry
  const { volume } = current
  const after = lastMoment(entry)
  const gap = {
    before: time,
    ...(Number.isFinite(after) ? { after } : {}),
    ...(volume === undefined ? {} : { volume }),
    ...(reached === undefined ? {} : { reached })
  }
  return tick(instrument, { price, size: 0, time }, { ...withVolume(current, reached), time, gap })
}

/** A trade before this has been fed: the time of the newest tick, or the end of the newest bar. */
const newest = ({ bar, time }: Entry): number =>
  Math.max(time ?? -Infinity, bar === undefined ? -Infinity : bar + minute)

/** The newest moment of which something has been fed; minus infinity where nothing has. */
const lastMoment = ({ bar, time }: Entry): number =>
  Math.max(time ?? -Infinity, bar === undefined ? -Infinity : bar + minute - 1)

const halfAnHour = 30 * minute

/**
 * Volume starts from nothing with the exchange's calendar day. That of an overnight market
 * starts in the evening, which shows as a fall after a pause; a smaller fall is a correction.
 */
const beginsSession = (entry: Entry, { overnight, zone }: Instrument, time: number, volume = Infinity): boolean => {
  const last = lastMoment(entry)
  if (!Number.isFinite(last)) return false
  if (overnight) return time >= last + halfAnHour && volume < (entry.volume ?? 0) / 2
  return !TradingDay.contains(TradingDay.at(zone, last), time)
}

const wholeVolume = (volume: number | undefined): number | undefined =>
  volume === undefined || !Number.isSafeInteger(volume) || volume < 0 ? undefined : volume

/**
 * The bars that are missing, and before them, where the feed was away in the middle of a
 * minute, one tick with the rest of that minute's volume. Of a day either minutes are fed or
 * its daily bar, so that nothing counts twice.
 */
const bars = (
  before: Entry,
  { charts, instrument }: CatchUp
): { readonly entry: Entry; readonly items: ReadonlyArray<Item> } => {
  if (charts === undefined) return { entry: before, items: [] }
  const { minutes, session } = charts
  const found = Bars.minutes(minutes, instrument, { start: charts.from, end: session.end }, charts.settled)
  const total = sessionVolume(charts)
  const target = total === undefined || !instrument.cumulativeVolume
    ? undefined
    : Math.max(0, total - found.heldBack)
  // What comes after a catch-up says the currency anew. A volume of another session says nothing about this one.
  let entry: Entry = Struct.omit(before, TradingDay.contains(session, lastMoment(before)) ? ["said"] : ["said", "volume", "owed"])
  const split = Splits.withNewer(before.split, [charts.days, minutes], Math.max(lastMoment(before), before.day ?? -Infinity))
  if (split !== undefined) entry = { ...entry, split }
  const items: Array<Item> = []
  const add = (item: Item) => {
    items.push(item)
    entry = item.entry
  }

  const days = Bars.days(charts, found.bars, instrument).filter(({ start }) =>
    TradingDay.at(instrument.zone, start).start > Math.max(lastBeforeGap(before), before.day ?? -Infinity)
  )
  // A day that a daily bar stands for needs no minutes, even if there are some by now.
  const whole = before.day === undefined ? -Infinity : TradingDay.at(instrument.zone, before.day).end - 1
  const filling = before.gap && Gap.filling(before.gap, whole, found, instrument.zone)
  const missing = found.bars.filter(({ start }) =>
    start > Math.max(entry.time ?? -Infinity, entry.bar ?? -Infinity, whole)
  )
  const rest = restOfMinute(entry, found, missing, target)
  if (rest !== undefined) {
    add(tick(instrument, rest, {
      ...withVolume(entry, (entry.volume ?? 0) + rest.size),
      time: rest.time
    }))
  }
  for (const row of [...days, ...filling?.bars ?? [], ...missing].sort((a, b) => a.start - b.start)) add(bar(instrument, row, after(entry, row)))
  // After the last of the bars the next tick counts on from the chart; without any, from the last tick.
  if (missing.length > 0 || entry.volume === undefined) entry = withVolume(entry, target)
  if (filling !== undefined) {
    const owed = filling.owed + (entry.owed ?? 0)
    entry = { ...Struct.omit(entry, ["gap", "owed"]), ...(owed > 0 ? { owed } : {}) }
  }
  const last = items.pop()
  return { entry, items: last === undefined ? [] : [...items, { ...last, entry }] }
}

const after = (entry: Entry, { interval, start }: Rows.Row): Entry => {
  const { gap } = entry
  if (interval !== minute) return { ...entry, day: start }
  return gap !== undefined && start < gap.before
    ? { ...entry, gap: { ...gap, after: start + minute - 1 } }
    : { ...entry, bar: start }
}

/** The newest moment before anything is missing of which something has been fed. */
const lastBeforeGap = (entry: Entry): number =>
  entry.gap === undefined ? lastMoment(entry) : entry.gap.after ?? -Infinity

/** What was traded in the minute of the newest tick after that tick: its last price, and at most its own volume. */
const restOfMinute = (
  entry: Entry,
  { bars }: Bars.Minutes,
  missing: ReadonlyArray<Rows.Row>,
  target: number | undefined
): { readonly time: number; readonly price: number; readonly size: number } | undefined => {
  if (missing.length === 0 || target === undefined || entry.volume === undefined || entry.time === undefined) return
  const start = Math.floor(entry.time / minute) * minute
  const row = bars.find((row) => row.start === start)
  // Bars that are newer than the newest tick came with the rest of its minute.
  if (row === undefined || newest(entry) > entry.time) return
  const size = Math.min(row.volume, target - entry.volume - missing.reduce((sum, { volume }) => sum + volume, 0))
  return size > 0 ? { time: start + minute - 1, price: row.close, size } : undefined
}

/** The volume that the chart itself gives, if it is of the session, as it was made with the chart's rows. */
const sessionVolume = ({ minutes: { meta }, session, volume }: NonNullable<CatchUp["charts"]>): number | undefined =>
  wholeVolume(
    meta.regularMarketVolume != null && meta.regularMarketTime != null &&
      TradingDay.contains(session, meta.regularMarketTime)
      ? meta.regularMarketVolume
      : volume
  )

const withVolume = (entry: Entry, volume: number | undefined): Entry =>
  volume === undefined ? Struct.omit(entry, ["volume"]) : { ...entry, volume }

const tick = (
  instrument: Instrument,
  { price, size, time }: { readonly time: number; readonly price: number; readonly size: number },
  before: Entry
): Item => {
  const { symbol } = instrument
  const { entry, unit } = unitAt(before, instrument, time)
  const line = JSON.stringify({ symbol, time, price: Price.toText(price), size, ...splitFactor(entry), ...unit })
  return { symbol, time, kind: Records.Kind.event, line, entry }
}

const bar = (instrument: Instrument, row: Rows.Row, before: Entry): Item => {
  const { symbol } = instrument
  const { entry, unit } = row.interval === minute ? unitAt(before, instrument, row.start) : { entry: before, unit: instrument.unit }
  const line = JSON.stringify({
    symbol,
    start: row.start,
    interval: row.interval,
    open: Price.toText(row.open),
    high: Price.toText(row.high),
    low: Price.toText(row.low),
    close: Price.toText(row.close),
    volume: row.volume,
    ...splitFactor(entry),
    ...unit
  })
  return { symbol, time: row.start, kind: Records.Kind.preAggregated, line, entry }
}

/** The currency and the decimals, where they have not been said on a record's day. */
const unitAt = (entry: Entry, { unit, zone }: Instrument, time: number): { readonly entry: Entry; readonly unit?: Unit } => {
  if (unit === undefined || time < (entry.said ?? -Infinity)) return { entry }
  return { entry: { ...entry, said: TradingDay.at(zone, time).end }, unit }
}

const splitFactor = ({ split }: Entry): { readonly splitFactor?: string } =>
  split === undefined ? {} : { splitFactor: Splits.factor(split) }

const Position = Schema.fromJsonString(Schema.Struct({
  version: Schema.Literal(1),
  symbols: Schema.Record(Schema.String, Entry)
}))

/**
 * From when on a symbol's minutes may be missing: from the beginning of the session, or of
 * the day of its newest tick or bar where the feed was away for longer, though for no more
 * than a week (Yahoo answers no longer request for minutes).
 */
export const missingSince = (
  { entries }: Ledger,
  { symbol, zone }: Instrument,
  session: TradingDay.TradingDay
): number => {
  const last = lastBeforeGap(entries.get(symbol) ?? {})
  if (!Number.isFinite(last)) return session.start
  return Math.max(session.end - week, Math.min(session.start, TradingDay.at(zone, last).start))
}

/** From when on splits matter: since anything was fed. */
export const splitsSince = ({ entries }: Ledger, symbol: string): number => {
  const { day, ...entry } = entries.get(symbol) ?? {}
  return Math.max(lastMoment(entry), day ?? -Infinity)
}

const week = 7 * 24 * 60 * minute

/** The ledger of a position: what was fed is known, and every symbol has to be caught up with. */
export const fromPosition = (position: string): Effect.Effect<Ledger, Schema.SchemaError> =>
  Effect.map(Schema.decodeEffect(Position)(position), ({ symbols }) => ({
    entries: new Map(Object.entries(symbols)),
    instruments: new Map(),
    behind: new Map()
  }))
