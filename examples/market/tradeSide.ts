/**
 * What trades paid above the middle, and who was in a hurry: each trade with the quote that stood when it was made. One at the
 * ask or above was a buyer's, one at the bid or below a seller's.
 */
import { Aggregate, Events, Expr, Join, Pipeline, Window, ticks } from "courant"
import { quotes } from "./quotes.ts"

export const pipeline = ticks.pipe(
  Join.asOf(quotes, { within: "2 seconds", select: { bid: "bid", ask: "ask" } }),
  Events.derive({
    spread: Expr.subtract("ask", "bid"),
    side: Expr.conditional(
      Expr.gte("price", Expr.field("ask")),
      Expr.literal("buy"),
      Expr.conditional(Expr.lte("price", Expr.field("bid")), Expr.literal("sell"), Expr.literal("unknown"))
    )
  }),
  Window.tumbling("1 minute"),
  Aggregate.into({
    spread: Aggregate.mean("spread"),
    bought: Aggregate.where(Expr.eq("side", "buy"))(Aggregate.sum("size")),
    sold: Aggregate.where(Expr.eq("side", "sell"))(Aggregate.sum("size")),
    trades: Aggregate.count
  }),
  Pipeline.named("trade-side")
)
