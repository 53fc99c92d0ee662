/**
 * How far a price has gone in the last quarter of an hour, every five minutes:
 * `courant run --pipelines ./examples/range.ts`
 */
import { Aggregate, Pipeline, Window, priceForming, ticks } from "courant"

export const range15m = ticks.pipe(
  Window.hopping("15 minutes", "5 minutes"),
  Aggregate.into({
    low: priceForming(Aggregate.min("price")),
    high: priceForming(Aggregate.max("price")),
    trades: Aggregate.count
  }),
  Pipeline.named("range-15m")
)
