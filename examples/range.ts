/**
 * How far a price has gone in the last quarter of an hour, every five minutes:
 * `courant run --pipelines ./examples/range.ts`
 */
import { Aggregate, Pipeline, Window, ticks, updatesHighLow, updatesVolume } from "courant"

export const range15m = ticks.pipe(
  Window.hopping("15 minutes", "5 minutes"),
  Aggregate.into({
    low: updatesHighLow(Aggregate.min("price")),
    high: updatesHighLow(Aggregate.max("price")),
    trades: updatesVolume(Aggregate.count)
  }),
  Pipeline.named("range-15m")
)
