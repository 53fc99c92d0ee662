/** What the charts of the dashboard Market ask. Keys of the built-in pipelines are symbols. */
import { calendarOf, exchange, otherwise } from "./Calendars.ts"
import { bounds, closeBefore, days, imports } from "./DayQueries.ts"
import * as Exchange from "./Exchange.ts"
import { isField, points } from "./Flux.ts"
import { average, candles as candle, candlesOf, indicators, key, provisional, sessions } from "./Names.ts"
import { chosenInterval, isAmongSymbols, isSymbol } from "./Variables.ts"

const { close, high, low, open, volume, vwap: vwapOfCandle } = candle.fields
const { bollingerLower, bollingerUpper, ema20, macd, macdHistogram, macdSignal, rsi14, sma20 } = indicators.fields

/** Columns that the queries name themselves. */
export const columns = {
  average: "average",
  price: "price",
  vwap: "vwap",
  estimate: "estimate",
  closeBefore: "close_before"
} as const

/** The last of some points that there is; without any it has no time. */
const lastOf = (points: string): string => `${points}
  |> group()
  |> max(column: "_time")
  |> findRecord(fn: (key) => true, idx: 0)`

const indicatorsOf = (...fields: ReadonlyArray<string>): string => points(indicators.measurement, `${isSymbol} and (${isField(...fields)})`)

/**
 * Candles of the chosen interval, one row each, with the averages and bands of one-minute candles and the close of the day before.
 * A longer candle has what the last minute in it says. The close of the day before stands from the day's open on.
 */
export const candles = `${imports}
${bounds(isSymbol)}

${closeBefore(isSymbol)}

session = bounds
  |> findRecord(fn: (key) => true, idx: 0)
known = befores
  |> findRecord(fn: (key) => true, idx: 0)

shown = ${points(candlesOf(chosenInterval), isSymbol)}

union(tables: [
  shown
    |> filter(fn: (r) => (${isField(open, high, low, close, volume)}))
    |> keep(columns: ["_time", "_field", "_value"]),
  ${indicatorsOf(sma20, ema20, bollingerUpper, bollingerLower)}
    |> aggregateWindow(every: ${chosenInterval}, fn: last, createEmpty: false, timeSrc: "_start")
    |> filter(fn: (r) => int(v: r._time) % int(v: ${chosenInterval}) == 0)
    |> keep(columns: ["_time", "_field", "_value"]),
  shown
    |> filter(fn: (r) => ${isField(close)} and exists known._value and r._time >= session.open)
    |> map(fn: (r) => ({_time: r._time, _value: known._value, _field: "${columns.closeBefore}"})),
])
  |> group()
  |> filter(fn: (r) => r._time >= v.timeRangeStart)
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> sort(columns: ["_time"])
`

/** Indicators of one-minute candles as they are, at their minutes. */
const over = (...fields: ReadonlyArray<string>): string => `${indicatorsOf(...fields)}
  |> group()
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> keep(columns: ["_time", ${fields.map((field) => `"${field}"`).join(", ")}])
  |> sort(columns: ["_time"])
`

export const rsi = over(rsi14)

export const macds = over(macd, macdSignal, macdHistogram)

/**
 * The last price of each minute, and the mean of all trades of five minutes: the pipeline's, a new window every minute. Its point
 * is at the window's start, and is moved to the last minute in it, which is the first one to know it. Windows behind the last
 * candle are left out, which go on for as long as they hold one of its trades.
 */
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

/** The calendar of the exchange of the chosen symbol; it needs `import "dict"`. */
const calendar = `${days(isSymbol)}

${calendarOf}

listed = ${lastOf(`days(start: date.sub(d: 30d, from: v.timeRangeStart), stop: v.timeRangeStop, fn: (r) => ${isField(exchange)})
  |> last()`)}
calendar = if exists listed._value then calendarOf(exchange: listed._value) else "${otherwise}"`

/**
 * The price against the mean price of all that was traded since the session of the symbol's exchange began, with the hours before
 * it, each weighted by its size: from the candles' own such means and volumes. What is traded after a session counts with it. Where
 * no sessions are stored a date in New York is one. A publisher's bar has no such mean. From the first one of a session on it is an
 * estimate, in a column of its own: what was traded in such a minute counts at the mean of its high, low and close.
 */
export const vwap = `${Exchange.clock.replace(`import "date"`, `import "date"\nimport "dict"`)}
${calendar}

begins = from(bucket: v.defaultBucket)
  |> range(start: date.sub(d: 12d, from: v.timeRangeStart), stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "${sessions.measurement}" and r.${sessions.tags.calendar} == calendar and ${isField(sessions.fields.date)})
  |> group(columns: ["_value"])
  |> min(column: "_time")
  |> group()

begun = begins
  |> filter(fn: (r) => r._time <= v.timeRangeStart)
  |> max(column: "_time")
  |> findRecord(fn: (key) => true, idx: 0)
start = if exists begun._time then begun._time else date.truncate(t: v.timeRangeStart, unit: 1d)

minutes = ${
  points(candle.measurement, `${isSymbol} and (${isField(high, low, close, vwapOfCandle, volume)})`, {
    start: "start"
  })
}
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> filter(fn: (r) => exists r.${volume})

exact = minutes
  |> filter(fn: (r) => exists r.${vwapOfCandle})
  |> map(fn: (r) => ({_time: r._time, price: r.${close}, traded: r.${volume}, worth: r.${vwapOfCandle} * r.${volume}, estimated: 0.0, minutes: 1, session: 0}))

estimated = minutes
  |> filter(fn: (r) => exists r.${close} and not exists r.${vwapOfCandle})
  |> map(fn: (r) => ({_time: r._time, price: r.${close}, traded: r.${volume}, worth: (r.${high} + r.${low} + r.${close}) / 3.0 * r.${volume}, estimated: 1.0, minutes: 1, session: 0}))

dates = minutes
  |> map(fn: (r) => ({_time: date.truncate(t: r._time, unit: 1d)}))
  |> group()
  |> unique(column: "_time")
  |> filter(fn: (r) => not exists begun._time)

bells = union(tables: [begins |> keep(columns: ["_time"]), dates])
  |> map(fn: (r) => ({_time: r._time, price: 0.0, traded: 0.0, worth: 0.0, estimated: 0.0, minutes: 0, session: 1}))

sums = union(tables: [exact, estimated, bells])
  |> group()
  |> sort(columns: ["_time", "minutes"])
  |> cumulativeSum(columns: ["session"])
  |> filter(fn: (r) => r.minutes > 0)
  |> group(columns: ["session"])
  |> sort(columns: ["_time"])
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

/** Stretches of regular trading, or of the hours before and after it, at the exchange of the chosen symbol: those that the range shows a part of. */
const stretches = (part: string, text: string): string => `import "date"
import "dict"

${calendar}

from(bucket: v.defaultBucket)
  |> range(start: date.sub(d: 3d, from: v.timeRangeStart), stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "${sessions.measurement}" and r.${sessions.tags.calendar} == calendar)
  |> filter(fn: (r) => ${part} and ${isField(sessions.fields.partEnd)})
  |> map(fn: (r) => ({time: r._time, timeEnd: time(v: r._value * 1000000), text: r.${sessions.tags.calendar} + ", ${text}"}))
  |> group()
  |> filter(fn: (r) => r.timeEnd > v.timeRangeStart)
`

export const regular = stretches(`r.${sessions.tags.part} == "regular"`, "regular trading")

export const extended = stretches(`r.${sessions.tags.part} != "regular"`, "before or after regular trading")

/**
 * Stretches of minutes whose candles are provisional: made of samples, or with a gap of the feed in them. Each begins where the
 * minute before is none, and ends where the next is none.
 */
export const provisionals = `marked = ${points(candle.measurement, `${isSymbol} and ${isField(provisional)}`)}
  |> filter(fn: (r) => r._value > 0.0)
  |> map(fn: (r) => ({_time: r._time, _field: "is", _value: 1}))

edges = union(tables: [marked, marked |> map(fn: (r) => ({_time: time(v: int(v: r._time) + int(v: 1m)), _field: "was", _value: 1}))])
  |> group()
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> sort(columns: ["_time"])
  |> map(fn: (r) => ({r with n: 1}))

join(
  tables: {
    begin: edges |> filter(fn: (r) => not exists r.was) |> cumulativeSum(columns: ["n"]),
    end: edges |> filter(fn: (r) => not exists r.is) |> cumulativeSum(columns: ["n"]),
  },
  on: ["n"],
)
  |> map(fn: (r) => ({time: r._time_begin, timeEnd: r._time_end, text: "Provisional: prices are samples, or the feed had a gap"}))
`
