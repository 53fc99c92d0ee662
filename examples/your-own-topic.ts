/**
 * What each shop took in an hour, out of your own topic of Kafka, to which any program writes orders as JSON:
 * `courant process --log kafka --brokers 127.0.0.1:9092 --topic orders --pipelines ./your-own-topic.ts --sink kafka`
 */
import { Schema } from "effect"
import { Aggregate, Decimal, Pipeline, Source, Window } from "courant"

const Order = Schema.Struct({
  shop: Schema.String,
  placedAt: Schema.Int,
  amount: Decimal.Decimal({ scale: 2, limit: 1_000_000 })
})

export const takings = Source.make("orders", {
  schema: Order,
  key: "shop",
  eventTime: "placedAt",
  outOfOrderness: "30 seconds"
}).pipe(
  Window.tumbling("1 hour"),
  Aggregate.into({
    orders: Aggregate.count,
    takings: Aggregate.sum("amount"),
    largest: Aggregate.max("amount")
  }),
  Pipeline.named("takings")
)
