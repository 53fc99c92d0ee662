/**
 * What is done to the results of windows: values computed from them and from the windows of the same key before,
 * conditions on them, ranks, and rows that are made of them.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Aggregate, Expr, Indicator, Panes, Pipeline, Source, Window } from "courant"
 *
 * const Trade = Schema.Struct({ symbol: Schema.String, time: Schema.Int, price: Schema.Finite })
 *
 * export const averages = Source.make("trades", { schema: Trade, key: "symbol", eventTime: "time" }).pipe(
 *   Window.tumbling("1 minute"),
 *   Aggregate.into({ close: Aggregate.last("price") }),
 *   Panes.derive({ ema12: Indicator.ema("close", 12), before: Indicator.previous("close") }),
 *   Panes.derive({ aboveEma: Expr.subtract("close", "ema12") }),
 *   Panes.where(Expr.gt("aboveEma", 0)),
 *   Pipeline.named("averages")
 * )
 * ```
 */
import { type Duration, Predicate, type Types } from "effect"
import type { Decimal } from "../../domain/Decimal.ts"
import * as Aggregate from "./Aggregate.ts"
import type { Aggregated } from "./Aggregate.ts"
import * as Events from "./Events.ts"
import * as Fill from "./Fill.ts"
import { millisOf, optional, optionsOf, shown } from "./check/Declarations.ts"
import { resultsOf } from "./check/Results.ts"
import { horizon } from "./Checked.ts"
import type * as Expr from "./Expr.ts"
import type { Node } from "./Expression.ts"
import type { Spec } from "./Indicator.ts"
import type * as Plan from "./Plan.ts"
import type { Portability } from "./Source.ts"

/** What an indicator or an expression gives over these results. */
type Given<E, Values> = E extends Expr.Expr<infer Out, string, string, string, string, string, Node | Spec> ? Computed<Expr.Result<Out, Values>> : never

/** A condition is never absent; a value is where it does not fit. */
type Computed<V> = [V] extends [boolean] ? V : V | null

export type Derived<Values, Computed> = Types.Simplify<
  & Values
  & { readonly [Name in keyof Computed]: Given<Computed[Name], Values> }
>

export interface Options {
  /**
   * How long after the end of a window, in event time, the next one may begin so that it still counts as what follows on
   * it; of sessions, how long after it that may end. 14 days by default. Beyond it every function starts anew.
   */
  readonly within?: Duration.Input
}

/**
 * Adds values to each pane: indicators over its results, and expressions over them. Those that a `Panes.derive` adds are
 * results to the next. What an expression gives is `null` where it does not fit (see `Expr`).
 */
export const derive =
  <Values, const Computed extends { readonly [name: string]: Expr.Of<Values, unknown, Node | Spec> }>(
    computed: Computed,
    options?: Options
  ) =>
  <P extends Portability, S, Key extends string>(self: Aggregated<Values, P, S, Key>): Aggregated<Derived<Values, Computed>, P, S, Key> => {
    const { within } = optional("Panes.derive", options, ["within"]) ?? {}
    return Aggregate.make({
      _tag: "derive",
      input: resultsOf("Panes.derive", self),
      values: valuesOf(computed),
      within: within === undefined ? horizon : millisOf("Panes.derive", "within", within)
    })
  }

/** By name. In `{ __proto__: … }` JavaScript takes the indicator for the object's prototype, where nobody would look for it. */
const valuesOf = (computed: { readonly [name: string]: { readonly node: Node | Spec } }): Plan.Derive["values"] => {
  if (!Predicate.isObject(computed) || Array.isArray(computed)) {
    throw new TypeError(`Panes.derive needs an object of indicators and expressions by their names, and is given ${shown(computed)}`)
  }
  const prototype: unknown = Object.getPrototypeOf(computed)
  if (Predicate.isObject(prototype) && Object.hasOwn(prototype, "node")) {
    throw new TypeError("Panes.derive: \"__proto__\" cannot be the name of a result; choose another")
  }
  return Object.fromEntries(Object.entries(computed).map(([name, value]) => {
    if (Predicate.isObject(value) && Predicate.isObject(value.node)) return [name, value.node]
    const example = "an indicator, such as Indicator.ema(\"close\", 12), or an expression, such as Expr.subtract(\"high\", \"low\")"
    throw new TypeError(`the result "${name}" needs ${example}, and is given ${shown(value)}`)
  }))
}

export interface Ranking<By extends string, Part extends string> {
  /** The result that keys are ranked by. */
  readonly by: By
  /**
   * Fields of the key, one or several of those that it is made of: keys are ranked among those that have the same values there,
   * the symbols of each sector, the bids of each auction. All keys of a window are ranked together by default.
   */
  readonly per?: Part | ReadonlyArray<Part>
  /** Whether the largest or the smallest comes first: "descending" by default. */
  readonly order?: Plan.Order
}

/**
 * Of each window the `n` keys that are the first by a result, with their `rank` from 1 on; ties go by key, and a key without
 * a value has no rank. It is told once all keys have closed. A key that is not among the first any more is retracted.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Aggregate, Expr, Panes, Pipeline, Source, Window } from "courant"
 *
 * const Trade = Schema.Struct({ sector: Schema.String, symbol: Schema.String, at: Schema.Int, size: Schema.Int })
 *
 * export const leaders = Source.make("trades", { schema: Trade, key: ["sector", "symbol"], eventTime: "at" }).pipe(
 *   Window.tumbling("1 hour"),
 *   Aggregate.into({ volume: Aggregate.sum("size") }),
 *   Panes.top(3, { by: "volume", per: "sector" }),
 *   Pipeline.named("leaders-1h")
 * )
 * ```
 */
export const top = <Values, Key extends string, const By extends Expr.Names<Values, Expr.Numeric>, const Part extends Key = never>(
  n: number,
  options: Ranking<By, Part>
) =>
<P extends Portability, S>(
  self: Aggregated<Values, P, S, Key>
): Aggregated<Types.Simplify<Values & { readonly rank: number }>, P, S, Key> => {
  const { by, order = "descending", per = [] } = optionsOf("Panes.top", options, ["by", "order", "per"])
  return Aggregate.make({ _tag: "top", input: resultsOf("Panes.top", self), n, by, order, per: [per].flat() })
}

/**
 * Only the results for which a condition on their values holds. A window that has passed and no longer does is retracted;
 * one that never passes is not told.
 */
export const where = <Values>(condition: Expr.ConditionOf<Values>) =>
<P extends Portability, S, Key extends string>(self: Aggregated<Values, P, S, Key>): Aggregated<Values, P, S, Key> => {
  const input = resultsOf("Panes.where", self)
  // What is no condition at all is for `Check` to refuse, which knows the pipeline.
  const node = (Predicate.isObject(condition) ? condition.node : condition) as Node
  return Aggregate.make({ _tag: "where-panes", input, condition: node })
}

export interface Filling {
  /** How long after the end of a window with events, in event time, the last window that is filled ends. At most 10,000 windows. */
  readonly within: Duration.Input
}

/**
 * Adds the windows of a key in which nothing happened: those behind a window with events, as far as the watermark has come and for
 * as long as `within` says. Each result is named, and is what the last window with events had ({@link Fill.previous}), a constant, or
 * `null`. A window with events that comes late takes the place of one that was filled.
 *
 * It stands behind the windows, or expressions over them, and before indicators, conditions and ranks, which see filled windows
 * as they see others. Sessions cannot be filled.
 *
 * @example
 * ```ts
 * import { Aggregate, Fill, Panes, Pipeline, ticks, Window } from "courant"
 *
 * export const unbroken = ticks.pipe(
 *   Window.tumbling("1 minute"),
 *   Aggregate.into({ close: Aggregate.last("price"), vwap: Aggregate.weightedMean("price", "size"), trades: Aggregate.count }),
 *   Panes.fill({ close: Fill.previous, vwap: null, trades: 0 }, { within: "1 hour" }),
 *   Pipeline.named("unbroken-1m")
 * )
 * ```
 */
export const fill = <Values, const Given extends Fill.Of<Values>>(values: Given, options: Filling & Fill.Known<Values, Given>) =>
<P extends Portability, S, Key extends string>(self: Aggregated<Values, P, S, Key>): Aggregated<Types.Simplify<Fill.Filled<Values, Given>>, P, S, Key> => {
  const { within } = optionsOf("Panes.fill", options, ["within"])
  const input = resultsOf("Panes.fill", self)
  if (!Predicate.isObject(values) || Array.isArray(values)) {
    throw new TypeError(`Panes.fill needs an object of what each result is in a window without events, and is given ${shown(values)}`)
  }
  // That each is one of these, `Check` sees, which knows the results.
  const named = { ...values } as unknown as Plan.Fill["values"]
  return Aggregate.make({ _tag: "fill", input, values: named, within: millisOf("Panes.fill", "within", within) })
}

/** Of a sum of integers, which is `bigint` beyond 2^53 - 1, a decimal. Any result may be missing. */
type FieldOf<V> = bigint extends V ? Decimal | Exclude<V, bigint> | null : V | null

/** What a row of results is: those of its window, and beside them whose and which window it was. */
export type RowOf<Values> = Types.Simplify<
  & {
    /** The key as panes have it, a string whatever it was made of. */
    readonly key: string
    /** Start of the window, inclusive, in milliseconds since the epoch. */
    readonly start: number
    /** End of the window, exclusive. */
    readonly end: number
  }
  & { readonly [Name in keyof Values]: FieldOf<Values[Name]> }
>

/** Nothing where results have none of a row's own names, else what is wrong, which ends the compiler's complaint. */
export type FreeOf<Values> = string extends keyof Values ? unknown
  : [keyof Values & ("key" | "start" | "end")] extends [never] ? unknown
  : `a row has a field "${keyof Values & ("key" | "start" | "end")}" of its window: call the result something else`

/**
 * Final results as rows of the next stage: aggregates of aggregates, joins of candles. Each window of each key is one row once
 * nothing changes it any more, with its `key`, `start` and `end` as fields beside its results. A row's event time is the last
 * millisecond of its window, `end` less 1; rows come in the order of event time, start and key, and none is late.
 *
 * A result is final when the watermark has reached the window's end and the allowed lateness is over; a session's when it is past
 * that. So what stands behind this is later by the allowed lateness, which is declared before it. A window that is left out by
 * {@link where} or {@link top} is no row.
 *
 * A sum of integers is a decimal without decimals, since it may be beyond 2^53 - 1. The key is a string. A row is no record of
 * the log that could become a dead letter: a field that `Events.derive` computes is `null` where it does not fit, and a row in
 * which `Events.keyBy` finds no key is left out.
 *
 * @example
 * ```ts
 * import { Aggregate, Panes, Pipeline, ticks, Window } from "courant"
 *
 * export const hourlyHigh = ticks.pipe(
 *   Window.tumbling("5 minutes"),
 *   Aggregate.into({ vwap: Aggregate.weightedMean("price", "size") }),
 *   Panes.toEvents,
 *   Window.tumbling("1 hour"),
 *   Aggregate.into({ highest: Aggregate.max("vwap"), windows: Aggregate.count }),
 *   Pipeline.named("highest-vwap-1h")
 * )
 * ```
 */
export const toEvents = <Values, P extends Portability, S>(
  self: Aggregated<Values, P, S> & FreeOf<Values>
): Events.Events<RowOf<Values>, P, S, "key"> => Events.make({ _tag: "to-events", input: resultsOf("Panes.toEvents", self) })
