/**
 * The page: what is selected, what is known, and how the one is shown out of the other.
 * Panes come from `/api/panes` once and then one by one over `/api/stream`.
 *
 * @typedef {import("./panes.js").Pane} Pane
 * @typedef {import("./figures.js").Interval} Interval
 */
import { makeChart } from "./chart/chart.js"
import { connect } from "./connection.js"
import { bindControls, fromAddress, showIntervals, toAddress } from "./controls.js"
import { averagePoints, quote } from "./figures.js"
import * as format from "./format.js"
import { averagePipeline, dayPipeline, intervals, pricePipeline } from "./names.js"
import { makePanes } from "./panes.js"
import { showConnection, showFreshness, showProgress } from "./states.js"
import { showLegend, showTiles, showTitle } from "./tiles.js"
import { makeWatch, setText } from "./watch.js"

/** Every element that has a name. @type {Record<string, HTMLElement>} */
const parts = Object.fromEntries(
  [...document.querySelectorAll("[id]")].map((part) => [part.id, /** @type {HTMLElement} */ (part)])
)

class Page {
  panes = makePanes()
  /** @type {Array<string>} */
  keys = []
  /** Another symbol or interval begins with the next drawing. */
  reset = true
  drawing = false
  /** Whether something is being read, and whether there is more to read after it. */
  reading = false
  again = false

  /** @param {any} status as `/api/status` has it */
  constructor(status) {
    this.status = status
    this.clock = format.clock(status.timeZone)
    const { interval, symbol } = fromAddress()
    /** @type {string | undefined} */
    this.symbol = symbol
    /** @type {Interval} */
    this.interval = this.has(intervals[interval].pipeline) ? interval : "1m"
    this.chart = makeChart(parts["chart"], this.clock, (candle, average) => this.drawLegend(candle, average))
    this.watch = makeWatch(parts["symbols"], (key) => this.select(key, this.interval))
    setText(parts["title"], status.title)
    setText(parts["zone"], `Times in ${status.timeZone}`)
    this.drawStatus()
    showIntervals(this.interval, (interval) => this.has(intervals[interval].pipeline))
    bindControls({
      setInterval: (interval) => this.has(intervals[interval].pipeline) && this.select(this.symbol, interval),
      step: (by) => this.step(by)
    })
    connect({
      opened: () => {
        showConnection(parts["connection"], "connected")
        void this.refresh()
      },
      lost: () => showConnection(parts["connection"], "lost"),
      events: {
        pane: (pane) => this.receive(pane, pane.pane !== "early"),
        forming: (pane) => this.receive(pane, false),
        progress: (progress) => showProgress(parts, progress, this.clock),
        status: ({ freshness }) => showFreshness(parts["freshness"], freshness),
        missed: () => void this.refresh()
      }
    })
  }

  /** @param {string} pipeline @returns {boolean} */
  has(pipeline) {
    return this.status.pipelines.includes(pipeline)
  }

  // Showing

  /** However many events come, the page is drawn at most once a frame. */
  draw() {
    if (this.drawing) return
    this.drawing = true
    requestAnimationFrame(() => {
      this.drawing = false
      this.drawNow()
    })
  }

  drawNow() {
    const { clock, interval, panes, symbol } = this
    const quotes = this.keys.map((key) => quote(panes, key))
    this.watch.show(quotes, symbol)
    parts["no-symbols"].hidden = quotes.length > 0
    if (symbol === undefined) return
    const candles = panes.of(intervals[interval].pipeline, symbol)
    const current = quotes.find(({ key }) => key === symbol) ?? quote(panes, symbol)
    this.chart.show(candles, averagePoints(panes, symbol, interval), current.usualDecimals, this.reset)
    this.reset = false
    parts["empty"].hidden = candles.length > 0
    parts["chart"].setAttribute(
      "aria-label",
      `${symbol}: ${candles.length} ${intervals[interval].words} candles, moving average, volume`
    )
    showTiles(parts, panes, current, clock)
    showTitle(current, this.status.title)
    this.drawLegend(undefined, null)
  }

  /**
   * The figures of the candle under the pointer, else of the newest.
   * @param {Pane | undefined} candle @param {number | null} average
   */
  drawLegend(candle, average) {
    const { clock, interval, panes, symbol } = this
    if (symbol === undefined) return
    const newest = panes.newest(intervals[interval].pipeline, symbol)
    const mean = candle === undefined ? averagePoints(panes, symbol, interval).at(-1)?.value ?? null : average
    showLegend(parts["legend"], candle ?? newest, mean, this.chart.decimals(), clock)
  }

  drawStatus() {
    showFreshness(parts["freshness"], this.status.freshness)
    showProgress(parts, this.status.progress, this.clock)
  }

  // Choosing

  /** @param {string | undefined} symbol @param {Interval} interval */
  select(symbol, interval) {
    if (symbol === this.symbol && interval === this.interval) return
    this.symbol = symbol
    this.interval = interval
    showIntervals(interval, (each) => this.has(intervals[each].pipeline))
    if (symbol === undefined) return
    toAddress(symbol, interval)
    this.reset = true
    this.draw()
    this.readSelected().catch(() => this.refresh())
    this.watch.reveal(symbol)
    const { change, decimals, last } = quote(this.panes, symbol)
    setText(
      parts["announce"],
      `${symbol}, ${intervals[interval].words} candles, last ${format.price(last, decimals)}, ${format.percent(change)}`
    )
  }

  /** @param {number} by */
  step(by) {
    const at = this.symbol === undefined ? -1 : this.keys.indexOf(this.symbol)
    if (this.keys.length > 0) this.select(this.keys[(at + by + this.keys.length) % this.keys.length], this.interval)
  }

  // Learning

  /** @param {Pane} pane @param {boolean} closed */
  receive(pane, closed) {
    this.panes.add(pane, closed)
    if (pane.pipeline === pricePipeline) this.meet(pane.key)
    this.draw()
  }

  /** A symbol that has candles has a place in the list; the first one is selected. @param {string} key */
  meet(key) {
    if (!this.keys.includes(key)) this.keys = [...this.keys, key].sort()
    if (this.symbol === undefined) this.select(key, this.interval)
  }

  /** Reads what is missing, once at a time; what is missed meanwhile is read afterwards. */
  async refresh() {
    this.again = true
    if (this.reading) return
    this.reading = true
    while (this.again) {
      this.again = false
      try {
        await this.catchUp()
      } catch {
        await pause()
        // Without a connection there is nobody to ask; the next one begins with this again.
        this.again = document.body.dataset.connection === "connected"
      }
    }
    this.reading = false
  }

  /** All that may have been missed: at the start, after the connection broke, after events were left out. */
  async catchUp() {
    this.status = await get("/api/status")
    this.drawStatus()
    if (this.has(pricePipeline)) for (const key of await get("/api/keys", { pipeline: pricePipeline })) this.meet(key)
    await this.readPanes(dayPipeline, { limit: 500 })
    for (const key of this.keys.slice(0, quotedAtOnce)) {
      if (this.panes.newest(pricePipeline, key) === undefined) await this.readPanes(pricePipeline, { key, limit: 1 })
    }
    await this.readSelected()
  }

  /** The candles of the selected symbol and their average; then they are shown from their newest on. */
  async readSelected() {
    const { interval, symbol } = this
    if (symbol === undefined) return
    const id = `${symbol} ${interval}`
    await Promise.all([...new Set([intervals[interval].pipeline, averagePipeline, pricePipeline])].map((pipeline) =>
      this.readPanes(pipeline, { key: symbol, limit: 1_000 })))
    if (this.shown !== id) this.reset = true
    this.shown = id
    this.draw()
  }

  /** @param {string} pipeline @param {Record<string, string | number>} query */
  async readPanes(pipeline, query) {
    if (!this.has(pipeline)) return
    for (const pane of await get("/api/panes", { pipeline, ...query })) this.panes.add(pane, pane.pane !== "early")
  }
}

/** Symbols whose last price is asked for one by one; of more than these it comes with the next trade. */
const quotedAtOnce = 50

/** Reads JSON from the server. @param {string} path @param {Record<string, string | number>} query */
const get = async (path, query = {}) => {
  const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]))
  const response = await fetch(`${path}?${search}`)
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return response.json()
}

const pause = () => new Promise((resume) => setTimeout(resume, 1_000))

/** The server may still be starting. */
const untilAnswered = async () => {
  while (true) {
    try {
      return await get("/api/status")
    } catch {
      await pause()
    }
  }
}

untilAnswered().then((status) => new Page(status))
