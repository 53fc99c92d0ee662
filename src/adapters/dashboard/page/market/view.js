/** The market: a watchlist, the figures of the selected symbol, and its chart. */
import { html, render } from "../vendor/lit-html/lit-html.js"
import { get } from "../api.js"
import { makeChart } from "../chart/chart.js"
import * as format from "../format.js"
import { likely } from "../list/likely.js"
import { notice } from "../notice.js"
import * as address from "../state/address.js"
import { averagePoints, quote } from "./figures.js"
import { averagePipeline, candle, day, dayPipeline, intervals, pricePipeline } from "./names.js"
import { makeSparklines } from "./sparklines.js"
import { showLegend, showTiles, showTitle } from "./tiles.js"
import { makeWatchlist } from "./watchlist.js"

/** @typedef {import("../state/panes.js").Pane} Pane */

/** The pipeline whose newest candle is the newest word on the price, where it runs. @param {ReadonlyArray<import("../pipeline/values.js").Pipeline>} pipelines */
export const marketOf = (pipelines) => pipelines.find(({ name }) => name === pricePipeline)

export class MarketView {
  /** @param {import("../main.js").Page} page @param {HTMLElement} root */
  constructor(page, root) {
    this.page = page
    this.keys = page.keysOf(pricePipeline)
    render(skeleton(), root)
    /** @type {Record<string, HTMLElement>} */
    this.parts = Object.fromEntries([...root.querySelectorAll("[id]")].map((part) => [part.id, /** @type {HTMLElement} */ (part)]))
    this.sparklines = makeSparklines(async (key) => closesIn(await get("panes", { pipeline: pricePipeline, key, limit: 60 })), () => page.changed("list"))
    this.watchlist = makeWatchlist(page, this.parts["symbols"], {
      select: (key) => page.go({ ...page.address, key }),
      closes: (key) => this.sparklines.of(key),
      session: () => undefined
    })
    this.chart = makeChart(this.parts["chart"], page.clock(page.status.timeZone), (candle, average) => this.drawLegend(candle, average))
  }

  get key() {
    return this.page.address.key
  }

  /** @returns {keyof typeof intervals} */
  get interval() {
    const asked = this.page.address.options.interval ?? "1m"
    return asked in intervals ? asked : "1m"
  }

  wanted() {
    const { key } = this
    const followed = [...new Set([pricePipeline, intervals[this.interval].pipeline, averagePipeline, dayPipeline])]
    return {
      follow: key === undefined ? [] : followed.filter((name) => this.runs(name)).map((name) => [name, key]),
      watch: [[pricePipeline, [candle.close]], ...(this.runs(dayPipeline) ? [[dayPipeline, this.dayFields()]] : [])]
    }
  }

  /** @param {string} name */
  runs(name) {
    return this.page.pipelines.some((pipeline) => pipeline.name === name)
  }

  dayFields() {
    const there = this.page.pipelines.find(({ name }) => name === dayPipeline)?.values ?? []
    return Object.values(day).filter((name) => there.some((value) => value.name === name))
  }

  async readAll() {
    await Promise.all([this.keys.read(), ...(this.runs(dayPipeline) ? [this.page.keysOf(dayPipeline).read()] : [])])
    if (this.key === undefined) this.page.choose(this.keys.all()[0])
    await this.readSelected()
  }

  async readSelected() {
    const { key, keys, page } = this
    if (key === undefined) return
    const found = await Promise.all(this.wanted().follow.map(([pipeline]) => get("panes", { pipeline, key, limit: 1_000 })))
    for (const panes of found) page.take(panes)
    if (found[0].length > 0) keys.meet(key)
    this.read = key
    page.changed("list", "windows")
  }

  /** @param {number} by */
  step(by) {
    const next = this.watchlist.beside(this.key, by)
    if (next !== undefined) this.page.go({ ...this.page.address, key: next }, true)
  }

  /** @param {string} key */
  press(key) {
    const interval = { 1: "1m", 5: "5m" }[key]
    if (interval !== undefined) this.choose({ interval })
    return interval !== undefined
  }

  /** @param {Record<string, string>} options */
  choose(options) {
    this.page.go({ ...this.page.address, options: { ...this.page.address.options, ...options } })
  }

  selected() {
    const { key } = this
    this.reset = true
    if (key === undefined) return ""
    this.watchlist.reveal(key)
    const { change, decimals, last } = quote(this.page.panes, key)
    return `${key}, ${intervals[this.interval].words} candles, last ${format.price(last, decimals)}, ${format.percent(change)}`
  }

  /** @param {ReadonlySet<string>} changed */
  draw(changed) {
    const { key, keys } = this
    if (changed.has("list")) {
      for (const each of keys.all()) this.noteClose(each)
      this.watchlist.show({ keys: keys.all(), selected: key, total: keys.total(), more: keys.more() })
    }
    this.drawSymbol()
  }

  /** @param {string} key */
  noteClose(key) {
    const newest = this.page.panes.newest(pricePipeline, key)
    const close = format.number(newest?.values[candle.close])
    if (newest !== undefined && close !== null) this.sparklines.note(key, newest.start, close)
  }

  drawSymbol() {
    const { interval, key, page, parts } = this
    const { panes } = page
    if (key === undefined) return
    const clock = page.clock(page.status.timeZone)
    const candles = panes.of(intervals[interval].pipeline, key)
    const current = quote(panes, key)
    render(this.tools(), parts["tools"])
    this.chart.show(candles, averagePoints(panes, key, interval), current.usualDecimals, this.reset)
    this.reset = false
    parts["empty"].hidden = candles.length > 0
    const unknown = this.read === key && candles.length === 0 && !this.keys.has(key)
    render(unknown ? this.notice(key) : "Waiting for the first candle…", parts["empty"])
    parts["chart"].setAttribute("aria-label", `${key}: ${candles.length} ${intervals[interval].words} candles, moving average, volume`)
    showTiles(parts, panes, current, clock)
    showTitle(current, page.status.title)
    this.drawLegend(undefined, null)
  }

  /** @param {string} key */
  notice(key) {
    const offers = likely(this.keys.all(), key).map((one) => ({ words: one, href: address.format({ ...this.page.address, key: one }) }))
    return notice(`There is no symbol “${key}”`, `It shows here if it is traded.${offers.length > 0 ? " There are:" : ""}`, offers)
  }

  tools() {
    return html`
      <div class="intervals" role="group" aria-label="Interval">${Object.entries(intervals).map(([id, { pipeline, words }]) => html`
        <button type="button" aria-pressed=${id === this.interval} ?disabled=${!this.runs(pipeline)} title=${words}
          @click=${() => this.choose({ interval: id })}>${id}</button>`)}</div>
      ${this.page.zones(this.page.status.timeZone)}`
  }

  /** @param {Pane | undefined} pointed @param {number | null} average */
  drawLegend(pointed, average) {
    const { interval, key, page } = this
    if (key === undefined) return
    const newest = page.panes.of(intervals[interval].pipeline, key).at(-1)
    const mean = pointed === undefined ? averagePoints(page.panes, key, interval).at(-1)?.value ?? null : average
    showLegend(this.parts["legend"], pointed ?? newest, mean, this.chart.decimals(), page.clock(page.status.timeZone))
  }

  end() {}
}

/** @param {ReadonlyArray<Pane>} panes */
const closesIn = (panes) => panes.flatMap(({ start, values }) => {
  const close = format.number(values[candle.close])
  return close === null ? [] : [{ start, close }]
})

const skeleton = () => html`
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
      <div id="empty" class="empty">Waiting for the first candle…</div>
    </div>
  </section>`
