/** From charts to bars: which of a chart's rows are whole, true bars of the session. Pure. */
import { Option, Schema } from "effect"
import { day, minute } from "../../domain/Bar.ts"
import type * as Instrument from "./Instrument.ts"
import * as Responses from "./Responses.ts"
import * as TradingDay from "./TradingDay.ts"

export interface Row {
  readonly start: number
  readonly interval: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
}

export interface Minutes {
  readonly bars: ReadonlyArray<Row>
  /** Volume of the rows that are not yet whole, and so of trades that no bar accounts for. */
  readonly heldBack: number
}

/**
 * The one-minute bars of a span of days out of a chart in minutes. Left out are
 * - rows without prices: minutes without a trade;
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
  const inSession = rows(chart, minute).filter(({ start }) =>
    TradingDay.contains(span, start) && open(start)
  )
  const whole = inSession.filter(({ start }) => start % minute === 0 && start + minute <= settled)
  if (instrument.cumulativeVolume && whole.at(-1)?.volume === 0) whole.pop()
  return { bars: whole, heldBack: volumeOf(inSession) - volumeOf(whole) }
}

const volumeOf = (rows: ReadonlyArray<Row>): number => rows.reduce((sum, { volume }) => sum + volume, 0)

/**
 * The bar of the trading day before a session, out of a chart in days; where that has none,
 * the last close before the session's own chart, as a bar of the day before without volume.
 */
export const previousDay = (
  days: Responses.Chart | undefined,
  session: { readonly chart: Responses.Chart; readonly day: TradingDay.TradingDay },
  { zone }: Instrument.Instrument
): Row | undefined => {
  const last = days === undefined ? undefined : rows(days, day).findLast(({ start }) => start < session.day.start)
  if (last !== undefined) return { ...last, start: TradingDay.at(zone, last.start).start }
  const close = session.chart.meta.chartPreviousClose ?? undefined
  if (close === undefined) return undefined
  const { start } = TradingDay.before(zone, session.day)
  return { start, interval: day, open: close, high: close, low: close, close, volume: 0 }
}

const rows = ({ indicators, timestamp }: Responses.Chart, interval: number): Array<Row> => {
  const columns = indicators.quote[0] ?? {}
  return (timestamp ?? []).flatMap((start, index) => {
    const open = columns.open?.[index]
    const high = columns.high?.[index]
    const low = columns.low?.[index]
    const close = columns.close?.[index]
    if (open == null || high == null || low == null || close == null) return []
    return [{ start, interval, open, high, low, close, volume: columns.volume?.[index] ?? 0 }]
  })
}

const hour = 3_600_000

/** Whether an instant is in the regular hours; always, where these are not known or are the whole day (crypto). */
const regularHours = ({ meta }: Responses.Chart): (millis: number) => boolean => {
  const periods = Schema.decodeUnknownOption(Responses.TradingPeriods)(meta.tradingPeriods)
  if (Option.isNone(periods)) return () => true
  const hours = periods.value.flat()
  if (hours.length === 0) return () => true
  return (millis) => hours.some(({ end, start }) => start <= millis && (millis < end || end - start >= 23 * hour))
}
