/**
 * Candles of coins, or of currencies in lots, whose source writes sizes as doubles: one with a tail, such as 0.30000000000000004, is
 * rounded to 8 decimals.
 */
import { Schema } from "effect"
import { Aggregate, Decimal, Pipeline, Price, Source, Window } from "courant"

const trades = Source.make("trades", {
  schema: Schema.Struct({
    symbol: Schema.String,
    time: Schema.Int,
    price: Price,
    size: Decimal.Decimal({ scale: 8, limit: 20_000_000_000, round: "half-even" })
  }),
  key: "symbol",
  eventTime: "time",
  outOfOrderness: "5 seconds"
})

export const pipeline = trades.pipe(
  Window.tumbling("1 minute"),
  Aggregate.into({
    open: Aggregate.first("price"),
    high: Aggregate.max("price"),
    low: Aggregate.min("price"),
    close: Aggregate.last("price"),
    volume: Aggregate.sum("size"),
    largest: Aggregate.max("size"),
    vwap: Aggregate.weightedMean("price", "size"),
    trades: Aggregate.count
  }),
  Pipeline.named("coins")
)
