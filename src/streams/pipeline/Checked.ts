/**
 * A pipeline that has been checked: all that engines, the batch fold, the compiler for Spark, decoders and the command
 * line read. Whatever stands in it is valid: fields exist and are of the kind that is needed, bounds are sensible.
 */
import type { CustomSpec, Op, Settings } from "./Aggregate.ts"
import type { Column, Table } from "./Column.ts"
import * as Expr from "./Expression.ts"
import type * as Indicator from "./Indicator.ts"
import type { JoinType, Order, Trigger } from "./Plan.ts"
import type { Value } from "./Pane.ts"
import type { Definition, Portability } from "./Source.ts"
import type * as Lookups from "./Table.ts"
import type * as Window from "./Window.ts"

/** What it puts out is what its end does: panes where that gives results, rows where it gives events. */
export interface Checked<out End extends Node = Node> {
  readonly name: string
  /** Every node, each behind those that it reads from; the last one is the end. */
  readonly nodes: ReadonlyArray<Node>
  readonly end: End
  readonly portability: Portability
  /** A digest of everything that decides what is computed. */
  readonly fingerprint: string
}

export type Node = Events | Results
export type Events = Source | ToEvents | Where | Filter | DeriveFields | Select | Lookup | KeyBy | InOrder | InSession | Distinct | AsOf | Interval | Union
export type Results = WindowNode | Derive | Compute | WherePanes | Top | Fill

interface Identified {
  /** Unlike every other node's of the pipeline, and the same however the results of a node are ordered. */
  readonly id: string
  /** A digest of what the node computes, with all that it reads from. */
  readonly fingerprint: string
}

export interface Source extends Identified {
  readonly _tag: "source"
  readonly definition: Definition
  /** What the records of the source are in the log. */
  readonly kind: "event" | "pre-aggregated"
}

/** Final results as rows: of each its key, its bounds, and its values. They are no records of the log. */
export interface ToEvents extends Identified {
  readonly _tag: "to-events"
  readonly input: Results
  /** What it puts out. */
  readonly definition: Definition
  /** Milliseconds of event time by which its watermark is behind that of its input: no result changes after so long. */
  readonly delay: number
  readonly state: StateBound
}

export interface Where extends Identified {
  readonly _tag: "where"
  readonly input: Events
  readonly condition: Expr.Node
}

export interface Filter extends Identified {
  readonly _tag: "filter"
  readonly input: Events
  readonly test: (row: never) => boolean
}

export interface DeriveFields extends Identified {
  readonly _tag: "derive-fields"
  readonly input: Events
  readonly values: ReadonlyArray<{ readonly name: string; readonly expression: Expr.Node }>
  /** What it is given, and what it puts out: the same with more columns. */
  readonly given: Definition
  readonly definition: Definition
}

/** Some of the fields of a row, under their own names or others: those of its key and its event time are among them. */
export interface Select extends Identified {
  readonly _tag: "select"
  readonly input: Events
  readonly definition: Definition
  /** In the order of the fields that it puts out. */
  readonly fields: ReadonlyArray<{ readonly name: string; readonly field: Field }>
}

/** Each row with fields of the row that a table has for its values; they are absent where it has none. */
export interface Lookup extends Identified {
  readonly _tag: "lookup"
  readonly input: Events
  readonly table: Lookups.Definition
  /** What it puts out: the fields of its rows, and behind them those that are selected, in their order. */
  readonly definition: Definition
  /** Fields of the row, in the order of the table's key. */
  readonly by: ReadonlyArray<Field>
  /** Fields of the table. */
  readonly select: ReadonlyArray<{ readonly name: string; readonly field: Field }>
}

export interface KeyBy extends Identified {
  readonly _tag: "key-by"
  readonly input: Events
  /** What it puts out: the same with another key. */
  readonly definition: Definition
}

/** The rows in the sessions of their calendars, for windows of these. */
export interface InSession extends Identified {
  readonly _tag: "in-session"
  readonly input: Events
  readonly window: Window.Trading
  /** Rows that come through whatever their time: those that only take others back. */
  readonly through: ReadonlyArray<Expr.Node>
  /** What windows remember of the others by which they may be named; `null` where none can be taken back. */
  readonly named: Field | null
}

/** The same rows in the order of event time and place, for windows that count them. */
export interface InOrder extends Identified {
  readonly _tag: "in-order"
  readonly input: Events
  /** What it is given, and puts out. */
  readonly definition: Definition
  readonly state: StateBound
}

/** One row of each id of a key within a time. */
export interface Distinct extends Identified {
  readonly _tag: "distinct"
  readonly input: Events
  /** What it is given, and puts out. */
  readonly definition: Definition
  readonly by: ReadonlyArray<Field>
  /** Milliseconds between a row that was kept and the last one that is a duplicate of it. */
  readonly within: number
  readonly state: StateBound
}

/** Each row with fields of the newest row of the other side that its key has at its time. */
export interface AsOf extends Identified {
  readonly _tag: "as-of"
  readonly input: Events
  readonly other: Events
  /** What it puts out: the fields of its rows, and behind them those that are selected, in their order. */
  readonly definition: Definition
  /** Fields of the other side. */
  readonly select: ReadonlyArray<{ readonly name: string; readonly field: Field }>
  /** Milliseconds that the other row may be older. */
  readonly within: number
  readonly state: StateBound
}

/** The pairs of rows of two sides that have the same key, and whose times lie within an interval. */
export interface Interval extends Identified {
  readonly _tag: "interval"
  readonly input: Events
  readonly other: Events
  /** What it puts out: the fields of its rows, and behind them those that are selected, in their order. */
  readonly definition: Definition
  /** Fields of the other side. */
  readonly select: ReadonlyArray<{ readonly name: string; readonly field: Field }>
  /** Milliseconds that the other row may be older, and newer. */
  readonly before: number
  readonly after: number
  /** The name of a field of its rows: the other row has to be before the time in it. */
  readonly until: string | null
  readonly type: JoinType
  /** Milliseconds by which its watermark trails, so that it is known which rows are in no pair. */
  readonly trail: number
  readonly state: StateBound
}

/** The rows of both. */
export interface Union extends Identified {
  readonly _tag: "union"
  readonly input: Events
  readonly other: Events
  /** What it puts out: that of its rows, in which a field is optional where it is on either side. */
  readonly definition: Definition
  /** Of each field where it stands on the other side. */
  readonly places: ReadonlyArray<number>
}

export interface WindowNode extends Identified {
  readonly _tag: "window"
  readonly input: Events
  readonly preAggregated: Events | null
  /** `null` where no row takes others back. */
  readonly cancels: WindowCancels | null
  readonly window: Window.Window
  /** The windows that these merge, where they are made of another node's: what comes too late for those is late. */
  readonly inner: Window.Window | null
  /** In the order of the declaration, which is that of the values in a pane. */
  readonly aggregates: ReadonlyArray<Aggregate>
  readonly trigger: Trigger
  readonly allowedLateness: number
  readonly state: StateBound
}

export interface Aggregate {
  readonly name: string
  readonly op: Op
  readonly field: Field | null
  /** What `minBy` and `maxBy` go by, what `weightedMean` weighs with, what `covariance` and `correlation` hold the field against. */
  readonly by: Field | null
  /** With all that the operation has to be told. */
  readonly settings: Settings
  readonly where: Expr.Node | null
  readonly custom: CustomSpec | null
  /** The field of pre-aggregated records that is this result. */
  readonly preAggregated: Field | null
  readonly type: ValueType
}

/** Rows that have an id are kept one by one, as long as a window of theirs may change. */
export interface WindowCancels {
  readonly rows: Cancels
  /** `null` where pre-aggregated records have no ids. */
  readonly preAggregated: Cancels | null
  /** Of the rows that are kept. */
  readonly state: StateBound
}

/** By which field rows have an id, and which of them take back others of theirs: a row for which several hold is the first of these. */
export interface Cancels {
  readonly id: Field
  /** Takes back, and is none itself. */
  readonly cancel: Expr.Node | null
  /** Takes back, and counts in the place of what it has taken back. */
  readonly correction: Expr.Node | null
  /** Takes back what there is, and counts in any case. */
  readonly replacement: Expr.Node | null
  /** The last moment of what a replacement takes back, where that is later than its own time. */
  readonly through: Field | null
}

/** A column of a source, and where it stands in a row. */
export interface Field {
  readonly index: number
  readonly column: Column
}

/** What the values of a result are, when they are not null. `any` is what a function gives. */
export type ValueType =
  | { readonly kind: "decimal"; readonly scale: number }
  /** One that is wide is a sum, and may be beyond 2^53 - 1. */
  | { readonly kind: "int"; readonly isWide?: true }
  | { readonly kind: "double" | "string" | "boolean" | "any" }

export interface Derive extends Identified {
  readonly _tag: "derive"
  readonly input: Results
  /** In the order of the declaration, which is that of the values in a pane. */
  readonly values: ReadonlyArray<Derived>
  /** Milliseconds between the end of a window and the start of the next beyond which functions start anew. */
  readonly within: number
  readonly state: StateBound
}

/** A value of a pane that is computed from its others, and from the windows before. */
export interface Derived {
  readonly name: string
  readonly spec: Indicator.Spec
  /** The results that it is computed from, in the order in which its function takes them. */
  readonly inputs: ReadonlyArray<string>
  readonly type: ValueType
}

/** Values computed by expressions, each from those of its pane alone. */
export interface Compute extends Identified {
  readonly _tag: "compute"
  readonly input: Results
  /** What the expressions look at. */
  readonly given: Table
  readonly values: ReadonlyArray<{ readonly name: string; readonly expression: Expr.Node; readonly type: ValueType }>
  /** All values of a pane, in the order of the declaration: among the computed ones stand those of functions. */
  readonly results: ReadonlyArray<readonly [name: string, type: ValueType]>
}

/** Results for which a condition does not hold are left out, and taken back where they have been told. */
export interface WherePanes extends Identified {
  readonly _tag: "where-panes"
  readonly input: Results
  readonly given: Table
  readonly condition: Expr.Node
  readonly state: StateBound
}

/** Of the keys of each window, or of those that share a part, the first by a value, with their ranks; the others are left out. */
export interface Top extends Identified {
  readonly _tag: "top"
  readonly input: Results
  readonly n: number
  readonly by: string
  readonly order: Order
  /** Where in the key the values stand that are the same of keys which are ranked together: all keys of a window are where there are none. */
  readonly per: ReadonlyArray<number>
  readonly state: StateBound
}

/** The windows of a key without events that follow on one with events, with results of their own. */
export interface Fill extends Identified {
  readonly _tag: "fill"
  readonly input: Results
  /** In the order of the values in a pane. */
  readonly values: ReadonlyArray<Filled>
  /** Milliseconds after the end of a window with events at which the last one behind it ends. */
  readonly within: number
  readonly state: StateBound
}

/** What a result of a window without events is: carried on from the last one with events, or always the same. */
export type Filled = { readonly name: string; readonly from: "previous" } | { readonly name: string; readonly from: "constant"; readonly value: Value }

/** How much a node keeps at most of one key, and until when. */
export interface StateBound {
  /** Slices, sessions or windows of a key; `null` where it depends on the rows. */
  readonly entriesPerKey: number | null
  /** Milliseconds of event time behind the watermark after which nothing of a key is left. */
  readonly milliseconds: number
  readonly bytesPerEntry: number
}

const tagsOfResults: { readonly [T in Results["_tag"]]: true } = { window: true, derive: true, compute: true, "where-panes": true, top: true, fill: true }

export const endsInResults = (checked: Checked): checked is Checked<Results> => Object.hasOwn(tagsOfResults, checked.end._tag)

export const endsInEvents = (checked: Checked): checked is Checked<Events> => !endsInResults(checked)

/** The first window node, in which rows become results. */
export const windowOf = ({ end }: Pick<Checked<Results>, "end">): WindowNode => {
  let node: Results = end
  while (node._tag !== "window") node = node.input
  return node
}

/** What is done to results, by node, in the order in which they pass them. */
export type ResultStep = Exclude<Results, WindowNode>

export const resultStepsOf = ({ end }: Pick<Checked<Results>, "end">): ReadonlyArray<ResultStep> =>
  end._tag === "window" ? [] : [...resultStepsOf({ end: end.input }), end]

/** Those of them that look at the windows before. */
export const derivesOf = ({ nodes }: Checked): ReadonlyArray<Derive> => nodes.filter((node) => node._tag === "derive")

/** Whether windows may be left out, and taken back therefore: one of which all rows have been taken back is. */
export const leavesOut = (checked: Pick<Checked<Results>, "end">): boolean =>
  windowOf(checked).cancels !== null || resultStepsOf(checked).some(({ _tag }) => _tag === "where-panes" || _tag === "top")

/** Fields by which windows tell which rows take others back. */
export const fieldsOfCancels = ({ cancel, correction, id, replacement, through }: Cancels): ReadonlyArray<string> =>
  [id.column.name, ...through === null ? [] : [through.column.name], ...[cancel, correction, replacement].flatMap((condition) => condition === null ? [] : Expr.fieldsOf(condition))]

/** What the rows are that a node puts out: their columns, their key, their time. */
export const definitionOf = (events: Events): Definition => "definition" in events ? events.definition : definitionOf(events.input)

/** What is done to rows one by one. */
export type RowStep = Exclude<Events, Source | ToEvents>

/** What rows come from, a source or the results of windows, and what is done to them on their way, in its order. */
export const originOf = (events: Events): { readonly source: Source | ToEvents; readonly steps: ReadonlyArray<RowStep> } => {
  const steps: Array<RowStep> = []
  let node = events
  while (node._tag !== "source" && node._tag !== "to-events") {
    steps.unshift(node)
    node = node.input
  }
  return { source: node, steps }
}

/** Whether rows are records of the log, with a place in it: those that are results of windows are not. */
export const areRecords = (events: Events): boolean => originOf(events).source._tag === "source"

/** Where rows of results have the window that each of them is of: its key, its start and its end, by the numbers of fields. */
export interface WindowFields {
  readonly key: number
  readonly start: number
  readonly end: number
}

/** `null` where rows are records of the log. A field that was left out on the way has the number -1. */
export const windowFieldsOf = (events: Events): WindowFields | null => {
  if (areRecords(events)) return null
  const { columns } = definitionOf(events)
  const numberOf = (field: string) => columns.findIndex(({ name }) => name === nameBehind(events, field))
  return { key: numberOf("key"), start: numberOf("start"), end: numberOf("end") }
}

/** What a field of results as rows is called behind all that was done to them. */
const nameBehind = (events: Events, field: string): string | undefined => {
  if (events._tag === "source" || events._tag === "to-events") return field
  const before = nameBehind(events.input, field)
  return events._tag === "select" ? events.fields.find(({ field: { column } }) => column.name === before)?.name : before
}

/** The result that a node which ranks adds. */
export const rank = "rank"

/** The results of a pane with their types, in their order. */
export const valuesOf = ({ end }: Pick<Checked<Results>, "end">): ReadonlyArray<readonly [name: string, type: ValueType]> => {
  switch (end._tag) {
    case "window":
      return end.aggregates.map(({ name, type }) => [name, type] as const)
    case "derive":
      return [...valuesOf({ end: end.input }), ...end.values.map(({ name, type }) => [name, type] as const)]
    case "compute":
      return end.results
    case "where-panes":
    case "fill":
      return valuesOf({ end: end.input })
    case "top":
      return [...valuesOf({ end: end.input }), [rank, { kind: "int" }]]
  }
}

/** For how long, in event time, a window is compared with the one before it where nothing else is said: 14 days. */
export const horizon = 14 * 86_400_000

/** Decimals of a change in per cent. */
export const percentScale = 4

/** What a pipeline reads: the events of a topic, and its pre-aggregated records if it takes any. */
export interface Input {
  /** The same for pipelines that read the same, with the same key, event time, schema and bound. */
  readonly id: string
  readonly events: Source
  readonly preAggregated: Source | null
}

/** The first of {@link inputsOf}: that of the rows which others are joined to. */
export const inputOf = (checked: Checked): Input => inputsOf(checked)[0]!

/** Each once, in the order in which they stand in the declaration. Only windows over a single one take pre-aggregated records. */
export const inputsOf = (checked: Checked): ReadonlyArray<Input> => {
  const sources = checked.nodes.filter((node) => node._tag === "source")
  const preAggregated = sources.find(({ kind }) => kind === "pre-aggregated") ?? null
  const inputs = sources.filter(({ kind }) => kind === "event").map((events): Input =>
    ({ id: `${events.fingerprint}+${preAggregated?.fingerprint ?? ""}`, events, preAggregated }))
  return [...new Map(inputs.map((input) => [input.id, input])).values()]
}

/** A node that keeps state over events: it holds rows, and puts them out in the order of event time and place. */
export type Holding = InOrder | Distinct | AsOf | Interval

export const isHolding = (node: Node): node is Holding => isOrdering(node) && node._tag !== "to-events"

/** A node behind which rows come in one order, and none is late. */
export type Ordering = Holding | ToEvents

export const isOrdering = (node: Node): node is Ordering => Object.hasOwn(calls, node._tag)

/** The call that has made a node. */
export const callOf = ({ _tag }: Ordering): string => calls[_tag]

const calls: { readonly [Tag in Ordering["_tag"]]: string } = {
  "in-order": "Window.count",
  distinct: "Events.distinct",
  "as-of": "Join.asOf",
  interval: "Join.interval",
  "to-events": "Panes.toEvents"
}

/** Whether the rows that a node puts out are pairs of a join, which are no rows of a log. */
export const isOfPairs = (events: Events): boolean =>
  events._tag === "interval" || (events._tag !== "source" && events._tag !== "to-events" && isOfPairs(events.input))

/** By how many milliseconds all that a node puts out trails behind what it reads. */
export const trailOf = (node: Node): number => node._tag === "interval" ? node.trail : node._tag === "to-events" ? node.delay : 0

/**
 * Milliseconds by which the watermark of a node trails behind those of its sources: of several ways the longest. So long after
 * the watermark at which a node puts something out, as it sees it, that of the sources is there.
 */
export const trailTo = (node: Node): number => {
  if (node._tag === "source") return 0
  const other = "other" in node ? trailTo(node.other) : 0
  return trailOf(node) + Math.max(trailTo(node.input), other)
}

/** Whether rows of several branches come together before anything holds them. */
export const isUnited = ({ nodes }: Checked): boolean => nodes.some(({ _tag }) => _tag === "union")

/** The names of the sources that rows come from, on either side. */
export const sourcesOf = (events: Events): ReadonlyArray<string> => {
  if (events._tag === "source" || events._tag === "to-events") return [events.definition.name]
  const other = events._tag === "union" ? sourcesOf(events.other) : []
  return [...sourcesOf(events.input), ...other]
}

/** By node the fields of its rows that are looked at behind it; `undefined` where whole rows are. */
type Reads = Map<Node, ReadonlySet<string> | undefined>

const readsOf = (checked: Checked): Reads => {
  const reads: Reads = new Map()
  if (endsInEvents(checked)) {
    collect(checked.end, undefined, reads)
    return reads
  }
  // Whatever does not end in events ends in results.
  collectWindow(windowOf(checked as Checked<Results>), reads)
  return reads
}

const collectWindow = ({ aggregates, cancels, input, preAggregated }: WindowNode, reads: Reads): void => {
  const isWhole = aggregates.some(({ custom }) => custom !== null)
  const names = (of: (aggregate: Aggregate) => ReadonlyArray<Field | null>) =>
    aggregates.flatMap(of).flatMap((field) => field === null ? [] : [field.column.name])
  const conditions = aggregates.flatMap(({ where }) => where === null ? [] : Expr.fieldsOf(where))
  collect(input, isWhole ? undefined : new Set([...names(({ by, field }) => [by, field]), ...conditions, ...namesOf(cancels?.rows)]), reads)
  if (preAggregated === null) return
  collect(preAggregated, isWhole ? undefined : new Set([...names((aggregate) => [aggregate.preAggregated]), ...namesOf(cancels?.preAggregated)]), reads)
}

const namesOf = (cancels: Cancels | null | undefined): ReadonlyArray<string> => cancels == null ? [] : fieldsOfCancels(cancels)

const collect = (events: Events, behind: ReadonlySet<string> | undefined, reads: Reads): void => {
  const before = reads.get(events)
  reads.set(events, behind === undefined || (reads.has(events) && before === undefined) ? undefined : new Set([...before ?? [], ...behind]))
  if (events._tag === "source") return
  if (events._tag === "to-events") return collectWindow(windowOf({ end: events.input }), reads)
  const fields = events._tag === "select"
    ? new Set(selectedIn(events, behind))
    : behind === undefined || events._tag === "filter" ? undefined : new Set([...behind, ...fieldsOfStep(events)])
  collect(events.input, fields, reads)
  if (events._tag === "union") collect(events.other, fields, reads)
  if (events._tag === "as-of" || events._tag === "interval") collect(events.other, new Set(events.select.map(({ field }) => field.column.name)), reads)
}

/** Those of the fields that are looked at behind it, by the names that they have before it; all where whole rows are. */
const selectedIn = ({ fields }: Select, behind: ReadonlySet<string> | undefined): ReadonlyArray<string> =>
  fields.filter(({ name }) => behind?.has(name) ?? true).map(({ field }) => field.column.name)

/** The fields of its rows that a node looks at, and that are looked at behind it: the others are absent there. */
export const fieldsHeld = (checked: Checked, node: Holding): ReadonlyArray<Field> => {
  const read = readsOf(checked).get(node.input)
  return definitionOf(node.input).columns.flatMap((column, index) => read === undefined || read.has(column.name) ? [{ index, column }] : [])
}

/**
 * The fields of a source, named by its fingerprint, that pipelines look at beside its key and its time; `undefined` where
 * functions are handed whole rows, and where whole rows are put out.
 */
export const fieldsRead = (pipelines: ReadonlyArray<Checked>, source: string): ReadonlySet<string> | undefined => {
  const fields = new Set<string>()
  for (const checked of pipelines) {
    for (const [node, read] of readsOf(checked)) {
      if (node._tag !== "source" || node.fingerprint !== source) continue
      if (read === undefined) return undefined
      for (const field of read) fields.add(field)
    }
  }
  return fields
}

/** Those that are computed on the way are among them, and no field of the source has their names. */
const fieldsOfStep = (step: Exclude<RowStep, Filter | Select>): ReadonlyArray<string> => {
  switch (step._tag) {
    case "where":
      return Expr.fieldsOf(step.condition)
    case "derive-fields":
      return step.values.flatMap(({ expression }) => Expr.fieldsOf(expression))
    case "key-by":
      return step.definition.key
    case "distinct":
    case "lookup":
      return step.by.map(({ column }) => column.name)
    case "interval":
      return step.until === null ? [] : [step.until]
    case "in-session":
      return step.window.calendars.by === null ? [] : [step.window.calendars.by]
    case "as-of":
    case "in-order":
    case "union":
      return []
  }
}
