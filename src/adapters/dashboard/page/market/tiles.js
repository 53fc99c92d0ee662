/** The selected symbol's figures: the tiles, the line over the chart, the tab's title. */
import { isProvisional } from "./figures.js"
import * as format from "../format.js"
import * as names from "./names.js"
import { setText } from "../text.js"

/**
 * @typedef {ReturnType<typeof format.clock>} Clock
 * @param {Record<string, HTMLElement>} parts
 * @param {import("./figures.js").Panes} panes
 * @param {import("./figures.js").Quote} quote
 * @param {Clock} clock
 */
export const showTiles = (parts, panes, { change, changeNote, currency, decimals, key, last, lastTime }, clock) => {
  const day = panes.newest(names.dayPipeline, key)?.values ?? {}
  const direction = format.direction(change)
  setText(parts["symbol"], key)
  showLast(parts["last"], key, last, decimals)
  setText(parts["currency"], last === null ? "" : currency.code)
  parts["currency"].title = currency.words
  setText(parts["last-note"], lastTime === null ? blank : `at ${clock.minutes(lastTime)}`)
  setText(parts["change"], `${format.arrow[direction]} ${format.percent(change)}`.trim())
  parts["change"].dataset.direction = direction
  setText(parts["change-note"], changeNote || blank)
  for (const name of ["high", "low", "mean"]) {
    setText(parts[name], format.price(format.number(day[names.day[name]]), decimals))
  }
  setText(parts["volume"], format.count(format.number(day[names.day.volume])))
}

/** Keeps the height of a line that has nothing to say. */
const blank = "\u00a0"

/** @param {import("./figures.js").Quote} quote @param {string} title */
export const showTitle = ({ change, decimals, key, last }, title) => {
  const figures = [key]
  if (last !== null) figures.push(format.price(last, decimals))
  if (change !== null) figures.push(format.percent(change))
  document.title = `${figures.join(" ")} · ${title}`
}

/**
 * A price that moved is coloured for a moment.
 * @param {HTMLElement} place @param {string} key @param {number | null} last @param {number} decimals
 */
const showLast = (place, key, last, decimals) => {
  const before = place.dataset.key === key ? format.number(place.dataset.value) : null
  setText(place, format.price(last, decimals))
  place.dataset.key = key
  place.dataset.value = last === null ? "" : String(last)
  if (before === null || last === null || before === last) return
  place.dataset.moved = last > before ? "up" : "down"
  setTimeout(() => delete place.dataset.moved, 400)
}

/**
 * @param {HTMLElement} legend @param {import("../state/panes.js").Pane | undefined} candle @param {number | null} mean
 * @param {number} decimals @param {Clock} clock
 */
export const showLegend = (legend, candle, mean, decimals, clock) => {
  if (candle === undefined) return legend.replaceChildren()
  const price = (name) => format.price(format.number(candle.values[name]), decimals)
  legend.replaceChildren(
    figure("", clock.minutes(candle.start)),
    figure("O", price(names.candle.open)),
    figure("H", price(names.candle.high)),
    figure("L", price(names.candle.low)),
    figure("C", price(names.candle.close)),
    figure("Vol", format.shortCount(format.number(candle.values[names.candle.volume]))),
    figure("MA 5 min", format.price(mean, decimals), "average"),
    ...(isProvisional(candle) ? [figure("", "provisional")] : [])
  )
}

/** @param {string} label @param {string} value */
const figure = (label, value, kind = "") => {
  const span = document.createElement("span")
  const name = document.createElement("b")
  name.textContent = label
  span.className = kind
  span.append(name, ` ${value}`)
  return span
}
