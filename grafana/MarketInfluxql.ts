/** The market for servers without Flux: InfluxDB 1 and 3, and 2 as they are asked. What it cannot say is in docs/grafana.md. */
import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog"
import {
  CandlestickColorsBuilder,
  CandlestickFieldMapBuilder,
  CandleStyle,
  ColorStrategy,
  PanelBuilder as CandlestickPanelBuilder,
  VizDisplayMode
} from "@grafana/grafana-foundation-sdk/candlestick"
import { AxisPlacement, GraphThresholdsStyleConfigBuilder, GraphThresholdsStyleMode, VisibilityMode, VizTextDisplayOptionsBuilder } from "@grafana/grafana-foundation-sdk/common"
import {
  AnnotationQueryBuilder,
  CustomVariableBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  QueryVariableBuilder,
  TimePickerBuilder,
  VariableRefresh,
  VariableSort
} from "@grafana/grafana-foundation-sdk/dashboard"
import { PanelBuilder as TablePanelBuilder } from "@grafana/grafana-foundation-sdk/table"
import { otherwise } from "./Calendars.ts"
import * as Exchange from "./Exchange.ts"
import * as Influxql from "./Influxql.ts"
import * as Queries from "./InfluxqlQueries.ts"
import * as Links from "./Links.ts"
import { candles as candle, indicators, intervals, key, sessions } from "./Names.ts"
import * as Palette from "./Palette.ts"
import { at, byName, fixed, legend, lines, look, ordered, steps, tiles, together } from "./Panels.ts"

const { close, high, low, mean, open, volume, vwap } = candle.fields
const { bollingerLower, bollingerUpper, ema20, macd, macdHistogram, macdSignal, rsi14, sma20 } = indicators.fields
const { change, closeBefore, estimate } = Queries.columns

const nothing = "Nothing in this range. Is courant running with --sink influxdb? The recorded session has a link above."

/** Red below 0, green above, grey for what is shown as 0.00. */
const bySign = [[null, Palette.down], [-0.005, Palette.flat], [0.005, Palette.up]] as const

/** Panels are made for Flux; this gives one other queries, whose frames it puts together by their times. */
const asking = <P extends { datasource(source: typeof Influxql.source): P; targets(targets: ReadonlyArray<Builder<Dataquery>>): P }>(
  panel: P,
  ...targets: ReadonlyArray<Builder<Dataquery>>
): P => panel.datasource(Influxql.source).targets([...targets])

/** Goes before what puts frames together: it takes its own away. */
const withDecimals = { id: "configFromData", options: { configRefId: "decimals", mappings: [{ fieldName: "decimals", handlerKey: "decimals" }] } }
const decimals = Influxql.table(Queries.decimals, "decimals")

const byTime = { id: "joinByField", options: { byField: "Time", mode: "outer" } }

const variation = "variation"

const figures = asking(
  tiles("$symbol", ""),
  Influxql.table(Queries.figuresOfSymbol),
  Influxql.table(Queries.meanOfSymbol, "B"),
  Influxql.table(Queries.closeBefore, "C"),
  decimals
)
  .id(1)
  .gridPos(at(0, 0, 16, 4))
  .description(
    "Figures of the range that is shown. The variation is against the close of the last day that was over when the range began, " +
      "if the store has one; the change is against the first price of the range. There is no mean where bars were filled in " +
      "afterwards, since they do not say it."
  )
  .noValue(nothing)
  .decimals(2)
  // As large as the longest of them allows.
  .text(new VizTextDisplayOptionsBuilder().titleSize(13))
  .overrideByName(close, look({ name: "Last" }))
  .overrideByName(variation, look({ name: "Variation", unit: "percentunit", decimals: 2, thresholds: [[null, Palette.down], [-0.000_05, Palette.flat], [0.000_05, Palette.up]] }))
  .overrideByName(change, look({ name: "In this range", unit: "percent", decimals: 2, thresholds: bySign }))
  .overrideByName(high, look({ name: "High" }))
  .overrideByName(low, look({ name: "Low" }))
  .overrideByName(mean, look({ name: "Mean" }))
  .overrideByName(volume, look({ name: "Volume", unit: "locale", decimals: 8 }))
  .withTransformation(withDecimals)
  .withTransformation({ id: "concatenate", options: { frameNameMode: "drop" } })
  .withTransformation(computed("moved", close, "-", closeBefore))
  .withTransformation(computed(variation, "moved", "/", closeBefore))
  .withTransformation({ id: "filterFieldsByName", options: { include: { names: [close, variation, change, high, low, mean, volume] } } })
  .withTransformation(ordered(close, variation, change, high, low, mean, volume))

function computed(alias: string, left: string, operator: string, right: string) {
  return { id: "calculateField", options: { mode: "binary", alias, binary: { left, operator, right }, reduce: { reducer: "sum" } } }
}

const candles = asking(new CandlestickPanelBuilder(), Influxql.table(Queries.candles), Influxql.table(Queries.averages, "B"), decimals)
  .id(2)
  .gridPos(at(0, 4, 16, 15))
  .title("$symbol: candles of $length")
  .description(
    "Open, high, low and close of price-forming trades, and volume under them. SMA, EMA and the bands of Bollinger are over 20 " +
      "minutes, as of the last minute of each candle. Stretches of regular trading of the chosen calendar are shaded."
  )
  .withTransformation(withDecimals)
  .withTransformation(byTime)
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
  .overrideByName(volume, look({ name: "Volume", unit: "locale", decimals: 8, more: { "custom.axisPlacement": AxisPlacement.Hidden } }))
  .overrideByName(sma20, look({ name: "SMA 20", color: Palette.slowAverage }))
  .overrideByName(ema20, look({ name: "EMA 20", color: Palette.average }))
  .overrideByName(bollingerUpper, look({ name: "Bollinger, upper", color: Palette.flat }))
  .overrideByName(bollingerLower, look({ name: "Bollinger, lower", color: Palette.flat }))

const watchlist = asking(new TablePanelBuilder(), Influxql.table(Queries.figuresOfSymbols))
  .id(3)
  .gridPos(at(16, 0, 8, 7))
  .title("Compared")
  .description("Figures of the range for each symbol; the change is against its first price. A click on a symbol shows it.")
  .minWidth(50)
  .noValue(nothing)
  .decimals(2)
  .colorScheme(fixed(Palette.price))
  .thresholds(steps([null, Palette.price]))
  .overrideByName(key, look({
    name: "Symbol",
    more: {
      "custom.width": 90,
      "custom.cellOptions": { type: "color-text" },
      mappings: [{
        type: "value",
        options: Object.fromEntries(Object.entries(Palette.symbols).map(([symbol, color]) => [symbol, { color }]))
      }],
      links: [{
        title: "Show ${__value.text}",
        url: `/d/${Links.marketInfluxql.uid}?var-symbol=\${__value.text:percentencode}` +
          "&${symbols:queryparam}&${length:queryparam}&${datasource:queryparam}&${calendar:queryparam}&${__url_time_range}"
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
  .overrideByName(volume, look({ name: "Volume", unit: "locale", decimals: 8, more: { "custom.minWidth": 96 } }))
  .withTransformation({ id: "filterFieldsByName", options: { include: { names: [key, close, change, high, low, volume] } } })
  .withTransformation(ordered(key, close, change, high, low, volume))

const indexed = asking(lines("Indexed: 100 at the start of the range", "", intervals.oneMinute), Influxql.series(Queries.indexed, key))
  .id(4)
  .gridPos(at(16, 7, 8, 12))
  .description("Prices of the compared symbols, each as a per cent of its first price in the range, from the second minute on.")
  .maxDataPoints(10_000)
  .noValue(nothing)
  .decimals(2)
  .colorScheme(byName)
  .axisPlacement(AxisPlacement.Right)
  .legend(legend())
  .overrides(Object.entries(Palette.symbols).map(([symbol, color]) => ({
    matcher: { id: "byName", options: symbol },
    properties: look({ color })
  })))

const priceAndAverages = asking(
  lines("$symbol: price and its averages", "", intervals.oneMinute),
  Influxql.table(Queries.prices),
  Influxql.table(Queries.averagesOfMinutes, "B"),
  decimals
)
  .id(5)
  .gridPos(at(0, 19, 12, 8))
  .description("The last price of each minute, and the averages of it over 20 minutes, plain and exponential.")
  .withTransformation(withDecimals)
  .withTransformation(byTime)
  .maxDataPoints(10_000)
  .noValue(nothing)
  .decimals(2)
  .axisPlacement(AxisPlacement.Right)
  .legend(legend())
  .spanNulls(true)
  .overrideByName(close, look({ name: "Price", color: Palette.price }))
  .overrideByName(sma20, look({ name: "SMA 20", color: Palette.slowAverage }))
  .overrideByName(ema20, look({ name: "EMA 20", color: Palette.average }))

const vwaps = asking(
  lines("$symbol: price and VWAP of the range", "", intervals.oneMinute),
  Influxql.table(Queries.prices),
  Influxql.table(Queries.meanSinceStart, "B"),
  Influxql.table(Queries.estimateSinceStart, "C"),
  decimals
)
  .id(6)
  .gridPos(at(12, 19, 12, 8))
  .description(
    "The last price of each minute against the mean price of all that was traded since the start of the range, weighted by size. " +
      "It ends where a bar was filled in afterwards, which does not say at which prices was traded; the estimate is of the mean " +
      "of high, low and close of all minutes."
  )
  .withTransformation(withDecimals)
  .withTransformation(byTime)
  .maxDataPoints(10_000)
  .noValue(nothing)
  .decimals(2)
  .axisPlacement(AxisPlacement.Right)
  .legend(legend())
  .spanNulls(true)
  .overrideByName(close, look({ name: "Price", color: Palette.price }))
  .overrideByName(vwap, look({ name: "VWAP", color: Palette.vwap }))
  .overrideByName(estimate, look({ name: "VWAP (estimated)", color: Palette.vwap, more: { "custom.lineStyle": { fill: "dash", dash: [6, 6] } } }))

const rsi = asking(lines("$symbol: RSI 14", "", intervals.oneMinute), Influxql.table(Queries.rsi))
  .id(7)
  .gridPos(at(0, 27, 12, 7))
  .description("Over the closes of 14 minutes. The dashed lines are at 30 and 70.")
  .maxDataPoints(10_000)
  .noValue(nothing)
  .decimals(1)
  .min(0)
  .max(100)
  .axisPlacement(AxisPlacement.Right)
  .legend(legend())
  .thresholds(steps([null, Palette.flat], [30, Palette.flat], [70, Palette.flat]))
  .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed))
  .overrideByName(rsi14, look({ name: "RSI 14", color: Palette.vwap }))

const macds = asking(lines("$symbol: MACD 12, 26, 9", "", intervals.oneMinute), Influxql.table(Queries.macds))
  .id(8)
  .gridPos(at(12, 27, 12, 7))
  .description("The exponential average of 12 minutes less that of 26, its own average over 9, and the difference of the two.")
  .maxDataPoints(10_000)
  .noValue(nothing)
  .decimals(3)
  .axisPlacement(AxisPlacement.Right)
  .legend(legend())
  .overrideByName(macd, look({ name: "MACD", color: Palette.slowAverage }))
  .overrideByName(macdSignal, look({ name: "Signal", color: Palette.average }))
  .overrideByName(macdHistogram, look({ name: "Histogram", color: Palette.flat, more: { "custom.drawStyle": "bars", "custom.fillOpacity": 60, "custom.lineWidth": 0 } }))

const chosen = (name: string, label: string, query: string) =>
  new QueryVariableBuilder(name)
    .label(label)
    .datasource(Influxql.source)
    .query(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)

const symbol = chosen("symbol", "Symbol", Queries.tagValues(candle.measurement, key))
/** Not called `interval`, which Grafana takes for the distance of points in queries of InfluxQL. */
const length = new CustomVariableBuilder("length")
  .label("Candles")
  .values(Object.values(intervals).join(","))
  .current({ text: intervals.oneMinute, value: intervals.oneMinute, selected: true })
  .options(Object.values(intervals).map((value) => ({ text: value, value, selected: value === intervals.oneMinute })))
const symbols = chosen("symbols", "Compare", Queries.tagValues(candle.measurement, key))
  .multi(true)
  .includeAll(true)
  .current({ text: ["All"], value: ["$__all"], selected: true })
const calendar = chosen("calendar", "Calendar", Queries.tagValues(sessions.measurement, sessions.tags.calendar))
  .current({ text: otherwise, value: otherwise, selected: true })

const regular = new AnnotationQueryBuilder()
  .name("Regular trading")
  .datasource(Influxql.source)
  .enable(true)
  .iconColor(Palette.flat)
  .target(Influxql.annotation(Queries.regular))

export const dashboard = new DashboardBuilder(Links.marketInfluxql.title)
  .uid(Links.marketInfluxql.uid)
  .description("The market in InfluxQL, for servers without Flux.")
  .tags(["courant"])
  .timezone(Exchange.timeZone)
  .time({ from: "now-4h", to: "now" })
  .timepicker(new TimePickerBuilder().refreshIntervals(["5s", "10s", "30s", "1m", "5m"]))
  .refresh("5s")
  .tooltip(DashboardCursorSync.Crosshair)
  .editable()
  .variables([Influxql.variable, symbol, length, symbols, calendar])
  .annotation(regular)
  .links([
    Links.range("Live", Links.marketInfluxql.uid, "now-4h", "now", "The last four hours"),
    Links.range(
      "Today 09:30–16:00",
      Links.marketInfluxql.uid,
      `now/d+${Exchange.opens}m`,
      `now/d+${Exchange.closes}m`,
      "Regular trading of today, New York"
    ),
    Links.range(
      "Recorded session",
      Links.marketInfluxql.uid,
      Date.UTC(2013, 9, 8, 13, 30),
      Date.UTC(2013, 9, 8, 20),
      "2013-10-08, which `courant run --feed recorded` plays"
    ),
    Links.to(Links.market, "The same in Flux, with the figures of the day")
  ])
  .withPanel(figures)
  .withPanel(candles)
  .withPanel(watchlist)
  .withPanel(indexed)
  .withPanel(priceAndAverages)
  .withPanel(vwaps)
  .withPanel(rsi)
  .withPanel(macds)
