/** Candles of one minute from ticks, and of five minutes rolled up from them. */
import { Aggregate, Events, Expr, Pipeline, Window } from "../streams/pipeline/index.ts"
import { minute } from "../domain/Bar.ts"
import { bars, priceForming, ticks, updatesHighLow, updatesLast, updatesVolume } from "./ticks.ts"

export const candles1m = ticks.pipe(
  Window.tumbling("1 minute"),
  Aggregate.into({
    open: updatesLast(Aggregate.first("price")),
    high: updatesHighLow(Aggregate.max("price")),
    low: updatesHighLow(Aggregate.min("price")),
    close: updatesLast(Aggregate.last("price")),
    mean: priceForming(Aggregate.mean("price")),
    volume: updatesVolume(Aggregate.sum("size")),
    vwap: priceForming(updatesVolume(Aggregate.weightedMean("price", "size"))),
    trades: updatesVolume(Aggregate.count)
  }),
  Pipeline.acceptPreAggregated(bars.pipe(Events.where(Expr.eq("interval", minute))), {
    open: "open",
    high: "high",
    low: "low",
    close: "close",
    volume: "volume"
  }),
  Pipeline.named("candles-1m")
)

export const candles5m = Pipeline.rollUp(candles1m, "5 minutes").pipe(Pipeline.named("candles-5m"))
