/** The mean price of the last five minutes, every minute. */
import { Aggregate, Events, Expr, Pipeline, Window } from "../streams/pipeline/index.ts"
import { shown } from "./figures.ts"
import { byTrade, isNoGap, priceForming, ticks, updatesVolume } from "./ticks.ts"

/** A gap is nothing to a mean of prices, and neither is its end. */
const isSeen = Expr.and(isNoGap, Expr.or(Expr.isNot("provisional", true), Expr.isNot("updatesVolume", false)))

export const movingAverage5m = ticks.pipe(
  Events.where(isSeen),
  Events.cancels(byTrade),
  Window.hopping("5 minutes", "1 minute"),
  Aggregate.into({
    mean: priceForming(Aggregate.mean("price")),
    volume: updatesVolume(Aggregate.sum("size")),
    trades: updatesVolume(Aggregate.count)
  }),
  Pipeline.named("moving-average-5m"),
  Pipeline.shown(shown)
)
