/** Panes as queries find them in a bucket. Source: https://docs.influxdata.com/flux/v0/stdlib/influxdata/influxdb/from/ */
import { Effect, Option } from "effect"
import type * as Pane from "../../streams/pipeline/Pane.ts"
import type { Connection } from "./Connection.ts"
import { literal } from "./Flux.ts"
import type { InfluxdbError } from "./InfluxdbError.ts"
import * as Names from "./Names.ts"
import * as Point from "./Point.ts"
import type { Row } from "./Requests.ts"

const { fields: { changes, exact, pane, revision }, tags } = Names

/** Which windows are asked for; those whose start is in `[from, to)`, in milliseconds since the epoch. */
export interface Selection {
  readonly pipeline?: string | undefined
  /** Any of these keys; all unless told. */
  readonly keys?: ReadonlyArray<string> | undefined
  readonly from?: number | undefined
  readonly to?: number | undefined
}

type Found<A> = Effect.Effect<A, InfluxdbError>

/** The newest pane of each window, retracted ones too, in no order. */
export const panes = (connection: Connection["Service"], selection: Selection): Found<ReadonlyArray<Pane.Encoded>> =>
  isNothing(selection) ? Effect.succeed([]) : connection.query(
    `${source(connection, selection, [revision, changes, pane, exact])} ` +
      `|> keep(columns: ["_measurement", "${tags.key}", "${tags.window}", "_time", "_field", "_value"])`,
    toPart
  ).pipe(Effect.map(assemble))

/** The start of the newest window that is stored, retracted or not; `null` where there is none. */
export const newestStart = (connection: Connection["Service"], pipeline: string): Found<number | null> =>
  connection.query(
    `${source(connection, { pipeline }, [pane])} |> last() |> keep(columns: ["_time"]) |> group() ` +
      "|> sort(columns: [\"_time\"], desc: true) |> limit(n: 1)",
    timeOf
  ).pipe(Effect.map(([newest = null]) => newest))

/** The start from which on there are at least so many windows that are not retracted; `null` where there are fewer. */
export const startOfNewest = (
  connection: Connection["Service"],
  selection: Selection,
  count: number
): Found<number | null> =>
  isNothing(selection) ? Effect.succeed(null) : connection.query(
    `${source(connection, selection, [pane])} |> filter(fn: (r) => r._value != "retracted") |> tail(n: ${count}) ` +
      `|> keep(columns: ["_time"]) |> group() |> sort(columns: ["_time"], desc: true) |> limit(n: ${count})`,
    timeOf
  ).pipe(Effect.map((times) => times.length < count ? null : times[count - 1] ?? null))

/** Deletes every point of a pipeline. */
export const deleteAll = (connection: Connection["Service"], pipeline: string): Found<void> =>
  connection.delete(`_measurement=${quoted(Names.measurementName(pipeline))}`, firstTime, lastTime)

/** Deletes the point of one window. */
export const deleteOne = (
  connection: Connection["Service"],
  { end, key, pipeline, start }: Pick<Pane.Pane, "end" | "key" | "pipeline" | "start">
): Found<void> => {
  const time = timeAt(start)
  // Names of tags are quoted too: one of them, key, is a word of the language.
  const predicate = `_measurement=${quoted(Names.measurementName(pipeline))} and "${tags.key}"=${quoted(Names.encode(key))} ` +
    `and "${tags.window}"=${quoted(Point.windowOf(end - start))}`
  return connection.delete(predicate, time, time)
}

/** For predicates of deletions; names have no backslashes left in them. */
const quoted = (name: string): string => `"${name.replaceAll("\"", "\\\"")}"`

/** The first and last times of InfluxDB (https://docs.influxdata.com/influxdb/v2/reference/glossary/#unix-timestamp). */
const firstTime = "1677-09-21T00:12:43.145224194Z"
const lastTime = "2262-04-11T23:47:16.854775806Z"
const first = Math.ceil(Date.parse("1677-09-21T00:12:43.146Z"))
const last = Date.parse("2262-04-11T23:47:16.854Z")

const timeAt = (milliseconds: number): string => new Date(milliseconds).toISOString()

/** Queries refuse an empty range. */
const isNothing = ({ from = -Infinity, keys, to = Infinity }: Selection): boolean =>
  from >= to || from > last || to <= first || keys?.length === 0

const source = (
  { bucket }: Connection["Service"],
  { from = -Infinity, keys, pipeline, to = Infinity }: Selection,
  fields: ReadonlyArray<string>
): string => {
  const range = `start: ${from <= first ? firstTime : timeAt(from)}, stop: ${to > last ? lastTime : timeAt(to)}`
  const conditions = [
    ...(pipeline === undefined ? [] : [`r._measurement == ${literal(Names.measurementName(pipeline))}`]),
    anyOf("_field", fields),
    ...(keys === undefined ? [`exists r.${tags.key}`] : [anyOf(tags.key, keys.map(Names.encode))])
  ]
  return `from(bucket: ${literal(bucket)}) |> range(${range}) |> filter(fn: (r) => ${conditions.join(" and ")})`
}

const anyOf = (column: string, values: ReadonlyArray<string>): string =>
  `(${values.map((value) => `r.${column} == ${literal(value)}`).join(" or ")})`

const timeOf = (row: Row): number => Date.parse(row("_time"))

/** One field of a point: each field comes in a table of its own. */
interface Part {
  readonly measurement: string
  readonly key: string
  readonly window: string
  readonly start: number
  readonly field: string
  readonly value: string
}

const toPart = (row: Row): Part => ({
  measurement: row("_measurement"),
  key: row(tags.key),
  window: row(tags.window),
  start: timeOf(row),
  field: row("_field"),
  value: row("_value")
})

const assemble = (parts: ReadonlyArray<Part>): ReadonlyArray<Pane.Encoded> => {
  const rows = new Map<string, { -readonly [K in keyof Point.Row]: Point.Row[K] }>()
  for (const { field, key, measurement, start, value, window } of parts) {
    const point = `${start} ${window} ${measurement.length} ${measurement}${key}`
    let row = rows.get(point)
    if (row === undefined) {
      // A version before the field for changes wrote none.
      rows.set(point, row = { measurement, key, window, start, revision: -1, changes: 0, pane: "", exact: "" })
    }
    if (field === revision) row.revision = Number(value)
    else if (field === changes) row.changes = Number(value)
    else if (field === pane) row.pane = value
    else row.exact = value
  }
  return [...rows.values()].flatMap((row) => Option.toArray(Point.toPane(row)))
}
