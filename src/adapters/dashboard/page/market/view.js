/** The market: a watchlist, the figures of the selected symbol, and its chart. */
import { html, render } from "../vendor/lit-html/lit-html.js"
import { get } from "../api.js"
import { csvOf, fileName } from "../chart/csv.js"
import { available } from "../chart/indicators.js"
import { makeModel } from "../chart/model.js"
import { intervals, isInterval, isRange } from "../chart/ranges.js"
import { makeChart } from "../chart/trader.js"
import * as format from "../format.js"
import { likely } from "../list/likely.js"
import { LateEvents } from "../pipeline/lateEvents.js"
import { notice } from "../notice.js"
import * as address from "../state/address.js"
import { preferredSet, preferSet } from "../state/preferences.js"
import { zoneOf } from "../zones.js"
import { makeDays } from "./days.js"
import { save } from "./save.js"
import { exchangeOf, quote } from "./figures.js"
import { candle, day, dayPipeline, pricePipeline } from "./names.js"
import { makeSparklines } from "./sparklines.js"
import { showLegend, showTiles, showTitle } from "./tiles.js"
import { toolsOf } from "./tools.js"
import { makeWatchlist } from "./watchlist.js"

/** @typedef {import("../state/panes.js").Pane} Pane */

/** The pipeline whose newest candle is the newest word on the price, where it runs. @param {ReadonlyArray<import("../pipeline/values.js").Pipeline>} pipelines */
export const marketOf = (pipelines) => pipelines.find(({ name }) => name === pricePipeline)

export class MarketView {
  model = makeModel()
  /** The oldest minute that was read of each symbol, and whether there is nothing before. @type {Map<string, number>} */
  knownFrom = new Map()
  chosen = preferredSet("market.indicators") ?? new Set(["ma5"])

  /** @param {import("../main.js").Page} page @param {HTMLElement} root */
  constructor(page, root) {
    this.page = page
    this.keys = page.keysOf(pricePipeline)
    render(skeleton(() => this.chart.goToNow()), root)
    /** @type {Record<string, HTMLElement>} */
    this.parts = Object.fromEntries([...root.querySelectorAll("[id]")].map((part) => [part.id, /** @type {HTMLElement} */ (part)]))
    this.days = makeDays(() => page.changed("list", "windows"))
    this.sparklines = this.newSparklines()
    this.watchlist = makeWatchlist(page, this.parts["symbols"], {
      select: (key) => page.go({ ...page.address, key }),
      closes: (key) => this.sparklines.of(key),
      session: (key) => this.sessionOf(key)
    })
    this.lateEvents = new LateEvents(page, () => page.changed("windows"))
    this.chart = makeChart(this.parts["chart"], {
      onHover: (legend) => {
        showLegend(this.parts["legend"], legend)
        this.lateEvents.look(legend?.isHovered && legend.bar !== null ? this.panesOf(legend.bar) : [])
      },
      onPick: (bar) => this.pick(bar),
      headroom: () => this.parts["legend"].offsetHeight,
      onView: (isAtNow) => {
        this.parts["now"].hidden = isAtNow
      }
    })
  }

  // What the address says

  get key() {
    return this.page.address.key
  }

  get interval() {
    const { interval = "1m" } = this.page.address.options
    return isInterval(interval) ? interval : undefined
  }

  get range() {
    const { range = "session" } = this.page.address.options
    return isRange(range) ? range : "session"
  }

  get compared() {
    return (this.page.address.options.compare ?? "").split(",").filter((key) => key !== "").map(address.decoded)
  }

  // What of the stream is shown

  wanted() {
    const { compared, key } = this
    if (key === undefined) return { follow: [], watch: this.listed() }
    const followed = [pricePipeline, dayPipeline, ...this.indicators().map(({ pipeline }) => pipeline)].filter((name) => this.runs(name))
    return {
      follow: [...[...new Set(followed)].map((name) => [name, key]), ...compared.map((other) => [pricePipeline, other])],
      watch: this.listed()
    }
  }

  listed() {
    return [[pricePipeline, [candle.close]], ...(this.runs(dayPipeline) ? [[dayPipeline, this.dayFields()]] : [])]
  }

  indicators() {
    return available((name) => this.runs(name)).filter(({ id }) => this.chosen.has(id))
  }

  /** @param {string} name */
  runs(name) {
    return this.page.pipelines.some((pipeline) => pipeline.name === name)
  }

  dayFields() {
    const there = this.page.pipelines.find(({ name }) => name === dayPipeline)?.values ?? []
    return Object.values(day).filter((name) => there.some((value) => value.name === name))
  }

  // What is read

  async readAll() {
    await Promise.all([this.keys.read(), ...(this.runs(dayPipeline) ? [this.page.keysOf(dayPipeline).read()] : [])])
    if (this.key === undefined) this.page.choose(this.keys.all()[0])
    await this.readSelected()
  }

  async readSelected() {
    const { key, keys, knownFrom, page } = this
    if (key === undefined) return
    const limit = limits[this.range]
    const found = await Promise.all(this.wanted().follow.map(async ([pipeline, key]) => {
      const panes = await get("panes", { pipeline, key, limit: pipeline === dayPipeline ? 500 : limit })
      if (pipeline === pricePipeline) knownFrom.set(key, panes.length < limit ? -Infinity : panes[0].start)
      return panes
    }))
    for (const panes of found) page.take(panes)
    if (found[0].length > 0) keys.meet(key)
    this.read = key
    page.changed("list", "windows")
  }

  /** What was read is of another instant. */
  forget() {
    this.knownFrom.clear()
    this.sparklines = this.newSparklines()
    this.read = undefined
  }

  newSparklines() {
    const { page } = this
    return makeSparklines(async (key) => closesIn(await get("panes", { pipeline: pricePipeline, key, limit: 60 })), () => page.changed("list"))
  }

  // What is chosen

  /** @param {number} by */
  step(by) {
    const next = this.watchlist.beside(this.key, by)
    if (next !== undefined) this.page.go({ ...this.page.address, key: next }, true)
  }

  /** @param {string} key */
  press(key) {
    const interval = shortcuts[key]
    if (interval !== undefined) this.choose({ interval })
    if (key === "n" || key === "N") this.chart.goToNow()
    return interval !== undefined || key === "n" || key === "N"
  }

  /** @param {Record<string, string>} options */
  choose(options) {
    this.page.go({ ...this.page.address, options: { ...this.page.address.options, ...options } })
  }

  /** @param {string} indicator */
  toggle(indicator) {
    if (!this.chosen.delete(indicator)) this.chosen.add(indicator)
    preferSet("market.indicators", this.chosen)
    this.page.route()
  }

  /** What is to be said of what was selected. */
  selected() {
    const { interval, key } = this
    this.reset = true
    if (key === undefined || interval === undefined) return ""
    this.watchlist.reveal(key)
    const { change, decimals, last } = quote(this.page.panes, key)
    return `${key}, ${words[interval]} candles, last ${format.price(last, decimals)}, ${format.percent(change)}`
  }

  /** The window of a bar that was clicked; of several minutes the last. @param {import("../chart/bars.js").Bar} bar */
  pick({ end, pane, time }) {
    const { key, page } = this
    const minute = key === undefined ? undefined : page.panes.of(pricePipeline, key).findLast((each) => each.start >= time && each.end <= end)
    const picked = pane ?? minute
    if (picked !== undefined) page.inspect(picked)
  }

  // Showing

  /** @param {ReadonlySet<string>} changed */
  draw(changed) {
    const { key, keys } = this
    if (changed.has("list")) {
      for (const each of this.sparklines.keys()) this.noteClose(each)
      this.watchlist.show({ keys: keys.all(), selected: key, total: keys.total(), more: keys.more() })
    }
    if (changed.has("windows")) this.drawSymbol()
    this.drawFigures()
  }

  /** @param {string} key */
  noteClose(key) {
    const newest = this.page.panes.newest(pricePipeline, key)
    const close = format.number(newest?.values[candle.close])
    if (newest !== undefined && close !== null) this.sparklines.note(key, newest.start, close)
  }

  /** @param {string} key */
  sessionOf(key) {
    const { page } = this
    const time = page.eventTime()
    return time === null ? undefined : this.days.session(exchangeOf(page.panes, key), time)
  }

  drawSymbol() {
    const { interval, key, parts } = this
    this.drawTools()
    const candles = key === undefined || interval === undefined ? [] : this.drawChart(key, interval)
    parts["empty"].hidden = candles.length > 0
    render(this.noticeOf(), parts["empty"])
  }

  drawFigures() {
    const { key, page, parts } = this
    if (key === undefined) return
    const current = quote(page.panes, key)
    showTiles(parts, page.panes, current, page.clock(this.zone ?? page.status.timeZone))
    showTitle(current, page.status.title)
  }

  /** @param {string} key @param {import("../chart/ranges.js").Interval} interval */
  drawChart(key, interval) {
    const { compared, page, parts, range } = this
    const { panes } = page
    const minutes = panes.of(pricePipeline, key)
    const exchange = exchangeOf(panes, key)
    const first = minutes[0] ?? panes.of(dayPipeline, key)[0]
    const days = first === undefined ? undefined : this.days.of(exchange, first.start, minutes.at(-1)?.end ?? first.end)
    this.zone = days?.timeZone ?? page.status.timeZone
    const model = this.model({
      symbol: key, interval, range, compared,
      zone: zoneOf(page.address.options.zone),
      exchangeZone: this.zone,
      panesOf: panes.of,
      days: days?.days ?? noDays,
      watermark: page.watermark(),
      knownFrom: this.knownFrom.get(key) ?? Infinity,
      chosen: this.indicators(),
      marks: this.lateEvents.marks(key, page.clock(this.zone)),
      decimals: quote(panes, key).decimals,
      // Where a symbol is shown before it is read, its range is found again.
      reset: this.reset === true || this.shownWith !== this.read
    })
    this.reset = model.candles.length === 0
    this.shownWith = this.read
    this.shown = model
    this.chart.show(model)
    const lines = model.indicators.map(({ indicator }) => indicator.name)
    parts["chart"].setAttribute("aria-label", compared.length > 0
      ? `${[key, ...compared].join(", ")}: indexed to 100`
      : `${key}: ${model.candles.length} ${words[interval]} candles, ${[...lines, "volume"].join(", ")}`)
    return model.candles
  }

  /** They change with what is chosen and with the symbols that there are, and not with what moves. */
  drawTools() {
    const { chosen, keys, page, parts, zone } = this
    const id = JSON.stringify([page.address, [...chosen], keys.all().length, zone])
    if (id === this.toolsId) return
    this.toolsId = id
    render(toolsOf(this.tools()), parts["tools"])
  }

  noticeOf() {
    const { interval, key, keys, page, read } = this
    const at = (more) => address.format({ ...page.address, ...more })
    if (interval === undefined) {
      const offers = Object.entries(intervals).map(([id, { name }]) => ({ words: name, href: at({ options: { ...page.address.options, interval: id } }) }))
      return notice(`There is no interval “${page.address.options.interval}”`, "There are:", offers)
    }
    if (key === undefined || read !== key || keys.has(key)) return notice("Waiting for the first candle…", "", [])
    const offers = likely(keys.all(), key).map((one) => ({ words: one, href: at({ key: one }) }))
    return notice(`There is no symbol “${key}”`, `It shows here if it is traded.${offers.length > 0 ? " There are:" : ""}`, offers)
  }

  tools() {
    const { compared, interval = "", key, keys, page, range } = this
    return {
      interval, range, compared,
      symbols: keys.all().filter((one) => one !== key),
      indicators: available((name) => this.runs(name)),
      chosen: [...this.chosen],
      zones: page.zones(this.zone ?? page.status.timeZone),
      runs: (interval) => interval !== "1D" || this.runs(dayPipeline),
      choose: (options) => this.choose(options),
      toggle: (id) => this.toggle(id),
      compare: (symbols) => this.choose({ compare: symbols.map(encodeURIComponent).join(",") }),
      csv: () => save(new Blob([csvOf(this.shown.candles, this.shown.indicators.flatMap(({ lines }) => lines))], { type: "text/csv" }), fileName(key ?? "", interval, "csv")),
      png: () => this.chart.snapshot().toBlob((picture) => picture !== null && save(picture, fileName(key ?? "", interval, "png"))),
      link: () => void navigator.clipboard?.writeText(location.href)
    }
  }

  /** What a bar is made of. @param {import("../chart/bars.js").Bar} bar */
  panesOf({ end, pane, time }) {
    return pane !== null ? [pane] : this.page.panes.of(pricePipeline, this.key ?? "").filter((minute) => minute.start >= time && minute.end <= end)
  }

  end() {
    this.lateEvents.end()
    this.chart.destroy()
  }
}

/** Minutes that a range reads. */
const limits = { "15m": 1_000, "1h": 1_000, session: 1_000, "5d": 5_000, all: 10_000 }

const words = { "1m": "one-minute", "5m": "five-minute", "15m": "15-minute", "1h": "one-hour", "1D": "daily" }

/** @type {Record<string, import("../chart/ranges.js").Interval>} */
const shortcuts = { 1: "1m", 5: "5m" }

/** The chart compares these with what it was given before. */
const noDays = []

/** @param {ReadonlyArray<Pane>} panes */
const closesIn = (panes) => panes.flatMap(({ start, values }) => {
  const close = format.number(values[candle.close])
  return close === null ? [] : [{ start, close }]
})

/** @param {() => void} goToNow */
const skeleton = (goToNow) => html`
  <nav class="side watch" aria-label="Symbols" id="symbols"></nav>
  <section class="view market" aria-labelledby="symbol">
    <div class="heading">
      <div class="name"><h2 id="symbol">—</h2><p id="market-time" class="muted">&nbsp;</p></div>
      <div class="tools" id="tools"></div>
    </div>
    <dl class="tiles">
      <div class="tile wide"><dt>Last</dt><dd><span id="last">—</span> <span id="currency" class="unit"></span></dd><dd class="note" id="last-note">&nbsp;</dd></div>
      <div class="tile wide"><dt>Change</dt><dd id="change">—</dd><dd class="note" id="change-note">&nbsp;</dd></div>
      <div class="tile"><dt>High</dt><dd id="high">—</dd><dd class="note">day</dd></div>
      <div class="tile"><dt>Low</dt><dd id="low">—</dd><dd class="note">day</dd></div>
      <div class="tile"><dt>Mean</dt><dd id="mean">—</dd><dd class="note">day</dd></div>
      <div class="tile"><dt>Volume</dt><dd id="volume">—</dd><dd class="note">day</dd></div>
    </dl>
    <div class="chart">
      <p id="legend" class="legend"></p>
      <div id="chart" role="img" aria-label="Chart"></div>
      <button id="now" type="button" title="Go to the newest bar (N)" hidden @click=${goToNow}>Go to now</button>
      <div id="empty" class="empty"></div>
    </div>
  </section>`
