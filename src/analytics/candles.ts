/** Candles of one minute from ticks, and of five minutes rolled up from them. */
import { Aggregate, Events, Expr, Pipeline, Window } from "../streams/pipeline/index.ts"
import { minute } from "../domain/Bar.ts"
import { figures, ofBars, provisional, shown } from "./figures.ts"
import { byMinute, byTrade, finalBars, priceForming, settling, ticks, updatesVolume } from "./ticks.ts"

/** Bars of one minute that a publisher has made. */
export const minuteBars = finalBars.pipe(Events.where(Expr.eq("interval", minute)), Events.cancels(byMinute))

export const candles1m = ticks.pipe(
  Events.cancels(byTrade),
  Window.tumbling("1 minute"),
  Aggregate.into({
    ...figures,
    vwap: priceForming(updatesVolume(Aggregate.weightedMean("price", "size"))),
    trades: updatesVolume(Aggregate.count),
    provisional
  }),
  Pipeline.acceptPreAggregated(minuteBars, ofBars),
  Pipeline.allowedLateness(settling),
  Pipeline.named("candles-1m"),
  Pipeline.shown(shown)
)

export const candles5m = Pipeline.rollUp(candles1m, "5 minutes").pipe(Pipeline.named("candles-5m"), Pipeline.shown(shown))
