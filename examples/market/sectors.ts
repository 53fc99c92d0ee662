/** Where the money goes: what was turned over in each sector every five minutes. */
import { Aggregate, Events, Expr, Pipeline, Window, ticks } from "courant"

const isOneOf = (...symbols: ReadonlyArray<string>) => Expr.or(...symbols.map((symbol) => Expr.eq("symbol", symbol)))

export const pipeline = ticks.pipe(
  Events.derive({
    sector: Expr.conditional(
      isOneOf("AIG", "BAC", "JPM"),
      Expr.literal("financials"),
      Expr.conditional(isOneOf("AAPL", "IBM", "MSFT"), Expr.literal("technology"), Expr.literal("others"))
    ),
    value: Expr.multiply("price", "size")
  }),
  Events.keyBy("sector"),
  Window.tumbling("5 minutes"),
  Aggregate.into({ turnover: Aggregate.sum("value"), trades: Aggregate.count }),
  Pipeline.named("sectors")
)
