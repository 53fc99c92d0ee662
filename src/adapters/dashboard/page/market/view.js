/** The market: a watchlist, the figures of the selected symbol, and its chart with others beside it. */
import { html, nothing, render } from "../vendor/lit-html/lit-html.js"
import { get } from "../api.js"
import { choicesOf } from "../alerts/choices.js"
import { available } from "../chart/indicators.js"
import { isRange, ranges } from "../chart/ranges.js"
import * as format from "../format.js"
import { keyWords } from "../keyWords.js"
import { bindMenus } from "../menus.js"
import { notice } from "../notice.js"
import * as address from "../state/address.js"
import { preferredSet, preferSet } from "../state/preferences.js"
import { setText } from "../text.js"
import { ChartPanel, words } from "./chartPanel.js"
import { chartsOf, comparedIn, isSame, mostCharts, textOf, withCharts } from "./charts.js"
import { makeDays } from "./days.js"
import { faultOf } from "./faults.js"
import { exchangeOf, quote } from "./figures.js"
import { candle, day, dayPipeline, pricePipeline } from "./names.js"
import { makeSparklines } from "./sparklines.js"
import { makeTitle, showTiles, titleOf } from "./tiles.js"
import { toolsOf } from "./tools.js"
import { makeWatchlist } from "./watchlist.js"

/** @typedef {import("../state/panes.js").Pane} Pane */

/** The pipeline whose newest candle is the newest word on the price, where it runs. @param {ReadonlyArray<import("../pipeline/values.js").Pipeline>} pipelines */
export const marketOf = (pipelines) => pipelines.find(({ name }) => name === pricePipeline)

export class MarketView {
  title = makeTitle()
  /** As they stand side by side. @type {Array<ChartPanel>} */
  panels = []
  /** The place of the chart that the watchlist, the tools and the figures are of. */
  active = 0
  /** Whose pointer or keys say of which instant all charts tell. @type {ChartPanel | undefined} */
  leader = undefined
  /** The oldest minute that was read of each symbol, or nothing before which there is none. @type {Map<string, number>} */
  knownFrom = new Map()
  /** Symbols whose windows were read. @type {Set<string>} */
  read = new Set()
  /** What was read once the stream told of it, and so needs no reading again. @type {Set<string>} */
  told = new Set()
  /** Whether what was selected is still to be announced. */
  isUnsaid = false
  chosen = preferredSet("market.indicators") ?? new Set(["ma5"])

  /** @param {import("../main.js").Page} page @param {HTMLElement} root */
  constructor(page, root) {
    this.page = page
    this.keys = page.keysOf(pricePipeline)
    render(skeleton, root)
    /** @type {Record<string, HTMLElement>} */
    this.parts = Object.fromEntries([...root.querySelectorAll("[id]")].map((part) => [part.id, /** @type {HTMLElement} */ (part)]))
    this.days = makeDays(() => page.changed("list", "windows"))
    this.menus = bindMenus(this.parts["tools"])
    this.sparklines = this.newSparklines()
    this.watchlist = makeWatchlist(page, this.parts["symbols"], {
      select: (key) => this.select(key, false),
      // The chart comes first.
      closes: (key) => this.read.size === 0 ? [] : this.sparklines.of(key),
      session: (key) => this.sessionOf(key)
    })
    this.placePanels()
  }

  // What the address says

  get charts() {
    return chartsOf(this.page.address).slice(0, mostCharts)
  }

  /** The symbol of the chart that is active. */
  get key() {
    return this.charts[this.active]?.symbol ?? this.page.address.key
  }

  get range() {
    const { range = "session" } = this.page.address.options
    return isRange(range) ? range : "session"
  }

  // What of the stream is shown

  wanted() {
    const pipelines = [...new Set([pricePipeline, dayPipeline, ...this.indicators().map(({ pipeline }) => pipeline)])].filter((name) => this.runs(name))
    const symbols = [...new Set(this.charts.map(({ symbol }) => symbol))]
    const compared = comparedIn(this.page.address).filter((symbol, i, all) => !symbols.includes(symbol) && all.indexOf(symbol) === i)
    return {
      follow: /** @type {Array<[string, string]>} */ ([
        ...symbols.flatMap((symbol) => pipelines.map((pipeline) => [pipeline, symbol])),
        ...compared.map((symbol) => [pricePipeline, symbol])
      ]),
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
    this.told.clear()
    await Promise.all([this.readSymbols(), this.runs(dayPipeline) ? this.page.keysOf(dayPipeline).read() : undefined])
  }

  /** With the chosen one, which is the first of all where the address names none. */
  async readSymbols() {
    if (this.key !== undefined) return Promise.all([this.keys.read(), this.readSelected()])
    await this.keys.read()
    await this.page.choose(this.keys.all()[0])
  }

  /** @param {boolean} isTold whether the stream tells of all that is wanted */
  async readSelected(isTold = false) {
    const { keys, knownFrom, page, told } = this
    const wanted = this.wanted().follow.map(([pipeline, symbol]) => {
      const limit = pipeline === dayPipeline ? 500 : limits[this.range]
      return { pipeline, symbol, limit, id: JSON.stringify([pipeline, symbol, limit]) }
    })
    for (const id of told) if (!wanted.some((one) => one.id === id)) told.delete(id)
    await Promise.all(wanted.filter(({ id }) => !told.has(id)).map(async ({ limit, pipeline, symbol }) => {
      const panes = await get("panes", { pipeline, key: symbol, limit })
      page.take(panes)
      if (pipeline !== pricePipeline) return
      knownFrom.set(symbol, panes.length < limit ? -Infinity : panes[0].start)
      if (panes.length > 0) keys.meet(symbol)
    }))
    for (const { id, symbol } of wanted) {
      this.read.add(symbol)
      if (isTold) told.add(id)
    }
    page.changed("list", "windows")
  }

  /** What was read is of another instant. */
  forget() {
    this.knownFrom.clear()
    this.read.clear()
    this.told.clear()
    this.sparklines = this.newSparklines()
  }

  newSparklines() {
    const { page } = this
    return makeSparklines(async (key) => closesIn(await get("panes", { pipeline: pricePipeline, key, limit: 60 })), () => page.changed("list"))
  }

  // What is chosen

  /** Shows a symbol in the active chart; where another one has it already, that becomes active. @param {string} symbol @param {boolean} replace */
  select(symbol, replace) {
    const before = this.charts[this.active]
    if (before === undefined) this.page.go({ ...this.page.address, key: symbol }, replace)
    else this.put({ ...before, symbol }, replace)
  }

  /** In place of the active chart. @param {import("./charts.js").Charted} charted @param {boolean} replace */
  put(charted, replace = false) {
    const { active, charts, page } = this
    const there = charts.findIndex((one, place) => place !== active && isSame(one, charted))
    if (there >= 0) return this.activate(there)
    page.go(withCharts(page.address, charts.with(active, charted)), replace)
  }

  /** @param {number} by */
  step(by) {
    const { active, charts, watchlist } = this
    let next = watchlist.beside(this.key, by)
    // Those that have a chart already are passed over.
    for (let passed = 0; passed < charts.length && charts.some(({ symbol }, place) => place !== active && symbol === next); passed++) {
      next = watchlist.beside(next, by)
    }
    if (next !== undefined) this.select(next, true)
  }

  /** @param {string} key */
  press(key) {
    const interval = shortcuts[key]
    if (interval !== undefined) this.chooseInterval(interval)
    const isNow = key === "n" || key === "N"
    if (isNow) this.panels[this.active]?.chart.goToNow()
    const isAlert = key === "a" || key === "A"
    if (isAlert) this.alert(this.panels[this.active]?.priceAtPointer())
    return isAlert || interval !== undefined || isNow
  }

  /** Opens the form of an alert of the active chart's symbol. @param {number} [level] */
  alert(level) {
    const { key, page } = this
    if (key !== undefined) page.alerts.form.show({ name: key, key, choices: choicesOf(page, key, page.market, this.indicators()) }, level)
  }

  /** @param {Record<string, string>} options */
  choose(options) {
    this.page.go({ ...this.page.address, options: { ...this.page.address.options, ...options } })
  }

  /** @param {string} interval */
  chooseInterval(interval) {
    const charted = this.charts[this.active]
    if (charted !== undefined) this.put({ ...charted, interval })
  }

  /** Charts whose bars are all of one length get those that the range is usually seen with. @param {string} range */
  chooseRange(range) {
    const { charts, page } = this
    const { interval } = ranges[range]
    const isOne = charts.every((one) => one.interval === charts[0]?.interval)
    const next = { ...page.address, options: { ...page.address.options, range } }
    page.go(isOne && charts.length > 0 ? withCharts(next, charts.map(({ symbol }) => ({ symbol, interval }))) : next)
  }

  /** @param {string} indicator */
  toggle(indicator) {
    if (!this.chosen.delete(indicator)) this.chosen.add(indicator)
    preferSet("market.indicators", this.chosen)
    this.page.route()
  }

  // Which charts there are

  /** So many charts: those that are added are of the next symbols of the list, and the first of them is active. @param {number} count */
  arrange(count) {
    const { active, charts, keys, page, watchlist } = this
    const { interval } = charts[active]
    const order = watchlist.order
    const at = order.indexOf(charts.at(-1).symbol) + 1
    const free = [...new Set([...order.slice(at), ...order.slice(0, at), ...keys.all()])].filter((key) => charts.every(({ symbol }) => symbol !== key))
    if (count > charts.length) this.active = charts.length
    page.go(withCharts(page.address, [...charts, ...free.map((symbol) => ({ symbol, interval }))].slice(0, count)))
  }

  /** @param {ChartPanel} panel */
  remove(panel) {
    const { charts, page, panels } = this
    const place = panels.indexOf(panel)
    this.endPanels(...panels.splice(place, 1))
    if (this.active > place) this.active--
    page.go(withCharts(page.address, charts.toSpliced(place, 1)))
    this.panels[this.active]?.focus()
  }

  /** @param {number} place */
  activate(place) {
    if (place === this.active || place < 0) return
    this.active = place
    this.isUnsaid = true
    this.menus.close()
    this.numberPanels()
    if (this.key !== undefined) this.watchlist.reveal(this.key)
    this.page.changed("list", "windows")
  }

  /** As many panels as there are charts, and one where none is known yet. */
  placePanels() {
    const { page, panels, parts } = this
    const count = Math.max(this.charts.length, 1)
    this.endPanels(...panels.splice(count))
    while (panels.length < count) {
      const panel = new ChartPanel(page, parts["charts"], {
        activate: () => this.activate(panels.indexOf(panel)),
        hovered: (slot) => this.lead(panel, slot),
        remove: () => this.remove(panel)
      })
      panels.push(panel)
    }
    this.active = Math.min(this.active, count - 1)
    panels.forEach((panel, place) => Object.assign(panel, { charted: this.charts[place] ?? panel.charted }))
    this.numberPanels()
  }

  numberPanels() {
    const { active, panels, parts } = this
    parts["charts"].dataset.count = String(panels.length)
    panels.forEach((panel, place) => panel.number(place, panels.length, place === active))
  }

  /** All charts tell of the instant that one of them is asked about. @param {ChartPanel} panel @param {{ time: number, end: number } | null} slot */
  lead(panel, slot) {
    if (slot === null && this.leader !== panel) return
    this.leader = slot === null ? undefined : panel
    for (const other of this.panels) if (other !== panel) other.chart.follow(slot)
  }

  // What is said

  /** What is to be said of what was selected, once it is known. */
  selected() {
    const { key } = this
    this.placePanels()
    if (key !== this.selectedKey) this.menus.close()
    this.selectedKey = key
    this.isUnsaid = true
    if (key !== undefined) this.watchlist.reveal(key)
    return ""
  }

  say() {
    const { active, charts, key, page } = this
    const { change, decimals, last } = quote(page.panes, key ?? "")
    if (key === undefined || (last === null && !this.read.has(key))) return
    this.isUnsaid = false
    const figures = last === null ? ["no price yet"] : [`last ${format.price(last, decimals)}`, ...(change === null ? [] : [format.percent(change)])]
    const place = charts.length > 1 ? [`chart ${active + 1} of ${charts.length}`] : []
    const { interval } = charts[active]
    setText(document.getElementById("announce"), [keyWords(key), words[interval] === undefined ? interval : `${words[interval]} candles`, ...figures, ...place].join(", "))
  }

  // Showing

  /** @param {ReadonlySet<string>} changed */
  draw(changed) {
    const { key, keys } = this
    if (changed.has("list")) {
      for (const each of this.sparklines.keys()) this.noteClose(each)
      this.watchlist.show({ keys: keys.all(), selected: key, total: keys.total(), more: keys.more() })
    }
    if (changed.has("windows")) this.drawCharts()
    this.drawFigures()
    if (this.isUnsaid) this.say()
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

  drawCharts() {
    const { charts, page, panels, parts } = this
    const fault = faultOf(page.address, { symbols: this.keys.all(), isThere: (symbol) => this.isThere(symbol) })
    parts["fault"].hidden = fault === undefined
    parts["charts"].hidden = fault !== undefined
    render(fault === undefined ? nothing : notice(fault.title, fault.words, fault.offers), parts["fault"])
    if (charts.length === 0) panels[0]?.wait()
    if (fault === undefined) {
      const compared = comparedIn(page.address)
      charts.forEach((charted, place) => panels[place]?.draw(charted, place === 0 ? compared : none, {
        range: this.range,
        chosen: this.indicators(),
        days: this.days,
        knownFrom: this.knownFrom,
        isRead: (symbol) => this.read.has(symbol),
        at: (other) => address.format(withCharts(page.address, charts.with(place, other)))
      }))
    }
    this.drawTools()
  }

  /** Whether a symbol is one that is traded, as far as that was looked into. @param {string} symbol */
  isThere(symbol) {
    return !this.read.has(symbol) || this.keys.has(symbol) || this.page.panes.of(pricePipeline, symbol).length > 0
  }

  drawFigures() {
    const { key, page, parts } = this
    if (key === undefined) return
    const current = quote(page.panes, key)
    showTiles(parts, page.panes, current, page.clock(this.zone))
    this.title.show(titleOf(current, page.status.title))
  }

  /** That of the exchange of the active chart's symbol. */
  get zone() {
    return this.panels[this.active]?.zone ?? this.page.status.timeZone
  }

  /** They change with what is chosen and with the symbols that there are, and not with what moves. */
  drawTools() {
    const { active, chosen, keys, page, parts, zone } = this
    const id = JSON.stringify([page.address, active, [...chosen], keys.all().length, zone])
    if (id === this.toolsId) return
    this.toolsId = id
    render(toolsOf(this.tools()), parts["tools"])
  }

  /** @returns {import("./tools.js").Tools} */
  tools() {
    const { active, charts, keys, page, panels } = this
    const symbols = keys.all()
    return {
      interval: charts[active]?.interval ?? "",
      range: this.range,
      charts: { count: charts.length, most: Math.max(charts.length, Math.min(mostCharts, symbols.length)) },
      // The first is the one that the address compares.
      compared: active === 0 ? comparedIn(page.address) : undefined,
      symbols: symbols.filter((one) => one !== this.key),
      indicators: available((name) => this.runs(name)),
      chosen: [...this.chosen],
      zones: page.zones(this.zone),
      runs: (interval) => interval !== "1D" || this.runs(dayPipeline),
      chooseInterval: (interval) => this.chooseInterval(interval),
      chooseRange: (range) => this.chooseRange(range),
      arrange: (count) => this.arrange(count),
      alert: () => this.alert(),
      toggle: (id) => this.toggle(id),
      compare: (symbols) => this.choose({ compare: textOf(symbols) }),
      csv: () => panels[this.active]?.csv(),
      png: () => panels[this.active]?.png(),
      link: () => void navigator.clipboard?.writeText(location.href)
    }
  }

  /** @param {Array<ChartPanel>} panels */
  endPanels(...panels) {
    for (const panel of panels) {
      this.lead(panel, null)
      panel.end()
    }
  }

  end() {
    this.title.end()
    this.menus.end()
    this.endPanels(...this.panels)
  }
}

/** Minutes that a range reads. */
const limits = { "15m": 1_000, "1h": 1_000, session: 1_000, "5d": 5_000, all: 10_000 }

/** @type {Record<string, import("../chart/ranges.js").Interval>} */
const shortcuts = { 1: "1m", 5: "5m" }

/** The chart compares this with what it was given before. @type {ReadonlyArray<string>} */
const none = []

/** @param {ReadonlyArray<Pane>} panes */
const closesIn = (panes) => panes.flatMap(({ start, values }) => {
  const close = format.number(values[candle.close])
  return close === null ? [] : [{ start, close }]
})

const skeleton = html`
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
    <div class="charts" id="charts"></div>
    <div class="fault" id="fault" hidden></div>
  </section>`
