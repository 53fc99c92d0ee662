/**
 * All that the chart is to show, out of what the page knows: panes of the market's pipelines, and the days of the exchange.
 *
 * @typedef {import("../state/panes.js").Pane} Pane
 * @typedef {{ symbol: string, interval: import("./ranges.js").Interval, range: import("./ranges.js").Range, zone: import("./zones.js").Zone,
 *   exchangeZone: string, panesOf: (pipeline: string, symbol: string) => ReadonlyArray<Pane>, days: ReadonlyArray<import("./sessions.js").Day>,
 *   watermark: number | null, knownFrom: number, chosen: ReadonlyArray<import("./indicators.js").Indicator>, compared: ReadonlyArray<string>,
 *   marks: ReadonlyArray<{ time: number, text: string }>, decimals: number, reset: boolean }} Known
 *   `panesOf` gives the newest panes of a pipeline in the order of time, those that have not changed as the same objects; `watermark`
 *   is up to which event time all has come, if that is known, `knownFrom` since when every minute is known, both in milliseconds;
 *   `compared` are symbols beside the chosen one
 */
import { barOf } from "./bars.js"
import { makeIndexed } from "./compare.js"
import { makeLines } from "./indicators.js"
import { intervals, rangeStart } from "./ranges.js"
import { makeRollUp } from "./rollUp.js"
import { begunAt, spansOf } from "./sessions.js"
import { timeZoneOf } from "./zones.js"

const minutePipeline = "candles-1m"
const dayPipeline = "day"

/** Of one chart: what has not changed from one time to the next is not made again. */
export const makeModel = () => {
  /** @type {Map<string, { rollUp: ReturnType<typeof makeRollUp>, lines: ReturnType<typeof makeLines> }>} */
  let symbols = new Map()
  let days
  let spans = []
  let id = ""
  const indexed = makeIndexed()

  const of = (symbol) => {
    const known = symbols.get(symbol) ?? { rollUp: makeRollUp(), lines: makeLines() }
    symbols.set(symbol, known)
    return known
  }

  /** @param {Known} known @returns {import("./trader.js").Model} */
  return (known) => {
    const { chosen, compared, decimals, exchangeZone, interval, knownFrom, marks, panesOf, range, reset, symbol, watermark, zone } = known
    if (days !== known.days) [days, spans] = [known.days, spansOf(known.days)]
    if (id !== `${symbol} ${interval}`) [symbols, id] = [new Map(), `${symbol} ${interval}`]
    const barsOf = (key) => interval === "1D" ? panesOf(dayPipeline, key).map(barOf)
      : interval === "1m" ? panesOf(minutePipeline, key).map(barOf)
      : of(key).rollUp(panesOf(minutePipeline, key).map(barOf), intervals[interval].size, spans, watermark ?? Infinity)
    const candles = barsOf(symbol)
    const all = compared.length === 0 ? [] : [symbol, ...compared.filter((key) => key !== symbol)].map((key) => ({ symbol: key, bars: barsOf(key) }))
    const newest = Math.max(...all.map(({ bars }) => bars.at(-1)?.end ?? -Infinity))
    return {
      symbol, interval, range, candles, days, spans, marks, decimals, reset,
      timeZone: timeZoneOf(zone, exchangeZone),
      // Indicators are of minutes; a day has none.
      indicators: interval === "1D" ? [] : chosen.map((indicator) =>
        ({ indicator, lines: of(symbol).lines(indicator, candles, panesOf(indicator.pipeline, symbol), { timeZone: exchangeZone, spans }, knownFrom) })),
      compared: indexed(all, rangeStart(range, newest, spans)),
      previousClose: interval === "1D" ? null : previousClose(panesOf(dayPipeline, symbol), candles.at(-1)?.time ?? 0, spans)
    }
  }
}

/**
 * The close of the session before that of the newest candle, in prices of today: over a split what it would be now. Before the bell
 * there is no session of today, and the newest one is the one before.
 * @param {ReadonlyArray<Pane>} sessions panes of `day` @param {number} time of the newest candle @param {ReadonlyArray<import("./sessions.js").Span>} spans
 */
export const previousClose = (sessions, time, spans) => {
  const newest = sessions.at(-1)
  if (newest === undefined) return null
  const dateAt = (time) => spans[begunAt(spans, time)]?.date
  const isOver = time >= newest.end && dateAt(time) !== dateAt(newest.start)
  const { adjustedClose, close } = (isOver ? newest : sessions.at(-2))?.values ?? {}
  const adjusted = adjustedClose ?? close ?? null
  const split = isOver ? 1 : Number(newest.values.splitFactor ?? 1)
  return adjusted === null ? null : Number(adjusted) / (split > 0 ? split : 1)
}
