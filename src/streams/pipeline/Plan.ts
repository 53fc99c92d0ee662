/**
 * The graph that a pipeline is, as its calls have put it together: nothing in it has been looked at. `Check` reads it and
 * nobody else does; what engines interpret is what `Check` makes of it.
 */
import type { Spec } from "./Aggregate.ts"
import type * as Expr from "./Expression.ts"
import type { Previous } from "./Fill.ts"
import type * as Indicator from "./Indicator.ts"
import type { Definition } from "./Source.ts"
import type * as Table from "./Table.ts"
import type * as Window from "./Window.ts"

export type Plan = Events | Results

/** Nodes that put out rows. */
export type Events = Source | ToEvents | Where | Filter | DeriveFields | Select | Lookup | KeyBy | Distinct | AsOf | Interval | Union | Cancels

/** Nodes that put out the results of windows. */
export type Results = WindowNode | Derive | WherePanes | Top | Fill

export interface Source {
  readonly _tag: "source"
  readonly definition: Definition
}

/** Final results as rows. */
export interface ToEvents {
  readonly _tag: "to-events"
  readonly input: Results
}

export interface Where {
  readonly _tag: "where"
  readonly input: Events
  readonly condition: Expr.Node
}

export interface Filter {
  readonly _tag: "filter"
  readonly input: Events
  readonly test: (row: never) => boolean
}

/** Fields computed from those of a row, beside them. */
export interface DeriveFields {
  readonly _tag: "derive-fields"
  readonly input: Events
  readonly values: { readonly [name: string]: Expr.Node }
}

/** Some of the fields of a row, under their own names or others. */
export interface Select {
  readonly _tag: "select"
  readonly input: Events
  /** By the name that it gets which field, in their order. */
  readonly fields: ReadonlyArray<readonly [name: string, field: string]>
}

/** Each row with fields of the row that a table has for its values. */
export interface Lookup {
  readonly _tag: "lookup"
  readonly input: Events
  readonly table: Table.Definition
  /** Fields of the row that are the key of the table's. */
  readonly by: ReadonlyArray<string>
  /** By the name that it gets which field of the table. */
  readonly select: { readonly [name: string]: string }
}

/** The same rows under another key. */
export interface KeyBy {
  readonly _tag: "key-by"
  readonly input: Events
  readonly key: ReadonlyArray<string>
}

/** One row of each id within a time. */
export interface Distinct {
  readonly _tag: "distinct"
  readonly input: Events
  readonly by: ReadonlyArray<string>
  /** Milliseconds between a row that was kept and the last one that is a duplicate of it. */
  readonly within: number
}

/** Rows with an id, some of which take back those before them: for the windows right behind it. */
export interface Cancels {
  readonly _tag: "cancels"
  readonly input: Events
  readonly id: string
  /** Which rows do: a row for which several hold is the first of these. */
  readonly cancel: Expr.Node | null
  readonly correction: Expr.Node | null
  readonly replacement: Expr.Node | null
  /** Up to when, where that is later than the row's own time. */
  readonly through: string | null
}

/** Each row with fields of the newest row of the other side that its key has at its time. */
export interface AsOf {
  readonly _tag: "as-of"
  readonly input: Events
  readonly other: Events
  /** Milliseconds that the other row may be older. */
  readonly within: number
  /** By the name that it gets which field of the other row. */
  readonly select: { readonly [name: string]: string }
}

/** The pairs of rows of two sides that have the same key, and whose times lie within an interval. */
export interface Interval {
  readonly _tag: "interval"
  readonly input: Events
  readonly other: Events
  /** Milliseconds that the other row may be older, and newer. */
  readonly before: number
  readonly after: number
  /** A field of the row with a time before which the other one has to be. */
  readonly until: string | null
  readonly type: JoinType
  /** By the name that it gets which field of the other row. */
  readonly select: { readonly [name: string]: string }
}

/** Pairs alone, or also the rows of the left side that are in none. */
export type JoinType = "inner" | "left"

/** The rows of both. */
export interface Union {
  readonly _tag: "union"
  readonly input: Events
  readonly other: Events
}

/**
 * Windows and what is computed over each. Their input is rows, or the windows of another node, whose states they merge.
 * Pre-aggregated records are united with the rows inside of the windows, since they are not rows of the same type.
 */
export interface WindowNode {
  readonly _tag: "window"
  readonly input: Events | WindowNode
  readonly preAggregated: PreAggregated | null
  readonly window: Window.Window
  readonly aggregates: Aggregates
  readonly trigger: Trigger
  /** Milliseconds after a window's end for which the watermark still lets rows change it. */
  readonly allowedLateness: number
}

export type Aggregates = { readonly [result: string]: Spec }

export interface PreAggregated {
  readonly input: Events
  /** Which field of the records is which result. */
  readonly fields: { readonly [result: string]: string }
}

/** When a window is emitted: as it closes, or early as well. */
export type Trigger =
  | { readonly on: "close" }
  /** At every row, or whenever event time has moved on by `every` milliseconds. */
  | { readonly on: "update"; readonly every: number }

/** Values computed from those of a window, and from the windows of its key before it. */
export interface Derive {
  readonly _tag: "derive"
  readonly input: Results
  readonly values: { readonly [result: string]: Derived }
  /** Milliseconds between the end of a window and the start of the next beyond which functions start anew. */
  readonly within: number
}

/** What a value is: a function over the windows of a key, told by its member `function`, or an expression, told by its `op`. */
export type Derived = Indicator.Spec | Expr.Node

/** Only the results for which a condition on their values holds. */
export interface WherePanes {
  readonly _tag: "where-panes"
  readonly input: Results
  readonly condition: Expr.Node
}

/** Of the keys of each window the first by a value. */
export interface Top {
  readonly _tag: "top"
  readonly input: Results
  readonly n: number
  readonly by: string
  readonly order: Order
  /** Fields of the key: keys that have the same values there are ranked together. */
  readonly per: ReadonlyArray<string>
}

export type Order = "ascending" | "descending"

/** The windows without events that follow on those of a key. */
export interface Fill {
  readonly _tag: "fill"
  readonly input: Results
  readonly values: { readonly [result: string]: Previous | Constant }
  /** Milliseconds after the end of a window with events at which the last one behind it ends. */
  readonly within: number
}

/** A decimal may be a string. */
export type Constant = number | string | boolean | null

/** The same graph with other bounds of disorder and lateness, wherever it has any. */
export const withBounds = <P extends Plan>(plan: P, bounds: Bounds): P =>
  // Each node is rebuilt with its own tag, so that its type stays what it was.
  rebound(plan, bounds) as P

export interface Bounds {
  readonly outOfOrderness?: number
  readonly allowedLateness?: number
}

const rebound = (plan: Plan, bounds: Bounds): Plan => {
  switch (plan._tag) {
    case "source": {
      const { definition } = plan
      return { ...plan, definition: { ...definition, outOfOrderness: bounds.outOfOrderness ?? definition.outOfOrderness } }
    }
    case "where":
    case "filter":
    case "derive-fields":
    case "select":
    case "lookup":
    case "key-by":
    case "distinct":
    case "cancels":
    case "to-events":
    case "derive":
    case "where-panes":
    case "top":
    case "fill":
      return { ...plan, input: withBounds(plan.input, bounds) } as Plan
    case "as-of":
    case "interval":
    case "union":
      return { ...plan, input: withBounds(plan.input, bounds), other: withBounds(plan.other, bounds) }
    case "window": {
      const { allowedLateness, input, preAggregated, window } = plan
      return {
        ...plan,
        input: withBounds(input, bounds),
        preAggregated: preAggregated === null ? null : { ...preAggregated, input: withBounds(preAggregated.input, bounds) },
        // Where rows are held none is late, and behind one that unites them windows are told once.
        allowedLateness: window.kind === "count" || isToldOnce(input) ? allowedLateness : bounds.allowedLateness ?? allowedLateness
      }
    }
  }
}

/** Whether windows behind these rows have no allowed lateness. */
const isToldOnce = (plan: Events | WindowNode): boolean =>
  plan._tag === "distinct" || plan._tag === "as-of" || plan._tag === "interval" || plan._tag === "union" || plan._tag === "to-events" ||
  (plan._tag !== "source" && isToldOnce(plan.input))

/** The same results with a change to the windows that they come from. */
export const changeWindow = (results: Results, change: (node: WindowNode) => WindowNode): Results =>
  results._tag === "window" ? change(results) : { ...results, input: changeWindow(results.input, change) }
