/** How closely a symbol follows the market: the correlation of its trades' prices with the market's price as of their times. */
import { Aggregate, Events, Expr, Join, Pipeline, Window, ticks } from "courant"

const forming = ticks.pipe(Events.where(Expr.isNot("priceForming", false)))

export const pipeline = forming.pipe(
  Events.where(Expr.ne("symbol", "SPY")),
  Events.derive({ of: Expr.literal("SPY"), name: Expr.field("symbol") }),
  Events.keyBy("of"),
  Join.asOf(forming.pipe(Events.where(Expr.eq("symbol", "SPY"))), { within: "1 minute", select: { market: "price" } }),
  Events.keyBy("name"),
  Window.tumbling("5 minutes"),
  Aggregate.into({ correlation: Aggregate.correlation("price", "market"), trades: Aggregate.count }),
  Pipeline.named("correlation")
)
