/**
 * One chart of the market: of one symbol with bars of one length, what is told above it, and what there is in its place where it
 * has nothing to show.
 *
 * @typedef {import("./charts.js").Charted} Charted
 * @typedef {{ range: import("../chart/ranges.js").Range, chosen: ReadonlyArray<import("../chart/indicators.js").Indicator>,
 *   days: ReturnType<typeof import("./days.js").makeDays>, knownFrom: ReadonlyMap<string, number>, isRead: (symbol: string) => boolean,
 *   at: (charted: Charted) => string }} Shared what all charts have in common; `at` is the address with another one in its place
 */
import { html, render } from "../vendor/lit-html/lit-html.js"
import { csvOf, fileName } from "../chart/csv.js"
import { makeModel } from "../chart/model.js"
import { intervals, isInterval } from "../chart/ranges.js"
import { makeChart } from "../chart/trader.js"
import { keyWords } from "../keyWords.js"
import { likely } from "../list/likely.js"
import { notice } from "../notice.js"
import { LateEvents } from "../pipeline/lateEvents.js"
import { setAttribute } from "../text.js"
import { zoneOf } from "../zones.js"
import { exchangeOf, quote } from "./figures.js"
import { dayPipeline, pricePipeline } from "./names.js"
import { save } from "./save.js"
import { showLegend } from "./tiles.js"

export class ChartPanel {
  model = makeModel()
  /** What was shown last, and whether all of that was read. */
  id = ""
  isComplete = false
  /** What is drawn. @type {import("../chart/trader.js").Model | undefined} */
  shown = undefined
  /** That of the symbol's exchange, once it is known. @type {string | undefined} */
  zone = undefined
  /** Where the pointer is over the chart, in pixels from its top. @type {number | undefined} */
  height = undefined
  /** What is told of bars, and what that was made of. @type {{ of: Array<ReadonlyArray<any>>, all: ReadonlyArray<any> }} */
  /** Which bar the address has named. @type {string | undefined} */
  barRead = undefined
  /** @type {Charted} */
  charted = { symbol: "", interval: "1m" }

  /**
   * @param {import("../main.js").Page} page @param {HTMLElement} place in which it is the last
   * @param {{ activate: () => void, hovered: (slot: { time: number, end: number } | null) => void, remove: () => void }} asked
   */
  constructor(page, place, { activate, hovered, remove }) {
    this.page = page
    this.element = document.createElement("section")
    this.element.className = "chart"
    // The chart takes its colours from where it stands.
    place.append(this.element)
    render(skeleton(() => this.chart.goToNow(), remove), this.element)
    /** @param {string} name */
    const part = (name) => /** @type {HTMLElement} */ (this.element.querySelector(`.${name}`))
    this.parts = { name: part("chart-name"), remove: part("chart-remove"), legend: part("legend"), canvas: part("canvas"), now: part("now"), empty: part("empty") }
    for (const event of ["pointerdown", "focusin"]) this.element.addEventListener(event, activate)
    this.lateEvents = new LateEvents(page, () => page.changed("windows"))
    const { canvas } = this.parts
    canvas.addEventListener("pointermove", ({ clientY }) => this.height = clientY - canvas.getBoundingClientRect().top)
    canvas.addEventListener("pointerleave", () => this.height = undefined)
    this.chart = makeChart(canvas, {
      onHover: (legend, slot) => {
        showLegend(this.parts.legend, legend)
        this.lateEvents.look(legend?.isHovered && legend.bar !== null ? this.panesOf(legend.bar) : [])
        hovered(slot)
      },
      onPick: (bar) => this.pick(bar),
      headroom: () => this.parts.legend.offsetHeight,
      onView: (isAtNow) => {
        this.parts.now.hidden = isAtNow
      }
    })
  }

  /** Names it by its place among the others. @param {number} place @param {number} count @param {boolean} isActive */
  number(place, count, isActive) {
    const { element, parts } = this
    for (const [name, part] of Object.entries({ chart: parts.canvas, legend: parts.legend, now: parts.now, empty: parts.empty })) {
      part.id = place === 0 ? name : `${name}-${place + 1}`
    }
    element.toggleAttribute("data-one", count === 1)
    if (count === 1) for (const name of ["role", "aria-label", "aria-current"]) element.removeAttribute(name)
    else {
      const { interval, symbol } = this.charted
      parts.name.textContent = `${keyWords(symbol)} · ${interval}`
      parts.remove.setAttribute("aria-label", `Remove the chart of ${keyWords(symbol)}`)
      element.setAttribute("role", "group")
      element.setAttribute("aria-label", `Chart ${place + 1} of ${count}: ${keyWords(symbol)}, ${words[interval] ?? interval}`)
      element.setAttribute("aria-current", String(isActive))
    }
  }

  /** @param {Charted} charted @param {ReadonlyArray<string>} compared @param {Shared} shared */
  draw(charted, compared, shared) {
    const { interval, symbol } = charted
    this.charted = charted
    const candles = isInterval(interval) ? this.drawChart(symbol, interval, compared, shared) : []
    this.parts.empty.hidden = candles.length > 0
    render(candles.length > 0 ? "" : this.noticeOf(shared), this.parts.empty)
  }

  /** There is no symbol yet. */
  wait() {
    this.parts.empty.hidden = false
    render(waiting, this.parts.empty)
  }

  /** @param {string} symbol @param {import("../chart/ranges.js").Interval} interval @param {ReadonlyArray<string>} compared @param {Shared} shared */
  drawChart(symbol, interval, compared, shared) {
    const { page, parts } = this
    const { panes } = page
    const { chosen, isRead, range } = shared
    const days = this.daysOf(symbol, shared)
    this.zone = days?.timeZone ?? page.status.timeZone
    const id = JSON.stringify([symbol, interval, range, compared])
    const isComplete = isRead(symbol)
    const model = this.model({
      symbol, interval, range, compared, chosen,
      zone: zoneOf(page.address.options.zone),
      exchangeZone: this.zone,
      panesOf: panes.of,
      days: days?.days ?? noDays,
      watermark: page.watermark(),
      knownFrom: shared.knownFrom.get(symbol) ?? Infinity,
      marks: this.lateEvents.marks(symbol, page.clock(this.zone ?? page.status.timeZone), page.alerts.marks(symbol)),
      decimals: quote(panes, symbol).decimals,
      // Where a symbol is shown before it is read, its range is found again.
      reset: id !== this.id || isComplete !== this.isComplete || this.shown?.candles.length === 0
    })
    Object.assign(this, { id, isComplete, shown: model })
    this.chart.show({ ...model, levels: page.alerts.levels(symbol) })
    if (symbol === page.address.key) this.readBar(model.candles)
    const lines = model.indicators.map(({ indicator }) => indicator.name)
    setAttribute(parts.canvas, "aria-label", compared.length > 0
      ? `${[symbol, ...compared].join(", ")}: indexed to 100`
      : `${keyWords(symbol)}: ${model.candles.length} ${words[interval]} candles, ${[...lines, "volume"].join(", ")}`)
    return model.candles
  }

  /** The bar that the address names is read, once. @param {ReadonlyArray<import("../chart/bars.js").Bar>} candles */
  readBar(candles) {
    const { key, options: { bar = "" } } = this.page.address
    const id = `${key} ${bar}`
    if (bar === "" || this.barRead === id || !candles.some(({ end, time }) => time <= Number(bar) && Number(bar) < end)) return
    this.barRead = id
    this.chart.readTime(Number(bar))
  }

  /** What a bar is made of. @param {import("../chart/bars.js").Bar} bar */
  panesOf({ end, pane, time }) {
    const { charted: { symbol }, page } = this
    return pane !== null ? [pane] : page.panes.of(pricePipeline, symbol).filter((minute) => minute.start >= time && minute.end <= end)
  }

  /** The price at the height of the pointer, where that is over the chart. */
  priceAtPointer() {
    return this.height === undefined ? undefined : this.chart.priceAt(this.height)
  }

  /** When the symbol's exchange trades, for as long as there are candles. @param {string} symbol @param {Shared} shared */
  daysOf(symbol, { days }) {
    const { panes } = this.page
    const minutes = panes.of(pricePipeline, symbol)
    const first = minutes[0] ?? panes.of(dayPipeline, symbol)[0]
    return first === undefined ? undefined : days.of(exchangeOf(panes, symbol), first.start, minutes.at(-1)?.end ?? first.end)
  }

  /** @param {Shared} shared */
  noticeOf({ at, isRead }) {
    const { charted, page } = this
    const { interval, symbol } = charted
    if (!isInterval(interval)) {
      const offers = Object.entries(intervals).map(([id, { name }]) => ({ words: name, href: at({ symbol, interval: id }) }))
      return notice(`There is no interval “${interval}”`, "There are:", offers)
    }
    const keys = page.keysOf(pricePipeline)
    if (!isRead(symbol) || keys.has(symbol)) return waiting
    const offers = likely(keys.all(), symbol).map((one) => ({ words: keyWords(one), href: at({ symbol: one, interval }) }))
    return notice(`There is no symbol “${symbol}”`, `It shows here if it is traded.${offers.length > 0 ? " There are:" : ""}`, offers)
  }

  /** The window of a bar that was clicked; of several minutes the last. @param {import("../chart/bars.js").Bar} bar */
  pick({ end, pane, time }) {
    const { charted: { symbol }, page } = this
    const picked = pane ?? page.panes.of(pricePipeline, symbol).findLast((each) => each.start >= time && each.end <= end)
    if (picked !== undefined) page.inspect(picked)
  }

  // What is taken along

  csv() {
    const { charted: { interval, symbol }, shown } = this
    if (shown === undefined) return
    const lines = shown.indicators.flatMap(({ lines }) => lines)
    save(new Blob([csvOf(shown.candles, lines)], { type: "text/csv" }), fileName(symbol, interval, "csv"))
  }

  png() {
    const { charted: { interval, symbol } } = this
    this.chart.snapshot().toBlob((picture) => picture !== null && save(picture, fileName(symbol, interval, "png")))
  }

  focus() {
    this.parts.canvas.focus()
  }

  end() {
    this.lateEvents.end()
    this.chart.destroy()
    this.element.remove()
  }
}

/** @type {Record<string, string>} */
export const words = { "1m": "one-minute", "5m": "five-minute", "15m": "15-minute", "1h": "one-hour", "1D": "daily" }

const waiting = notice("Waiting for the first candle…", "", [])

/** The chart compares it with what it was given before. */
const noDays = []

/** @param {() => void} goToNow @param {() => void} remove */
const skeleton = (goToNow, remove) => html`
  <header class="chart-head"><b class="chart-name"></b><button type="button" class="chart-remove" title="Remove this chart" @click=${remove}>✕</button></header>
  <div class="chart-body">
    <p class="legend"></p>
    <div class="canvas" role="img" aria-label="Chart"></div>
    <button class="now" type="button" title="Go to the newest bar (N)" hidden @click=${goToNow}>Go to now</button>
    <div class="empty"></div>
  </div>`
