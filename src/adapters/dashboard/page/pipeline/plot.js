/**
 * The numbers of a pipeline's windows, each window where it starts: a panel for the candles, for lines whose figures are of
 * one size, and for each kind of bars. What is early is drawn apart: lines dotted, bars and candles hollow or pale.
 */
import {
  CandlestickSeries,
  createChart,
  CrosshairMode,
  HistogramSeries,
  LineSeries,
  LineStyle
} from "../vendor/lightweight-charts.js"
import * as format from "../format.js"
import { synced } from "../synced.js"
import { decimalsOf, label, panels } from "./values.js"

/**
 * @typedef {import("../state/panes.js").Pane} Pane
 * @typedef {import("./values.js").Panel} Panel
 * @typedef {import("./values.js").Value} Value
 * @typedef {{ id: string, values: ReadonlyArray<Value>, panes: ReadonlyArray<Pane>, clock: ReturnType<typeof format.clock> }} Shown
 * @param {HTMLElement} element @param {(start: number | undefined) => void} onHover the start of the window under the pointer
 */
export const makePlot = (element, onHover) => {
  /** @type {Shown | undefined} */
  let shown
  const chart = createChart(element, {
    autoSize: true,
    layout: { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12, attributionLogo: false },
    crosshair: { mode: CrosshairMode.Normal },
    rightPriceScale: { borderVisible: false, minimumWidth: 64, scaleMargins: { top: 0.2, bottom: 0.08 } },
    timeScale: {
      borderVisible: false,
      timeVisible: true,
      rightOffset: 2,
      maxBarSpacing: 32
    },
    localization: { locale: "en-US" }
  })
  let colors = paint(chart)
  /** Times of the first window of each day: the axis shows the date there. */
  let firstOfDay = new Set()
  /** @type {Shown["clock"] | undefined} */
  let clock

  /** @type {Array<{ panel: Panel, series: Array<any>, early: Array<any> }>} */
  let drawn = []
  let plan = ""

  const rebuild = (next) => {
    for (const { early, series } of drawn) for (const one of [...series, ...early]) chart.removeSeries(one.series)
    drawn = next.map((panel, index) => addPanel(chart, panel, index, element.clientWidth >= roomForNames))
    for (const [index, pane] of chart.panes().entries()) pane.setStretchFactor(next[index]?.plot === "bars" ? 1 : 2)
  }

  const draw = () => {
    if (shown === undefined) return
    const { panes } = shown
    if (shown.clock !== clock) tell(chart, shown.clock, (time) => firstOfDay.has(time))
    clock = shown.clock
    firstOfDay = firstWindows(panes, shown.clock)
    for (const { early, panel, series } of drawn) {
      const decimals = Math.max(...panel.values.map((value) => decimalsOf(value, panes)))
      for (const one of [...series, ...early]) one.series.applyOptions({ priceFormat: priceFormat(decimals) })
      if (panel.plot === "candle") candlesIn(series[0], panel.values, panes, colors)
      else if (panel.plot === "bars") barsIn(series[0], panel.values[0], panes, colors)
      else panel.values.forEach((value, i) => lineIn(series[i], early[i], value, panes, colors.lines[seriesOf(drawn.map(({ panel }) => panel), value) - 1]))
    }
  }

  chart.subscribeCrosshairMove(({ time }) => onHover(typeof time === "number" ? time * 1_000 : undefined))
  const onTheme = () => {
    colors = paint(chart)
    draw()
  }
  document.addEventListener("theme", onTheme)

  return {
    /** @param {Shown} next */
    show: (next) => {
      const before = shown
      shown = { ...next, panes: oneAStart(next.panes) }
      // Panels stay as they are while a key is looked at, once it has something to draw.
      if (before?.id !== next.id || (before.panes.length === 0 && next.panes.length > 0)) {
        const wanted = panels(next.values, shown.panes)
        const id = JSON.stringify(wanted)
        if (id !== plan) rebuild(wanted)
        plan = id
        draw()
        fit(chart, element, shown.panes.length)
      } else draw()
    },
    /** What is drawn, with the colour of each line: for a legend in words. */
    panels: () => drawn.map(({ panel }) => panel),
    end: () => {
      document.removeEventListener("theme", onTheme)
      chart.remove()
    }
  }
}

/** @param {Shown["clock"]} clock @param {(time: number) => boolean} isFirstOfDay where the axis shows the date */
const tell = (chart, clock, isFirstOfDay) =>
  chart.applyOptions({
    timeScale: { tickMarkFormatter: (time) => isFirstOfDay(time) ? clock.shortDate(time * 1_000) : clock.minutes(time * 1_000) },
    localization: { timeFormatter: (time) => clock.candle(time * 1_000) }
  })

/** @param {ReadonlyArray<Pane>} panes @param {Shown["clock"]} clock */
const firstWindows = (panes, clock) => {
  const times = new Set()
  let day = ""
  for (const { start } of panes) {
    const its = clock.shortDate(start)
    if (its !== day) times.add(start / 1_000)
    day = its
  }
  return times
}

/** Pixels from window to window that the library begins with. */
const usualSpacing = 6

const fit = (chart, element, count) => {
  const scale = chart.timeScale()
  scale.resetTimeScale()
  if (count * usualSpacing < element.clientWidth) scale.fitContent()
}

/** Of windows with one start, as the parts of a cumulative one, the longest is drawn. @param {ReadonlyArray<Pane>} panes */
const oneAStart = (panes) => [...new Map(panes.map((pane) => [pane.start, pane])).values()].filter(({ start }) => format.isDate(start))

/** Where a plot is narrower, names at the ends of lines would cover these. */
const roomForNames = 560

/** @param {Panel} panel @param {number} index @param {boolean} isNamed */
const addPanel = (chart, panel, index, isNamed) => {
  const quiet = { priceLineVisible: false }
  if (panel.plot === "candle") return { panel, series: [synced(chart.addSeries(CandlestickSeries, quiet, index))], early: [] }
  if (panel.plot === "bars") return { panel, series: [synced(chart.addSeries(HistogramSeries, { ...quiet, title: label(panel.values[0]) }, index))], early: [] }
  const line = (options) =>
    panel.values.map((value) => synced(chart.addSeries(LineSeries, { ...quiet, lineWidth: 2, title: isNamed ? label(value) : "", ...options }, index)))
  return {
    panel,
    series: line({ crosshairMarkerRadius: 3 }),
    early: line({ lineStyle: LineStyle.Dotted, lastValueVisible: false, title: "", crosshairMarkerRadius: 3 })
  }
}

/** @param {number} decimals */
const priceFormat = (decimals) => ({
  type: "custom",
  formatter: (value) => format.price(value, decimals),
  minMove: 10 ** -decimals
})

const point = ({ time, value }) => value === null ? { time } : { time, value }

const lineIn = (series, early, value, panes, color) => {
  series.series.applyOptions({ color })
  early.series.applyOptions({ color })
  const points = panes.map((pane) => ({ pane, time: pane.start / 1_000, value: format.number(pane.values[value.name]) }))
  series.sync(points.filter(({ pane }) => pane.pane !== "early").map(point))
  // The dotted line begins where the other ends.
  early.sync(points.filter(({ pane }, i) => pane.pane === "early" || points[i + 1]?.pane.pane === "early").map(point))
}

const barsIn = (series, value, panes, colors) => {
  series.sync(panes.map((pane) => {
    const number = format.number(pane.values[value.name])
    return { time: pane.start / 1_000, ...(number === null ? {} : { value: number, color: pane.pane === "early" ? colors.barEarly : colors.bar }) }
  }))
}

const candlesIn = (series, values, panes, colors) => {
  series.series.applyOptions({ upColor: colors.up, downColor: colors.down, wickUpColor: colors.up, wickDownColor: colors.down, borderUpColor: colors.up, borderDownColor: colors.down })
  series.sync(panes.map((pane) => {
    const [open, high, low, close] = values.map(({ name }) => format.number(pane.values[name]))
    const time = pane.start / 1_000
    if (open === null || high === null || low === null || close === null) return { time }
    return { time, open, high, low, close, ...(pane.pane === "early" ? { color: colors.surface } : {}) }
  }))
}

const paint = (chart) => {
  const style = getComputedStyle(document.documentElement)
  const color = (name) => style.getPropertyValue(`--${name}`).trim()
  const grid = color("chart-grid")
  chart.applyOptions({
    layout: {
      background: { type: "solid", color: color("surface") },
      textColor: color("muted"),
      panes: { separatorColor: color("line"), separatorHoverColor: color("line") }
    },
    grid: { vertLines: { color: grid }, horzLines: { color: grid } },
    crosshair: {
      vertLine: { color: color("muted"), labelBackgroundColor: color("label") },
      horzLine: { color: color("muted"), labelBackgroundColor: color("label") }
    }
  })
  return {
    surface: color("surface"),
    up: color("up"),
    down: color("down"),
    bar: color("bar"),
    barEarly: color("bar-early"),
    lines: Array.from({ length: kinds }, (_, i) => i + 1).map((n) => color(`series-${n}`))
  }
}

const kinds = 5

/** Which of the colours a value's line has, from 1 on; 0 where it is no line. @param {ReadonlyArray<Panel>} panels @param {Value} value */
export const seriesOf = (panels, value) => {
  const lines = panels.filter(({ plot }) => plot === "line").flatMap(({ values }) => values)
  const at = lines.findIndex(({ name }) => name === value.name)
  return at < 0 ? 0 : at % kinds + 1
}
