/**
 * What the day's trades paid on average so far, by which an order's execution is judged: the volume-weighted price of the
 * exchange's day, told again every minute.
 */
import { Aggregate, Pipeline, Window, priceForming, ticks, updatesVolume } from "courant"

export const pipeline = ticks.pipe(
  Window.calendar("day", { timeZone: "America/New_York" }),
  Aggregate.into({ vwap: priceForming(updatesVolume(Aggregate.weightedMean("price", "size"))), volume: updatesVolume(Aggregate.sum("size")) }),
  Pipeline.emitOnUpdate({ every: "1 minute" }),
  Pipeline.named("session-vwap")
)
