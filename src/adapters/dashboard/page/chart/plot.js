/** The library's chart with its three series, in the colours of the page's theme. */
import {
  CandlestickSeries,
  createChart,
  CrosshairMode,
  HistogramSeries,
  LineSeries,
  LineStyle,
  TickMarkType
} from "../vendor/lightweight-charts.js"
import * as format from "../format.js"

/**
 * @typedef {ReturnType<typeof makePlot>} Plot
 * @param {HTMLElement} container
 * @param {ReturnType<typeof format.clock>} clock
 * @param {(time: number) => boolean} isFirstOfDay whether the axis shows the date at a time, in seconds
 * @param {number} decimals of prices, until they are told by `showDecimals`
 */
export const makePlot = (container, clock, isFirstOfDay, decimals) => {
  const chart = createChart(container, {
    autoSize: true,
    layout: { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12, attributionLogo: false },
    crosshair: { mode: CrosshairMode.Normal },
    // Room above the highest candle for the figures that stand there.
    rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.14, bottom: 0.06 } },
    timeScale: {
      borderVisible: false,
      timeVisible: true,
      secondsVisible: false,
      rightOffset: 4,
      maxBarSpacing: 14,
      tickMarkFormatter: (time, type) =>
        isFirstOfDay(time) && type <= TickMarkType.DayOfMonth
          ? clock.shortDate(time * 1_000)
          : clock.minutes(time * 1_000)
    },
    localization: {
      locale: "en-US",
      timeFormatter: (time) => clock.candle(time * 1_000)
    }
  })
  const candles = chart.addSeries(CandlestickSeries, {
    priceFormat: priceFormat(decimals),
    borderVisible: false,
    priceLineStyle: LineStyle.Dotted
  })
  const average = chart.addSeries(LineSeries, {
    priceFormat: priceFormat(decimals),
    lineWidth: 2,
    priceLineVisible: false,
    lastValueVisible: false,
    crosshairMarkerRadius: 3
  })
  const volume = chart.addSeries(HistogramSeries, {
    priceFormat: { type: "custom", formatter: format.shortCount, minMove: 1 },
    priceLineVisible: false,
    lastValueVisible: false
  }, 1)
  chart.panes()[0].setStretchFactor(4)
  chart.panes()[1].setStretchFactor(1)
  return { chart, candles, average, volume }
}

/** @param {Plot} plot @param {number} decimals */
export const showDecimals = ({ average, candles }, decimals) => {
  for (const series of [candles, average]) series.applyOptions({ priceFormat: priceFormat(decimals) })
}

/** @param {number} decimals */
const priceFormat = (decimals) => ({
  type: "custom",
  formatter: (value) => format.price(value, decimals),
  minMove: 10 ** -decimals
})

/**
 * Takes the colours of the page's theme over, and gives those of the volume: each of its bars has one of its own.
 * @param {Plot} plot
 */
export const paint = ({ average, candles, chart }) => {
  const style = getComputedStyle(document.documentElement)
  const color = (name) => style.getPropertyValue(`--${name}`).trim()
  const line = color("chart-grid")
  chart.applyOptions({
    layout: {
      background: { type: "solid", color: color("surface") },
      textColor: color("muted"),
      panes: { separatorColor: color("line"), separatorHoverColor: color("line") }
    },
    grid: { vertLines: { color: line }, horzLines: { color: line } },
    crosshair: {
      vertLine: { color: color("muted"), labelBackgroundColor: color("label") },
      horzLine: { color: color("muted"), labelBackgroundColor: color("label") }
    }
  })
  candles.applyOptions({
    upColor: color("up"),
    downColor: color("down"),
    wickUpColor: color("up"),
    wickDownColor: color("down")
  })
  average.applyOptions({ color: color("average") })
  return { volumeUp: color("volume-up"), volumeDown: color("volume-down") }
}
