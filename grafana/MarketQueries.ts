/** What the dashboard Market asks. Keys of the built-in pipelines are symbols. */
import * as Exchange from "./Exchange.ts"
import { isField, points } from "./Flux.ts"
import { average, candles as candle, candlesOf, day as ofDay, key } from "./Names.ts"
import { chosenInterval, isAmongSymbols, isSymbol } from "./Variables.ts"

/** How many candles the slow average is over. */
export const slowCandles = 20

const { close, high, low, mean, open, trades, volume, vwap: vwapOfCandle } = candle.fields

/** Columns that the queries name themselves. */
export const columns = {
  average: "average",
  slow: "slow",
  price: "price",
  vwap: "vwap",
  estimate: "estimate",
  closeBefore: "close_before",
  change: "change",
  variation: "variation",
  sinceOpen: "since_open"
} as const

/** The last of some points that there is; without any it has no time. */
const lastOf = (points: string): string => `${points}
  |> group()
  |> max(column: "_time")
  |> findRecord(fn: (key) => true, idx: 0)`

/** The days of a symbol, or of several, whatever their lengths: where the clock changes, the tag that says it changes too. */
const days = (which: string): string =>
  `days = (start, stop) => from(bucket: v.defaultBucket)
  |> range(start: start, stop: stop)
  |> filter(fn: (r) => r._measurement == "${ofDay.measurement}" and ${which})
  |> group(columns: ["${key}", "_field"])
  |> sort(columns: ["_time"])`

/**
 * Candles of the chosen interval, one row each, with two averages and the close of the day before.
 *
 * `average` is the pipeline's: of all trades of five minutes, a new window every minute. Its
 * point is at the window's start, four minutes before the last minute in it. It is moved to
 * the candle that ends when the window does, which is the first one to know it; windows
 * that end within a candle are left out, and so are those behind the last candle, which go on for
 * as long as they hold one of its trades. `slow` is the mean of closes; it looks back over a
 * weekend to have enough of them where the range begins.
 */
export const candles = `${Exchange.clock}
length = int(v: ${chosenInterval})

candles = (start) => ${points(candlesOf(chosenInterval), isSymbol, { start: "start" })}

closes = candles(start: date.sub(d: 4d, from: v.timeRangeStart))
  |> filter(fn: (r) => ${isField(close)})

latest = ${lastOf("closes")}

average = ${
  points(average.measurement, `${isSymbol} and ${isField(average.fields.mean)}`, {
    start: "date.sub(d: 5m, from: v.timeRangeStart)"
  })
}
  |> timeShift(duration: duration(v: int(v: 5m) - length))
  |> filter(fn: (r) => int(v: r._time) % length == 0 and exists latest._time and r._time <= latest._time)

${days(isSymbol)}

midnight = date.truncate(t: if exists latest._time then latest._time else v.timeRangeStart, unit: 1d)
before = days(start: date.sub(d: 10d, from: midnight), stop: midnight)
  |> filter(fn: (r) => ${isField(ofDay.fields.close)})
  |> last()
  |> findRecord(fn: (key) => true, idx: 0)

union(tables: [
  candles(start: v.timeRangeStart)
    |> filter(fn: (r) => (${isField(open, high, low, close, volume)}))
    |> keep(columns: ["_time", "_field", "_value"]),
  average
    |> map(fn: (r) => ({_time: r._time, _value: r._value, _field: "${columns.average}"})),
  closes
    |> movingAverage(n: ${slowCandles})
    |> map(fn: (r) => ({_time: r._time, _value: r._value, _field: "${columns.slow}"})),
  closes
    |> filter(fn: (r) => exists before._value and r._time >= midnight)
    |> map(fn: (r) => ({_time: r._time, _value: before._value, _field: "${columns.closeBefore}"})),
])
  |> group()
  |> filter(fn: (r) => r._time >= v.timeRangeStart and r._time < v.timeRangeStop)
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> sort(columns: ["_time"])
`

/** The last price of each minute, and the same average as above at its last minute. */
export const priceAndAverage = `import "date"

price = ${points(candle.measurement, `${isSymbol} and ${isField(close)}`)}

latest = ${lastOf("price")}

average = ${
  points(average.measurement, `${isSymbol} and ${isField(average.fields.mean)}`, {
    start: "date.sub(d: 5m, from: v.timeRangeStart)"
  })
}
  |> timeShift(duration: 4m)
  |> filter(fn: (r) => r._time >= v.timeRangeStart and exists latest._time and r._time <= latest._time)

union(tables: [
  price |> map(fn: (r) => ({_time: r._time, _value: r._value, _field: "${columns.price}"})),
  average |> map(fn: (r) => ({_time: r._time, _value: r._value, _field: "${columns.average}"})),
])
  |> group(columns: ["_field"])
  |> aggregateWindow(every: v.windowPeriod, fn: last, createEmpty: false, timeSrc: "_start")
  |> group()
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> sort(columns: ["_time"])
`

/**
 * The price against the mean price of all that was traded since the day began, each weighted
 * by its size: from the candles' own such means and volumes. A publisher's bar has no such
 * mean. From the first one of a day on it is an estimate, in a column of its own: what was
 * traded in such a minute counts at the mean of its high, low and close.
 */
export const vwap = `${Exchange.clock}
minutes = ${
  points(candle.measurement, `${isSymbol} and (${isField(high, low, close, vwapOfCandle, volume)})`, {
    start: "date.truncate(t: v.timeRangeStart, unit: 1d)"
  })
}
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> filter(fn: (r) => exists r.${volume})

exact = minutes
  |> filter(fn: (r) => exists r.${vwapOfCandle})
  |> map(fn: (r) => ({_time: r._time, price: r.${close}, traded: r.${volume}, worth: r.${vwapOfCandle} * r.${volume}, estimated: 0.0}))

estimated = minutes
  |> filter(fn: (r) => exists r.${close} and not exists r.${vwapOfCandle})
  |> map(fn: (r) => ({_time: r._time, price: r.${close}, traded: r.${volume}, worth: (r.${high} + r.${low} + r.${close}) / 3.0 * r.${volume}, estimated: 1.0}))

sums = union(tables: [exact, estimated])
  |> group()
  |> sort(columns: ["_time"])
  |> window(every: 1d)
  |> cumulativeSum(columns: ["traded", "worth", "estimated"])
  |> group()
  |> filter(fn: (r) => r._time >= v.timeRangeStart and r.traded > 0.0)

union(tables: [
  sums |> map(fn: (r) => ({_time: r._time, _field: "${columns.price}", _value: r.price})),
  sums
    |> map(fn: (r) => ({
      _time: r._time,
      _field: if r.estimated == 0.0 then "${columns.vwap}" else "${columns.estimate}",
      _value: r.worth / r.traded,
    })),
])
  |> group()
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> sort(columns: ["_time"])
`

/** Prices of several symbols, one column each, as per cents of the first in the range. */
export const indexed = `prices = ${points(candle.measurement, `${isAmongSymbols} and ${isField(close)}`)}
  |> keep(columns: ["_time", "_value", "${key}"])

join(
  tables: {
    now: prices |> aggregateWindow(every: v.windowPeriod, fn: last, createEmpty: false, timeSrc: "_start"),
    first: prices |> first(),
  },
  on: ["${key}"],
)
  |> map(fn: (r) => ({_time: r._time_now, _value: 100.0 * r._value_now / r._value_first, ${key}: r.${key}}))
  |> group()
  |> pivot(rowKey: ["_time"], columnKey: ["${key}"], valueColumn: "_value")
  |> sort(columns: ["_time"])
`

const percent = (from: string): string => `100.0 * (r.${close} - ${from}) / ${from}`

/**
 * The figures of the day, one row a symbol: that of the last candle in the range, from midnight
 * at the exchange on. They come from candles, since the day's own pane is written when the day
 * is over. `change` is in per cent against the close of the day before if the store has that
 * day, otherwise against the first price. `mean` is that of the day's pane if the day is over by
 * the end of the range, otherwise that of the candles, weighted by their trades; there is none
 * where a candle of the day has none, as a publisher's bar has. Days have other lengths where
 * the clock changes: what they are chosen by does not hang on a tag that says how long one is.
 */
const day = (which: string): string =>
  `candles = (start) => ${points(candle.measurement, which, { start: "start" })}

latest = ${lastOf(`candles(start: v.timeRangeStart)
  |> filter(fn: (r) => ${isField(close)})
  |> last()`)}
midnight = date.truncate(t: if exists latest._time then latest._time else v.timeRangeStart, unit: 1d)
tomorrow = date.add(d: 1d, to: midnight)

${days(which)}

today = candles(start: midnight)
named = (tables=<-, field) => tables
  |> map(fn: (r) => ({${key}: r.${key}, _field: field, _value: r._value}))

figures = union(tables: [
  today |> filter(fn: (r) => ${isField(open)}) |> first() |> named(field: "${open}"),
  today |> filter(fn: (r) => ${isField(high)}) |> max() |> named(field: "${high}"),
  today |> filter(fn: (r) => ${isField(low)}) |> min() |> named(field: "${low}"),
  today |> filter(fn: (r) => ${isField(close)}) |> last() |> named(field: "${close}"),
  today |> filter(fn: (r) => ${isField(volume)}) |> sum() |> named(field: "${volume}"),
  today
    |> filter(fn: (r) => ${isField(close, mean, trades)})
    |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
    |> filter(fn: (r) => exists r.${close})
    |> map(fn: (r) => ({
      ${key}: r.${key},
      weighted: if exists r.${mean} and exists r.${trades} then r.${mean} * r.${trades} else 0.0,
      trades: if exists r.${trades} then r.${trades} else 0.0,
      unknown: if exists r.${mean} and exists r.${trades} then 0.0 else 1.0,
    }))
    |> reduce(
      identity: {weighted: 0.0, trades: 0.0, unknown: 0.0},
      fn: (r, accumulator) => ({
        weighted: accumulator.weighted + r.weighted,
        trades: accumulator.trades + r.trades,
        unknown: accumulator.unknown + r.unknown,
      }),
    )
    |> filter(fn: (r) => r.trades > 0.0 and r.unknown == 0.0)
    |> map(fn: (r) => ({${key}: r.${key}, _field: "about", _value: r.weighted / r.trades})),
  days(start: midnight, stop: tomorrow)
    |> filter(fn: (r) => ${isField(ofDay.fields.mean)} and v.timeRangeStop >= tomorrow)
    |> last()
    |> named(field: "${ofDay.fields.mean}"),
  days(start: date.sub(d: 10d, from: midnight), stop: midnight)
    |> filter(fn: (r) => ${isField(ofDay.fields.close)})
    |> last()
    |> named(field: "before"),
])
  |> group()
  |> pivot(rowKey: ["${key}"], columnKey: ["_field"], valueColumn: "_value")
  |> map(fn: (r) => ({r with
    ${columns.change}: if exists r.before then ${percent("r.before")} else ${percent(`r.${open}`)},
    ${ofDay.fields.mean}: if exists r.${ofDay.fields.mean} then r.${ofDay.fields.mean} else r.about,
  }))`

const changeByName = `if exists before._value then "${columns.variation}" else "${columns.sinceOpen}"`

/** Of the chosen symbol; the change is called \`variation\` or \`since_open\`. */
export const dayOfSymbol = `${Exchange.clock}
${day(isSymbol)}

before = days(start: date.sub(d: 10d, from: midnight), stop: midnight)
  |> filter(fn: (r) => ${isField(ofDay.fields.close)})
  |> last()
  |> findRecord(fn: (key) => true, idx: 0)

figures
  |> rename(fn: (column) => if column != "${columns.change}" then column else ${changeByName})
  |> drop(columns: ["${key}", "${open}", "before", "about"])
`

/** Of all symbols that are compared. */
export const daysOfSymbols = `${Exchange.clock}
${day(isAmongSymbols)}

figures
  |> keep(columns: ["${key}", "${close}", "${columns.change}", "${high}", "${low}", "${volume}"])
  |> sort(columns: ["${key}"])
`
