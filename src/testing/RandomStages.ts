/** What is drawn at random between the results of windows and the next windows, which are over all kinds of these results. */
import * as fc from "fast-check"
import type { Spec } from "../streams/pipeline/Aggregate.ts"
import { check } from "../streams/pipeline/Check.ts"
import { definitionOf, type Holding, windowOf } from "../streams/pipeline/Checked.ts"
import type { Column } from "../streams/pipeline/Column.ts"
import type { Node } from "../streams/pipeline/Expression.ts"
import type * as Plan from "../streams/pipeline/Plan.ts"
import type { Definition } from "../streams/pipeline/Source.ts"
import { named } from "./RandomEvaluations.ts"
import { byKind, isTyped } from "./RandomExpressions.ts"

/** What people put there: rows come in order before windows that count them by themselves. */
type Held = Exclude<Holding["_tag"], "in-order">

/** What stands between two stages: of fields those that a number picks. */
export interface Between {
  readonly condition: Node | null
  readonly values: ReadonlyArray<Node>
  readonly held: Held | null
  readonly within: number
  readonly isKeyed: boolean
  readonly pick: number
}

export const betweens: fc.Arbitrary<Between> = fc.record({
  condition: fc.option(byKind.boolean, { freq: 2 }),
  values: fc.oneof(fc.constant([]), fc.array(fc.oneof({ weight: 3, arbitrary: byKind.exact }, byKind.double, byKind.text), { minLength: 1, maxLength: 2 })),
  held: fc.option(fc.constantFrom<Held>("distinct", "as-of", "interval"), { freq: 2 }),
  within: fc.nat(20),
  isKeyed: fc.boolean(),
  pick: fc.nat(100)
})

/** Results of windows as rows, with those of another side if they are joined with any. */
export const staged = (results: Plan.Results, other: Plan.Events, { condition, held, isKeyed, pick, values, within }: Between): Plan.Events => {
  const rows: Plan.Events = { _tag: "to-events", input: results }
  const wider = derived(filtered(rows, condition, pick), values, pick)
  const holding = held === null ? wider : heldBy[held](wider, other, pick, within)
  const keys = definitionIn(holding).columns.filter(isOfKey)
  return isKeyed ? { _tag: "key-by", input: holding, key: picked(keys, pick, pick % 3).map(({ name }) => name) } : holding
}

/** What a graph that ends in windows knows of the rows in them. */
const definitionIn = (input: Plan.Events): Definition => {
  const window = { kind: "tumbling", size: 1, offset: 0 } as const
  const probe: Plan.WindowNode = { _tag: "window", input, preAggregated: null, window, aggregates: { count: { op: "count" } }, trigger: { on: "close" }, allowedLateness: 0 }
  return definitionOf(windowOf(check("random", probe)).input)
}

const filtered = (input: Plan.Events, condition: Node | null, pick: number): Plan.Events => {
  const definition = definitionIn(input)
  const [that] = condition === null ? [] : [named(condition, definition.columns, pick)].filter(isTyped(definition))
  return that === undefined ? input : { _tag: "where", input, condition: that }
}

const derived = (input: Plan.Events, values: ReadonlyArray<Node>, pick: number): Plan.Events => {
  const definition = definitionIn(input)
  const typed = values.map((node) => named(node, definition.columns, pick)).filter(isTyped(definition))
  return typed.length === 0 ? input
    : { _tag: "derive-fields", input, values: Object.fromEntries(typed.map((node, index) => [`y${index}`, node])) }
}

const once = (input: Plan.Events, _: Plan.Events, pick: number, within: number): Plan.Events =>
  ({ _tag: "distinct", input, by: picked(definitionIn(input).columns.filter(isOfKey), pick, 1 + pick % 2).map(({ name }) => name), within })

const joined = (input: Plan.Events, other: Plan.Events, pick: number, within: number): Plan.Events => {
  const fields = picked(definitionIn(other).columns, pick, 3)
  return { _tag: "as-of", input, other, within, select: Object.fromEntries(fields.map(({ name }) => [`other_${name}`, name])) }
}

/** Results are the one side or the other. */
const paired = (rows: Plan.Events, others: Plan.Events, pick: number, within: number): Plan.Events => {
  const [input, other] = pick % 3 === 0 ? [others, rows] : [rows, others]
  const fields = picked(definitionIn(other).columns, pick, 3)
  const select = Object.fromEntries(fields.map(({ name }) => [`other_${name}`, name]))
  return { _tag: "interval", input, other, before: within, after: pick % 10, until: null, type: pick % 2 === 0 ? "inner" : "left", select }
}

const heldBy = { distinct: once, "as-of": joined, interval: paired }

/** Aggregates over rows of any kind, each over another field. */
export const over = (rows: Plan.Events, pick: number): Plan.Aggregates => {
  const { columns } = definitionIn(rows)
  const [numbers, any] = [picked(columns.filter(isNumber), pick, 7), picked(columns, pick, 2)]
  const narrow = columns.filter((column) => isNumber(column) && !("isWide" in column && column.isWide === true))
  const [by] = numbers
  const specs: ReadonlyArray<Spec> = [
    { op: "count" },
    ...zipped(["sum", "mean", "min", "max"] as const, numbers),
    ...zipped(["first", "last"] as const, any),
    ...zipped(["quantile"] as const, picked(narrow, pick, 1)).map((spec) => ({ ...spec, settings: { quantile: 0.5, error: 0.001 } })),
    ...by === undefined ? [] : [{ op: "maxBy", field: "key", by: by.name } as const]
  ]
  return Object.fromEntries(specs.map((spec) => [`${spec.op}_${spec.field ?? "rows"}`, spec]))
}

const zipped = <O extends Spec["op"]>(ops: ReadonlyArray<O>, columns: ReadonlyArray<Column>) =>
  ops.flatMap((op, index) => columns[index] === undefined ? [] : [{ op, field: columns[index].name }])

/** So many of them, from one that a number picks on. */
const picked = (columns: ReadonlyArray<Column>, pick: number, many: number): ReadonlyArray<Column> =>
  Array.from({ length: Math.min(many, columns.length) }, (_, index) => columns[(pick + index) % columns.length]!)

const isNumber = ({ kind }: Column): boolean => kind === "decimal" || kind === "int" || kind === "double"

const isOfKey = ({ kind }: Column): boolean => kind === "string" || kind === "int" || kind === "boolean"
