/** Lines of the log, each with its symbol's entry once it has been fed. Pure. */
import { minute } from "../../domain/Bar.ts"
import * as Records from "../../streams/records/Records.ts"
import * as ClosingPrint from "./ClosingPrint.ts"
import type { Entry } from "./Entry.ts"
import type { Instrument, Unit } from "./Instrument.ts"
import * as Price from "./Price.ts"
import type * as Rows from "./Rows.ts"
import * as Samples from "./Samples.ts"
import * as Splits from "./Splits.ts"
import * as TradingDay from "./TradingDay.ts"

export interface Item {
  readonly symbol: string
  readonly time: number
  readonly kind: Records.Kind
  readonly line: string
  readonly entry: Entry
}

export interface Priced {
  readonly time: number
  readonly price: number
}

const event = (instrument: Instrument, { price, time }: Priced, before: Entry, more: object): Item => {
  const { exchange, symbol } = instrument
  const { entry, unit } = unitAt(before, instrument, time)
  const counting = ClosingPrint.timeOf(exchange, time)
  const line = JSON.stringify({ symbol, time: counting, price: Price.toText(price), ...more, ...splitFactor(entry), exchange, ...unit })
  return { symbol, time, kind: Records.Kind.event, line, entry }
}

/** A price that no bar will replace. */
export const tick = (instrument: Instrument, priced: Priced, size: number, entry: Entry): Item => event(instrument, priced, entry, { size })

/** A price that stands for the minute that begins at `start` until there is a bar of it. */
export const sample = (instrument: Instrument, priced: Priced, { size, start }: { readonly size: number; readonly start: number }, entry: Entry): Item =>
  event(instrument, priced, entry, { size, tradeId: Samples.idOf(start), provisional: true })

/** A minute of which nothing has been seen. It updates nothing, and stands there until there is a bar of it, or none in the chart. */
export const gap = (instrument: Instrument, priced: Priced, entry: Entry): Item =>
  event(instrument, priced, entry, { ...nothing, tradeId: Samples.idOf(priced.time), kind: "gap", provisional: true })

/** A gap in which nothing was traded is none. */
export const cancel = (instrument: Instrument, priced: Priced, entry: Entry): Item =>
  event(instrument, priced, entry, { ...nothing, tradeId: Samples.idOf(priced.time), kind: "cancel", provisional: true })

/** Where nothing is seen, nothing is updated. */
const nothing = { size: 0, priceForming: false, updatesVolume: false }

/**
 * A bar, which replaces what has been fed before of the time that begins at `replaces`, if anything has, and says what that may have
 * said of the currency.
 */
export const bar = (instrument: Instrument, row: Rows.Row, before: Entry, replaces?: number): Item => {
  const { exchange, symbol } = instrument
  const { entry, unit } = row.interval === minute && replaces === undefined ? unitAt(before, instrument, row.start) : { entry: before, unit: instrument.unit }
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
    ...(replaces === undefined ? {} : { replaces: Samples.idOf(replaces) }),
    exchange,
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
