/** The dashboard that a trader keeps open. */
import {
  CandlestickColorsBuilder,
  CandlestickFieldMapBuilder,
  CandleStyle,
  ColorStrategy,
  PanelBuilder as CandlestickPanelBuilder,
  VizDisplayMode
} from "@grafana/grafana-foundation-sdk/candlestick"
import { AxisPlacement, VisibilityMode } from "@grafana/grafana-foundation-sdk/common"
import { DashboardBuilder, DashboardCursorSync, TimePickerBuilder } from "@grafana/grafana-foundation-sdk/dashboard"
import { PanelBuilder as TablePanelBuilder } from "@grafana/grafana-foundation-sdk/table"
import * as Exchange from "./Exchange.ts"
import * as Flux from "./Flux.ts"
import * as Links from "./Links.ts"
import * as Queries from "./MarketQueries.ts"
import { candles as candle, day, intervals, key } from "./Names.ts"
import * as Palette from "./Palette.ts"
import { at, byName, fixed, legend, lines, look, ordered, steps, tiles, together } from "./Panels.ts"
import { interval, symbol, symbols } from "./Variables.ts"

const { close, high, low, open, volume } = candle.fields
const { average, change, closeBefore, estimate, price, sinceOpen, slow, variation, vwap: meanOfDay } = Queries.columns

const nothing = "Nothing in this range. Is courant running with --sink influxdb? The recorded session has a link above."

/** Red below 0, green above, grey for what is shown as 0.00. */
const bySign = [[null, Palette.down], [-0.005, Palette.flat], [0.005, Palette.up]] as const

const theDay = tiles("$symbol", Queries.dayOfSymbol)
  .id(1)
  .gridPos(at(0, 0, 16, 4))
  .description(
    "The day of the last candle in the range, from midnight at the exchange. The day's variation is against the close " +
      "of the day before; where that is not in the store, against the day's first price, and it says so. The mean is " +
      "the exact one once the day is over, until then that of the minutes, weighted by their trades; where bars were " +
      "filled in afterwards there is none, since they do not say it."
  )
  .noValue(nothing)
  .decimals(2)
  .overrideByName(close, look({ name: "Last" }))
  .overrideByName(variation, look({ name: "Day's variation", unit: "percent", thresholds: bySign }))
  .overrideByName(sinceOpen, look({ name: "Since the open", unit: "percent", thresholds: bySign }))
  .overrideByName(high, look({ name: "High" }))
  .overrideByName(low, look({ name: "Low" }))
  .overrideByName(day.fields.mean, look({ name: "Mean" }))
  .overrideByName(volume, look({ name: "Volume", unit: "locale", decimals: 0 }))
  .withTransformation(ordered(close, variation, sinceOpen, high, low, day.fields.mean, volume))

const candles = new CandlestickPanelBuilder()
  .id(2)
  .gridPos(at(0, 4, 16, 15))
  .title("$symbol: candles of $interval")
  .description(
    "Open, high, low and close of price-forming trades, and volume under them. MA 5 min is the mean of all trades of " +
      "five minutes; it stands at the candle in which its five minutes end, though its point in the store is at their " +
      `start. SMA ${Queries.slowCandles} is the mean of the last ${Queries.slowCandles} closes. Previous close is that of the day before, if the store has it.`
  )
  .datasource(Flux.source)
  .withTarget(Flux.query(Queries.candles))
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
  .lineWidth(1)
  .fillOpacity(0)
  .showPoints(VisibilityMode.Never)
  .spanNulls(true)
  .tooltip(together)
  .legend(legend())
  .overrideByName(volume, look({ name: "Volume", unit: "locale", more: { "custom.axisPlacement": AxisPlacement.Hidden } }))
  .overrideByName(average, look({ name: "MA 5 min", color: Palette.average }))
  .overrideByName(slow, look({ name: `SMA ${Queries.slowCandles}`, color: Palette.slowAverage }))
  .overrideByName(closeBefore, look({ name: "Previous close", color: Palette.flat, more: { "custom.lineStyle": { fill: "dash", dash: [4, 6] } } }))

const watchlist = new TablePanelBuilder()
  .id(3)
  .gridPos(at(16, 0, 8, 7))
  .title("Compared")
  .description("The day of each symbol, as in the tiles. A click on a symbol shows it.")
  .datasource(Flux.source)
  .withTarget(Flux.query(Queries.daysOfSymbols))
  .minWidth(50)
  .noValue(nothing)
  .decimals(2)
  .colorScheme(fixed(Palette.price))
  .thresholds(steps([null, Palette.price]))
  .overrideByName(key, look({
    name: "Symbol",
    more: {
      "custom.width": 70,
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
  .overrideByName(close, look({ name: "Last" }))
  .overrideByName(change, look({
    name: "Change",
    unit: "percent",
    thresholds: bySign,
    more: { "custom.cellOptions": { type: "color-text" } }
  }))
  .overrideByName(high, look({ name: "High" }))
  .overrideByName(low, look({ name: "Low" }))
  .overrideByName(volume, look({ name: "Volume", unit: "locale", decimals: 0, more: { "custom.minWidth": 96 } }))
  .withTransformation(ordered(key, close, change, high, low, volume))

const indexed = lines("Indexed: 100 at the start of the range", Queries.indexed, intervals.oneMinute)
  .id(4)
  .gridPos(at(16, 7, 8, 12))
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
  .gridPos(at(0, 19, 12, 8))
  .description(
    "The last price of each minute against the mean of all trades of five minutes, which stands at the last of them."
  )
  .noValue(nothing)
  .decimals(2)
  .axisPlacement(AxisPlacement.Right)
  .legend(legend())
  .spanNulls(true)
  .overrideByName(price, look({ name: "Price", color: Palette.price }))
  .overrideByName(average, look({ name: "MA 5 min", color: Palette.average }))

const vwap = lines("$symbol: price and VWAP", Queries.vwap, intervals.oneMinute)
  .id(6)
  .gridPos(at(12, 19, 12, 8))
  .description(
    "The last price of each minute against the mean price of all that was traded since midnight at the exchange, " +
      "each trade weighted by its size. Bars that were filled in afterwards do not say at which prices was traded: from " +
      "the first one of a day on the VWAP is an estimate, of the mean of their high, low and close."
  )
  .maxDataPoints(10_000)
  .noValue(nothing)
  .decimals(2)
  .axisPlacement(AxisPlacement.Right)
  .legend(legend())
  .overrideByName(price, look({ name: "Price", color: Palette.price }))
  .overrideByName(meanOfDay, look({ name: "VWAP", color: Palette.vwap }))
  .overrideByName(estimate, look({ name: "VWAP (estimated)", color: Palette.vwap, more: { "custom.lineStyle": { fill: "dash", dash: [6, 6] } } }))

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
  .variables([Flux.variable, symbol, interval, symbols])
  .links([
    Links.range("Live", Links.market.uid, "now-4h", "now", "The last four hours"),
    Links.range(
      "Today 09:30–16:00",
      Links.market.uid,
      `now/d+${Exchange.opens}m`,
      `now/d+${Exchange.closes}m`,
      "Regular trading of today, New York"
    ),
    Links.range(
      "Recorded session",
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
