/** The mean price of the last five minutes, every minute. */
import { Aggregate, Pipeline, Window } from "../streams/pipeline/index.ts"
import { priceForming, ticks, updatesVolume } from "./ticks.ts"

export const movingAverage5m = ticks.pipe(
  Window.hopping("5 minutes", "1 minute"),
  Aggregate.into({
    mean: priceForming(Aggregate.mean("price")),
    volume: updatesVolume(Aggregate.sum("size")),
    trades: updatesVolume(Aggregate.count)
  }),
  Pipeline.named("moving-average-5m")
)
