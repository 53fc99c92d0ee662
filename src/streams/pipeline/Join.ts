/**
 * Rows of two sides together: each row of the one with fields of rows of the other that have the same key.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Aggregate, Decimal, Events, Expr, Join, Pipeline, Source, Window } from "courant"
 *
 * const Price = Decimal.Decimal({ scale: 4, limit: 1_000_000 })
 * const Trade = Schema.Struct({ symbol: Schema.String, at: Schema.Int, price: Price, size: Schema.Int })
 * const Quote = Schema.Struct({ symbol: Schema.String, at: Schema.Int, bid: Price, ask: Price })
 *
 * const trades = Source.make("trades", { schema: Trade, key: "symbol", eventTime: "at" })
 * const quotes = Source.make("quotes", { schema: Quote, key: "symbol", eventTime: "at" })
 *
 * export const slippage = trades.pipe(
 *   Join.asOf(quotes, { within: "2 seconds", select: { bid: "bid" } }),
 *   Events.derive({ aboveBid: Expr.subtract("price", "bid") }),
 *   Window.tumbling("1 minute"),
 *   Aggregate.into({ slippage: Aggregate.weightedMean("aboveBid", "size"), trades: Aggregate.count }),
 *   Pipeline.named("slippage-1m")
 * )
 * ```
 */
import { type Duration, Predicate } from "effect"
import { millisOf, needsEvents, optionsOf, shown } from "./check/Declarations.ts"
import * as Events from "./Events.ts"

type Portability = Events.Portability

/** A row with fields of another one, under the names that are selected; they are null where there is no other row. */
export type WithSelected<R, Other, Select> = {
  readonly [K in keyof R | keyof Select]: K extends keyof Select ? Select[K] extends keyof Other ? Other[Select[K]] | null : never
    : K extends keyof R ? R[K] : never
}

/**
 * Nothing where rows have none of these names, else what is wrong, which ends the compiler's complaint. Where the selection
 * itself is wrong its names are not known.
 */
export type Free<R, Select> = string extends keyof Select ? unknown
  : [keyof R & keyof Select] extends [never] ? unknown
  : `the rows have a field "${keyof R & keyof Select & string}" already: select it under another name`

/**
 * Adds fields of the other side's newest row of the same key: of those whose event time is at or before the row's own, and no
 * more than `within` older, the last one; of those at one time the last by place. Where there is none they are null. Each row
 * comes out once, with its own key, event time and place.
 *
 * Rows of both sides are held until the watermark of the slower one is past them, and leave in the order of event time and
 * place: nothing behind this is late. A row that is behind its own partition's watermark when it comes is late here. Of a key
 * the other side's rows are kept for `within`, and of those that the watermark has passed only the newest.
 */
export const asOf = <R2, P2 extends Portability, S2, const Select extends { readonly [name: string]: keyof R2 & string }>(
  other: Events.Events<R2, P2, S2>,
  options: { readonly within: Duration.Input; readonly select: Select }
) =>
<R, P extends Portability, S>(
  self: Events.Events<R, P, S> & Free<R, Select>
): Events.Events<WithSelected<R, R2, Select>, P | P2, S & S2> => {
  const call = "Join.asOf"
  needsEvents(call, self)
  needsEvents(call, other)
  const { select, within } = optionsOf(call, options, ["within", "select"])
  // A file without types may hand over anything.
  if (!Predicate.isObject(select)) throw new TypeError(`${call} needs the fields of the other side by their names, and is given ${shown(select)}`)
  return Events.make({ _tag: "as-of", input: self.plan, other: other.plan, within: millisOf(call, "within", within), select })
}
