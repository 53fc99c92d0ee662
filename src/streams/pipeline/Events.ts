/**
 * Rows on their way from a source to windows, or to the end of a pipeline: what is done to them one by one.
 *
 * @example
 * ```ts
 * import { Aggregate, Events, Expr, Pipeline, ticks, Window } from "courant"
 *
 * export const turnover = ticks.pipe(
 *   Events.where(Expr.gt("size", 0)),
 *   Events.derive({ value: Expr.multiply("price", "size") }),
 *   Window.tumbling("1 minute"),
 *   Aggregate.into({ turnover: Aggregate.sum("value"), largest: Aggregate.max("value") }),
 *   Pipeline.named("turnover-1m")
 * )
 * ```
 */
import { type Duration, Pipeable, Predicate } from "effect"
import { millisOf, needsEvents, optionsOf, shown } from "./check/Declarations.ts"
import * as Expr from "./Expr.ts"
import type { Free, WithSelected } from "./Join.ts"
import type * as Plan from "./Plan.ts"
import type { Stage } from "./Stage.ts"
import { isTable, type Table } from "./Table.ts"

/** Whether every engine can run a pipeline, or only the one that can call its functions. */
export type Portability = "portable" | "local"

/**
 * Rows of the type `R`; `Sources` are the rows of each source that they come from, by its name, and `Key` the names of the
 * fields that their key is made of.
 */
export interface Events<out R, out P extends Portability = "portable", out Sources = unknown, out Key extends string = string> extends Pipeable.Pipeable, Stage {
  readonly _stage?: "rows, in front of a window or behind Panes.toEvents"
  readonly plan: Plan.Events
  /** Never there: these carry the types. */
  readonly _row: R
  readonly _portability: P
  readonly _sources: Sources
  readonly _keyFields: Key
}

/** What the rows are is said where it is called: there is nothing in it but its graph. */
export const make = (plan: Plan.Events): never =>
  ({
    plan,
    pipe() {
      return Pipeable.pipeArguments(this, arguments)
    }
  }) as never

/** Keeps the rows for which a condition holds; of several conditions all have to. The pipeline stays portable. */
export const where = <R>(condition: Expr.ConditionOf<R>) =>
<P extends Portability, S, Key extends string>(self: Events<R, P, S, Key>): Events<R, P, S, Key> => {
  needsEvents("Events.where", self)
  // What is no condition at all is for `Check` to refuse, which knows the pipeline.
  const node = (Predicate.isObject(condition) ? condition.node : condition) as Expr.Node
  return make({ _tag: "where", input: self.plan, condition: node })
}

/** Keeps the rows for which a function returns true. The pipeline becomes local: it runs in process only. */
export const filter = <R>(test: (row: R) => boolean) =>
<S, Key extends string>(self: Events<R, Portability, S, Key>): Events<R, "local", S, Key> => {
  needsEvents("Events.filter", self)
  return make({ _tag: "filter", input: self.plan, test })
}

/** A row with more fields, computed from those that it has. */
export type Derived<R, Computed> = {
  readonly [K in keyof R | keyof Computed]: K extends keyof Computed
    ? Computed[K] extends Expr.Expr<infer Out, string, string, string, string, string> ? Expr.Result<Out, R> : never
    : K extends keyof R ? R[K] : never
}

/**
 * Adds fields that are computed from those of the row. A row for which one of them is no value that fits (see `Expr`) is
 * refused: it becomes a dead letter of this pipeline.
 */
export const derive = <R, const Computed extends { readonly [name: string]: Expr.Of<R> }>(computed: Computed) =>
<P extends Portability, S, Key extends string>(self: Events<R, P, S, Key>): Events<Derived<R, Computed>, P, S, Key> => {
  needsEvents("Events.derive", self)
  // A file without types may hand over anything.
  if (!Predicate.isObject(computed)) throw new TypeError(`Events.derive needs an object of expressions by their names, and is given ${shown(computed)}`)
  const values = Object.fromEntries(Object.entries(computed).map(([name, { node }]) => [name, node]))
  return make({ _tag: "derive-fields", input: self.plan, values })
}

/** A row with the fields that are selected, under the names that they get. */
export type Selected<R, Fields> = Fields extends ReadonlyArray<infer Name> ? { readonly [K in keyof R as K extends Name ? K : never]: R[K] }
  : { readonly [K in keyof Fields]: Fields[K] extends keyof R ? R[Fields[K]] : never }

/** The fields of the key under the names that they get. */
export type SelectedKey<Key, Fields> = Fields extends ReadonlyArray<unknown> ? Key
  : { readonly [K in keyof Fields]: Fields[K] extends Key ? K : never }[keyof Fields]

/**
 * Keeps some of the fields of a row: a list of their names, or by the name that each gets which field it is. Those of the key
 * and of the event time have to be among them, whatever they are called then.
 *
 * @example
 * ```ts
 * import { Events, Pipeline, ticks } from "courant"
 *
 * export const prices = ticks.pipe(
 *   Events.select({ symbol: "symbol", at: "time", last: "price" }),
 *   Pipeline.named("prices")
 * )
 * ```
 */
export const select = <R, const Fields extends ReadonlyArray<keyof R & string> | { readonly [name: string]: keyof R & string }>(fields: Fields) =>
<P extends Portability, S, Key extends string>(self: Events<R, P, S, Key>): Events<Selected<R, Fields>, P, S, SelectedKey<Key, Fields> & string> => {
  needsEvents("Events.select", self)
  const given: unknown = fields
  // A file without types may hand over anything.
  if (!Predicate.isObjectOrArray(given)) throw new TypeError(`Events.select needs names of fields, and is given ${shown(given)}`)
  const pairs = Array.isArray(fields) ? fields.map((name: string) => [name, name] as const) : Object.entries(fields)
  return make({ _tag: "select", input: self.plan, fields: pairs })
}

/**
 * Adds fields of the row that a table has for the values of `by`, which are in the order of the table's key; they are null
 * where it has none, or where one of the values is absent. The table is a part of the pipeline: with other rows it is another
 * one, whose results are computed anew.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Aggregate, Events, Pipeline, Table, ticks, Window } from "courant"
 *
 * const sectors = Table.make("sectors", {
 *   schema: Schema.Struct({ symbol: Schema.String, sector: Schema.String }),
 *   key: "symbol",
 *   rows: [{ symbol: "AIG", sector: "financials" }, { symbol: "IBM", sector: "technology" }]
 * })
 *
 * export const trades = ticks.pipe(
 *   Events.lookup(sectors, { by: "symbol", select: { sector: "sector" } }),
 *   Events.keyBy("sector"),
 *   Window.tumbling("5 minutes"),
 *   Aggregate.into({ trades: Aggregate.count }),
 *   Pipeline.named("sector-trades")
 * )
 * ```
 */
export const lookup = <
  R,
  R2,
  const K extends Expr.Names<R, string | number | boolean | null>,
  const Select extends { readonly [name: string]: keyof R2 & string }
>(
  table: Table<R2>,
  options: { readonly by: K | ReadonlyArray<K>; readonly select: Select }
) =>
<P extends Portability, S, Key extends string>(self: Events<R, P, S, Key> & Free<R, Select>): Events<WithSelected<R, R2, Select>, P, S, Key> => {
  const call = "Events.lookup"
  needsEvents(call, self)
  const { by, select } = optionsOf(call, options, ["by", "select"])
  // A file without types may hand over anything.
  if (!isTable(table)) throw new TypeError(`${call} needs a table, as Table.make gives it, and is given ${shown(table)}`)
  if (!Predicate.isObject(select)) throw new TypeError(`${call} needs the fields of the table by their names, and is given ${shown(select)}`)
  return make({ _tag: "lookup", input: self.plan, table: table.definition, by: [by].flat(), select })
}

/**
 * Gives rows another key: the values of a field that is a string, an integer, a boolean or an enum of strings; of several
 * such fields together; or, with `[]`, none, so that all rows are of one. A row without a value there is refused (`no-key`).
 */
export const keyBy = <R, const K extends Expr.Names<R, string | number | boolean | null> = never>(key: K | ReadonlyArray<K>) =>
<P extends Portability, S>(self: Events<R, P, S>): Events<R, P, S, K> => {
  needsEvents("Events.keyBy", self)
  return make({ _tag: "key-by", input: self.plan, key: [key].flat() })
}

/**
 * Keeps one row of each id: of the rows of a key whose fields `by` have the same values, one is left out if a row that was kept
 * is at most `within` older. Rows are looked at in the order of their event times, and of their places where these are equal,
 * so it is always the earliest that is kept; a row that is left out counts as a duplicate, and extends nothing. An id is made
 * of strings, integers, booleans and enums; a row that lacks a part of it has none, and is kept.
 *
 * Rows are held until the watermark is past their time and leave in that order: nothing behind this is late, and a row that is
 * behind the watermark when it comes is late here. State is bounded by `within` and the bound of disorder.
 *
 * @example
 * ```ts
 * import { Aggregate, Events, Pipeline, ticks, Window } from "courant"
 *
 * export const prices = ticks.pipe(
 *   Events.distinct({ by: "tradeId", within: "10 minutes" }),
 *   Window.tumbling("1 minute"),
 *   Aggregate.into({ trades: Aggregate.count }),
 *   Pipeline.named("trades-once")
 * )
 * ```
 */
export const distinct = <R, const K extends Expr.Names<R, string | number | boolean | null>>(options: {
  readonly by: K | ReadonlyArray<K>
  readonly within: Duration.Input
}) =>
<P extends Portability, S, Key extends string>(self: Events<R, P, S, Key>): Events<R, P, S, Key> => {
  const call = "Events.distinct"
  needsEvents(call, self)
  const { by, within } = optionsOf(call, options, ["by", "within"])
  return make({ _tag: "distinct", input: self.plan, by: [by].flat(), within: millisOf(call, "within", within) })
}

/**
 * Rows that take back others, right before windows: those of their key that have the same `id`, a string or an integer.
 *
 * - A row for which `cancel` holds takes back what has its id, and is none itself.
 * - One for which `correction` holds does the same, and counts in the place of what it has taken back: in its windows, and at
 *   its turn among their rows. Where several have its id, that is the place of the last of them.
 * - One for which `replacement` holds takes back what there is, be it nothing, and counts as itself.
 *
 * A row for which several hold is the first of these. All rows of the id are taken back that a window may still be without:
 * those whose last window is not final yet (its end plus the allowed lateness), if they are not later than the row that takes
 * them back. A replacement that stands for a stretch of time has its last moment in the field `through`: it replaces rows up to
 * there, as far as a window of its own may still change then.
 * A cancel or a correction that finds nothing, or has no id, is refused (`nothing-to-cancel`), and is a duplicate where everything
 * has been taken back before. It waits until the watermark is past it, so that its rows may come behind it within the bound of
 * disorder. A replacement without an id is a row like any other. Ids of rows and of pre-aggregated records name each other.
 *
 * Each row with an id is kept until its windows are final, or it is taken back. One without an id is never taken back, and costs no more than
 * it does without this.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Aggregate, Events, Expr, Pipeline, Source, Window } from "courant"
 *
 * const Trade = Schema.Struct({
 *   symbol: Schema.String,
 *   at: Schema.Int,
 *   size: Schema.Int,
 *   id: Schema.optionalKey(Schema.String),
 *   kind: Schema.Literals(["trade", "cancel", "correction"])
 * })
 *
 * export const volume = Source.make("trades", { schema: Trade, key: "symbol", eventTime: "at" }).pipe(
 *   Events.cancels({ id: "id", cancel: Expr.eq("kind", "cancel"), correction: Expr.eq("kind", "correction") }),
 *   Window.tumbling("1 minute"),
 *   Aggregate.into({ volume: Aggregate.sum("size") }),
 *   Pipeline.allowedLateness("1 hour"),
 *   Pipeline.named("volume-1m")
 * )
 * ```
 */
export const cancels = <R, const Id extends Expr.Names<R, string | number | null>>(options: {
  readonly id: Id
  readonly cancel?: Expr.ConditionOf<R>
  readonly correction?: Expr.ConditionOf<R>
  readonly replacement?: Expr.ConditionOf<R>
  readonly through?: Expr.Names<R, number | null>
}) =>
<P extends Portability, S, Key extends string>(self: Events<R, P, S, Key>): Events<R, P, S, Key> => {
  const call = "Events.cancels"
  needsEvents(call, self)
  const { cancel, correction, id, replacement, through = null } = optionsOf(call, options, ["id", "cancel", "correction", "replacement", "through"])
  // What is no condition at all is for `Check` to refuse, which knows the pipeline.
  const nodeOf = (condition: Expr.ConditionOf<R> | undefined) =>
    condition === undefined ? null : (Predicate.isObject(condition) ? condition.node : condition) as Expr.Node
  return make({ _tag: "cancels", input: self.plan, id, cancel: nodeOf(cancel), correction: nodeOf(correction), replacement: nodeOf(replacement), through })
}

/** Nothing where rows are of one type, else what is wrong with them in words, which ends the compiler's complaint. */
export type Same<R, Other> = [keyof R] extends [keyof Other]
  ? [keyof Other] extends [keyof R]
    ? Expr.Fits<{ readonly [K in keyof R]: NonNullable<R[K]> }, { readonly [K in keyof Other]: NonNullable<Other[K]> }>
    : `the rows have no field "${Exclude<keyof Other, keyof R> & string}"`
  : `the other rows have no field "${Exclude<keyof R, keyof Other> & string}"`

/** A field that may be absent on either side may be absent. */
export type United<R, Other> = { readonly [K in keyof R]: K extends keyof Other ? R[K] | Other[K] : R[K] }

/**
 * The rows of both: of two sources, or of two branches of one. They have to have the same fields of the same kinds, and the
 * same key. Nothing is kept for it: each row is as late as it would be without the other side, and event time has come as far
 * as on the slower side. Rows of equal event time have the order of their places: the source's name, partition, offset.
 *
 * Windows behind it are told once, when they close. It stands before nodes that hold rows, such as {@link distinct}.
 */
export const union = <R2, P2 extends Portability, S2>(other: Events<R2, P2, S2>) =>
<R, P extends Portability, S, Key extends string>(self: Events<R, P, S, Key> & Same<R, R2>): Events<United<R, R2>, P | P2, S & S2, Key> => {
  needsEvents("Events.union", self)
  needsEvents("Events.union", other)
  return make({ _tag: "union", input: self.plan, other: other.plan })
}
