/** Where the money goes: what was turned over in each sector every five minutes. */
import { Schema } from "effect"
import { Aggregate, Events, Expr, Pipeline, Table, Window, ticks, updatesVolume } from "courant"

const listings = Table.make("listings", {
  schema: Schema.Struct({ symbol: Schema.String, sector: Schema.String }),
  key: "symbol",
  rows: [
    { symbol: "AIG", sector: "financials" },
    { symbol: "BAC", sector: "financials" },
    { symbol: "JPM", sector: "financials" },
    { symbol: "AAPL", sector: "technology" },
    { symbol: "IBM", sector: "technology" },
    { symbol: "MSFT", sector: "technology" }
  ]
})

export const pipeline = ticks.pipe(
  Events.lookup(listings, { by: "symbol", select: { listed: "sector" } }),
  Events.derive({ sector: Expr.coalesce("listed", Expr.literal("others")), value: Expr.multiply("price", "size") }),
  Events.keyBy("sector"),
  Window.tumbling("5 minutes"),
  Aggregate.into({ turnover: updatesVolume(Aggregate.sum("value")), trades: updatesVolume(Aggregate.count) }),
  Pipeline.named("sectors")
)
