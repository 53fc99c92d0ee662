/**
 * The library's chart with all that stands in it: candles, volume below them, lines over them, and a pane for each indicator that
 * has a scale of its own.
 *
 * @typedef {import("./colors.js").Colors} Colors
 * @typedef {import("./indicators.js").Line} Line
 */
import {
  CandlestickSeries,
  createChartEx,
  createTextWatermark,
  CrosshairMode,
  defaultHorzScaleBehavior,
  HistogramSeries,
  LineStyle,
  TickMarkType
} from "../vendor/lightweight-charts.js"
import { brokenLine, dashes } from "./brokenLine.js"
import { barMarks } from "./marks.js"
import { shading } from "./shading.js"
import * as format from "../format.js"

/**
 * @typedef {ReturnType<typeof makeFrame>} Frame
 * @param {HTMLElement} container
 * @param {{ clock: () => ReturnType<typeof format.clock>, isDaily: () => boolean, isFirstOfDay: (time: number) => boolean,
 *   background: () => import("./shading.js").Background | null, marked: () => import("./marks.js").Marked | null }} what as it is at
 *   the time of drawing; times in milliseconds
 */
export const makeFrame = (container, { background, clock, isDaily, isFirstOfDay, marked }) => {
  const chart = createChartEx(container, new TimeLabels(), {
    autoSize: true,
    layout: { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12, attributionLogo: false },
    crosshair: { mode: CrosshairMode.Normal },
    // On a small screen the page is scrolled over the chart.
    handleScroll: { vertTouchDrag: false },
    // Half a figure is none.
    rightPriceScale: { borderVisible: false, entireTextOnly: true },
    timeScale: {
      borderVisible: false,
      timeVisible: true,
      secondsVisible: false,
      rightOffset: 4,
      minBarSpacing: 0.1,
      // Ten thousand bars on a thousand pixels are drawn as what can be told apart.
      enableConflation: true,
      // Wider prices at the edge, or a narrower window, leave in view what was in view.
      lockVisibleTimeRangeOnResize: true
    },
    localization: { locale: "en-US" }
  })
  const candles = chart.addSeries(CandlestickSeries, { borderVisible: true, lastValueVisible: false, priceLineVisible: false })
  candles.attachPrimitive(barMarks(marked))
  chart.panes()[0].attachPrimitive(shading(background, true))
  chart.panes()[0].setStretchFactor(5)

  /** Half a time is none. @param {number} time in seconds @param {string} text */
  const whole = (time, text) => {
    const scale = chart.timeScale()
    const room = text.length * halfCharacter
    const at = scale.timeToCoordinate(time)
    return at !== null && at >= room && at <= scale.width() - room ? text : ""
  }
  /** The library keeps the axis as it is until it is given another way to make its texts. */
  const relabel = () => chart.applyOptions({
    timeScale: {
      tickMarkFormatter: (time, type) => {
        const at = time * 1_000
        return whole(time, isDaily() || (isFirstOfDay(at) && type <= TickMarkType.DayOfMonth) ? clock().shortDate(at) : clock().minutes(at))
      }
    },
    localization: { timeFormatter: (time) => isDaily() ? clock().date(time * 1_000) : clock().candle(time * 1_000) }
  })
  return { chart, candles, relabel, volume: makeVolume(chart, background), lines: makeLineSeries(chart, background) }
}

/** Pixels from the middle of a character to its edge, at the most. */
const halfCharacter = 3.8

/** Where a text stands decides whether it is there: the library's own keeps each text for wherever its time is moved to. */
class TimeLabels extends defaultHorzScaleBehavior() {
  #made = 0

  cacheKey() {
    return this.#made++
  }
}

/** Volume in a pane of its own, which goes where there is none to show. */
const makeVolume = (chart, background) => {
  let series
  const add = () => {
    series = chart.addSeries(HistogramSeries, {
      priceFormat: { type: "custom", formatter: format.shortAmount, minMove: 1 },
      priceLineVisible: false,
      lastValueVisible: false
    }, 1)
    chart.panes()[1].attachPrimitive(shading(background, false))
    chart.panes()[1].setStretchFactor(1)
  }
  return {
    series: () => series,
    /** @param {boolean} isWanted */
    show: (isWanted) => {
      if (isWanted && series === undefined) add()
      if (isWanted || series === undefined) return
      chart.removeSeries(series)
      series = undefined
    }
  }
}

/**
 * The series of lines, by what they are called: made and removed as they are chosen. One that `isNamed` has its title and its
 * newest value at its end.
 * @typedef {{ id: string, title: string, digits: number | null, inPrice: boolean, isNamed: boolean, lines: ReadonlyArray<{ field: string, kind: string, color: string }> }} Wanted
 */
const makeLineSeries = (chart, background) => {
  /** @type {Map<string, Array<any>>} */
  const shown = new Map()

  const remove = (id) => {
    // The library takes an empty pane away with its last series.
    for (const series of shown.get(id)) chart.removeSeries(series)
    shown.delete(id)
  }

  const add = ({ digits, id, inPrice, isNamed, lines, title }, colors, decimals) => {
    const pane = inPrice ? 0 : chart.panes().length
    // Where the system chooses the colours it has few: then dashes say which line is which.
    const isForced = isNamed && matchMedia("(forced-colors: active)").matches
    const dash = isForced ? { dash: dashesOf[shown.size % dashesOf.length] } : {}
    shown.set(id, lines.map(({ color, kind }) =>
      addLine(chart, kind, {
        ...lineLook(kind, colors[color]),
        ...(isNamed ? { title, lastValueVisible: true, ...dash } : {}),
        priceFormat: priceFormat(digits ?? decimals)
      }, pane)))
    if (inPrice) return
    const below = chart.panes()[pane]
    below.setStretchFactor(1.3)
    below.attachPrimitive(shading(background, false))
    createTextWatermark(below, { horzAlign: "left", vertAlign: "top", lines: [{ text: title, color: colors["muted"], fontSize: 11 }] })
  }

  return {
    /** @param {ReadonlyArray<Wanted>} wanted @param {Colors} colors @param {number} decimals of prices */
    choose: (wanted, colors, decimals) => {
      const ids = new Set(wanted.map(({ id }) => id))
      for (const id of shown.keys()) if (!ids.has(id)) remove(id)
      for (const each of wanted) if (!shown.has(each.id)) add(each, colors, decimals)
    },
    /** They are made again with the next choice: with other colours, decimals or neighbours. */
    clear: () => shown.forEach((_, id) => remove(id)),
    /** @param {string} id */
    of: (id) => shown.get(id) ?? []
  }
}

const dashesOf = [[], [8, 4], [2, 3], [10, 3, 2, 3]]

const addLine = (chart, kind, options, pane) =>
  kind === "histogram" ? chart.addSeries(HistogramSeries, options, pane) : chart.addCustomSeries(brokenLine(), options, pane)

const lineLook = (kind, color) => ({
  color,
  priceLineVisible: false,
  lastValueVisible: false,
  ...(kind === "histogram" ? {} : { lineWidth: 2, dash: kind === "dashes" ? dashes : [] })
})

/** @param {number} decimals */
const priceFormat = (decimals) => ({
  type: "custom",
  formatter: (value) => format.price(value, decimals),
  minMove: 10 ** -decimals
})

/** @param {Frame} panes @param {number} decimals */
export const showDecimals = ({ candles }, decimals) => candles.applyOptions({ priceFormat: priceFormat(decimals) })

/** Takes the colours of the page's theme over. @param {Frame} panes @param {Colors} colors */
export const paint = ({ candles, chart }, colors) => {
  chart.applyOptions({
    layout: {
      background: { type: "solid", color: colors["surface"] },
      textColor: colors["muted"],
      panes: { separatorColor: colors["line"], separatorHoverColor: colors["line"] }
    },
    grid: { vertLines: { color: colors["chart-grid"] }, horzLines: { color: colors["chart-grid"] } },
    crosshair: {
      vertLine: { color: colors["muted"], labelBackgroundColor: colors["label"] },
      horzLine: { color: colors["muted"], labelBackgroundColor: colors["label"] }
    }
  })
  const { down, up } = colors
  candles.applyOptions({ upColor: up, downColor: down, borderUpColor: up, borderDownColor: down, wickUpColor: up, wickDownColor: down })
}

/** Room above the highest candle for the figures that stand there. @param {Frame} frame @param {number} height in pixels */
export const leaveRoom = ({ candles, chart }, height) => {
  const all = chart.panes()[0].getHeight()
  const top = all === 0 ? 0.14 : Math.min((height + 16) / all, 0.5)
  if (Math.abs(candles.priceScale().options().scaleMargins.top - top) > 0.005) candles.priceScale().applyOptions({ scaleMargins: { top, bottom: 0.06 } })
}

/** A horizontal line with its price at the edge; moved rather than made again. @param {any} series @param {object} look */
export const makePriceLine = (series, look) => {
  let line
  return {
    /** @param {number | null} price @param {string} color */
    show: (price, color) => {
      if (price === null) {
        if (line !== undefined) series.removePriceLine(line)
        line = undefined
      } else if (line === undefined) line = series.createPriceLine({ ...look, price, color })
      else if (line.options().price !== price || line.options().color !== color) line.applyOptions({ price, color })
    }
  }
}

export const lastLook = { lineWidth: 1, lineStyle: LineStyle.Dotted, axisLabelVisible: true, title: "" }
export const levelLook = { lineWidth: 1, lineStyle: LineStyle.LargeDashed, axisLabelVisible: true }
export const previousLook = { lineWidth: 1, lineStyle: LineStyle.Dashed, axisLabelVisible: true, title: "Previous close" }
