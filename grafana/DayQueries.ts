/**
 * The figures of a symbol's day, which is the session of its exchange: from candles while it goes on, since the day's own pane is
 * written when it is over.
 */
import { calendarOf, exchange, otherwise } from "./Calendars.ts"
import * as Exchange from "./Exchange.ts"
import { isField, points } from "./Flux.ts"
import { candles as candle, day as ofDay, indicators, key, sessions, windowEnd } from "./Names.ts"
import * as Prices from "./Prices.ts"
import { isAmongSymbols, isSymbol } from "./Variables.ts"

const { close, high, low, mean, open, trades, volume } = candle.fields

/** Columns that the queries name themselves. */
export const columns = {
  change: "change",
  variation: "variation",
  sinceOpen: "since_open",
  extended: "extended"
} as const

export const imports = `${Exchange.clock.replace(`import "date"`, `import "date"\nimport "dict"\nimport "math"\nimport "strings"`)}`

/** The days of a symbol, or of several, whatever their lengths: where the clock changes, the tag that says it changes too. */
export const days = (which: string): string =>
  `days = (start, stop, fn) => from(bucket: v.defaultBucket)
  |> range(start: start, stop: stop)
  |> filter(fn: (r) => r._measurement == "${ofDay.measurement}" and ${which})
  |> filter(fn: fn)
  |> group(columns: ["${key}", "_field"])
  |> sort(columns: ["_time"])`

/**
 * A table `bounds`: of each symbol the last regular session that has begun by its last candle in the range, of the calendar of its
 * exchange. Where no sessions are stored it is the date in New York. \`start\` is the earliest open of them.
 */
export const bounds = (which: string): string =>
  `candles = (start) => ${points(candle.measurement, which, { start: "start" })}

${days(which)}

newest = candles(start: v.timeRangeStart)
  |> filter(fn: (r) => ${isField(close)})
  |> group(columns: ["${key}"])
  |> last()
  |> map(fn: (r) => ({${key}: r.${key}, at: r._time, last: r._value, calendar: "${otherwise}", rank: 0}))
  |> group()

${calendarOf}

listed = days(start: date.sub(d: 30d, from: v.timeRangeStart), stop: v.timeRangeStop, fn: (r) => ${isField(exchange)})
  |> last()
  |> map(fn: (r) => ({${key}: r.${key}, calendar: calendarOf(exchange: r._value), rank: 1}))
  |> group()

traded = union(tables: [newest |> keep(columns: ["${key}", "calendar", "rank"]), listed])
  |> group(columns: ["${key}"])
  |> max(column: "rank")
  |> group()
  |> keep(columns: ["${key}", "calendar"])

sessions = from(bucket: v.defaultBucket)
  |> range(start: date.sub(d: 12d, from: v.timeRangeStart), stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "${sessions.measurement}" and r.${sessions.tags.part} == "regular")
  |> filter(fn: (r) => ${isField(sessions.fields.sessionOpen, sessions.fields.sessionClose)})
  |> group()
  |> pivot(rowKey: ["_time", "${sessions.tags.calendar}"], columnKey: ["_field"], valueColumn: "_value")
  |> map(fn: (r) => ({
    calendar: r.${sessions.tags.calendar},
    open: time(v: r.${sessions.fields.sessionOpen} * 1000000),
    close: time(v: r.${sessions.fields.sessionClose} * 1000000),
  }))

begun = join(
  tables: {newest: newest |> keep(columns: ["${key}", "at", "last"]), open: join(tables: {traded: traded, sessions: sessions}, on: ["calendar"])},
  on: ["${key}"],
)
  |> filter(fn: (r) => r.open <= r.at)
  |> map(fn: (r) => ({${key}: r.${key}, at: r.at, last: r.last, open: r.open, close: r.close}))

dates = newest
  |> map(fn: (r) => ({${key}: r.${key}, at: r.at, last: r.last, open: date.truncate(t: r.at, unit: 1d), close: date.add(d: 1d, to: date.truncate(t: r.at, unit: 1d))}))

bounds = union(tables: [
  begun |> map(fn: (r) => ({r with rank: 1})),
  dates |> map(fn: (r) => ({r with rank: 0})),
])
  |> group(columns: ["${key}"])
  |> sort(columns: ["rank", "open"])
  |> last(column: "rank")
  |> group()
  |> drop(columns: ["rank"])

earliest = bounds
  |> min(column: "open")
  |> findRecord(fn: (key) => true, idx: 0)
start = if exists earliest.open then earliest.open else v.timeRangeStart`

/**
 * Tables \`before\` and \`over\`: what the day before said, in the units that prices have now, and what the day itself has said if it
 * is over by the end of the range. A pane is of the day that holds the session's open.
 */
const panes = (which: string): string =>
  `panes = join(
  tables: {
    bounds: bounds,
    panes: days(start: date.sub(d: 12d, from: start), stop: v.timeRangeStop, fn: (r) => ${isField(ofDay.fields.adjustedClose, ofDay.fields.splitFactor, ofDay.fields.variation, ofDay.fields.mean, windowEnd)})
      |> toFloat()
      |> group()
      |> pivot(rowKey: ["${key}", "_time"], columnKey: ["_field"], valueColumn: "_value"),
  },
  on: ["${key}"],
)
  |> map(fn: (r) => ({r with until: time(v: int(v: r.${windowEnd}) * 1000000)}))

factors = ${points(indicators.measurement, `${which} and ${isField(indicators.fields.splitFactor)}`, { start: "start" })}
  |> group(columns: ["${key}"])
  |> last()
  |> map(fn: (r) => ({${key}: r.${key}, _field: "factor", _value: r._value}))
  |> group()

before = panes
  |> filter(fn: (r) => r.until <= r.open and exists r.${ofDay.fields.adjustedClose})
  |> group(columns: ["${key}"])
  |> sort(columns: ["_time"])
  |> last(column: "${ofDay.fields.adjustedClose}")
  |> group()

over = panes
  |> filter(fn: (r) => r._time <= r.open and r.until > r.open and r.until <= v.timeRangeStop)`

/**
 * The close of the day before as the prices of now have it: a split in between divides it. The factor is that of the newest
 * minute, and without one that of the day before.
 */
export const closeBefore = (which: string): string =>
  `${panes(which)}

befores = union(tables: [
  before |> map(fn: (r) => ({${key}: r.${key}, _field: "adjusted", _value: r.${ofDay.fields.adjustedClose}})),
  before
    |> filter(fn: (r) => exists r.${ofDay.fields.splitFactor})
    |> map(fn: (r) => ({${key}: r.${key}, _field: "factor_before", _value: r.${ofDay.fields.splitFactor}})),
  factors,
])
  |> group()
  |> pivot(rowKey: ["${key}"], columnKey: ["_field"], valueColumn: "_value")
  |> filter(fn: (r) => exists r.adjusted)
  |> map(fn: (r) => {
    factor = if exists r.factor and r.factor > 0.0 then r.factor else if exists r.factor_before and r.factor_before > 0.0 then r.factor_before else 1.0

    return {${key}: r.${key}, _value: r.adjusted / factor}
  })`

/**
 * The figures of the day, one row a symbol. \`change\` is the day's variation, as its pane says it if it is over by the end of the
 * range; until then the close so far against that of the day before, and without such a day against the first price. \`mean\` is
 * that of the day's pane, too, and until then that of the candles, weighted by their trades; there is none where a candle of the day has
 * none, as a publisher's bar has.
 */
const day = (which: string): string =>
  `${bounds(which)}

${closeBefore(which)}

today = join(
  tables: {
    bounds: bounds,
    candles: candles(start: start)
      |> filter(fn: (r) => ${isField(open, high, low, close, mean, trades, volume)})
      |> keep(columns: ["${key}", "_time", "_field", "_value"])
      |> group(),
  },
  on: ["${key}"],
)
  |> filter(fn: (r) => r._time >= r.open and r._time < r.close)
  |> keep(columns: ["${key}", "_time", "_field", "_value"])
  |> group(columns: ["${key}", "_field"])
  |> sort(columns: ["_time"])

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
    |> group(columns: ["${key}"])
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
  over
    |> filter(fn: (r) => exists r.${ofDay.fields.mean})
    |> map(fn: (r) => ({${key}: r.${key}, _field: "${ofDay.fields.mean}", _value: r.${ofDay.fields.mean}})),
  over
    |> filter(fn: (r) => exists r.${ofDay.fields.variation})
    |> map(fn: (r) => ({${key}: r.${key}, _field: "said", _value: r.${ofDay.fields.variation}})),
  befores |> map(fn: (r) => ({${key}: r.${key}, _field: "before", _value: r._value})),
  bounds
    |> filter(fn: (r) => r.at >= r.close)
    |> map(fn: (r) => ({${key}: r.${key}, _field: "${columns.extended}", _value: r.last})),
])
  |> group()
  |> pivot(rowKey: ["${key}"], columnKey: ["_field"], valueColumn: "_value")
  |> map(fn: (r) => ({r with ${close}: if exists r.${close} then r.${close} else r.${columns.extended}}))
  |> map(fn: (r) => ({r with
    ${columns.change}: if exists r.said then r.said
      else if exists r.before then ${percent("r.before")}
      else ${percent(`r.${open}`)},
    ${ofDay.fields.mean}: if exists r.${ofDay.fields.mean} then r.${ofDay.fields.mean} else r.about,
  }))`

function percent(from: string): string {
  return `100.0 * (r.${close} - ${from}) / ${from}`
}

/** Of the chosen symbol; the change is called \`variation\` or \`since_open\`. */
export const dayOfSymbol = `${imports}
${day(isSymbol)}

known = figures
  |> findRecord(fn: (key) => true, idx: 0)

figures
  |> rename(fn: (column) =>
    if column != "${columns.change}" then column
    else if exists known.said or exists known.before then "${columns.variation}"
    else "${columns.sinceOpen}")
  |> drop(columns: ["${key}", "${open}", "before", "said", "about"])
`

/** Of all symbols that are compared: prices as texts, each with the decimals of its symbol. */
export const daysOfSymbols = `${imports}
${day(isAmongSymbols)}

${Prices.looksOf(isAmongSymbols)}

${Prices.written}

join(tables: {figures: figures, looks: looks}, on: ["${key}"])
  |> map(fn: (r) => ({
    ${key}: r.${key},
    ${close}: written(v: r.${close}, decimals: r.decimals) + (if exists r.currency then r.currency else ""),
    ${columns.change}: r.${columns.change},
    ${high}: if exists r.${high} then written(v: r.${high}, decimals: r.decimals) else "",
    ${low}: if exists r.${low} then written(v: r.${low}, decimals: r.decimals) else "",
    ${volume}: r.${volume},
  }))
  |> sort(columns: ["${key}"])
`

/** With how many decimals, and in which unit, the prices of the chosen symbol are shown. */
export const looks = `${imports}
${days(isSymbol)}

${Prices.looksOf(isSymbol)}

${Prices.configuration}
`

/** What the last price of the chosen symbol is called: its currency stands with it. */
export const nameOfLast = `${imports}
${days(isSymbol)}

${Prices.looksOf(isSymbol)}

looks
  |> keep(columns: ["last"])
  |> rename(columns: {last: "_value"})
`
