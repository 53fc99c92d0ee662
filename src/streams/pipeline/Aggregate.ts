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
import type { Decimal } from "../../domain/Decimal.ts"
import { isAsync, optionsOf, shown } from "./check/Declarations.ts"
import { type Expr, type Fits, type Has, type Node, nodeOf } from "./Expr.ts"
import type * as Plan from "./Plan.ts"
import { planOf, type Portability } from "./Source.ts"
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
  | "custom"

/** An aggregate as data, as the engines read it. */
export interface Spec {
  readonly op: Op
  readonly field?: string
  /** The second field: what `minBy` and `maxBy` go by, what `weightedMean` weighs with. */
  readonly by?: string
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

/** An aggregate over rows with the fields of `Needs`; `Out` is worked out from the field's type. */
export interface Aggregate<out O extends Op, out Field extends string, in Needs, out Result = never> {
  readonly spec: Spec
  /** Never set: these carry the types. */
  readonly _op?: O
  readonly _field?: Field
  readonly _needs?: (row: Needs) => void
  readonly _result?: Result
}

type Numeric = Decimal | number | null
type Scalar = Numeric | string | boolean

const field = <O extends Op, Field extends string, Needs>(
  spec: Spec
): Aggregate<O, Field, Needs> => ({ spec })

/** How many rows the window has. */
export const count: Aggregate<"count", never, unknown> = { spec: { op: "count" } }

/** The exact total. That of integers is a `bigint` beyond 2^53 - 1. */
export const sum = <const F extends string>(name: F) => field<"sum", F, Has<F, Numeric>>({ op: "sum", field: name })

/** The arithmetic mean, with 4 decimals more than the field, rounded HALF_UP. */
export const mean = <const F extends string>(name: F) => field<"mean", F, Has<F, Numeric>>({ op: "mean", field: name })

export const min = <const F extends string>(name: F) => field<"min", F, Has<F, Numeric>>({ op: "min", field: name })
export const max = <const F extends string>(name: F) => field<"max", F, Has<F, Numeric>>({ op: "max", field: name })

/** The value of the row with the smallest event time. */
export const first = <const F extends string>(name: F) => field<"first", F, Has<F, Scalar>>({ op: "first", field: name })

/** The value of the row with the largest event time. */
export const last = <const F extends string>(name: F) => field<"last", F, Has<F, Scalar>>({ op: "last", field: name })

/** The value of `name` in the row where `by` is smallest; the earliest such row. */
export const minBy = <const F extends string, const B extends string>(name: F, by: B) =>
  field<"minBy", F, Has<F, Scalar> & Has<B, Numeric>>({ op: "minBy", field: name, by })

/** The value of `name` in the row where `by` is largest; the earliest such row. */
export const maxBy = <const F extends string, const B extends string>(name: F, by: B) =>
  field<"maxBy", F, Has<F, Scalar> & Has<B, Numeric>>({ op: "maxBy", field: name, by })

/**
 * The mean of a field weighted with another, with 4 decimals more than the field, rounded
 * HALF_UP; `null` where the weights sum to 0. With price and size it is the VWAP.
 */
export const weightedMean = <const F extends string, const W extends string>(name: F, weight: W) =>
  field<"weightedMean", F, Has<F, Numeric> & Has<W, Numeric>>({ op: "weightedMean", field: name, by: weight })

/** An aggregate of the user's own functions. The pipeline becomes local: it runs in process only. */
export const custom = <R, State, Result extends Scalar>(
  spec: CustomSpec<R, State, Result>
): Aggregate<"custom", never, R, Result> => {
  checkFunctions(optionsOf("Aggregate.custom", spec, ["create", "add", "merge", "result", "state"]))
  // The state's type is known to these functions alone: nothing else ever looks into a state.
  return { spec: { op: "custom", custom: spec as unknown as CustomSpec } }
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
export const where = <Row>(condition: Expr<Row>) =>
<O extends Op, F extends string, Needs, Result>(
  aggregate: Aggregate<O, F, Needs, Result>
): Aggregate<O, F, Needs & Row, Result> => {
  const spec = specOf("Aggregate.where", aggregate)
  const node = nodeOf("Aggregate.where", condition)
  return { spec: { ...spec, where: spec.where === undefined ? node : { op: "and", all: [spec.where, node] } } }
}

export type Any = { readonly spec: Spec }

type Needs<A> = A extends { readonly _needs?: (row: infer N) => void } ? N : never

/**
 * The fields that a set of aggregates asks a source for: those of all of them together. (A union
 * of the needs themselves would be lost as soon as one aggregate, such as `count`, needs nothing.)
 */
export type Needed<Aggregates> = {
  [K in keyof Aggregates]: (row: Needs<Aggregates[K]>) => void
}[keyof Aggregates] extends (row: infer N) => void ? N : never

type At<R, F> = F extends keyof R ? NonNullable<R[F]> : never

/** Of integers; one of doubles is always a number, which types cannot tell apart. */
export type Total<V> = V extends number ? number | bigint : V

export type ResultOf<A, R> = A extends Aggregate<infer O, infer F, never, infer Custom>
  ? O extends "count" ? number
  : O extends "custom" ? Custom
  : O extends "sum" ? Total<At<R, F>> | null
  : At<R, F> | null
  : never

/** The values that a set of aggregates gives over rows of a type. */
export type Results<Aggregates, R> = { readonly [K in keyof Aggregates]: ResultOf<Aggregates[K], R> }

type PortabilityOf<Aggregates, P extends Portability> = Aggregates[keyof Aggregates] extends infer A
  ? "custom" extends (A extends { readonly _op?: infer O } ? O : never) ? "local" : P
  : P

/** Windows with their aggregates: a pipeline that has no name yet. */
export interface Aggregated<out Values, out P extends Portability = "portable", out R = unknown> extends Pipeable.Pipeable {
  readonly plan: Plan.Results
  readonly _values?: Values
  readonly _portability?: P
  /** Never set: it carries the type of the source's rows. */
  readonly _row?: R
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
export const into = <const Aggregates extends { readonly [name: string]: Any }>(aggregates: Aggregates) =>
<R, P extends Portability>(
  self: Windowed<R, P> & Fits<R, Needed<Aggregates>>
): Aggregated<Results<Aggregates, R>, PortabilityOf<Aggregates, P>, R> => {
  // A file without types may leave the windows out.
  if (!Predicate.isObject(self) || !Predicate.isObject(self.window)) {
    throw new TypeError("Aggregate.into needs windows; put one of Window before it, such as Window.tumbling(\"1 minute\")")
  }
  return make({
    _tag: "window",
    input: planOf(self.source),
    preAggregated: null,
    window: self.window,
    aggregates: specsOf(aggregates),
    trigger: { on: "close" },
    allowedLateness: 0
  })
}

export const make = <Values, P extends Portability, R = unknown>(plan: Plan.Results): Aggregated<Values, P, R> => ({
  plan,
  pipe() {
    return Pipeable.pipeArguments(this, arguments)
  }
})
