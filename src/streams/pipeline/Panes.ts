/**
 * What is done to the results of windows: values computed from them, and from the windows of the same key before.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Aggregate, Indicator, Panes, Pipeline, Source, Window } from "courant"
 *
 * const Trade = Schema.Struct({ symbol: Schema.String, time: Schema.Int, price: Schema.Finite })
 *
 * export const averages = Source.make("trades", { schema: Trade, key: "symbol", eventTime: "time" }).pipe(
 *   Window.tumbling("1 minute"),
 *   Aggregate.into({ close: Aggregate.last("price") }),
 *   Panes.derive({ ema12: Indicator.ema("close", 12), before: Indicator.previous("close") }),
 *   Pipeline.named("averages")
 * )
 * ```
 */
import { type Duration, Predicate, type Types } from "effect"
import type { Decimal } from "../../domain/Decimal.ts"
import * as Aggregate from "./Aggregate.ts"
import type { Aggregated } from "./Aggregate.ts"
import { millisOf, optional, shown } from "./check/Declarations.ts"
import { resultsOf } from "./check/Results.ts"
import { horizon } from "./Checked.ts"
import type { Names, Numeric } from "./Expr.ts"
import type { Gives, Over } from "./Indicator.ts"
import type * as Plan from "./Plan.ts"
import type { Portability } from "./Source.ts"

/** What an indicator gives over these results. */
type Given<I, Values> = I extends Over<infer N, infer G>
  ? G extends "picked" ? N extends keyof Values ? Values[N] | null : never
  : G extends "decimal" ? Decimal | null
  : number | null
  : never

export type Derived<Values, Indicators> = Types.Simplify<
  & Values
  & { readonly [Name in keyof Indicators]: Given<Indicators[Name], Values> }
>

export interface Options {
  /**
   * How long after the end of a window, in event time, the next one may begin so that it still counts as what follows on
   * it; of sessions, how long after it that may end. 14 days by default. Beyond it every function starts anew.
   */
  readonly within?: Duration.Input
}

/** Adds values to each pane: indicators over its results. Those that a `Panes.derive` adds are results to the next. */
export const derive = <Values, const Indicators extends { readonly [name: string]: Over<Names<Values, Numeric>, Gives> }>(
  indicators: Indicators,
  options?: Options
) =>
<P extends Portability, S>(self: Aggregated<Values, P, S>): Aggregated<Derived<Values, Indicators>, P, S> => {
  const { within } = optional("Panes.derive", options, ["within"]) ?? {}
  return Aggregate.make({
    _tag: "derive",
    input: resultsOf("Panes.derive", self),
    values: specsOf(indicators),
    within: within === undefined ? horizon : millisOf("Panes.derive", "within", within)
  })
}

/** By name. In `{ __proto__: … }` JavaScript takes the indicator for the object's prototype, where nobody would look for it. */
const specsOf = (indicators: { readonly [name: string]: Over<string, Gives> }): Plan.Derive["values"] => {
  if (!Predicate.isObject(indicators) || Array.isArray(indicators)) {
    throw new TypeError(`Panes.derive needs an object of indicators by their names, and is given ${shown(indicators)}`)
  }
  const prototype: unknown = Object.getPrototypeOf(indicators)
  if (Predicate.isObject(prototype) && Object.hasOwn(prototype, "spec")) {
    throw new TypeError("Panes.derive: \"__proto__\" cannot be the name of a result; choose another")
  }
  return Object.fromEntries(Object.entries(indicators).map(([name, indicator]) => {
    if (Predicate.isObject(indicator) && Predicate.isObject(indicator.spec)) return [name, indicator.spec]
    throw new TypeError(`the result "${name}" needs an indicator, such as Indicator.ema("close", 12), and is given ${shown(indicator)}`)
  }))
}
