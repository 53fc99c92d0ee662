/**
 * What can be drawn over the candles and below them. The figures are those that courant's pipelines give, here and in Grafana;
 * nothing but the VWAP of the day is computed here, and that from the candles' own, as Grafana's panel does.
 *
 * @typedef {import("../state/panes.js").Pane} Pane
 * @typedef {import("./bars.js").Bar} Bar
 * @typedef {{ time: number, value: number, text: string, pane: Pane }} Point `text` has all digits
 * @typedef {{ field: string, label: string, color: string, kind: "line" | "dashes" | "histogram" }} LineKind
 * @typedef {{ id: string, name: string, pane: "price" | "below", pipeline: string, digits: number | null, lines: Array<LineKind> }} Indicator
 *   `digits` is how many decimals it is shown with; `null` for those of a price
 * @typedef {LineKind & { points: Array<Point> }} Line
 */
import { makeVwap } from "./vwap.js"

const minute = 60_000

/** @param {string} field @param {string} label @param {string} color @param {LineKind["kind"]} [kind] @returns {LineKind} */
const line = (field, label, color, kind = "line") => ({ field, label, color, kind })

const indicators1m = "indicators-1m"

/** Colours are the page's own, by their names in its style. @type {ReadonlyArray<Indicator>} */
export const offered = [
  { id: "ma5", name: "Average of 5 minutes (MA)", pane: "price", pipeline: "moving-average-5m", digits: null, lines: [line("mean", "MA 5 min", "average")] },
  { id: "sma20", name: "Average of 20 minutes (SMA)", pane: "price", pipeline: indicators1m, digits: null, lines: [line("sma20", "SMA 20", "sma")] },
  { id: "ema20", name: "Average that favours the newest minutes (EMA)", pane: "price", pipeline: indicators1m, digits: null, lines: [line("ema20", "EMA 20", "ema")] },
  {
    id: "vwap", name: "Average of the day by volume (VWAP)", pane: "price", pipeline: "candles-1m", digits: null,
    lines: [line("vwap", "VWAP", "vwap"), line("estimate", "VWAP (estimated)", "vwap", "dashes")]
  },
  {
    id: "bollinger", name: "Bollinger bands of 20 minutes", pane: "price", pipeline: indicators1m, digits: null,
    lines: [line("bollingerUpper", "Bollinger upper", "band"), line("bollingerLower", "Bollinger lower", "band")]
  },
  { id: "rsi14", name: "Relative strength of 14 minutes (RSI)", pane: "below", pipeline: indicators1m, digits: 2, lines: [line("rsi14", "RSI 14", "vwap")] },
  {
    id: "macd", name: "Convergence of averages of 12 and 26 minutes (MACD)", pane: "below", pipeline: indicators1m, digits: 4,
    lines: [line("macdHistogram", "Histogram", "band", "histogram"), line("macd", "MACD", "sma"), line("macdSignal", "Signal", "average")]
  },
  { id: "atr14", name: "Average true range of 14 minutes (ATR)", pane: "below", pipeline: indicators1m, digits: 4, lines: [line("atr14", "ATR 14", "ema")] }
]

/** Those whose pipeline runs. @param {(pipeline: string) => boolean} runs */
export const available = (runs) => offered.filter(({ pipeline }) => runs(pipeline))

/** The lines of one indicator of one symbol, from time to time: points that have not changed stay the same ones. */
export const makeLines = () => {
  /** @type {Map<string, Array<Point>>} */
  const before = new Map()
  const vwap = makeVwap()

  /**
   * A bar has the figure of its last minute.
   * @param {Indicator} indicator @param {ReadonlyArray<Bar>} bars
   * @param {ReadonlyArray<Pane>} panes of the indicator's pipeline, in the order of time
   * @param {import("./sessions.js").Exchange} exchange with whose sessions the VWAP begins
   * @param {number} knownFrom since when every candle is known
   * @returns {Array<Line>}
   */
  return (indicator, bars, panes, exchange, knownFrom) => {
    const figures = indicator.id === "vwap" ? vwap(panes, exchange, knownFrom) : panes.map((pane) => ({ at: lastMinute(pane), pane, values: pane.values }))
    return indicator.lines.map((kind) => {
      const points = pointsOf(figures, bars, kind.field, before.get(kind.field) ?? [])
      before.set(kind.field, points)
      return { ...kind, points }
    })
  }
}

/** A window of five minutes says something of its last one. @param {Pane} pane */
const lastMinute = ({ end }) => end - minute

/**
 * @param {ReadonlyArray<{ at: number, pane: Pane, values: Record<string, unknown> }>} figures @param {ReadonlyArray<Bar>} bars
 * @param {string} field @param {ReadonlyArray<Point>} before
 */
const pointsOf = (figures, bars, field, before) => {
  /** @type {Array<Point>} */
  const points = []
  let next = 0
  // Windows that end after the newest candle are half empty.
  const newest = bars.at(-1)?.last ?? Infinity
  for (const { end, time } of bars) {
    let last
    for (; next < figures.length && figures[next].at < end; next++) if (figures[next].at >= time && figures[next].at <= newest) last = figures[next]
    const value = last?.values[field]
    if (last === undefined || value === null || value === undefined || value === "") continue
    const same = before[points.length]
    const isSame = same !== undefined && same.pane === last.pane && same.time === time && same.value === Number(value)
    points.push(isSame ? same : { time, value: Number(value), text: String(value), pane: last.pane })
  }
  return points
}
