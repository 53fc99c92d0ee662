/**
 * Aggregates: what is computed over the rows of a window. An aggregate is plain data; its
 * field names are held against the source when it meets one.
 *
 * Sums and means of decimals and integers are exact and do not depend on the order of the
 * rows. The mean of a decimal field has 4 decimals more than the field and is rounded HALF_UP,
 * as Spark's `avg`; that of an integer field is the nearest double.
 * Over doubles the sum is the double nearest to the true one, whatever the order of the rows.
 * `first` and `last` go by event time, then partition, then offset: never by arrival.
 * An aggregate over no value is `null`; `count` of nothing is 0.
 */
import { Pipeable, Predicate, Schema } from "effect"
import { isAsync, optional, optionsOf, shown } from "./check/Declarations.ts"
import * as Expr from "./Expr.ts"
import type { Node } from "./Expression.ts"
import type * as Plan from "./Plan.ts"
import type { Portability } from "./Events.ts"
import type { Stage } from "./Stage.ts"
import type { Windowed } from "./Window.ts"

export type Op =
  | "count"
  | "sum"
  | "mean"
  | "min"
  | "max"
  | "first"
  | "last"
  | "minBy"
  | "maxBy"
  | "weightedMean"
  | "variance"
  | "standardDeviation"
  | "covariance"
  | "correlation"
  | "countDistinct"
  | "quantile"
  | "custom"

/**
 * Whether the rows of a window are a sample of something larger, so that squares are divided by one less than there are
 * (as SQL's `VARIANCE`, and Spark's), or all there is.
 */
export type Population = "sample" | "population"

/** What an operation is told beside its fields. */
export interface Settings {
  /** What `variance`, `standardDeviation` and `covariance` take the rows for. */
  readonly of?: Population
  /** How many different values `countDistinct` counts. */
  readonly atMost?: number
  /** Which share of the values is no larger, from 0 to 1. */
  readonly quantile?: number
  /** How far a quantile may be off, as a share of its value. */
  readonly error?: number
}

/** An aggregate as data, as the engines read it. */
export interface Spec {
  readonly op: Op
  readonly field?: string
  /** The second field: what `minBy` and `maxBy` go by, what `weightedMean` weighs with, what goes with the first. */
  readonly by?: string
  readonly settings?: Settings
  readonly where?: Node
  readonly custom?: CustomSpec
}

/**
 * An aggregate made of functions. `merge` is associative; an engine may create several
 * states for one window and merge them in any order. States are values: they are never
 * changed in place.
 */
export interface CustomSpec<R = never, State = unknown, Result = unknown> {
  readonly create: () => State
  readonly add: (state: State, row: R) => State
  readonly merge: (left: State, right: State) => State
  readonly result: (state: State) => Result
  /** How a state is kept in a checkpoint. */
  readonly state: Schema.Codec<State, unknown>
}

/**
 * An aggregate over rows of the type `Row` at least. `Out` says what comes out, in terms of the row's fields; the others are
 * the names of the fields that it needs, by what they have to be: anything, numbers, what a text can be compared with,
 * booleans, or texts.
 */
export interface Aggregate<
  out Out,
  out Fields extends string = never,
  out Numbers extends string = never,
  out Comparables extends string = never,
  out Booleans extends string = never,
  out Texts extends string = never,
  in Row = unknown
> {
  readonly spec: Spec
  /** Never there: these carry the types. */
  readonly _types: readonly [Out, Fields, Numbers, Comparables, Booleans, Texts]
  readonly _row: (row: Row) => void
}

/** An aggregate over rows of a type. */
export type Of<R> = Aggregate<
  unknown,
  Expr.Names<R, Expr.Scalar>,
  Expr.Names<R, Expr.Numeric>,
  Expr.Names<R, Expr.Numeric | string>,
  Expr.Names<R, boolean | null>,
  Expr.Names<R, string | null>,
  R
>

/** What comes out is a value of a field, or none. */
export interface Choice<out Field extends string> {
  readonly choice: Field
}

/** What comes out is the total of a field. */
export interface TotalOf<out Field extends string> {
  readonly total: Field
}

/** What comes out is what a function gives. */
export interface CustomOf<out Result> {
  readonly custom: Result
}

type Scalar = Expr.Scalar

/** What it is of is said where it is called, and nowhere else: there is nothing in it but its data. */
const made = (spec: Spec): never => ({ spec }) as never

/** How many rows the window has. */
export const count: Aggregate<Expr.Type<number>> = made({ op: "count" })

const ofNumbers = (op: "sum" | "mean" | "min" | "max") => <const N extends string>(name: N): Aggregate<Choice<N>, never, N> => made({ op, field: name })

/** The exact total. That of integers is a `bigint` beyond 2^53 - 1. */
export const sum = <const N extends string>(name: N): Aggregate<TotalOf<N>, never, N> => made({ op: "sum", field: name })

/** The arithmetic mean, with 4 decimals more than the field, rounded HALF_UP. */
export const mean = ofNumbers("mean")

export const min = ofNumbers("min")
export const max = ofNumbers("max")

/** The value of the row with the smallest event time. */
export const first = <const F extends string>(name: F): Aggregate<Choice<F>, F> => made({ op: "first", field: name })

/** The value of the row with the largest event time. */
export const last = <const F extends string>(name: F): Aggregate<Choice<F>, F> => made({ op: "last", field: name })

/** The value of `name` in the row where `by` is smallest; the earliest such row. */
export const minBy = <const F extends string, const B extends string>(name: F, by: B): Aggregate<Choice<F>, F, B> =>
  made({ op: "minBy", field: name, by })

/** The value of `name` in the row where `by` is largest; the earliest such row. */
export const maxBy = <const F extends string, const B extends string>(name: F, by: B): Aggregate<Choice<F>, F, B> =>
  made({ op: "maxBy", field: name, by })

/**
 * The mean of a field weighted with another, with 4 decimals more than the field, rounded
 * HALF_UP; `null` where the weights sum to 0. With price and size it is the VWAP.
 */
export const weightedMean = <const F extends string, const W extends string>(name: F, weight: W): Aggregate<Choice<F>, never, F | W> =>
  made({ op: "weightedMean", field: name, by: weight })

/** A number that is worked out, or none where there is nothing to work it out from. */
type Estimate<Numbers extends string> = Aggregate<Expr.Type<number | null>, never, Numbers>

/**
 * The variance: of a sample by default, which needs two values, or of all there is. A double that is made of exact sums, so
 * that nothing is lost where values are large and close to each other.
 */
export const variance = <const N extends string>(name: N, options?: { readonly of?: Population }): Estimate<N> =>
  made({ op: "variance", field: name, settings: populationOf("Aggregate.variance", options) })

/** The square root of the {@link variance}. */
export const standardDeviation = <const N extends string>(name: N, options?: { readonly of?: Population }): Estimate<N> =>
  made({ op: "standardDeviation", field: name, settings: populationOf("Aggregate.standardDeviation", options) })

/** How two fields vary together, over the rows that have both: a double made of exact sums, as the {@link variance} is. */
export const covariance = <const F extends string, const G extends string>(name: F, other: G, options?: { readonly of?: Population }): Estimate<F | G> =>
  made({ op: "covariance", field: name, by: other, settings: populationOf("Aggregate.covariance", options) })

/**
 * Pearson's correlation of two fields, from -1 to 1, over the rows that have both; `null` where one of them is the same in
 * all rows.
 */
export const correlation = <const F extends string, const G extends string>(name: F, other: G): Estimate<F | G> =>
  made({ op: "correlation", field: name, by: other })

/** How many different values a field has, exactly; `null` where these are more than `atMost`, of which no more are kept. */
export const countDistinct = <const F extends string>(name: F, options: { readonly atMost: number }): Aggregate<Expr.Type<number | null>, F> =>
  made({ op: "countDistinct", field: name, settings: { atMost: optionsOf("Aggregate.countDistinct", options, ["atMost"]).atMost } })

/**
 * The value below which a share of the values lies, such as 0.99 of them: of n values in their order the one at
 * `quantile * (n - 1)`, counted from 0 and rounded down. It is off by no more than `error`, a share of the value: a
 * thousandth by default. A smaller error takes more memory where values differ much. See `QuantileSketch`.
 */
export const quantile = <const N extends string>(name: N, share: number, options?: { readonly error?: number }): Estimate<N> =>
  quantileOf("Aggregate.quantile", name, share, options)

/** The {@link quantile} of one half: of an even number of values the smaller one of the two in the middle. */
export const median = <const N extends string>(name: N, options?: { readonly error?: number }): Estimate<N> =>
  quantileOf("Aggregate.median", name, 0.5, options)

const quantileOf = (call: string, name: string, share: number, options?: { readonly error?: number }): never =>
  made({ op: "quantile", field: name, settings: { quantile: share, error: optional(call, options, ["error"])?.error ?? 0.001 } })

const populationOf = (call: string, options?: { readonly of?: Population }): Settings => ({
  of: optional(call, options, ["of"])?.of ?? "sample"
})

/** An aggregate of the user's own functions. The pipeline becomes local: it runs in process only. */
export const custom = <R, State, Result extends Scalar>(
  spec: CustomSpec<R, State, Result>
): Aggregate<CustomOf<Result>, never, never, never, never, never, R> => {
  checkFunctions(optionsOf("Aggregate.custom", spec, ["create", "add", "merge", "result", "state"]))
  // The state's type is known to these functions alone: nothing else ever looks into a state.
  return made({ op: "custom", custom: spec as unknown as CustomSpec })
}

/** A file without types may leave one out, or have one that gives a promise. */
const checkFunctions = <R, State, Result>(spec: CustomSpec<R, State, Result>): void => {
  for (const name of ["create", "add", "merge", "result"] as const) {
    const given: unknown = spec[name]
    if (typeof given !== "function") throw new TypeError(`Aggregate.custom needs a function "${name}", and is given ${shown(given)}`)
    if (isAsync(given)) throw new TypeError(`Aggregate.custom: its "${name}" is async or a generator, whose values nobody would wait for; make it a plain function`)
  }
  if (Schema.isSchema(spec.state)) return
  throw new TypeError(`Aggregate.custom needs a Schema of its "state", such as Schema.Int, and is given ${shown(spec.state)}`)
}

/** The same aggregate over only those rows for which a condition holds. Several conditions must all hold. */
export const where = <N extends string = never, C extends string = never, B extends string = never, T extends string = never, F extends string = never>(
  condition: Expr.Condition<N, C, B, T, F>
) =>
<Out, Fields extends string, Numbers extends string, Comparables extends string, Booleans extends string, Texts extends string, Row>(
  aggregate: Aggregate<Out, Fields, Numbers, Comparables, Booleans, Texts, Row>
): Aggregate<Out, Fields | F, Numbers | N, Comparables | C, Booleans | B, Texts | T, Row> => {
  const spec = specOf("Aggregate.where", aggregate)
  const node = Expr.nodeOf("Aggregate.where", condition)
  return made({ ...spec, where: spec.where === undefined ? node : { op: "and", all: [spec.where, node] } })
}

export type Any = { readonly spec: Spec }

type At<R, F> = F extends keyof R ? NonNullable<R[F]> : never

/** Of integers; one of doubles is always a number, which types cannot tell apart. */
export type Total<V> = V extends number ? number | bigint : V

export type ResultOf<A, R> = A extends Aggregate<infer Out, string, string, string, string, string, never>
  ? Out extends Expr.Type<infer T> ? T
  : Out extends Choice<infer F> ? At<R, F> | null
  : Out extends TotalOf<infer F> ? Total<At<R, F>> | null
  : Out extends CustomOf<infer Custom> ? Custom
  : never
  : never

/** The values that a set of aggregates gives over rows of a type. */
export type Results<Aggregates, R> = { readonly [K in keyof Aggregates]: ResultOf<Aggregates[K], R> }

/** One function is enough. */
type PortabilityOf<Aggregates, P extends Portability> = true extends {
  readonly [K in keyof Aggregates]: Aggregates[K] extends Aggregate<CustomOf<unknown>, string, string, string, string, string, never> ? true : false
}[keyof Aggregates] ? "local" : P

/** Windows with their aggregates: a pipeline that has no name yet. `Key` are the names of the fields of their rows' key. */
export interface Aggregated<out Values, out P extends Portability = "portable", out Sources = unknown, out Key extends string = string> extends Pipeable.Pipeable, Stage {
  readonly _stage?: "results of windows, behind Aggregate.into and in front of Pipeline.named"
  readonly plan: Plan.Results
  readonly _values?: Values
  readonly _portability?: P
  readonly _sources?: Sources
  readonly _keyFields?: Key
}

const specOf = (what: string, aggregate: Any): Spec => {
  if (Predicate.isObject(aggregate) && Predicate.isObject(aggregate.spec)) return aggregate.spec
  throw new TypeError(`${what} needs an aggregate, such as Aggregate.count or Aggregate.sum("size"), and is given ${shown(aggregate)}`)
}

/** By name. In `{ __proto__: … }` JavaScript takes the aggregate for the object's prototype, where nobody would look for it. */
const specsOf = (aggregates: { readonly [name: string]: Any }): Plan.Aggregates => {
  if (!Predicate.isObject(aggregates)) {
    throw new TypeError(`Aggregate.into needs an object of aggregates by their names, and is given ${shown(aggregates)}`)
  }
  const prototype: unknown = Object.getPrototypeOf(aggregates)
  if (Predicate.isObject(prototype) && Object.hasOwn(prototype, "spec")) {
    throw new TypeError("Aggregate.into: \"__proto__\" cannot be the name of a result; choose another")
  }
  return Object.fromEntries(Object.entries(aggregates).map(([name, aggregate]) => [name, specOf(`the aggregate "${name}"`, aggregate)]))
}

/** Computes a set of aggregates over each window of each key. */
export const into = <R, const Aggregates extends { readonly [name: string]: Of<R> }>(aggregates: Aggregates) =>
<P extends Portability, S, Key extends string>(
  self: Windowed<R, P, S, Key>
): Aggregated<Results<Aggregates, R>, PortabilityOf<Aggregates, P>, S, Key> => {
  // A file without types may leave the windows out.
  if (!Predicate.isObject(self) || !Predicate.isObject(self.window)) {
    throw new TypeError("Aggregate.into needs windows; put one of Window before it, such as Window.tumbling(\"1 minute\")")
  }
  return make({
    _tag: "window",
    input: self.events.plan,
    preAggregated: null,
    window: self.window,
    aggregates: specsOf(aggregates),
    trigger: { on: "close" },
    allowedLateness: 0
  })
}

export const make = <Values, P extends Portability, S, Key extends string = string>(plan: Plan.Results): Aggregated<Values, P, S, Key> => ({
  plan,
  pipe() {
    return Pipeable.pipeArguments(this, arguments)
  }
})
