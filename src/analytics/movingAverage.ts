/** The mean price of the last five minutes, every minute. */
import { Aggregate, Events, Pipeline, Window } from "../streams/pipeline/index.ts"
import { byTrade, priceForming, ticks, updatesVolume } from "./ticks.ts"

export const movingAverage5m = ticks.pipe(
  Events.cancels(byTrade),
  Window.hopping("5 minutes", "1 minute"),
  Aggregate.into({
    mean: priceForming(Aggregate.mean("price")),
    volume: updatesVolume(Aggregate.sum("size")),
    trades: updatesVolume(Aggregate.count)
  }),
  Pipeline.named("moving-average-5m")
)
