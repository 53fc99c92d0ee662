/** What was turned over in euros: each trade in dollars with the rate as of its time. One key serves all rows of both sides. */
import { Schema } from "effect"
import { Aggregate, Decimal, Events, Expr, Join, Pipeline, Source, Window, ticks } from "courant"

const rates = Source.make("rates", {
  schema: Schema.Struct({ time: Schema.Int, dollarsPerEuro: Decimal.Decimal({ scale: 6, limit: 1_000_000 }) }),
  key: [],
  eventTime: "time",
  outOfOrderness: "5 seconds"
})

export const pipeline = ticks.pipe(
  Events.keyBy([]),
  Join.asOf(rates, { within: "1 hour", select: { rate: "dollarsPerEuro" } }),
  Events.derive({ euros: Expr.divide(Expr.multiply("price", "size"), "rate", { scale: 2 }) }),
  Events.keyBy("symbol"),
  Window.tumbling("1 minute"),
  Aggregate.into({ turnover: Aggregate.sum("euros"), trades: Aggregate.count }),
  Pipeline.named("cross-rate")
)
