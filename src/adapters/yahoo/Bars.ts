/** From charts to bars: which of a chart's rows are whole, true bars of the session. Pure. */
import { Option, Schema } from "effect"
import { day, minute } from "../../domain/Bar.ts"
import type * as Instrument from "./Instrument.ts"
import * as PreviousSession from "./PreviousSession.ts"
import * as Responses from "./Responses.ts"
import * as Rows from "./Rows.ts"
import * as TradingDay from "./TradingDay.ts"

export interface Minutes {
  readonly bars: ReadonlyArray<Rows.Row>
  /** Rows that are not yet whole or cannot be, and so of trades that no bar accounts for. */
  readonly heldBack: ReadonlyArray<Rows.Row>
}

/**
 * The one-minute bars of a span of days out of a chart in minutes. Left out are
 * - rows without prices: minutes without a trade;
 * - rows that {@link Rows.of cannot be};
 * - rows outside the span or its days' regular hours: Yahoo appends the last price as a
 *   row, stamped with the closing second, which may be that of a day later;
 * - rows that do not begin with a minute (the last price again, while the market is open),
 *   and minutes that were not over when the chart was made: `settled` is the time up to
 *   which trades are known;
 * - a last row without volume, where there is volume at all: Yahoo revises it later.
 */
export const minutes = (
  chart: Responses.Chart,
  instrument: Instrument.Instrument,
  span: TradingDay.TradingDay,
  settled: number
): Minutes => {
  const open = regularHours(chart)
  const { impossible, rows } = Rows.of(chart, minute, instrument)
  const isInSession = ({ start }: Rows.Row) => TradingDay.contains(span, start) && open(start)
  const inSession = rows.filter(isInSession)
  const whole = inSession.filter(({ start }) => start % minute === 0 && start + minute <= settled)
  if (whole.at(-1)?.volume === 0 && volumeOf(whole) > 0) whole.pop()
  const all = [...inSession, ...impossible.map(({ row }) => row).filter(isInSession)]
  const bars = new Set(whole)
  return { bars: whole, heldBack: all.filter((row) => !bars.has(row)) }
}

export const volumeOf = (rows: ReadonlyArray<Rows.Row>): number => rows.reduce((sum, { volume }) => sum + volume, 0)

/** A session's volume, where that is one. */
export const wholeVolume = (volume: number | null | undefined): number | undefined =>
  volume == null || !Number.isSafeInteger(volume) || volume < 0 ? undefined : volume

/** What a chart in minutes is of, and the chart in days beside it. */
export interface Charts {
  /** The current or last session's day. */
  readonly session: TradingDay.TradingDay
  /** The first day of which there are minutes begins here. */
  readonly from: number
  readonly minutes: Responses.Chart
  readonly days: Responses.Chart | undefined | "not asked"
}

/**
 * The daily bars of days before the session of which there are no minutes: the last one before the minutes begin, which
 * they are compared with, and those of days in between that are missing in them. Each begins when its exchange opened, as
 * Yahoo stamps it, so that it lies in its exchange's day in whatever zone that is looked at from.
 * Without a chart in days the close before the minutes is the bar of the session before them, without volume.
 */
export const days = (
  charts: Charts,
  bars: ReadonlyArray<Rows.Row>,
  instrument: Instrument.Instrument
): ReadonlyArray<Rows.Row> => {
  const { from, minutes, session } = charts
  const { everyDay, exchange, zone } = instrument
  if (charts.days === "not asked") return []
  const days = charts.days === undefined ? [] : Rows.of(charts.days, day, instrument).rows
  if (days.length === 0) {
    const close = minutes.meta.chartPreviousClose ?? undefined
    if (close === undefined) return []
    const first = Rows.of(minutes, minute, instrument).rows[0]?.start ?? from
    const start = PreviousSession.openBefore(exchange, first) ?? (everyDay ? TradingDay.dayEarlier(zone, first) : TradingDay.weekdayEarlier(zone, first))
    return [{ start, interval: day, open: close, high: close, low: close, close, volume: 0 }]
  }
  const known = new Set(bars.map(({ start }) => TradingDay.at(zone, start).start))
  const byDay = new Map(days.map((row) => [TradingDay.at(zone, row.start).start, row]))
  const missing = [...byDay].filter(([start]) => start < session.start && !known.has(start))
  const before = missing.filter(([start]) => start < from)
  return [...before.slice(-1), ...missing.filter(([start]) => start >= from)].map(([, row]) => row)
}

const hour = 3_600_000

/** Whether an instant is in the regular hours; always, where these are not known or are the whole day (crypto). */
const regularHours = (chart: Responses.Chart): (millis: number) => boolean => {
  const hours = hoursOf(chart)
  if (hours.length === 0) return () => true
  return (millis) => hours.some(({ end, start }) => start <= millis && (millis < end || end - start >= 23 * hour))
}

const hoursOf = ({ meta }: Responses.Chart) =>
  Option.match(Schema.decodeUnknownOption(Responses.TradingPeriods)(meta.tradingPeriods), {
    onNone: () => [],
    onSome: (periods) => periods.flat()
  })

/** Whether an instant is outside of its day's regular hours, in so far as a chart tells them: then there will be no bar of it. */
export const isOutside = (chart: Responses.Chart, { zone }: Instrument.Instrument): (millis: number) => boolean => {
  const open = regularHours(chart)
  const days = hoursOf(chart).map(({ start }) => TradingDay.at(zone, start))
  return (millis) => !open(millis) && days.some((day) => TradingDay.contains(day, millis))
}
