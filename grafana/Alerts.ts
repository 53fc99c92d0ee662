/**
 * Alert rules, in the form in which Grafana provisions them from a file. Who is told is left to
 * Grafana's own notification policies.
 */
import * as Calendars from "./Calendars.ts"
import * as Flux from "./Flux.ts"
import * as Links from "./Links.ts"
import { candles, indicators, key, metric, metrics, processor, sessions, topic, windowEnd } from "./Names.ts"

const { close, open } = candles.fields

/** After how many minutes without a candle the feed counts as silent. A delayed feed needs its delay on top. */
const silentMinutes = 5

/** How many records may wait. */
const lagRecords = 10_000

/** The move within five minutes that is told of, in per cent. */
const movePercent = 2

/** Between these nothing is said of the RSI. */
const rsiFrom = 30
const rsiTo = 70

/** How far back the newest candles are looked for. One is there a little after its minute, so these hold five. */
const recently = "-7m"

/** The averages that a price may cross, by the fields that they are in. */
const averages = { [indicators.fields.sma20]: "SMA 20", [indicators.fields.ema20]: "EMA 20" }

const { calendar } = sessions.tags

/**
 * For how many minutes nothing has been heard of the symbols of each calendar, counted from the beginning of its stretch of
 * regular trading on; where that follows on another one, as each day of a market that never closes, from that one's. It is 0
 * while there is no trading: on holidays, behind the close of a half day, over a lunch break. Where nothing was heard for two
 * weeks there is no feed to be silent; no market is closed for as long.
 */
export const silence = `import "dict"

${Calendars.calendarOf}

exchanges = ${Calendars.listed}
  |> map(fn: (r) => ({${key}: r.${key}, _field: "exchange", _value: r._value}))

heard = from(bucket: v.defaultBucket)
  |> range(start: -14d)
  |> filter(fn: (r) => r._measurement == "${candles.measurement}" and ${Flux.isField(windowEnd)})
  |> last()
  |> group(columns: ["${key}"])
  |> max()
  |> map(fn: (r) => ({${key}: r.${key}, _field: "heard", _value: string(v: r._value)}))

newest = union(tables: [exchanges, heard])
  |> group()
  |> pivot(rowKey: ["${key}"], columnKey: ["_field"], valueColumn: "_value")
  |> filter(fn: (r) => exists r.heard)
  |> map(fn: (r) => ({
    ${calendar}: calendarOf(exchange: if exists r.exchange then r.exchange else ""),
    _value: int(v: r.heard),
  }))
  |> group(columns: ["${calendar}"])
  |> max()
  |> map(fn: (r) => ({${calendar}: r.${calendar}, _field: "heard", _value: r._value}))

begun = ${Calendars.begun}
start = (tables=<-, field) => tables
  |> map(fn: (r) => ({${calendar}: r.${calendar}, _field: field, _value: int(v: r._time) / 1000000}))
end = (tables=<-, field) => tables
  |> map(fn: (r) => ({${calendar}: r.${calendar}, _field: field, _value: r._value}))

union(tables: [
  newest,
  begun |> first() |> start(field: "start_before"),
  begun |> first() |> end(field: "end_before"),
  begun |> last() |> start(field: "start"),
  begun |> last() |> end(field: "end"),
])
  |> group()
  |> pivot(rowKey: ["${calendar}"], columnKey: ["_field"], valueColumn: "_value")
  |> filter(fn: (r) => exists r.heard)
  |> map(fn: (r) => {
    time = int(v: now()) / 1000000
    bell = if r.end_before == r.start then r.start_before else r.start
    since = if r.heard > bell then r.heard else bell

    return {
      _time: now(),
      ${calendar}: r.${calendar},
      _value: if exists r.end and time < r.end then float(v: time - since) / 60000.0 else 0.0,
    }
  })
  |> group(columns: ["${calendar}"])
`

/** The newest lag of each processor that has said something in the last minute. */
export const lag = `from(bucket: v.defaultBucket)
  |> range(start: -1m)
  |> filter(fn: (r) => r._measurement == "${metrics}" and ${Flux.isField(metric("lag"))})
  |> last()
  |> keep(columns: ["_time", "_value", "${topic}", "${processor}"])
`

/** By how many per cent each symbol has moved, from the open of the first of its last five candles to the close of the last. */
export const move = `candles = from(bucket: v.defaultBucket)
  |> range(start: ${recently})
  |> filter(fn: (r) => r._measurement == "${candles.measurement}")
newest = (field) => candles
  |> filter(fn: (r) => r._field == field)
  |> tail(n: 5)

union(tables: [newest(field: "${open}") |> first(), newest(field: "${close}") |> last()])
  |> group(columns: ["${key}"])
  |> pivot(rowKey: ["${key}"], columnKey: ["_field"], valueColumn: "_value")
  |> map(fn: (r) => ({_time: now(), ${key}: r.${key}, _value: 100.0 * (r.${close} - r.${open}) / r.${open}}))
  |> group(columns: ["${key}"])
`

/** The newest minutes of each symbol with some of their figures, one row a minute. */
const minutes = (...fields: ReadonlyArray<string>): string => `from(bucket: v.defaultBucket)
  |> range(start: ${recently})
  |> filter(fn: (r) => r._measurement == "${indicators.measurement}" and (${Flux.isField(...fields)}))
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> group(columns: ["${key}"])
  |> sort(columns: ["_time"])`

const crossed = (field: string, name: string): string => `minutes
  |> filter(fn: (r) => exists r.${close} and exists r.${field})
  |> filter(fn: (r) => r.${close} != r.${field})
  |> map(fn: (r) => ({_time: r._time, ${key}: r.${key}, average: "${name}", _value: if r.${close} > r.${field} then 0.5 else -0.5}))
  |> difference()
  |> tail(n: 1)`

/**
 * Whether the newest close of each symbol is on the other side of an average than the one before it: 1 above it now, -1 below, and
 * 0 on the same side. Closes on the average itself are passed over.
 */
export const cross = `minutes = ${minutes(indicators.fields.close, ...Object.keys(averages))}

union(tables: [
${Object.entries(averages).map(([field, name]) => crossed(field, name)).join(",\n")},
])
  |> group(columns: ["${key}", "average"])
`

/** The newest RSI of each symbol. */
export const rsi = `${minutes(indicators.fields.rsi14)}
  |> filter(fn: (r) => exists r.${indicators.fields.rsi14})
  |> tail(n: 1)
  |> map(fn: (r) => ({_time: r._time, ${key}: r.${key}, _value: r.${indicators.fields.rsi14}}))
`

interface Rule {
  readonly uid: string
  readonly title: string
  readonly query: string
  /** Grafana's evaluators, e.g. `gt` or `outside_range`, and what they compare with. */
  readonly when: readonly [type: "gt" | "outside_range", ...limits: ReadonlyArray<number>]
  /** How long it has to hold. */
  readonly for: string
  readonly labels: Readonly<Record<string, string>>
  readonly summary: string
  readonly description: string
  /** What to look at. */
  readonly dashboard: string
  readonly panel: number
}

/**
 * Grafana's templates, in the form that fails on no missing value: where a query gives nothing there is none. Without
 * `$labels` and `$values`: a `$` in these files is an environment variable to some versions.
 */
const figure = (format: string): string => `{{ with index .Values "B" }}{{ ${format} .Value }}{{ end }}`
const above = '{{ with index .Values "B" }}{{ if gt .Value 0.0 }}above{{ else }}below{{ end }}{{ end }}'
const label = (name: string): string => `{{ index .Labels "${name}" }}`

const rules: ReadonlyArray<Rule> = [
  {
    uid: "courant-feed-silent",
    title: "Feed silent during market hours",
    query: silence,
    when: ["gt", silentMinutes],
    for: "1m",
    labels: { severity: "critical" },
    summary: `No candle of ${label(calendar)} for ${figure("humanize")} minutes`,
    description:
      "The market trades, by its calendar, and none of its symbols has had a candle. See whether `courant run` or `ingest` is " +
      "alive and what `courant doctor` says.",
    dashboard: Links.market.uid,
    panel: 2
  },
  {
    uid: "courant-lag",
    title: "Processing lags behind",
    query: lag,
    when: ["gt", lagRecords],
    for: "2m",
    labels: { severity: "warning" },
    summary: `${label(processor)} is ${figure("humanize")} records behind on ${label(topic)}`,
    description: "Records arrive faster than they are processed, or InfluxDB takes them too slowly: see write latency.",
    dashboard: Links.pipeline.uid,
    panel: 3
  },
  {
    uid: "courant-price-move",
    title: `Price moved by more than ${movePercent} per cent in 5 minutes`,
    query: move,
    when: ["outside_range", -movePercent, movePercent],
    for: "0s",
    labels: { severity: "info" },
    summary: `${label(key)} moved by ${figure('printf "%.2f"')} % in 5 minutes`,
    description: "From the open of the first of the last five one-minute candles to the close of the last.",
    dashboard: Links.market.uid,
    panel: 2
  },
  {
    uid: "courant-average-crossed",
    title: "Price crosses its average",
    query: cross,
    when: ["outside_range", -0.5, 0.5],
    for: "0s",
    labels: { severity: "info" },
    summary: `${label(key)} is ${above} its ${label("average")}`,
    description: "The close of the newest minute is on the other side of the average than the one before it.",
    dashboard: Links.market.uid,
    panel: 2
  },
  {
    uid: "courant-rsi",
    title: `RSI above ${rsiTo} or below ${rsiFrom}`,
    query: rsi,
    when: ["outside_range", rsiFrom, rsiTo],
    for: "0s",
    labels: { severity: "info" },
    summary: `The RSI of ${label(key)} is ${figure('printf "%.1f"')}`,
    description: "Over the closes of 14 minutes.",
    dashboard: Links.market.uid,
    panel: 2
  }
]

const { uid } = Flux.provisioned

const built = (query: string) => ({ datasourceUid: uid, model: Flux.query(query, "A", { type: "influxdb", uid }).build() })

const expression = (refId: string, model: object) => ({
  refId,
  datasourceUid: "__expr__",
  relativeTimeRange: { from: 0, to: 0 },
  model: { refId, datasource: { type: "__expr__", uid: "__expr__" }, ...model }
})

const ruleOf = ({ dashboard, description, for: duration, labels, panel, query, summary, title, uid, when }: Rule) => {
  const [type, ...params] = when
  return {
    uid,
    title,
    condition: "C",
    data: [
      { refId: "A", relativeTimeRange: { from: 600, to: 0 }, ...built(query) },
      expression("B", { type: "reduce", expression: "A", reducer: "last" }),
      expression("C", { type: "threshold", expression: "B", conditions: [{ evaluator: { type, params } }] })
    ],
    for: duration,
    // A processor that is not there does not lag, and a symbol without trades does not move.
    noDataState: "OK",
    execErrState: "Error",
    labels,
    dashboardUid: dashboard,
    panelId: panel,
    annotations: { summary, description }
  }
}

/** A folder of their own: Grafana makes it before those of the dashboards. */
export const provisioned = {
  apiVersion: 1,
  groups: [{ orgId: 1, name: "courant", folder: "courant alerts", interval: "30s", rules: rules.map(ruleOf) }]
}
