/**
 * What a symbol's charts lead to: the bars that are missing, in place of samples where these have been fed. Where there are no
 * charts, the minutes of which nothing has been seen are gaps. Pure.
 */
import { Struct } from "effect"
import { day as wholeDay, minute } from "../../domain/Bar.ts"
import * as Bars from "./Bars.ts"
import * as Entry from "./Entry.ts"
import { type Instrument, mayCost } from "./Instrument.ts"
import * as Item from "./Item.ts"
import * as PreviousSession from "./PreviousSession.ts"
import type * as Rows from "./Rows.ts"
import * as Samples from "./Samples.ts"
import * as Splits from "./Splits.ts"
import * as TradingDay from "./TradingDay.ts"

/** What a symbol's charts say; without charts it goes on from where it is. */
export interface CatchUp {
  readonly instrument: Instrument
  /** Of minutes since they may be missing, and of days before the session. */
  readonly charts?: Charts
  /** The newest price where there are no charts. */
  readonly newest?: Item.Priced
}

type Charts = Bars.Charts & {
  /** The session's volume where the chart does not tell. */
  readonly volume: number | undefined
  /** Minutes that are over at this time are whole. */
  readonly settled: number
}

export interface Booked {
  readonly entry: Entry.Entry
  readonly items: ReadonlyArray<Item.Item>
}

/** `limit` is how many minutes may wait for their bars. */
export const book = (before: Entry.Entry, { charts, instrument, newest }: CatchUp, limit: number): Booked => {
  if (charts !== undefined) return bars(before, charts, instrument, limit)
  // What is not caught up with counts with the next price.
  const entry = before.volume === undefined ? before : { ...before, total: before.volume }
  return newest === undefined ? { entry, items: [] } : gaps(entry, newest, instrument, limit)
}

/** What is known of a symbol before its charts are. */
export interface Introduction {
  readonly instrument: Instrument
  readonly time: number
  readonly previousClose: number | undefined
}

/**
 * The close of the session before, in place of its daily bar: when that comes, on a Monday or after holidays, nothing takes it any
 * more. Of what is traded overnight nobody says which session's it is, and coins are never closed.
 */
export const introduce = (before: Entry.Entry, { instrument, previousClose: close, time }: Introduction): Booked => {
  const none: Booked = { entry: before, items: [] }
  const isNew = !Number.isFinite(Entry.lastMoment(before)) && before.day === undefined && before.close === undefined
  if (!isNew || close === undefined || !mayCost(instrument, close) || instrument.overnight || !instrument.cumulativeVolume) return none
  const start = PreviousSession.openBefore(instrument.exchange, TradingDay.at(instrument.zone, time).start)
  if (start === undefined) return none
  const row = { start, interval: wholeDay, open: close, high: close, low: close, close, volume: 0 }
  const item = Item.bar(instrument, row, { ...before, close: start }, start)
  return { entry: item.entry, items: [item] }
}

/** So many minutes of a gap are told at most, the newest ones. */
const longestGap = 120

/**
 * The minutes between the newest record and the newest price, without those two. Of another day than the price's it is not known
 * when there was trading.
 */
const gaps = (before: Entry.Entry, newest: Item.Priced, instrument: Instrument, limit: number): Booked => {
  const last = Entry.lastMoment(before)
  const day = TradingDay.at(instrument.zone, newest.time)
  if (!Number.isFinite(last) || !(instrument.everyDay || TradingDay.contains(day, last))) return { entry: before, items: [] }
  const end = Samples.startOf(newest.time)
  const first = Math.max(Samples.startOf(last) + minute, end - longestGap * minute)
  const items: Array<Item.Item> = []
  let entry = before
  for (let start = first; start < end; start += minute) {
    const minutes = Samples.minutesOf(entry.samples)
    if (minutes.has(start)) continue
    const item = Item.gap(instrument, { ...newest, time: start }, Entry.withSamples(entry, minutes.set(start, Samples.gap), limit))
    items.push(item)
    entry = item.entry
  }
  return { entry, items }
}

/** A row to be fed, or the start of a gap in which nothing was traded. */
type Step = { readonly row: Rows.Row } | { readonly row?: never; readonly gap: number }

const timeOf = (step: Step): number => step.row === undefined ? step.gap : step.row.start

/**
 * Of a day either minutes are fed or its daily bar, so that nothing counts twice.
 * Bars count towards the session's volume in place of the samples that they replace.
 */
const bars = (before: Entry.Entry, charts: Charts, instrument: Instrument, limit: number): Booked => {
  const { session } = charts
  const found = Bars.minutes(charts.minutes, instrument, { start: charts.from, end: session.end }, charts.settled)
  // A volume of another session says nothing about this one.
  let entry = TradingDay.contains(session, Entry.lastMoment(before)) ? before : Entry.beforeSession(before)
  const fedSince = Math.max(Entry.lastMoment(before), before.day ?? -Infinity)
  const split = Splits.withNewer(before.split, [charts.days === "not asked" ? undefined : charts.days, charts.minutes], fedSince)
  if (split !== undefined) entry = { ...entry, split }

  const waiting = Samples.minutesOf(entry.samples)
  const minutes = missing(entry, found.bars, instrument)
  const known = Math.max(charts.minutes.meta.regularMarketTime ?? -Infinity, (found.bars.at(-1)?.start ?? -Infinity) + minute)
  const withBars = new Set(minutes.map(({ start }) => start))
  // Of a minute that Yahoo has left out for so long it has no bar.
  const without = [...waiting.keys()].filter((start) =>
    !withBars.has(start) && charts.from <= start && start + patience <= known)
  const steps: ReadonlyArray<Step> = [
    ...daysBetween(entry, charts, found.bars, instrument).map((row) => ({ row })),
    ...minutes.map((row) => ({ row })),
    ...without.filter((start) => waiting.get(start) === Samples.gap && start > Entry.lastMoment(before) - aDay).map((gap) => ({ gap }))
  ].sort((a, b) => timeOf(a) - timeOf(b))

  const items: Array<Item.Item> = []
  for (const step of steps) {
    const start = timeOf(step)
    const next = after(entry, step, session)
    const item = step.row === undefined
      ? Item.cancel(instrument, { time: start, price: priceAt(found.bars, start) }, next)
      : Item.bar(instrument, step.row, next, replaced(entry, step.row, instrument))
    items.push(item)
    entry = item.entry
  }
  if (minutes.length > 0 || entry.volume === undefined) entry = withTotal(entry, charts, found.heldBack, instrument)
  const rest = Samples.minutesOf(entry.samples)
  for (const start of without) rest.delete(start)
  entry = Entry.withSamples(Entry.upTo(entry, without.at(-1)), rest, limit)
  const last = items.pop()
  return { entry, items: last === undefined ? [] : [...items, { ...last, entry }] }
}

/** Candles take nothing back that is older. */
const aDay = 24 * 60 * minute

/** Yahoo gives a bar of a minute, if at all, within five minutes. */
const patience = 6 * minute

/** Rows that have not been fed. A day that a daily bar stands for needs no minutes, even if there are some by now. */
const missing = (entry: Entry.Entry, rows: ReadonlyArray<Rows.Row>, { zone }: Instrument): ReadonlyArray<Rows.Row> => {
  const waiting = Samples.minutesOf(entry.samples)
  const whole = entry.day === undefined ? -Infinity : TradingDay.at(zone, entry.day).end - 1
  return rows.filter(({ start }) => waiting.has(start) || start > Math.max(entry.bar ?? -Infinity, whole))
}

/** Daily bars of days of which nothing has been fed. */
const daysBetween = (entry: Entry.Entry, charts: Charts, rows: ReadonlyArray<Rows.Row>, instrument: Instrument) => {
  const waiting = [...Samples.minutesOf(entry.samples).keys()]
  const since = Math.max(Entry.barEnd(entry) - 1, entry.day ?? -Infinity)
  return Bars.days(charts, rows, instrument).filter((row) => {
    const day = TradingDay.at(instrument.zone, row.start)
    return day.start > since && !waiting.some((start) => TradingDay.contains(day, start))
  })
}

/** Since when what has been fed is replaced by a row. */
const replaced = ({ close, samples }: Entry.Entry, { interval, start }: Rows.Row, { zone }: Instrument): number | undefined => {
  if (interval === minute) return Samples.minutesOf(samples).has(start) ? start : undefined
  return close !== undefined && TradingDay.contains(TradingDay.at(zone, close), start) ? close : undefined
}

const after = (entry: Entry.Entry, step: Step, session: TradingDay.TradingDay): Entry.Entry => {
  const { row } = step
  if (row !== undefined && row.interval !== minute) return { ...Struct.omit(entry, ["close"]), day: row.start }
  const waiting = Samples.minutesOf(entry.samples)
  const start = timeOf(step)
  const sampled = waiting.get(start)
  waiting.delete(start)
  const next: Entry.Entry = { ...Struct.omit(Entry.upTo(entry, start), ["samples"]), ...Samples.ofMinutes(waiting) }
  if (row === undefined || entry.volume === undefined || sampled === null || !TradingDay.contains(session, start)) return next
  return { ...next, volume: entry.volume + row.volume - Samples.volumeOf(sampled) }
}

const priceAt = (rows: ReadonlyArray<Rows.Row>, start: number): number =>
  (rows.findLast((row) => row.start < start) ?? rows[0])?.close ?? 0

/**
 * Once there are bars, the chart's volume is that of the session: the next price counts on from it, and from what has been sampled
 * of the minutes that are still to come. What is in no minute waits for the close; what was fed before the first chart is not known.
 */
const withTotal = (
  entry: Entry.Entry,
  { minutes: { meta }, session, volume }: Charts,
  heldBack: ReadonlyArray<Rows.Row>,
  instrument: Instrument
): Entry.Entry => {
  const at = meta.regularMarketTime ?? -Infinity
  const told = Bars.wholeVolume(meta.regularMarketVolume != null && TradingDay.contains(session, at) ? meta.regularMarketVolume : volume)
  if (told === undefined || !instrument.cumulativeVolume) return entry
  const unfinished = new Set(heldBack.map(({ start }) => start))
  const sampled = [...Samples.minutesOf(entry.samples)]
    .reduce((sum, [start, volume]) => unfinished.has(start) || start > at ? sum + Samples.volumeOf(volume) : sum, 0)
  const counted = Math.max(0, told - Bars.volumeOf(heldBack) + sampled)
  // Bars may be newer than the volume that a quote has told. Those of an overnight market may be of the session before.
  const total = instrument.overnight ? counted : Math.max(counted, entry.volume ?? 0)
  return { ...entry, volume: instrument.overnight ? counted : entry.volume ?? counted, total }
}
