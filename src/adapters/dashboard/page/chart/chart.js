/** Candles, the moving average over them, volume under them. */
import { isProvisional } from "../market/figures.js"
import * as format from "../format.js"
import * as names from "../market/names.js"
import { makePlot, paint, showDecimals } from "./plot.js"

/** @typedef {import("../state/panes.js").Pane} Pane */

/**
 * @param {HTMLElement} container
 * @param {ReturnType<typeof format.clock>} clock
 * @param {(candle: Pane | undefined, average: number | null) => void} onHover the candle under the pointer, if any
 */
export const makeChart = (container, clock, onHover) => {
  /** Times of the first candle of each of the exchange's days: the axis shows the date there. */
  let firstOfDay = new Set()
  let decimals = 2
  /** @type {Map<number, Pane>} */
  let byTime = new Map()
  /** @type {Map<number, number>} */
  let averages = new Map()

  const plot = makePlot(container, clock, (time) => firstOfDay.has(time), decimals)
  const { average, candles, chart, volume } = plot
  const shown = { candles: shownIn(candles), average: shownIn(average), volume: shownIn(volume) }
  let colors = paint(plot)
  document.addEventListener("theme", () => {
    colors = paint(plot)
    shown.candles.clear()
    shown.volume.clear()
    show(last.candles, last.averages, last.usualDecimals, false)
  })

  chart.subscribeCrosshairMove(({ time }) => {
    const at = typeof time === "number" ? time : undefined
    onHover(at === undefined ? undefined : byTime.get(at), at === undefined ? null : averages.get(at) ?? null)
  })

  /** @type {{ candles: Array<Pane>, averages: Array<{ time: number, value: number }>, usualDecimals: number | null }} */
  let last = { candles: [], averages: [], usualDecimals: null }

  /**
   * @param {Array<Pane>} panes in the order of time
   * @param {Array<{ time: number, value: number }>} points of the moving average, times in milliseconds
   * @param {number | null} usualDecimals that the symbol's source shows
   * @param {boolean} reset whether another symbol or interval begins, at its newest candle
   */
  const show = (panes, points, usualDecimals, reset) => {
    last = { candles: panes, averages: points, usualDecimals }
    const prices = panes.flatMap(({ values }) => format.number(values[names.candle.close]) ?? [])
    const needed = format.decimalsFor(prices, usualDecimals)
    if (needed !== decimals) {
      decimals = needed
      showDecimals(plot, decimals)
    }
    firstOfDay = firstCandles(panes, clock)
    byTime = new Map(panes.map((pane) => [pane.start / 1_000, pane]))
    averages = new Map(points.map(({ time, value }) => [time / 1_000, value]))
    if (reset) for (const series of Object.values(shown)) series.clear()
    shown.candles.sync(panes.map((pane) => candlePoint(pane, colors)))
    shown.volume.sync(panes.map((pane) => volumePoint(pane, colors)))
    shown.average.sync(points.map(({ time, value }) => ({ time: time / 1_000, value })))
    if (reset) {
      candles.priceScale().applyOptions({ autoScale: true })
      const scale = chart.timeScale()
      scale.resetTimeScale()
      // A short series fills the width instead of standing at its right edge.
      if (panes.length * usualSpacing < container.clientWidth) scale.fitContent()
    }
  }

  return { show, decimals: () => decimals }
}

/** Pixels from candle to candle that the library begins with. */
const usualSpacing = 6

/**
 * Brings a series to the wanted points: by single updates where only its end has changed, as
 * it nearly always has, else as a whole.
 */
const shownIn = (series) => {
  let current = []
  return {
    clear: () => {
      current = []
      series.setData([])
    },
    sync: (wanted) => {
      let same = 0
      while (same < current.length && same < wanted.length && equal(current[same], wanted[same])) same++
      const grows = same === current.length
      const lastMoves = same === current.length - 1 && wanted[same]?.time === current[same].time
      if (current.length > 0 && (grows || lastMoves)) {
        for (const point of wanted.slice(same)) series.update(point)
      } else {
        series.setData(wanted)
      }
      current = wanted
    }
  }
}

const equal = (a, b) =>
  a.time === b.time && a.value === b.value && a.open === b.open && a.high === b.high && a.low === b.low &&
  a.close === b.close && a.color === b.color

/**
 * A minute whose trades formed no price keeps its place on the axis, and a candle that is provisional is paler.
 * @param {Pane} pane @param {Record<string, string>} colors
 */
const candlePoint = (pane, colors) => {
  const { candle } = names
  const { start, values } = pane
  const prices = [candle.open, candle.high, candle.low, candle.close].map((name) => format.number(values[name]))
  const [open, high, low, close] = prices
  const time = start / 1_000
  if (open === null || high === null || low === null || close === null) return { time }
  const color = close < open ? colors["volumeDown"] : colors["volumeUp"]
  return { time, open, high, low, close, ...(isProvisional(pane) ? { color, wickColor: color } : {}) }
}

/** @param {Pane} pane @param {Record<string, string>} colors */
const volumePoint = ({ start, values }, colors) => {
  const falls = (format.number(values[names.candle.close]) ?? 0) < (format.number(values[names.candle.open]) ?? 0)
  return {
    time: start / 1_000,
    value: format.number(values[names.candle.volume]) ?? 0,
    color: falls ? colors["volumeDown"] : colors["volumeUp"]
  }
}

/** @param {Array<Pane>} panes @param {ReturnType<typeof format.clock>} clock */
const firstCandles = (panes, clock) => {
  const times = new Set()
  let day = ""
  for (const { start } of panes) {
    const its = clock.shortDate(start)
    if (its !== day) times.add(start / 1_000)
    day = its
  }
  return times
}
