/**
 * What has been fed of each symbol, and so what is still to be fed. All that Yahoo Finance
 * says, by poll, by stream or as a chart, is booked here in one order; the ledger decides
 * alone what becomes a tick or a bar, so that nothing is fed twice. Pure.
 *
 * A price that is seen live is a sample of its minute, and counts until Yahoo's own bar of that minute replaces it, by
 * an identity that both have. A sample's size is what the session's volume grew by since the last one, and a bar counts
 * in place of its samples. So the sizes and bar volumes of a session add up to its volume, whoever reported it and
 * however often the feed was started again; what Yahoo assigns to no minute counts with the close, if the feed was there.
 *
 * A symbol's entry is also its resume position, with the minutes that are still without a bar.
 *
 * Where many symbols have to be caught up with, most of them are introduced first: their
 * prices count from then on, compared with the close of the session before, and the minutes before are filled by their charts later.
 */
import { Effect, Schema } from "effect"
import { minute } from "../../domain/Bar.ts"
import type { Chunk } from "../../streams/records/Records.ts"
import * as Records from "../../streams/records/Records.ts"
import * as Bars from "./Bars.ts"
import * as CatchUp from "./CatchUp.ts"
import * as ClosingPrint from "./ClosingPrint.ts"
import * as Entry from "./Entry.ts"
import { type Instrument, mayCost } from "./Instrument.ts"
import * as Item from "./Item.ts"
import * as Samples from "./Samples.ts"
import * as TradingDay from "./TradingDay.ts"

/** A price with the time of its trade, and the session's volume where that is known. */
export interface Observation {
  readonly symbol: string
  readonly time: number
  readonly price: number
  readonly volume: number | undefined
  /** Its market is known to be closed. */
  readonly closed?: boolean
}

export type News =
  | { readonly _tag: "caughtUp"; readonly symbols: ReadonlyArray<CatchUp.CatchUp>; readonly introduced?: ReadonlyArray<CatchUp.Introduction> }
  | { readonly _tag: "observed"; readonly observations: ReadonlyArray<Observation> }

export interface Ledger {
  readonly entries: ReadonlyMap<string, Entry.Entry>
  /** Symbols that have been caught up with or introduced. Observations of others have to wait. */
  readonly instruments: ReadonlyMap<string, Instrument>
  /** Whether an instant is outside of the regular hours, of symbols of which a chart has told them. */
  readonly outside: ReadonlyMap<string, (time: number) => boolean>
  /** Those that have been introduced, and of which no price has counted since. */
  readonly silent: ReadonlySet<string>
}

export const empty: Ledger = { entries: new Map(), instruments: new Map(), outside: new Map(), silent: new Set() }

/** Records in a chunk at most. */
const chunkLimit = 4_096

/** Minutes of all symbols that a position holds at most while their bars do not come: so it stays below half a megabyte. */
const mostSamples = 60_000

/** Books one piece of news and gives the chunks that it leads to, each with its position. */
export const book = (ledger: Ledger, news: News): readonly [Ledger, ReadonlyArray<Chunk>] => {
  const instruments = new Map(ledger.instruments)
  const entries = new Map(ledger.entries)
  const outside = new Map(ledger.outside)
  const silent = new Set(ledger.silent)
  const limit = Math.min(1_440, Math.floor(mostSamples / Math.max(1, instruments.size)))
  const next: Ledger = { entries, instruments, outside, silent }

  if (news._tag === "observed") {
    const items = news.observations.flatMap((observation) => {
      const { symbol } = observation
      const instrument = instruments.get(symbol)
      if (instrument === undefined) return []
      const item = observe(entries.get(symbol) ?? {}, observation, {
        instrument,
        isFirst: silent.has(symbol),
        isOutside: outside.get(symbol) ?? (() => false),
        limit
      })
      if (item === undefined) return []
      silent.delete(symbol)
      entries.set(symbol, item.entry)
      return [item]
    })
    return [next, items.length > 0 ? [toChunk(items, entries)] : []]
  }

  const items: Array<Item.Item> = []
  for (const catchUp of news.symbols) {
    const { charts, instrument } = catchUp
    const { symbol } = instrument
    instruments.set(symbol, instrument)
    silent.delete(symbol)
    if (charts !== undefined) outside.set(symbol, Bars.isOutside(charts.minutes, instrument))
    const booked = CatchUp.book(entries.get(symbol) ?? {}, catchUp, limit)
    items.push(...booked.items)
    if (booked.items.length === 0) entries.set(symbol, booked.entry)
  }
  for (const introduction of news.introduced ?? []) {
    const { symbol } = introduction.instrument
    instruments.set(symbol, introduction.instrument)
    silent.add(symbol)
    items.push(...CatchUp.introduce(entries.get(symbol) ?? {}, introduction).items)
  }
  return [next, inOrder(items, entries)]
}

/** Chunks in order of time, after each of which `entries` are as they are with it. */
const inOrder = (items: Array<Item.Item>, entries: Map<string, Entry.Entry>): ReadonlyArray<Chunk> => {
  const chunks: Array<Chunk> = []
  items.sort((a, b) => a.time - b.time)
  for (let from = 0; from < items.length; from += chunkLimit) {
    const slice = items.slice(from, from + chunkLimit)
    for (const { entry, symbol } of slice) entries.set(symbol, entry)
    chunks.push(toChunk(slice, entries))
  }
  return chunks
}

const toChunk = (items: ReadonlyArray<Item.Item>, entries: Ledger["entries"]): Chunk =>
  Records.fromBytes(
    items.map(({ line }) => encoder.encode(line)),
    items.map(({ kind }) => kind),
    JSON.stringify({ version: 2, symbols: Object.fromEntries(entries) })
  )

const encoder = new TextEncoder()

/**
 * The one place that decides whether an observation is news. It is, where the trade is
 * newer than everything that was fed, or where the volume grew without the time moving
 * (the closing auction is booked under the time of the close, and may be in no bar).
 */
const observe = (before: Entry.Entry, observation: Observation, { instrument, isFirst, isOutside, limit }: {
  readonly instrument: Instrument
  /** The first price of a symbol that has been introduced: the bars that are to follow have its volume. */
  readonly isFirst: boolean
  readonly isOutside: (time: number) => boolean
  readonly limit: number
}): Item.Item | undefined => {
  const { closed = false, price, time } = observation
  const hasBar = time < Entry.barEnd(before)
  if (time < (before.time ?? -Infinity) || !mayCost(instrument, price)) return undefined
  if (hasBar && !(closed && time === before.time)) return undefined
  const volume = instrument.cumulativeVolume ? Bars.wholeVolume(observation.volume) : undefined
  const isNew = Entry.beginsSession(before, instrument, time, volume)
  const entry: Entry.Entry = isNew ? { ...Entry.beforeSession(before), volume: 0, total: 0 } : before
  const size = volume === undefined || isFirst ? 0 : Math.max(0, volume - counted(entry, closed, volume))
  if (time === before.time && size === 0) return undefined
  const next: Entry.Entry = {
    ...entry,
    time,
    ...(entry.volume === undefined ? {} : { volume: entry.volume + size }),
    ...(volume === undefined ? {} : { total: Math.max(volume, entry.total ?? 0) })
  }
  // A closing print is one of the last minute, whose bar has its volume or has not. Without any nothing can count twice.
  const counting = ClosingPrint.timeOf(instrument.exchange, time)
  const isSample = counting >= Entry.barEnd(before) && !isOutside(counting) && (counting === time || size > 0)
  if (!isSample) return Item.tick(instrument, { time, price }, size, next)
  const waiting = Samples.minutesOf(entry.samples)
  const start = Samples.startOf(counting)
  waiting.set(start, Samples.volumeOf(waiting.get(start)) + size)
  return Item.sample(instrument, { time, price }, { size, start }, Entry.withSamples(next, waiting, limit))
}

/**
 * The volume that a price counts on from. Bars may have more of it than prices have told. What Yahoo assigns to no minute is left
 * out, until the market is closed and all bars are there. Without anything known it is what it is.
 */
const counted = ({ samples, total, volume }: Entry.Entry, closed: boolean, otherwise: number): number => {
  const isComplete = closed && ![...Samples.minutesOf(samples).values()].some((each) => each !== null)
  if (isComplete && volume !== undefined) return volume
  return total === undefined && volume === undefined ? otherwise : Math.max(total ?? 0, volume ?? 0)
}

const position = <Version extends number>(version: Version) =>
  Schema.Struct({ version: Schema.Literal(version), symbols: Schema.Record(Schema.String, Entry.Entry) })

const Position = Schema.fromJsonString(Schema.Union([position(1), position(2)]))

/**
 * From when on a symbol's minutes may be missing: from the beginning of the session, or of
 * the day of its newest bar where the feed was away for longer, though for no more
 * than a week (Yahoo answers no longer request for minutes).
 */
export const missingSince = (
  { entries }: Ledger,
  { symbol, zone }: Instrument,
  session: TradingDay.TradingDay
): number => {
  const entry = entries.get(symbol) ?? {}
  const [oldest = Infinity] = Samples.minutesOf(entry.samples).keys()
  const last = Math.min(oldest, entry.bar === undefined ? entry.time ?? Infinity : Entry.barEnd(entry) - 1)
  if (!Number.isFinite(last)) return session.start
  return Math.max(session.end - week, Math.min(session.start, TradingDay.at(zone, last).start))
}

/** From when on splits matter: since anything was fed. */
export const splitsSince = ({ entries }: Ledger, symbol: string): number => {
  const { day, ...entry } = entries.get(symbol) ?? {}
  return Math.max(Entry.lastMoment(entry), day ?? -Infinity)
}

const week = 7 * 24 * 60 * minute

/** The newest minute that has been over for a minute, as its exchange tells, and is without its bar. */
export const unreplaced = ({ entries }: Ledger, { delay, symbol }: Instrument, now: number): number | undefined =>
  [...Samples.minutesOf(entries.get(symbol)?.samples).keys()].findLast((start) => start + (2 + delay) * minute <= now)

/** Before this nothing is missing; minus infinity where nothing is known. */
export const unreplacedSince = ({ entries }: Ledger, symbol: string): number => {
  const entry = entries.get(symbol) ?? {}
  const [oldest = Infinity] = Samples.minutesOf(entry.samples).keys()
  return Math.min(oldest, Entry.barEnd(entry))
}

export const hasDays = ({ entries }: Ledger, symbol: string): boolean => entries.get(symbol)?.day !== undefined

/** The ledger of a position: what was fed is known, and every symbol has to be caught up with. */
export const fromPosition = (position: string): Effect.Effect<Ledger, Schema.SchemaError> =>
  Effect.map(Schema.decodeEffect(Position)(position), ({ symbols, version }) => ({
    ...empty,
    entries: new Map(Object.entries(symbols).map(([symbol, entry]) => [symbol, version === 1 ? ofOlder(entry) : entry]))
  }))

/** Ticks of older versions have no identity: what has been fed stays. */
const ofOlder = (entry: Entry.Entry): Entry.Entry => ({
  ...(entry.time === undefined ? entry : Entry.upTo(entry, Samples.startOf(entry.time))),
  ...(entry.volume === undefined ? {} : { total: entry.volume })
})
