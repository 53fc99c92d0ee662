/** The selected symbol's figures: the tiles, the line over the chart, the tab's title. */
import { html, nothing, render } from "../vendor/lit-html/lit-html.js"
import * as format from "../format.js"
import { keyWords } from "../keyWords.js"
import * as names from "./names.js"
import { setAttribute, setText } from "../text.js"

/**
 * @param {Record<string, HTMLElement>} parts
 * @param {import("./figures.js").Panes} panes
 * @param {import("./figures.js").Quote} quote
 * @param {ReturnType<typeof format.clock>} clock
 */
export const showTiles = (parts, panes, { change, changeNote, currency, decimals, key, last, lastTime }, clock) => {
  const day = panes.newest(names.dayPipeline, key)?.values ?? {}
  const direction = format.direction(change)
  setText(parts["symbol"], keyWords(key))
  showLast(parts["last"], key, last, decimals)
  setText(parts["currency"], last === null ? "" : currency.code)
  setAttribute(parts["currency"], "title", currency.words)
  setText(parts["last-note"], lastTime === null ? blank : `at ${clock.minutes(lastTime)}`)
  setText(parts["change"], `${format.arrow[direction]} ${format.percent(change)}`.trim())
  setAttribute(parts["change"], "data-direction", direction)
  setText(parts["change-note"], changeNote || blank)
  for (const name of ["high", "low", "mean"]) {
    setText(parts[name], format.price(format.number(day[names.day[name]]), decimals))
  }
  setText(parts["volume"], format.amount(format.number(day[names.day.volume])))
}

/** Keeps the height of a line that has nothing to say. */
const blank = "\u00a0"

/** @param {import("./figures.js").Quote} quote @param {string} title */
export const titleOf = ({ change, decimals, key, last }, title) => {
  const figures = [keyWords(key)]
  if (last !== null) figures.push(format.price(last, decimals))
  if (change !== null) figures.push(format.percent(change))
  return `${figures.join(" ")} · ${title}`
}

/** The tab's title goes with the price, but not with every one: the browser itself has to be told. */
export const makeTitle = () => {
  let wanted = ""
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let resting
  const show = () => {
    const isOther = document.title !== wanted
    if (isOther) document.title = wanted
    resting = isOther ? setTimeout(show, titleEvery) : undefined
  }
  return {
    /** @param {string} title */
    show: (title) => {
      wanted = title
      if (resting === undefined) show()
    },
    end: () => clearTimeout(resting)
  }
}

/** Milliseconds. */
const titleEvery = 1_000

/**
 * A price that moved is coloured for a moment.
 * @param {HTMLElement} place @param {string} key @param {number | null} last @param {number} decimals
 */
const showLast = (place, key, last, decimals) => {
  const before = place.dataset.key === key ? format.number(place.dataset.value) : null
  setText(place, format.price(last, decimals))
  setAttribute(place, "data-key", key)
  setAttribute(place, "data-value", last === null ? "" : String(last))
  if (before === null || last === null || before === last) return
  setAttribute(place, "data-moved", last > before ? "up" : "down")
  clearTimeout(settling.get(place))
  settling.set(place, setTimeout(() => delete place.dataset.moved, 400))
}

/** When the colour goes. @type {WeakMap<HTMLElement, ReturnType<typeof setTimeout>>} */
const settling = new WeakMap()

/**
 * What the chart tells of the bar under the pointer, or of the newest.
 * @param {HTMLElement} place @param {import("../chart/legend.js").Legend | null} legend
 */
export const showLegend = (place, legend) => {
  const { figures, isHovered, notes } = legend ?? { figures: [], isHovered: false, notes: [] }
  render(html`${figures.map(figure)}${isHovered ? notes.map(note) : nothing}`, place)
}

/** @param {import("../chart/legend.js").Figure} figure */
const figure = ({ kind, label, value }) => html`<span data-kind=${kind === "" ? nothing : kind}><b>${label}</b> ${value}</span>`

/** @param {string} text */
const note = (text) => html`<span class="note">${text}</span>`
