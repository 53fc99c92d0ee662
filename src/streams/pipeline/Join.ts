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
<R, P extends Portability, S, Key extends string>(
  self: Events.Events<R, P, S, Key> & Free<R, Select>
): Events.Events<WithSelected<R, R2, Select>, P | P2, S & S2, Key> => {
  const call = "Join.asOf"
  needsEvents(call, self)
  needsEvents(call, other)
  const { select, within } = optionsOf(call, options, ["within", "select"])
  // A file without types may hand over anything.
  if (!Predicate.isObject(select)) throw new TypeError(`${call} needs the fields of the other side by their names, and is given ${shown(select)}`)
  return Events.make({ _tag: "as-of", input: self.plan, other: other.plan, within: millisOf(call, "within", within), select })
}

/** Lengths of time before and after a row in which the rows of the other side are joined to it; both ends belong to it. */
export type Interval<Until extends string> =
  | { readonly within: Duration.Input }
  | { readonly before: Duration.Input; readonly after?: Duration.Input }
  | { readonly before?: Duration.Input; readonly after: Duration.Input; readonly until?: Until }

/** A row with fields of another one, under the names that are selected; where rows without a partner come out they may be null. */
export type Paired<R, Other, Select, Type> = "left" extends Type ? WithSelected<R, Other, Select> : {
  readonly [K in keyof R | keyof Select]: K extends keyof Select ? Select[K] extends keyof Other ? Other[Select[K]] : never
    : K extends keyof R ? R[K] : never
}

/** Nothing where a field of the rows is a number, else what is wrong, which ends the compiler's complaint. */
export type IsTime<R, Until extends string> = [Until] extends [never] ? unknown
  : string extends Until ? unknown
  : Until extends keyof R
    ? [R[Until]] extends [number | null] ? unknown : `the field "${Until}" is no number, and until a time in milliseconds rows are joined`
  : `the rows have no field "${Until}"`

/**
 * Joins each row to all rows of the other side that have the same key and whose event times lie between `before` earlier and
 * `after` later, both ends among them: `within` says both at once, and what is left out is 0. With `until`, a field of the row
 * with a time in milliseconds since the epoch, the other row's time has also to be before that; where the field is null there
 * is no partner. Each pair comes out once, with the key of the row and the event time of the later of the two. With
 * `type: "left"` a row without any partner comes out as well, at its own time, and the selected fields are null.
 *
 * Rows of both sides are held until the watermark of the slower one is past them, and pairs leave in the order of event time
 * and place: nothing behind this is late. A row that is behind its own partition's watermark when it comes is late here. Every
 * other row of either side counts as taken when it comes, whatever pairs it will be in. Of a key the rows of this side are kept
 * for `after`, and those of the other side for `before`. Everything behind a left join comes later by `after`, since only then
 * is it known that there is no partner.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Aggregate, Events, Expr, Join, Pipeline, Source, Window } from "courant"
 *
 * const Order = Schema.Struct({ id: Schema.String, at: Schema.Int, shop: Schema.String })
 * const Payment = Schema.Struct({ order: Schema.String, at: Schema.Int, cents: Schema.Int })
 *
 * const orders = Source.make("orders", { schema: Order, key: "id", eventTime: "at" })
 * const payments = Source.make("payments", { schema: Payment, key: "order", eventTime: "at" })
 *
 * export const unpaid = orders.pipe(
 *   Join.interval(payments, { after: "15 minutes", type: "left", select: { paid: "cents" } }),
 *   Events.where(Expr.isNull("paid")),
 *   Events.keyBy("shop"),
 *   Window.tumbling("1 hour"),
 *   Aggregate.into({ orders: Aggregate.count }),
 *   Pipeline.named("unpaid-orders")
 * )
 * ```
 */
export const interval = <
  R2,
  P2 extends Portability,
  S2,
  const Select extends { readonly [name: string]: keyof R2 & string },
  const Type extends "inner" | "left" = "inner",
  const Until extends string = never
>(
  other: Events.Events<R2, P2, S2>,
  options: Interval<Until> & { readonly select: Select; readonly type?: Type }
) =>
<R, P extends Portability, S, Key extends string>(
  self: Events.Events<R, P, S, Key> & Free<R, Select> & IsTime<R, Until>
): Events.Events<Paired<R, R2, Select, Type>, P | P2, S & S2, Key> => {
  const call = "Join.interval"
  needsEvents(call, self)
  needsEvents(call, other)
  // Of the options that exclude one another any may be there in a file without types.
  const given = optionsOf<Given>(call, options, ["within", "before", "after", "until", "select", "type"])
  const { select, type = "inner", until = null, within } = given
  if (!Predicate.isObject(select)) throw new TypeError(`${call} needs the fields of the other side by their names, and is given ${shown(select)}`)
  const { after, before } = within === undefined ? given : { before: within, after: within }
  const isTwice = within !== undefined && (given.before !== undefined || given.after !== undefined || until !== null)
  if (isTwice) throw new TypeError(`${call} takes within, or before and after, and is given both`)
  if (after === undefined && before === undefined) throw new TypeError(`${call} needs how far apart the rows may be, such as { within: "1 minute" } or { after: "1 minute" }`)
  if (until !== null && after === undefined) throw new TypeError(`${call} needs the longest time that until may mean, such as { after: "1 hour", until: "expires" }`)
  return Events.make({
    _tag: "interval",
    input: self.plan,
    other: other.plan,
    before: millisOf(call, within === undefined ? "before" : "within", before ?? 0),
    after: millisOf(call, within === undefined ? "after" : "within", after ?? 0),
    until,
    type,
    select
  })
}

interface Given {
  readonly within?: Duration.Input
  readonly before?: Duration.Input
  readonly after?: Duration.Input
  readonly until?: string
  readonly type?: "inner" | "left"
  readonly select: { readonly [name: string]: string }
}
