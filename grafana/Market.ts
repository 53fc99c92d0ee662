/** The dashboard that a trader keeps open. */
import {
  CandlestickColorsBuilder,
  CandlestickFieldMapBuilder,
  CandleStyle,
  ColorStrategy,
  PanelBuilder as CandlestickPanelBuilder,
  VizDisplayMode
} from "@grafana/grafana-foundation-sdk/candlestick"
import {
  AxisPlacement,
  GraphDrawStyle,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  VisibilityMode,
  VizTextDisplayOptionsBuilder
} from "@grafana/grafana-foundation-sdk/common"
import { DashboardBuilder, DashboardCursorSync, TimePickerBuilder } from "@grafana/grafana-foundation-sdk/dashboard"
import { PanelBuilder as TablePanelBuilder } from "@grafana/grafana-foundation-sdk/table"
import * as Day from "./DayQueries.ts"
import * as Exchange from "./Exchange.ts"
import * as Flux from "./Flux.ts"
import * as Links from "./Links.ts"
import * as Queries from "./MarketQueries.ts"
import { candles as candle, day, indicators, intervals, key } from "./Names.ts"
import * as Palette from "./Palette.ts"
import { at, byName, configured, fixed, legend, lines, look, ordered, shade, steps, tiles, together } from "./Panels.ts"
import { interval, nameOfLast, symbol, symbols } from "./Variables.ts"

const { close, high, low, open, volume } = candle.fields
const { bollingerLower, bollingerUpper, ema20, macd, macdHistogram, macdSignal, rsi14, sma20 } = indicators.fields
const { average, closeBefore, estimate, price, vwap: meanOfDay } = Queries.columns
const { change, extended, sinceOpen, variation } = Day.columns

const nothing = "Nothing in this range. Is courant running with --sink influxdb? The recorded session has a link above."

/** Red below 0, green above, grey for what is shown as 0.00. */
const bySign = [[null, Palette.down], [-0.005, Palette.flat], [0.005, Palette.up]] as const

/** Prices have the decimals of their symbol, which a query of its own says. */
const looks = Flux.query(Day.looks, "looks")
const withDecimals = configured("looks", ["decimals", "unit"])

/** So that what is drawn below one another has one axis of time. */
const axisWidth = 84

const theDay = tiles("$symbol", Day.dayOfSymbol)
  .id(1)
  .gridPos(at(0, 0, 13, 4))
  .description(
    "The last trading session of the symbol's exchange that had begun by the last candle in the range. The day's variation is " +
      "against the close of the day before, splits taken into account; where that is not in the store, against the day's first " +
      "price, and it says so. The mean is the exact one once the day is over, until then that of the minutes, weighted by their " +
      "trades; where bars were filled in afterwards there is none, since they do not say it. Outside of regular trading the " +
      "newest price is beside these figures."
  )
  .withTarget(looks)
  .noValue(nothing)
  .decimals(2)
  // As large as the longest of them allows: 150,000,000 is a price, too.
  .text(new VizTextDisplayOptionsBuilder().titleSize(13))
  .overrideByName(close, look({ name: "$last" }))
  .overrideByName(variation, look({ name: "Day's variation", unit: "percent", decimals: 2, thresholds: bySign }))
  .overrideByName(sinceOpen, look({ name: "Since open", unit: "percent", decimals: 2, thresholds: bySign }))
  .overrideByName(extended, look({ name: "Extended" }))
  .overrideByName(high, look({ name: "High" }))
  .overrideByName(low, look({ name: "Low" }))
  .overrideByName(day.fields.mean, look({ name: "Mean" }))
  .overrideByName(volume, look({ name: "Volume", unit: "locale", decimals: 8 }))
  .withTransformation(ordered(close, extended, variation, sinceOpen, high, low, day.fields.mean, volume))
  .withTransformation(withDecimals)

const candles = new CandlestickPanelBuilder()
  .id(2)
  .gridPos(at(0, 4, 13, 15))
  .title("$symbol: candles of $interval")
  .description(
    "Open, high, low and close of price-forming trades, and volume under them. SMA and EMA are over the closes of 20 minutes, the " +
      "bands two standard deviations around the former, as courant computes them of one-minute candles; a longer candle has them as " +
      "of its last minute. Previous close is that of the day before, if the store has it, in the units of today's prices. Hours " +
      "before and after regular trading are shaded, and so are minutes that are not final yet."
  )
  .datasource(Flux.source)
  .withTarget(Flux.query(Queries.candles))
  .withTarget(looks)
  // Rows beyond ten times this are cut off by Grafana: 100,000 candles of a minute are four months.
  .maxDataPoints(10_000)
  .noValue(nothing)
  .mode(VizDisplayMode.CandlesVolume)
  .candleStyle(CandleStyle.Candles)
  .colorStrategy(ColorStrategy.OpenClose)
  .colors(new CandlestickColorsBuilder().up(Palette.up).down(Palette.down).flat(Palette.flat))
  .fields(new CandlestickFieldMapBuilder().open(open).high(high).low(low).close(close).volume(volume))
  .includeAllFields(true)
  .decimals(2)
  .colorScheme(fixed(Palette.price))
  .thresholds(steps([null, Palette.price]))
  .axisPlacement(AxisPlacement.Right)
  .axisWidth(axisWidth)
  .lineWidth(1)
  .fillOpacity(0)
  .showPoints(VisibilityMode.Never)
  .spanNulls(true)
  .tooltip(together)
  .legend(legend())
  .overrideByName(volume, look({ name: "Volume", unit: "locale", decimals: 8, more: { "custom.axisPlacement": AxisPlacement.Hidden } }))
  .overrideByName(sma20, look({ name: "SMA 20", color: Palette.slowAverage }))
  .overrideByName(ema20, look({ name: "EMA 20", color: Palette.exponential }))
  .overrideByName(bollingerUpper, look({ name: "Bollinger upper", color: Palette.band }))
  .overrideByName(bollingerLower, look({ name: "Bollinger lower", color: Palette.band }))
  .overrideByName(closeBefore, look({ name: "Previous close", color: Palette.flat, more: { "custom.lineStyle": { fill: "dash", dash: [4, 6] } } }))
  .withTransformation(withDecimals)

const rsi = lines("$symbol: RSI 14", Queries.rsi, intervals.oneMinute)
  .id(7)
  .gridPos(at(0, 19, 13, 5))
  .description("Wilder's relative strength of one-minute closes, from 0 to 100. Above 70 a price is said to be overbought, below 30 oversold.")
  .maxDataPoints(10_000)
  .noValue(nothing)
  .decimals(1)
  .min(0)
  .max(100)
  .axisPlacement(AxisPlacement.Right)
  .axisWidth(axisWidth)
  .legend(legend())
  .thresholds(steps([null, Palette.flat], [30, Palette.flat], [70, Palette.flat]))
  .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed))
  .overrideByName(rsi14, look({ name: "RSI 14", color: Palette.vwap }))

const macds = lines("$symbol: MACD 12, 26, 9", Queries.macds, intervals.oneMinute)
  .id(8)
  .gridPos(at(0, 24, 13, 6))
  .description(
    "The exponential average of 12 one-minute closes less that of 26, the average of 9 of these differences, and the one less the other."
  )
  .maxDataPoints(10_000)
  .noValue(nothing)
  .unit("none")
  .axisPlacement(AxisPlacement.Right)
  .axisWidth(axisWidth)
  .legend(legend())
  .overrideByName(macd, look({ name: "MACD", color: Palette.slowAverage }))
  .overrideByName(macdSignal, look({ name: "Signal", color: Palette.average }))
  .overrideByName(macdHistogram, look({
    name: "Histogram",
    color: Palette.flat,
    more: { "custom.drawStyle": GraphDrawStyle.Bars, "custom.fillOpacity": 70, "custom.lineWidth": 0 }
  }))

/** Of a table: nothing is said of a symbol that has not traded in this session. */
const cell = { noValue: "–" }

/** A text of digits. */
const written = { ...cell, "custom.align": "right" }

const watchlist = new TablePanelBuilder()
  .id(3)
  .gridPos(at(13, 0, 11, 7))
  .title("Compared")
  .description("The day of each symbol, as in the tiles: at each exchange its own. A click on a symbol shows it.")
  .datasource(Flux.source)
  .withTarget(Flux.query(Day.daysOfSymbols))
  .minWidth(50)
  .noValue(nothing)
  .decimals(2)
  .colorScheme(fixed(Palette.price))
  .thresholds(steps([null, Palette.price]))
  .overrideByName(key, look({
    name: "Symbol",
    more: {
      // The longest are those of options: GOOGL250117C00150000.
      "custom.width": 182,
      "custom.cellOptions": { type: "color-text" },
      mappings: [{
        type: "value",
        options: Object.fromEntries(Object.entries(Palette.symbols).map(([symbol, color]) => [symbol, { color }]))
      }],
      links: [{
        title: "Show ${__value.text}",
        url: `/d/${Links.market.uid}?var-symbol=\${__value.text:percentencode}` +
          "&${symbols:queryparam}&${interval:queryparam}&${datasource:queryparam}&${__url_time_range}"
      }]
    }
  }))
  .overrideByName(close, look({ name: "Last", more: { ...written, "custom.width": 132 } }))
  .overrideByName(change, look({
    name: "Change",
    unit: "percent",
    thresholds: bySign,
    more: { ...cell, "custom.width": 76, "custom.cellOptions": { type: "color-text" } }
  }))
  .overrideByName(high, look({ name: "High", more: { ...written, "custom.width": 92 } }))
  .overrideByName(low, look({ name: "Low", more: { ...written, "custom.width": 92 } }))
  .overrideByName(volume, look({ name: "Volume", unit: "locale", decimals: 8, more: { ...cell, "custom.minWidth": 104 } }))
  .withTransformation(ordered(key, close, change, high, low, volume))

const indexed = lines("Indexed: 100 at the start of the range", Queries.indexed, intervals.oneMinute)
  .id(4)
  .gridPos(at(13, 7, 11, 9))
  .description("Prices of the compared symbols, each as a per cent of its first price in the range.")
  .noValue(nothing)
  .decimals(2)
  .colorScheme(byName)
  .axisPlacement(AxisPlacement.Right)
  .legend(legend())
  .overrides(Object.entries(Palette.symbols).map(([symbol, color]) => ({
    matcher: { id: "byName", options: symbol },
    properties: look({ color })
  })))

const priceAndAverage = lines("$symbol: price and its moving average", Queries.priceAndAverage, intervals.oneMinute)
  .id(5)
  .gridPos(at(13, 16, 11, 7))
  .description(
    "The last price of each minute against the mean of all trades of five minutes, which stands at the last of them."
  )
  .withTarget(looks)
  .noValue(nothing)
  .decimals(2)
  .axisPlacement(AxisPlacement.Right)
  .legend(legend())
  .spanNulls(true)
  .overrideByName(price, look({ name: "Price", color: Palette.price }))
  .overrideByName(average, look({ name: "MA 5 min", color: Palette.average }))
  .withTransformation(withDecimals)

const vwap = lines("$symbol: price and VWAP", Queries.vwap, intervals.oneMinute)
  .id(6)
  .gridPos(at(13, 23, 11, 7))
  .description(
    "The last price of each minute against the mean price of all that was traded since the session of the symbol's " +
      "exchange began, with the hours before it, each trade weighted by its size. Bars that were filled in afterwards do not say at which prices was traded: from " +
      "the first one of a session on the VWAP is an estimate, of the mean of their high, low and close."
  )
  .withTarget(looks)
  .maxDataPoints(10_000)
  .noValue(nothing)
  .decimals(2)
  .axisPlacement(AxisPlacement.Right)
  .legend(legend())
  .overrideByName(price, look({ name: "Price", color: Palette.price }))
  .overrideByName(meanOfDay, look({ name: "VWAP", color: Palette.vwap }))
  .overrideByName(estimate, look({ name: "VWAP (estimated)", color: Palette.vwap, more: { "custom.lineStyle": { fill: "dash", dash: [6, 6] } } }))
  .withTransformation(withDecimals)

/** On the panels of the chosen symbol. */
const ofSymbol = [2, 5, 6, 7, 8]

export const dashboard = new DashboardBuilder(Links.market.title)
  .uid(Links.market.uid)
  .description("Candles, averages and the day's figures of each symbol, from the windows that courant computes.")
  .tags(["courant"])
  .timezone(Exchange.timeZone)
  .time({ from: "now-4h", to: "now" })
  .timepicker(new TimePickerBuilder().refreshIntervals(["5s", "10s", "30s", "1m", "5m"]))
  .refresh("5s")
  .tooltip(DashboardCursorSync.Crosshair)
  .editable()
  .variables([Flux.variable, symbol, interval, symbols, nameOfLast(Day.nameOfLast)])
  .annotations([
    shade("Regular", Queries.regular, Palette.regular, ofSymbol),
    shade("Extended", Queries.extended, Palette.extended, ofSymbol),
    shade("Provisional", Queries.provisionals, Palette.provisional, ofSymbol).hide(true)
  ])
  .links([
    Links.range("Live", Links.market.uid, "now-4h", "now", "The last four hours"),
    Links.range(
      "Today",
      Links.market.uid,
      `now/d+${Exchange.opens}m`,
      `now/d+${Exchange.closes}m`,
      "Regular trading of today, New York: 09:30–16:00"
    ),
    Links.range(
      "Recorded",
      Links.market.uid,
      Date.UTC(2013, 9, 8, 13, 30),
      Date.UTC(2013, 9, 8, 20),
      "2013-10-08, which `courant run --feed recorded` plays"
    ),
    Links.to(Links.pipeline, "Is it up to date? Lag, late events, writes")
  ])
  .withPanel(theDay)
  .withPanel(candles)
  .withPanel(watchlist)
  .withPanel(indexed)
  .withPanel(priceAndAverage)
  .withPanel(vwap)
  .withPanel(rsi)
  .withPanel(macds)
