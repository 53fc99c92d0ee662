/** The trading day so far, by the calendar of the exchange. */
import { Aggregate, Pipeline, Window } from "../streams/pipeline/index.ts"
import { bars, priceForming, ticks, updatesHighLow, updatesLast, updatesVolume } from "./ticks.ts"

/**
 * One pane a calendar day and symbol. `variation` is the change of the close against that
 * of the day before, in per cent. A day that is known as a daily bar enters whole, so that
 * the first day of a log has something to be compared with.
 */
export const dayIn = (timeZone: string) =>
  ticks.pipe(
    Window.calendar("day", { timeZone }),
    Aggregate.into({
      open: updatesLast(Aggregate.first("price")),
      high: updatesHighLow(Aggregate.max("price")),
      low: updatesHighLow(Aggregate.min("price")),
      close: updatesLast(Aggregate.last("price")),
      mean: priceForming(Aggregate.mean("price")),
      volume: updatesVolume(Aggregate.sum("size"))
    }),
    Pipeline.acceptPreAggregated(bars, { open: "open", high: "high", low: "low", close: "close", volume: "volume" }),
    Pipeline.percentChange("variation", "close"),
    Pipeline.named("day")
  )

/** New York: where the exchanges of the symbols that courant shows by default are. */
export const day = dayIn("America/New_York")
