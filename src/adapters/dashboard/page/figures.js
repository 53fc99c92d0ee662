/**
 * What the page says about a symbol, out of its panes.
 *
 * @typedef {import("./panes.js").Pane} Pane
 * @typedef {ReturnType<typeof import("./panes.js").makePanes>} Panes
 * @typedef {keyof typeof intervals} Interval
 * @typedef {ReturnType<typeof quote>} Quote
 */
import * as format from "./format.js"

const minute = 60_000

export const dayPipeline = "day"
export const averagePipeline = "moving-average-5m"
export const intervals = {
  "1m": { pipeline: "candles-1m", words: "one-minute" },
  "5m": { pipeline: "candles-5m", words: "five-minute" }
}
/** The pipeline whose newest candle is the newest word on the price, and whose keys are the symbols. */
export const pricePipeline = intervals["1m"].pipeline

/**
 * Last price and the day's change of a symbol. Where the newest candle's trades formed no
 * price, the day's close is the last price there was. Where the previous close is not known,
 * the change is counted from the day's open, and said to be.
 * @param {Panes} panes @param {string} key
 */
export const quote = (panes, key) => {
  const day = panes.newest(dayPipeline, key)?.values ?? {}
  const candle = panes.newest(pricePipeline, key)
  const close = format.number(candle?.values["close"])
  const last = close ?? format.number(day["close"])
  const open = format.number(day["open"])
  const variation = format.number(day["variation"])
  const sinceOpen = last === null || open === null || open === 0 ? null : (last / open - 1) * 100
  const prices = [open, format.number(day["high"]), format.number(day["low"]), last].filter((price) => price !== null)
  return {
    key,
    last,
    lastTime: close === null || candle === undefined ? null : candle.start,
    decimals: format.decimalsFor(prices),
    change: variation ?? sinceOpen,
    changeNote: variation !== null ? "vs prev. close" : sinceOpen !== null ? "from day's open" : ""
  }
}

/**
 * The moving average of a candle is that of the window which ends with it. Windows that end
 * later are still half empty and are left out. Over five-minute candles only the window that
 * covers the same five minutes counts.
 * @param {Panes} panes @param {string} symbol @param {Interval} interval
 * @returns {Array<{ time: number, value: number }>}
 */
export const averagePoints = (panes, symbol, interval) => {
  const newest = panes.newest(intervals[interval].pipeline, symbol)
  if (newest === undefined) return []
  return panes.of(averagePipeline, symbol).flatMap(({ end, start, values }) => {
    const value = format.number(values["mean"])
    const time = interval === "1m" ? end - minute : start
    if (value === null || time > newest.start) return []
    return interval === "5m" && start % (5 * minute) !== 0 ? [] : [{ time, value }]
  })
}
