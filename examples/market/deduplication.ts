/** Trades that a feed repeats after a reconnect count once: those of one id within ten minutes. */
import { Schema } from "effect"
import { Aggregate, Decimal, Events, Pipeline, Source, Window } from "courant"

const trades = Source.make("trades", {
  schema: Schema.Struct({
    symbol: Schema.String,
    time: Schema.Int,
    tradeId: Schema.String,
    price: Decimal.Decimal({ scale: 4, limit: 1_000_000 }),
    size: Schema.Int
  }),
  key: "symbol",
  eventTime: "time",
  outOfOrderness: "5 seconds"
})

export const pipeline = trades.pipe(
  Events.distinct({ by: "tradeId", within: "10 minutes" }),
  Window.tumbling("1 minute"),
  Aggregate.into({ volume: Aggregate.sum("size"), trades: Aggregate.count }),
  Pipeline.named("deduplication")
)
