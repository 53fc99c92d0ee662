/** What the dashboard Pipeline asks: the program's own figures, in the measurement `courant`. */
import { isField, points } from "./Flux.ts"
import { type Metric, metrics, processor, topic } from "./Names.ts"
import { isAmongProcessors } from "./Variables.ts"

const figures = (...fields: ReadonlyArray<Metric>): string =>
  points(metrics, `${isAmongProcessors} and (${isField(...fields)})`)

/** A figure, one column a processor: its largest value within each step. */
export const peaks = (field: Metric): string =>
  `${figures(field)}
  |> aggregateWindow(every: v.windowPeriod, fn: max, createEmpty: false, timeSrc: "_start")
  |> map(fn: (r) => ({_time: r._time, _value: r._value, who: r.${processor} + " on " + r.${topic}}))
  |> group()
  |> sort(columns: ["who"])
  |> pivot(rowKey: ["_time"], columnKey: ["who"], valueColumn: "_value")
  |> sort(columns: ["_time"])
`

/** Of all processors together, one column a figure: by how much running totals grew within each step. */
export const growth = (...fields: ReadonlyArray<Metric>): string =>
  `${figures(...fields)}
  |> difference(nonNegative: true)
  |> group(columns: ["_field"])
  |> aggregateWindow(every: v.windowPeriod, fn: sum, createEmpty: false, timeSrc: "_start")
  |> group()
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> sort(columns: ["_time"])
`

/** The same a second. */
export const rates = (...fields: ReadonlyArray<Metric>): string =>
  `${figures(...fields)}
  |> derivative(unit: 1s, nonNegative: true)
  |> aggregateWindow(every: v.windowPeriod, fn: mean, createEmpty: false, timeSrc: "_start")
  |> group(columns: ["_time", "_field"])
  |> sum()
  |> group()
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> sort(columns: ["_time"])
`

/** One column a figure: the worst of all processors within each step. */
export const worst = (...fields: ReadonlyArray<Metric>): string =>
  `${figures(...fields)}
  |> group(columns: ["_field"])
  |> aggregateWindow(every: v.windowPeriod, fn: max, createEmpty: false, timeSrc: "_start")
  |> group()
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> sort(columns: ["_time"])
`

const newestOf = (field: Metric, combine: "max" | "mean" | "sum"): string =>
  `newest(field: "${field}") |> ${combine}() |> map(fn: (r) => ({_field: "${field}", _value: r._value}))`

/** The newest figures in one row: lag added up, delays and latencies the worst. */
export const newest = `newest = (field) => ${points(metrics, `${isAmongProcessors} and r._field == field`)}
  |> last()
  |> group()

union(tables: [
  ${newestOf("lag", "sum")},
  ${newestOf("watermark_delay", "max")},
  ${newestOf("write_latency_p99", "max")},
  ${newestOf("batch_lines", "mean")},
])
  |> group()
  |> map(fn: (r) => ({r with row: 0}))
  |> pivot(rowKey: ["row"], columnKey: ["_field"], valueColumn: "_value")
  |> drop(columns: ["row"])
`

/** What was counted in the range, in one row. A restart, where counting begins anew, loses nothing. */
export const counted = (...fields: ReadonlyArray<Metric>): string =>
  `${figures(...fields)}
  |> increase()
  |> last()
  |> group(columns: ["_field"])
  |> sum()
  |> group()
  |> map(fn: (r) => ({r with row: 0}))
  |> pivot(rowKey: ["row"], columnKey: ["_field"], valueColumn: "_value")
  |> drop(columns: ["row"])
`
