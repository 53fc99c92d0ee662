/**
 * Alert rules, in the form in which Grafana provisions them from a file. Who is told is left to
 * Grafana's own notification policies.
 */
import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog"
import { clock, closes, opens } from "./Exchange.ts"
import * as Flux from "./Flux.ts"
import * as Links from "./Links.ts"
import { candles, key, metric, metrics, processor, topic, windowEnd } from "./Names.ts"

const { close, open } = candles.fields

/** After how many minutes without a candle the feed counts as silent. A delayed feed needs its delay on top. */
const silentMinutes = 5

/** How many records may wait. */
const lagRecords = 10_000

/** The move within five minutes that is told of, in per cent. */
const movePercent = 2

/**
 * For how many minutes nothing has been heard, counted from the opening bell on. It is 0 outside
 * regular trading, and where nothing was heard for a week: there is no feed to be silent then.
 */
export const silence = `import "array"
${clock}
minute = 60 * date.hour(t: now()) + date.minute(t: now())
weekday = date.weekDay(t: now())
trading = weekday >= 1 and weekday <= 5 and minute >= ${opens} and minute < ${closes}
bell = date.add(d: ${opens}m, to: date.truncate(t: now(), unit: 1d))

newest = from(bucket: v.defaultBucket)
  |> range(start: -7d)
  |> filter(fn: (r) => r._measurement == "${candles.measurement}" and ${Flux.isField(windowEnd)})
  |> last()
  |> group()
  |> max()
  |> findRecord(fn: (key) => true, idx: 0)
known = exists newest._value
heard = if known then time(v: newest._value * 1000000) else bell
since = if heard > bell then heard else bell

array.from(rows: [{
  _time: now(),
  _value: if trading and known then float(v: int(v: now()) - int(v: since)) / 60000000000.0 else 0.0,
}])
`

/** The newest lag of each processor that has said something in the last minute. */
export const lag = `from(bucket: v.defaultBucket)
  |> range(start: -1m)
  |> filter(fn: (r) => r._measurement == "${metrics}" and ${Flux.isField(metric("lag"))})
  |> last()
  |> keep(columns: ["_time", "_value", "${topic}", "${processor}"])
`

/**
 * By how many per cent each symbol has moved, from the open of the first of its last five candles to
 * the close of the last. A candle is there a little after its minute, so seven minutes hold five.
 */
export const move = `candles = from(bucket: v.defaultBucket)
  |> range(start: -7m)
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
const label = (name: string): string => `{{ index .Labels "${name}" }}`

const rules: ReadonlyArray<Rule> = [
  {
    uid: "courant-feed-silent",
    title: "Feed silent during market hours",
    query: silence,
    when: ["gt", silentMinutes],
    for: "1m",
    labels: { severity: "critical" },
    summary: `No candle for ${figure("humanize")} minutes`,
    description:
      "New York trades, and no symbol has had a candle. See whether `courant run` or `ingest` is alive and what " +
      "`courant doctor` says. Holidays and early closes are not known here: mute those days.",
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
  }
]

const built = (query: Builder<Dataquery>) => ({ datasourceUid: Flux.source.uid, model: query.build() })

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
      { refId: "A", relativeTimeRange: { from: 600, to: 0 }, ...built(Flux.query(query)) },
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
