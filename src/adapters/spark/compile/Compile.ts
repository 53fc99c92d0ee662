/**
 * From a pipeline to a plan of Spark. What Spark computes is what the engine in this process computes, window by window
 * and to the last digit, for events whose disorder stays within the bound; what it cannot compute is refused by name.
 *
 * Times are moved by 2,000 years, whole cycles of the calendar, because a watermark of Spark begins in 1970 and would
 * take everything before for late. Decimals are unscaled integers until they are written.
 *
 * Source: https://spark.apache.org/docs/4.0.0/streaming/apis-on-dataframes-and-datasets.html
 */
import { Effect } from "effect"
import { createHash } from "node:crypto"
import type { Op } from "../../../streams/pipeline/Aggregate.ts"
import * as Checked from "../../../streams/pipeline/Checked.ts"
import { upToWindows, windowsOf } from "../../../streams/pipeline/FirstStage.ts"
import * as AppendClock from "../../../streams/records/AppendClock.ts"
import * as Pipeline from "../../../streams/pipeline/Pipeline.ts"
import type { Portability } from "../../../streams/pipeline/Source.ts"
import type { Window } from "../../../streams/pipeline/Window.ts"
import type { Columns, Decoded } from "./Decode.ts"
import * as Key from "./Key.ts"
import type { Program, Step } from "./Program.ts"
import { shift } from "./Shift.ts"
import * as Results from "./Results.ts"
import { branchesOf, type Side, sideOf } from "./Side.ts"
import * as Sql from "./Sql.ts"
import { mostRows } from "./Table.ts"
import { mostBranches, unitedOf } from "./United.ts"
import { Unsupported } from "./Unsupported.ts"

/** What the compiler says of a pipeline that only a process can run. */
export type Portable<P> = [P] extends ["portable"] ? unknown
  : "this pipeline calls functions of JavaScript: only the engine in process can run it"

export interface Options {
  /** Milliseconds by which an event may lie ahead of the clock at its append; beyond that it cannot be used. */
  readonly maxTimeAhead?: number | undefined
}

/** Settings of the session on which the meaning of a plan hangs. */
export const settings: Readonly<Record<string, string>> = {
  "spark.sql.ansi.enabled": "true",
  "spark.sql.session.timeZone": "UTC",
  // As JSON.parse has it: the last one counts.
  "spark.sql.variant.allowDuplicateKeys": "true",
  "spark.sql.parser.escapedStringLiterals": "false",
  // Without Kafka, which is in the list unless told: what is written by the first version of Spark's interface for sources
  // is run apart from the plan, and nothing is heard of what the plan has counted.
  "spark.sql.sources.useV1SourceList": "avro,csv,json,orc,parquet,text"
}


export const compile = <P extends Portability>(
  pipeline: Pipeline.Pipeline<unknown, P> & Portable<P>,
  options: Options = {}
): Effect.Effect<Program, Unsupported> => compileAny(pipeline, options)

/** A pipeline whose type nobody knows, such as one of a file, as the portable one that it is; or what in it is not. */
export const portable = (pipeline: Pipeline.Any): Effect.Effect<Pipeline.Pipeline<unknown, "portable">, Unsupported> => {
  if (!Pipeline.isOfPanes(pipeline)) return refuse(pipeline, "a pipeline that ends in events", "only the panes of windows come back from there; run it in process")
  const custom = pipeline.checked.nodes.flatMap((node) => node._tag === "window" ? node.aggregates : []).find(({ op }) => op === "custom")
  if (pipeline.checked.nodes.some(({ _tag }) => _tag === "filter")) return refuse(pipeline, "Events.filter", functions)
  if (custom !== undefined) return refuse(pipeline, `the result "${custom.name}" (Aggregate.custom)`, functions)
  // Nothing in it is a function: that is all that its type would say.
  return Effect.succeed(pipeline as Pipeline.Pipeline<unknown, "portable">)
}

const functions = "functions of JavaScript run in this process only; say it with Expr"

const refuse = ({ name }: Pipeline.Any, what: string, why: string) =>
  Effect.fail(new Unsupported({ pipeline: name, what, why }))

/** Of a pipeline whose type nobody knows, such as one of a file: functions in it are refused like the rest. */
export const compileAny = Effect.fn("Spark.compile")(function*(
  anyPipeline: Pipeline.Any,
  options: Options = {}
): Effect.fn.Return<Program, Unsupported> {
  const pipeline = yield* portable(anyPipeline)
  yield* Effect.forEach(unsupportedIn(pipeline), ([what, why]) => refuse(pipeline, what, why))
  const steps = yield* Effect.try({
    try: () => stepsOf(pipeline, options),
    catch: (cause) => {
      if (!(cause instanceof TypeError)) throw cause
      return new Unsupported({ pipeline: pipeline.name, what: "its schema and results", why: cause.message })
    }
  })
  const fingerprint = createHash("sha256").update(JSON.stringify(steps)).digest("hex")
  return { pipeline: pipeline.name, source: Checked.inputOf(pipeline.checked).events.definition.name, fingerprint, steps }
})

const unsupportedIn = (pipeline: Pipeline.AnyOfPanes): ReadonlyArray<readonly [string, string]> => {
  if (windowsOf(pipeline.checked) === null) {
    return [["rows that go into several windows, or past them", "Spark computes the first windows of a pipeline, into which all rows have to go; run it in process"]]
  }
  // What follows on these windows runs where their panes are carried.
  const { checked } = upToWindows(pipeline)
  const { allowedLateness, trigger, window } = Checked.windowOf(checked)
  const isFilledLate = allowedLateness > 0 && pipeline.checked.nodes.some(({ _tag }) => _tag === "fill")
  return [
    ...(isFilledLate
      ? [["Panes.fill behind an allowed lateness", "a window comes when it is final, and by then those behind it would be filled already; leave the lateness out, or run it in process"] as const]
      : []),
    ...checked.nodes.flatMap((node) => node._tag === "source" ? unsupportedRows(node) : []),
    ...checked.nodes.flatMap(unsupportedNode),
    ...(window.kind === "calendar" ? [["calendar windows", "days of a time zone have no fixed length, and Spark's windows have one"] as const] : []),
    ...(window.kind === "trading" ? [["Window.trading", "sessions of an exchange have no fixed length, and Spark's windows have one; run it in process"] as const] : []),
    ...(window.kind === "count" ? [["Window.count", "Spark has no windows of so many rows of a stream; run it in process"] as const] : []),
    ...(window.kind === "cumulative" ? [["cumulative windows", "Spark's windows of one length start apart"] as const] : []),
    ...Checked.windowOf(checked).aggregates.flatMap(unsupportedResult),
    ...(trigger.on === "update"
      ? [["early panes (Pipeline.emitOnUpdate)", "Spark emits a window once, when it closes"] as const]
      : [])
  ]
}

/** What comes before the windows, and is not done to rows one by one. */
const unsupportedNode = (node: Checked.Node): ReadonlyArray<readonly [string, string]> => {
  switch (node._tag) {
    case "distinct":
      return [["Events.distinct", "Spark keeps the row of an id that comes first, and promises no time after which it forgets it; run it in process"]]
    case "lookup":
      return node.table.rows.length <= mostRows ? []
        : [["Events.lookup", `the table "${node.table.name}" has ${node.table.rows.length} rows, and more than ${mostRows} are no part of a plan; run it in process`]]
    case "union":
      return branchesOf(node).length <= mostBranches ? []
        : [["Events.union", `it unites more than ${mostBranches} branches, whose rows have no order there; run it in process`]]
    case "as-of":
      return [["Join.asOf", "Spark's streams have no join with the newest row at a time; run it in process"]]
    case "interval":
      return [["Join.interval", "Spark has a watermark for the time of pairs only as far as there are pairs, and windows would stay open while there are none; run it in process"]]
    default:
      return []
  }
}

const moments: ReadonlyArray<Op> = ["variance", "standardDeviation", "covariance", "correlation"]

const unsupportedResult = ({ by, field, name, op }: Checked.Aggregate): ReadonlyArray<readonly [string, string]> => {
  const what = `the result "${name}" (Aggregate.${op})`
  if (op === "quantile") return [[what, "what Spark's own sketches give depends on the order of the rows"]]
  if (!moments.includes(op) || [field, by].every((each) => each?.column.kind !== "double")) return []
  return [[what, "Spark rounds sums of doubles as it goes, and where values are close to each other nothing would be left; make the field a decimal"]]
}

const unsupportedRows = ({ definition: { columns, eventTime } }: Checked.Source): ReadonlyArray<readonly [string, string]> => [
  ...columns.filter(({ path }) => path.length > 1).map(({ name }) =>
    [`the field "${name}" (a struct in the schema)`, "only the members of the record itself become columns there"] as const),
  ...(eventTime.unit === "iso8601"
    ? [[`the event time "${eventTime.field}" (iso8601)`, "Spark takes other strings for times than courant does"] as const]
    : [])
]

const stepsOf = (pipeline: Pipeline.AnyOfPanes, { maxTimeAhead }: Options): ReadonlyArray<Step> => {
  const windows = upToWindows(pipeline)
  const { aggregates, allowedLateness, cancels, input, preAggregated, window } = Checked.windowOf(windows.checked)
  const sides = branchesOf(input).map((branch) => sideOf(branch, "e", cancels?.rows))
  const [events, ...others] = sides
  if (events === undefined) throw new TypeError("there is nothing that it reads")
  const other = preAggregated === null ? null : sideOf(branchesOf(preAggregated)[0]!, "p", cancels?.preAggregated)
  const by = { allowedLateness, maxTimeAhead }
  const united = others.length === 0 ? null : unitedOf(Checked.definitionOf(input), sides)
  const results = Results.of(aggregates, { event: united?.scope ?? events.scope, preAggregated: other?.scope ?? null })
  return [
    ...rowsOf(events, { ...by, other, branch: 0, isCounted: true, place: united?.placeOf(events, 0) ?? place }),
    ...united === null ? [] : [united.selectOf(events)],
    ...others.map((side, index): Step => {
      const branch = index + 1
      const isCounted = sides.slice(0, branch).every(({ source }) => source.name !== side.source.name)
      const steps = rowsOf(side, { ...by, other: null, branch, isCounted, place: united!.placeOf(side, branch) })
      return { _tag: "union", source: side.source.name, steps: [...steps, united!.selectOf(side)] }
    }),
    { _tag: "aggregate", by: { key: "key", span: spanOf(window) }, aggregates: results.aggregates },
    ...writing(windows.name, results)
  ]
}

interface Reading {
  /** Pre-aggregated records beside the events. */
  readonly other: Side | null
  readonly branch: number
  /** Whether what is read of this source is not counted elsewhere. */
  readonly isCounted: boolean
  readonly place: string
  readonly allowedLateness: number
  readonly maxTimeAhead: number | undefined
}

/** The rows of a source that come to the windows. */
const rowsOf = (events: Side, { allowedLateness, branch, isCounted, maxTimeAhead, other, place }: Reading): ReadonlyArray<Step> => {
  const either = (of: (side: Side) => string) => other === null ? of(events) : `IF(pre_aggregated, ${of(other)}, ${of(events)})`
  const sides = [events, ...other === null ? [] : [other]]
  const isRefused = sides.some(({ refused }) => refused !== null)
  const counts: Columns = isRefused
    ? { read: "count(1)", deadLettered: "count_if(NOT valid OR refused)", filtered: "count_if(valid AND NOT refused AND NOT keep)" }
    : { read: "count(1)", deadLettered: "count_if(NOT valid)", filtered: "count_if(valid AND NOT keep)" }
  return [
    ...kinds(other !== null),
    ...decoding(events.decoded, other?.decoded ?? null),
    ...sides.flatMap(({ computed }) => computed).map(add),
    add({
      key: either(({ key }) => key),
      time: either(({ decoded, source }) => Key.timeOf(source, decoded.nameOf)),
      appended
    }),
    {
      _tag: "select",
      columns: {
        ...same(["key", "time", "partition", "offset", ...other === null ? [] : ["pre_aggregated"]]),
        ...same(sides.flatMap(fieldsOf)),
        valid: Sql.and([
          either(({ decoded, source }) => Sql.and([decoded.isValid, ...Key.present(source, decoded.nameOf)])),
          either(({ json }) => `coalesce(try_variant_get(${json}, '$[1]', 'string') = '${end}', false)`),
          ...isInTime(maxTimeAhead)
        ]),
        ...(isRefused ? { refused: either(({ refused }) => refused ?? "false") } : {}),
        keep: either(({ keep }) => keep)
      }
    },
    ...isCounted ? [{ _tag: "observe", ...branch === 0 ? {} : { branch }, counts } as const] : [],
    { _tag: "filter", condition: "valid" },
    add({ moment: `timestamp_millis(time + ${shift})`, place }),
    { _tag: "watermark", eventTime: "moment", delay: events.source.outOfOrderness + allowedLateness },
    // Rows that are left out move the watermark all the same. Were the time not in the condition, Spark would take it first.
    { _tag: "filter", condition: "IF(moment < timestamp_millis(0), false, keep)" }
  ]
}

const same = (names: ReadonlyArray<string>): Columns => Object.fromEntries(names.map((name) => [name, name]))

const fieldsOf = ({ scope: { definition, nameOf } }: Side): ReadonlyArray<string> => definition.columns.map(({ name }) => nameOf(name))

const add = (columns: Columns): Step => ({ _tag: "columns", columns })

const headerOf = (name: string): string =>
  `CAST(try_element_at(filter(headers, header -> header.key = '${name}'), -1).value AS STRING)`

/** Which records are events, and which pre-aggregated records. */
const kinds = (takesPreAggregated: boolean): ReadonlyArray<Step> => [
  add({ kind: `coalesce(${headerOf("courant-kind")}, 'event')` }),
  ...(takesPreAggregated ? [add({ pre_aggregated: "kind = 'partial'" })] : [])
]

/** Spark reads one value and does not look at what follows: the record is the first of two, and has to have the second behind it. */
const end = "courant"

const decoding = (events: Decoded, preAggregated: Decoded | null): ReadonlyArray<Step> => {
  const json = `try_parse_json(concat('[', try_validate_utf8(CAST(value AS STRING)), ', "${end}"]'))`
  // Where no pipeline takes pre-aggregated records they cannot be used: they are no events.
  // And the beginning of a record that was too long for its feed may look like a whole one.
  const first = {
    e_json: `IF(kind IN ('partial', 'truncated'), NULL, ${json})`,
    ...(preAggregated === null ? {} : { p_json: `IF(pre_aggregated, ${json}, NULL)` })
  }
  return [add(first), ...events.steps.map((columns, step) => add({ ...columns, ...preAggregated?.steps[step] }))]
}

const now = "unix_millis(current_timestamp())"

/** A clock that somebody has noted, where it may be one. */
const believable = (clock: string): string => `IF(${clock} BETWEEN 0 AND ${now} + 86400000, ${clock}, NULL)`

/** The clock at the append, see `LogRecords`. */
const appended =
  `coalesce(${believable(`try_cast(${headerOf("courant-ingested")} AS BIGINT)`)}, ${believable("unix_millis(timestamp)")}, ${now})`

const isNear = (time: string): string => `abs(${time} - appended) <= ${AppendClock.near}`

/**
 * Within what the plan's own times can say, in milliseconds, and not ahead of the clock. Spark does not know what came
 * before, so that times which are near the clock in seconds are no history here.
 */
const isInTime = (maxTimeAhead: number | undefined): ReadonlyArray<string> => {
  const isOther = Sql.and([`appended >= ${AppendClock.firstClock}`, Sql.or([isNear("time * 1000D"), isNear("time / 1000D")])])
  const isBehind = maxTimeAhead === undefined || !Number.isFinite(maxTimeAhead)
    ? []
    : [`coalesce(time <= appended + ${maxTimeAhead}, true)`]
  return [`time >= ${-shift}`, `coalesce(NOT ${isOther}, true)`, ...isBehind]
}

/**
 * By which rows are first and last: event time, partition, offset, as one decimal. A struct of the three would do the same
 * and have Spark sort where it can hash.
 */
const place = [
  `CAST(time + ${shift} AS DECIMAL(16, 0)) * 10000000000000000000BD`,
  "CAST(partition AS DECIMAL(19, 0)) * 1000000000000000BD",
  "CAST(offset AS DECIMAL(19, 0))"
].join(" + ")

const spanOf = (window: Window): string => {
  switch (window.kind) {
    case "session":
      return `session_window(moment, ${Sql.milliseconds(window.gap)})`
    case "tumbling":
      return fixed(window.size, window.size, window.offset)
    case "hopping":
      return fixed(window.size, window.advance, window.offset)
    default:
      throw new TypeError(`${window.kind} windows have no span in Spark`)
  }
}

/** The offset is what the windows start by behind multiples of their advance, and those move with the times. */
const fixed = (size: number, advance: number, offset: number): string => {
  const start = (((offset + shift) % advance) + advance) % advance
  return `window(moment, ${[size, advance, start].map(Sql.milliseconds).join(", ")})`
}

const header = (name: string, value: string): string => `named_struct('key', '${name}', 'value', CAST(${value} AS BINARY))`

const writing = (pipeline: string, { changes, steps, values }: Results.Results): ReadonlyArray<Step> => {
  const pairs = values.flatMap(([result], index) => [Sql.text(result), `v${index}`])
  const pane = [
    `'pipeline', ${Sql.text(pipeline)}`,
    `'key', key, 'start', start, 'end', end, 'pane', 'on-time', 'revision', 0, 'changes', ${changes}`,
    `'values', named_struct(${pairs.join(", ")})`
  ]
  const escaped = `regexp_replace(key, ${Sql.text("([|\\\\])")}, ${Sql.text("\\\\$1")})`
  return [
    ...steps.map(add),
    add(Object.fromEntries(values.map(([, sql], index) => [`v${index}`, sql]))),
    add({ start: `unix_millis(span.start) - ${shift}`, end: `unix_millis(span.end) - ${shift}` }),
    {
      _tag: "select",
      columns: {
        key: `concat_ws('|', ${Sql.text(pipeline)}, ${escaped}, CAST(start AS STRING), CAST(end AS STRING))`,
        value: `to_json(named_struct(${pane.join(", ")}), map('ignoreNullFields', 'false'))`,
        headers: `array(${header("courant-revision", "'0'")}, ${header("courant-changes", `CAST(${changes} AS STRING)`)})`
      }
    }
  ]
}
