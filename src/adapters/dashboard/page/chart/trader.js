/**
 * A trader's chart: candles with volume, indicators over and below them, hours and days behind them, and what is told of the bar
 * under the pointer. It is given all that there is to show and shows what has changed.
 *
 * @typedef {import("./bars.js").Bar} Bar
 * @typedef {import("./legend.js").Legend} Legend
 * @typedef {{ symbol: string, interval: import("./ranges.js").Interval, range: import("./ranges.js").Range, timeZone: string,
 *   candles: ReadonlyArray<Bar>, indicators: ReadonlyArray<{ indicator: import("./indicators.js").Indicator, lines: ReadonlyArray<import("./indicators.js").Line> }>,
 *   compared: ReadonlyArray<import("./compare.js").Compared>, days: ReadonlyArray<import("./sessions.js").Day>,
 *   spans: ReadonlyArray<import("./sessions.js").Span>, previousClose: number | null, marks: ReadonlyArray<{ time: number, text: string }>,
 *   decimals: number, reset: boolean }} Model with `reset` another symbol, interval or range begins; with `compared` symbols the
 *   candles make room for these
 */
import * as format from "../format.js"
import { makeBreaks } from "./breaks.js"
import { colorsOf } from "./colors.js"
import { makeDates } from "./dates.js"
import { lastLook, leaveRoom, makeFrame, makePriceLine, paint, previousLook, showDecimals } from "./frame.js"
import { bindKeys } from "./keys.js"
import { legendOf } from "./legend.js"
import { makeLevels } from "./levels.js"
import { watchPointer } from "./pointer.js"
import { candlePoint, colorOf, emptyPoint, histogramPoints, makePoints, shownIn, volumePoint } from "./points.js"
import { intervals, rangeStart } from "./ranges.js"
import { notesOf } from "./sessions.js"
import { makeSlots, placeOf, slotAt } from "./slots.js"
import { snapshotOf } from "./snapshot.js"
import { timelineOf, wantedOf } from "./wanted.js"

/** Places to the right of the newest bar. */
const room = 4

/** Pixels from bar to bar where a range has few of them. */
const widest = 24

/**
 * @param {HTMLElement} container
 * @param {{ onHover?: (legend: Legend | null, slot: { time: number, end: number } | null) => void, onPick?: (bar: Bar) => void, onView?: (isAtNow: boolean) => void,
 *   headroom?: () => number }} listeners `onHover` is told what the legend says whenever that may have changed, and the
 *   place under the pointer or read by keys; `onPick` the bar that was clicked; `onView` whether the newest bar is in view; `headroom` says how much of the chart's head the legend takes, in pixels
 */
export const makeChart = (container, listeners = {}) => new TraderChart(container, listeners)

class TraderChart {
  /** @type {Model | null} */
  #model = null
  /** @type {ReadonlyArray<import("./slots.js").Slot>} */
  #slots = []
  #slotsOf = makeSlots()
  #firstOfDay = new Set()
  #notes = []
  #told = new Set()
  /**
   * Where the pointer is, in pixels from the left, which bar is read by keys, or of which instant another chart tells.
   * @type {{ x: number } | { time: number } | { led: { time: number, end: number } } | null}
   */
  #hover = null
  #decimals = -1
  #isCompared = true
  #isAtNow = true
  /** Whether the range that was chosen is in view, until someone moves that. */
  #followsRange = true
  /** Whether the pointer rests on the chart, and whether the newest bar was in view when it came. */
  #isHeld = false
  #wasAtNow = true
  /** What is seen with the next frame, where that has been asked for. @type {{ from: number, to: number } | null} */
  #asked = null
  /** The frame with which the cross is set again; 0 for none. */
  #crossing = 0
  /** While series are brought up one after another, what is in view is nothing to tell. */
  #isShowing = false

  constructor(container, { headroom = () => 24, onHover = () => {}, onPick = () => {}, onView = () => {} }) {
    this.container = container
    this.listeners = { headroom, onHover, onPick, onView }
    this.clock = format.clock("UTC")
    this.dateOf = makeDates("UTC")
    this.colors = colorsOf(container)
    this.font = `11px ${getComputedStyle(document.body).fontFamily}`
    this.frame = makeFrame(container, {
      clock: () => this.clock,
      isDaily: () => this.#model?.interval === "1D",
      isFirstOfDay: (time) => this.#firstOfDay.has(time),
      background: () => this.#background(),
      marked: () => ({ slots: this.#slots, told: this.#told, colors: this.colors })
    })
    paint(this.frame, this.colors)
    const { candles } = this.frame
    this.points = { candles: makePoints(candlePoint), volume: makePoints(volumePoint), empty: makePoints(emptyPoint) }
    this.shown = { candles: shownIn(candles), others: new Map() }
    this.last = makePriceLine(candles, lastLook)
    this.previous = makePriceLine(candles, previousLook)
    this.levels = makeLevels(candles)
    this.ends = [
      this.#watchTheme(),
      this.#watchView(),
      watchPointer(container, { hold: (isHeld) => this.#hold(isHeld), moved: () => this.#moved(), over: (x) => this.#over(x), picked: () => this.pick() }),
      bindKeys(container, this)
    ]
  }

  /** @param {Model} model */
  show(model) {
    const before = this.#model
    this.#model = model
    this.#isShowing = true
    const isLonger = this.#place(before, model)
    this.#draw()
    const isOther = before === null || model.reset || before.range !== model.range || before.compared.length > 0 !== model.compared.length > 0
    if (isOther) {
      this.#followsRange = true
      this.frame.candles.priceScale().applyOptions({ autoScale: true })
    }
    if (isOther || (this.#followsRange && isLonger && !this.#isHeld)) this.#showRange()
    this.#isShowing = false
    this.#tellView()
    this.#keepCross()
    this.#tell()
    if (isOther || before.indicators.length !== model.indicators.length) leaveRoom(this.frame, this.listeners.headroom())
  }

  /** Finds the places on the axis, and what is told there. @param {Model | null} before @param {Model} model @returns {boolean} whether they are others */
  #place(before, model) {
    const { days, interval, marks, spans, timeZone } = model
    const isOtherZone = before?.timeZone !== timeZone
    if (isOtherZone) {
      this.clock = format.clock(timeZone)
      this.dateOf = makeDates(timeZone)
      // Other objects, so that the library makes its texts again.
      this.#slotsOf = makeSlots()
    }
    const slots = this.#slotsOf(timelineOf(model), intervals[interval].size, interval === "1D" ? noSpans : spans)
    const isOther = isOtherZone || slots.length !== this.#slots.length || slots[0] !== this.#slots[0]
    this.#slots = slots
    if (isOther) this.#findDays(isOtherZone)
    if (isOtherZone || before?.days !== days) this.#notes = notesOf(days, this.clock.minutes, dayInWords)
    if (isOther || before?.marks !== marks) this.#told = new Set(marks.map(({ time }) => slots[slotAt(slots, time)]?.time))
    return isOther
  }

  #draw() {
    const model = this.#model
    if (model === null) return
    const isCompared = model.compared.length > 0
    const wanted = wantedOf(model)
    if (model.decimals !== this.#decimals) {
      showDecimals(this.frame, model.decimals)
      this.frame.lines.clear()
    }
    this.#decimals = model.decimals
    if (isCompared !== this.#isCompared) {
      this.frame.candles.applyOptions({ visible: !isCompared })
      // Panes below come after that of the volume.
      this.frame.lines.clear()
      this.frame.volume.show(!isCompared)
    }
    this.#isCompared = isCompared
    this.frame.lines.choose(wanted, this.colors, model.decimals)
    this.shown.candles(isCompared ? this.points.empty(this.#slots, this.colors) : this.points.candles(this.#slots, this.colors))
    this.#drawOthers(wanted)
    const newest = model.candles.findLast(({ drawn }) => drawn !== null)
    this.last.show(isCompared ? null : newest?.drawn?.close ?? null, newest === undefined ? "" : colorOf(newest, this.colors))
    this.levels.show(isCompared ? [] : model.levels ?? [], this.colors["average"])
    this.previous.show(isCompared ? null : model.previousClose, this.colors["muted"])
  }

  /** Volume and lines: what is no longer there is forgotten. @param {ReturnType<typeof wantedOf>} wanted */
  #drawOthers(wanted) {
    const before = this.shown.others
    this.shown.others = new Map()
    const its = (series) => {
      const known = before.get(series) ?? { sync: shownIn(series), broken: makeBreaks() }
      this.shown.others.set(series, known)
      return known
    }
    const volume = this.frame.volume.series()
    if (volume !== undefined) its(volume).sync(this.points.volume(this.#slots, this.colors))
    for (const { id, lines } of wanted) {
      this.frame.lines.of(id).forEach((series, i) => {
        const { kind, points } = lines[i]
        const { broken, sync } = its(series)
        sync(kind === "histogram" ? histogramPoints(points) : broken(points, this.#slots))
      })
    }
  }

  // Where the chart is looked at

  #showRange() {
    const { candles, range, spans } = this.#model
    const newest = candles.at(-1)?.end ?? this.#slots.at(-1)?.end
    if (newest === undefined) return
    const first = slotAt(this.#slots, rangeStart(range, newest, spans) - 1) + 1
    const last = this.#slots.length - 1
    // Few bars are not drawn wider than this, and stand at the right.
    const fewest = range === "15m" || range === "1h" ? 8 : this.container.clientWidth / widest
    this.#see({ from: Math.min(first - 0.5, last + room - fewest), to: last + room })
  }

  /** The library sees it with the next frame, and says until then what it saw before. @param {{ from: number, to: number }} range of places */
  #see(range) {
    this.#asked = range
    this.frame.chart.timeScale().setVisibleLogicalRange(range)
    requestAnimationFrame(() => {
      if (this.#asked === range) this.#asked = null
    })
  }

  /** Moves what is seen, to later bars with a positive number. @param {number} bars */
  pan(bars) {
    this.#followsRange = false
    const scale = this.frame.chart.timeScale()
    scale.scrollToPosition(scale.scrollPosition() + bars, false)
  }

  /** Shows more bars, or fewer. @param {number} factor of the width of a bar */
  zoom(factor) {
    this.#followsRange = false
    const scale = this.frame.chart.timeScale()
    const { from, to } = scale.getVisibleLogicalRange() ?? { from: 0, to: 1 }
    scale.setVisibleLogicalRange({ from: to - (to - from) / factor, to })
  }

  goToNow() {
    this.frame.chart.timeScale().scrollToPosition(room, false)
  }

  /** Whether the newest bar is in view. */
  isAtNow() {
    const range = this.frame.chart.timeScale().getVisibleLogicalRange()
    return range === null || range.to >= this.#slots.length - 1
  }

  // What is told of a bar

  /**
   * Of the bar under the pointer or the one that is read by keys, be it a gap; else of the newest.
   * @returns {Legend | null}
   */
  legendAt() {
    const model = this.#model
    const index = this.#hovered()
    const led = this.#led()
    const slot = index === null && led !== null ? { ...led, bar: null, afterClosed: false } : this.#slots[index ?? this.#slots.length - 1]
    if (model === null || slot === undefined) return null
    const compared = model.compared.length > 0
    const lines = wantedOf(model).flatMap(({ digits, lines }) => lines.map(({ color, label, points }) => {
      const point = points[slotAt(points, slot.time)]
      // Of symbols that are compared one that has not traded is where it was.
      return { color, digits, label, value: point?.time === slot.time || compared ? point?.value ?? null : null }
    }))
    return legendOf(slot, {
      clock: this.clock, compared, decimals: model.decimals, isDaily: model.interval === "1D", isHovered: index !== null || led !== null,
      lines, marks: model.marks, days: this.#notes
    })
  }

  /** The place under the pointer. @returns {number | null} */
  #hovered() {
    if (this.#hover === null) return null
    if ("led" in this.#hover) return placeOf(this.#slots, this.#hover.led)
    if ("time" in this.#hover) return Math.max(slotAt(this.#slots, this.#hover.time), 0)
    const logical = this.frame.chart.timeScale().coordinateToLogical(this.#hover.x)
    const index = logical === null ? -1 : Math.round(logical)
    return index >= 0 && index < this.#slots.length ? index : null
  }

  /** Tells of the instant that another chart tells of, and of none where it has no bar then. @param {{ time: number, end: number } | null} instant */
  follow(instant) {
    const led = this.#led()
    if (instant === null ? led === null : led?.time === instant.time && led.end === instant.end) return
    this.#hover = instant === null ? null : { led: instant }
    this.#showCross()
    this.#tell()
  }

  #led() {
    return this.#hover !== null && "led" in this.#hover ? this.#hover.led : null
  }

  #showCross() {
    const index = this.#hovered()
    if (index === null) this.frame.chart.clearCrosshairPosition()
    else this.#cross(index)
  }

  /** The library leaves the cross where it is in pixels, whatever comes to stand there: with the next frame it stands there. */
  #keepCross() {
    if (this.#hover === null || "x" in this.#hover || this.#crossing !== 0) return
    this.#crossing = requestAnimationFrame(() => {
      this.#crossing = 0
      if (this.#hover !== null && !("x" in this.#hover)) this.#showCross()
    })
  }

  /** @param {number} index */
  #cross(index) {
    const { bar, time } = this.#slots[index]
    this.frame.chart.setCrosshairPosition(bar?.drawn?.close ?? NaN, time / 1_000, this.frame.candles)
  }

  #tell() {
    const index = this.#led() === null ? this.#hovered() : null
    this.listeners.onHover(this.legendAt(), index === null ? null : this.#slots[index] ?? null)
  }

  /** Reads the next bars by keys, and shows where that is. @param {number} by how many */
  read(by) {
    const at = (this.#hovered() ?? this.#slots.length - (by < 0 ? 0 : 1)) + by
    this.readAt(at)
  }

  /** @param {number} at the place, or as near as there is one */
  readAt(at) {
    if (this.#slots.length === 0) return
    const index = Math.max(0, Math.min(at, this.#slots.length - 1))
    this.#hover = { time: this.#slots[index].time }
    const { from, to } = this.#asked ?? this.frame.chart.timeScale().getVisibleLogicalRange() ?? { from: 0, to: 0 }
    const by = index < from ? index - from - 1 : index > to ? index - to + 1 : 0
    if (by !== 0) {
      this.#followsRange = false
      this.#see({ from: from + by, to: to + by })
    }
    this.#cross(index)
    this.#tell()
  }

  /** Reads the bar that a time is in. @param {number} time */
  readTime(time) {
    this.#followsRange = false
    this.readAt(slotAt(this.#slots, time))
  }

  /** What price a height stands for, and how exactly. @param {number} y in pixels from the top @returns {number | undefined} */
  priceAt(y) {
    const price = this.frame.candles.coordinateToPrice(y)
    return price === null ? undefined : Number(price.toFixed(Math.max(this.#decimals, 0)))
  }

  /** Ends reading by keys. */
  leave() {
    this.#hover = null
    this.frame.chart.clearCrosshairPosition()
    this.#tell()
  }

  /** Places on the axis, for those who read by keys. */
  size() {
    return this.#slots.length
  }

  /** A picture of what is seen, with its name and what the legend says above it. @returns {HTMLCanvasElement} */
  snapshot() {
    const { interval, symbol } = this.#model ?? { interval: "1m", symbol: "" }
    return snapshotOf(this.frame.chart.takeScreenshot(true, false), `${symbol}, ${intervals[interval].name}`, this.legendAt(), this.colors)
  }

  destroy() {
    for (const end of this.ends) end()
    this.frame.chart.remove()
  }

  // What happens to it

  #watchTheme() {
    const repaint = () => {
      this.colors = colorsOf(this.container)
      paint(this.frame, this.colors)
      if (this.#model === null) return
      this.frame.lines.clear()
      this.#draw()
    }
    document.addEventListener("theme", repaint)
    return () => document.removeEventListener("theme", repaint)
  }

  /** @param {boolean} isHeld */
  #hold(isHeld) {
    if (this.#isHeld === isHeld) return
    this.#isHeld = isHeld
    if (isHeld) this.#wasAtNow = this.isAtNow()
    this.frame.chart.timeScale().applyOptions({ shiftVisibleRangeOnNewBar: !isHeld })
    // What has come while it was held stands beyond the right edge.
    if (isHeld || this.#model === null) return
    if (this.#followsRange) this.#showRange()
    else if (this.#wasAtNow && !this.isAtNow()) this.goToNow()
  }

  #moved() {
    this.#followsRange = false
    this.#wasAtNow = false
  }

  /** @param {number | null} x */
  #over(x) {
    if (x !== null) this.#hover = { x }
    else if (this.#hover !== null && "x" in this.#hover) this.#hover = null
    this.#tell()
  }

  /** The bar under the pointer, or the one that is read by keys, is chosen. */
  pick() {
    const bar = this.#slots[this.#hovered() ?? -1]?.bar ?? null
    if (bar !== null) this.listeners.onPick(bar)
  }

  #watchView() {
    const scale = this.frame.chart.timeScale()
    const tell = () => {
      this.#keepCross()
      this.#tellView()
    }
    const fit = () => {
      leaveRoom(this.frame, this.listeners.headroom())
      if (this.#model !== null && this.#followsRange && !this.#isHeld) this.#showRange()
    }
    scale.subscribeVisibleLogicalRangeChange(tell)
    scale.subscribeSizeChange(fit)
    return () => {
      cancelAnimationFrame(this.#crossing)
      scale.unsubscribeVisibleLogicalRangeChange(tell)
      scale.unsubscribeSizeChange(fit)
    }
  }

  #tellView() {
    const isAtNow = this.isAtNow()
    if (this.#isShowing || isAtNow === this.#isAtNow) return
    this.#isAtNow = isAtNow
    this.listeners.onView(isAtNow)
  }

  #background() {
    if (this.#model === null) return null
    const { interval, spans } = this.#model
    return { slots: this.#slots, spans, notes: this.#notes, isIntraday: interval !== "1D", colors: this.colors, font: this.font }
  }

  /** The axis shows the date at the first bar of each day. @param {boolean} isOtherZone */
  #findDays(isOtherZone) {
    const before = this.#firstOfDay
    this.#firstOfDay = new Set()
    let day = ""
    for (const { time } of this.#slots) {
      const its = this.dateOf(time)
      if (its !== day) this.#firstOfDay.add(time)
      day = its
    }
    if (isOtherZone || before.size !== this.#firstOfDay.size || !before.isSubsetOf(this.#firstOfDay)) this.frame.relabel()
  }
}

/** @type {ReadonlyArray<import("./sessions.js").Span>} */
const noSpans = []

/** A date of the exchange, which is no instant. @param {string} date */
const dayInWords = (date) => format.clock("UTC").shortDate(Date.parse(date))
