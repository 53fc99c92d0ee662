/**
 * Candles without holes: a minute in which nothing was traded has the price of the last one before it and no volume, for up to
 * a quarter of an hour. Where it is longer, trading has stopped.
 */
import { Aggregate, Fill, Panes, Pipeline, Window, priceForming, ticks, updatesLast, updatesVolume } from "courant"

export const pipeline = ticks.pipe(
  Window.tumbling("1 minute"),
  Aggregate.into({
    close: updatesLast(Aggregate.last("price")),
    vwap: priceForming(updatesVolume(Aggregate.weightedMean("price", "size"))),
    volume: updatesVolume(Aggregate.sum("size")),
    trades: updatesVolume(Aggregate.count)
  }),
  Panes.fill({ close: Fill.previous, vwap: null, volume: 0, trades: 0 }, { within: "15 minutes" }),
  Pipeline.named("gap-filling")
)
