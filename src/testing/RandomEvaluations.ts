/** Expressions over results and conditions on them, drawn over the fields of samples and held against the results that there are. */
import * as fc from "fast-check"
import { check } from "../streams/pipeline/Check.ts"
import { tableOf } from "../streams/pipeline/check/ResultTable.ts"
import { shortestAdvanceOf } from "../streams/pipeline/check/Windows.ts"
import { definitionOf, horizon, resultStepsOf, valuesOf, windowOf } from "../streams/pipeline/Checked.ts"
import type { Column } from "../streams/pipeline/Column.ts"
import type { Node } from "../streams/pipeline/Expression.ts"
import { previous } from "../streams/pipeline/Fill.ts"
import type * as Plan from "../streams/pipeline/Plan.ts"
import { byKind, isTyped } from "./RandomExpressions.ts"

/** Nodes behind the windows: one that computes values, one that leaves windows out, or both. */
export interface Evaluation {
  readonly values: ReadonlyArray<Node>
  readonly condition: Node | null
  /** Which of the results of a kind stands for the field of the sample. */
  readonly pick: number
}

/** Rows add to a window until it has more than so many, or fewer no longer. */
const counted = fc.record({ op: fc.constantFrom("lte", "gt", "ne"), value: fc.integer({ min: 1, max: 4 }) })
  .map(({ op, value }): Node => ({ op, field: "size", value }))

const evaluation: fc.Arbitrary<Evaluation> = fc.record({
  values: fc.array(fc.oneof({ weight: 3, arbitrary: byKind.exact }, byKind.double, byKind.text, byKind.boolean), { maxLength: 2 }),
  condition: fc.option(fc.oneof({ weight: 3, arbitrary: counted }, byKind.boolean)),
  pick: fc.nat(100)
})

/** The first of each window, by one of the results that are numbers. */
interface Top {
  readonly n: number
  readonly by: number
  readonly order: Plan.Order
  /** Which part of a key of several fields, if any. */
  readonly part: number
  /** A condition on what is left. */
  readonly condition: Node | null
}

const tops: fc.Arbitrary<Top> = fc.record({
  n: fc.integer({ min: 1, max: 2 }),
  by: fc.nat(100),
  order: fc.constantFrom("ascending", "descending"),
  part: fc.nat(2),
  condition: fc.option(counted)
})

/** Before values are derived, and after it; and what is ranked at last. */
export interface Evaluations {
  readonly before: Evaluation
  readonly after: Evaluation
  readonly top: Top | null
}

export const nothingEvaluated: Evaluations = {
  before: { values: [], condition: null, pick: 0 },
  after: { values: [], condition: null, pick: 0 },
  top: null
}

export const evaluations: fc.Arbitrary<Evaluations> = fc.oneof(
  fc.constant(nothingEvaluated),
  fc.record({ before: fc.oneof(fc.constant(nothingEvaluated.before), evaluation), after: evaluation, top: fc.option(tops, { freq: 2 }) })
)

/** What cannot be said of these results is left away. */
export const evaluated = (plan: Plan.Results, name: string, { condition, pick, values }: Evaluation): Plan.Results => {
  const table = tableOf(valuesOf(check("random", plan)))
  const over = (node: Node) => named(node, table.columns, pick)
  const typed = values.map(over).filter(isTyped(table))
  const computed = Object.fromEntries(typed.map((node, index) => [`${name}${index}`, node]))
  const wider: Plan.Results = typed.length === 0 ? plan : { _tag: "derive", input: plan, values: computed, within: horizon }
  const [that] = condition === null ? [] : [over(condition)].filter(isTyped(table))
  return that === undefined ? wider : { _tag: "where-panes", input: wider, condition: that }
}

/**
 * With the windows without events, of every second evaluation: a number picks for how many windows, and what each result is in them.
 * Only windows that follow on one another can be filled, and only where none is left out.
 */
export const filled = (plan: Plan.Results, { pick }: Pick<Evaluation, "pick">): Plan.Results => {
  const checked = check("random", plan)
  const advance = shortestAdvanceOf(windowOf(checked).window)
  if (pick % 2 === 0 || advance === null || resultStepsOf(checked).some(({ _tag }) => _tag !== "compute")) return plan
  const values = valuesOf(checked).map(([name, type]) => {
    const kind = (pick + name.length) % 4
    return [name, kind < 2 ? previous : kind === 2 ? null : type.kind === "string" ? "none" : type.kind === "boolean" ? true : pick] as const
  })
  return { _tag: "fill", input: plan, values: Object.fromEntries(values), within: advance * (1 + pick % 5) + pick % 3 }
}

/** Only windows that all keys have, and that are not told early, can be ranked. */
export const ranked = (plan: Plan.Results, top: Top | null): Plan.Results => {
  const checked = check("random", plan)
  const { input, trigger, window } = windowOf(checked)
  const numbers = valuesOf(checked).filter(([, { kind }]) => kind !== "string" && kind !== "boolean").map(([name]) => name).sort()
  if (top === null || window.kind === "session" || window.kind === "count" || trigger.on === "update") return plan
  const { by, condition, n, order, part } = top
  const { key } = definitionOf(input)
  const per = key.length < 2 || part === 0 ? [] : key.slice(part - 1, part)
  const first: Plan.Results = { _tag: "top", input: plan, n, by: numbers[by % numbers.length]!, order, per }
  return evaluated(first, "ranked", { values: [], condition, pick: by })
}

const kinds: { readonly [field: string]: Column["kind"] } = { price: "decimal", size: "int", ratio: "double", venue: "string", key: "string", flag: "boolean" }

/** An expression over the results in place of the fields of samples; without one of the kind it has no type. */
export const named = (node: Node, columns: ReadonlyArray<Column>, pick: number): Node =>
  JSON.parse(JSON.stringify(node), (member, value: unknown) => {
    if (member !== "field" || typeof value !== "string") return value
    const fitting = columns.filter(({ kind }) => kind === kinds[value]).map(({ name }) => name).sort()
    return fitting[(pick + value.length) % fitting.length] ?? value
  })
