/**
 * What the page says about a symbol, out of its panes.
 *
 * @typedef {import("../state/panes.js").Pane} Pane
 * @typedef {ReturnType<typeof import("../state/panes.js").makePanes>} Panes
 * @typedef {ReturnType<typeof quote>} Quote
 */
import * as format from "../format.js"
import * as names from "./names.js"

/**
 * Last price and the day's change of a symbol. Where the newest candle's trades formed no
 * price, the day's close is the last price there was. Where the previous close is not known,
 * the change is counted from the day's open, and said to be.
 * @param {Panes} panes @param {string} key
 */
export const quote = (panes, key) => {
  const day = panes.newest(names.dayPipeline, key)?.values ?? {}
  const candle = panes.newest(names.pricePipeline, key)
  const close = format.number(candle?.values[names.candle.close])
  const last = close ?? format.number(day[names.day.close])
  const open = format.number(day[names.day.open])
  const variation = format.number(day[names.day.variation])
  const change = changeOf(panes, key)
  const usualDecimals = format.number(said(panes, key, names.day.decimals))
  const prices = [open, format.number(day[names.day.high]), format.number(day[names.day.low]), last].filter((price) => price !== null)
  return {
    key,
    last,
    lastTime: close === null || candle === undefined ? null : candle.start,
    volume: format.number(day[names.day.volume]),
    currency: format.currency(said(panes, key, names.day.currency)),
    usualDecimals,
    decimals: format.decimalsFor(prices, usualDecimals),
    change,
    changeNote: variation !== null ? "vs prev. close" : change !== null ? "from day's open" : ""
  }
}

/** The exchange that a symbol is of, where that was said. @param {Panes} panes @param {string} key @returns {string | undefined} */
export const exchangeOf = (panes, key) => {
  const exchange = said(panes, key, names.day.exchange)
  return typeof exchange === "string" && exchange !== "" ? exchange : undefined
}

/** What was said last, be it on a day before. @param {Panes} panes @param {string} key @param {string} name */
const said = (panes, key, name) =>
  panes.newest(names.dayPipeline, key)?.values[name] ??
    panes.of(names.dayPipeline, key).findLast(({ values }) => values[name] != null)?.values[name]

/** The day's change in per cent, for a list of many symbols. @param {Panes} panes @param {string} key */
export const changeOf = (panes, key) => {
  const day = panes.newest(names.dayPipeline, key)?.values ?? {}
  const variation = format.number(day[names.day.variation])
  if (variation !== null) return variation
  const open = format.number(day[names.day.open])
  const last = format.number(panes.newest(names.pricePipeline, key)?.values[names.candle.close]) ?? format.number(day[names.day.close])
  return last === null || open === null || open === 0 ? null : (last / open - 1) * 100
}

/** @param {Panes} panes @param {string} key */
export const volumeOf = (panes, key) => format.number(panes.newest(names.dayPipeline, key)?.values[names.day.volume])
