/** What candles and days have in common: of ticks, and of bars that a publisher has made. */
import { Aggregate, Expr } from "../streams/pipeline/index.ts"
import { priceForming, updatesHighLow, updatesLast, updatesVolume } from "./ticks.ts"

export const figures = {
  open: updatesLast(Aggregate.first("price")),
  high: updatesHighLow(Aggregate.max("price")),
  low: updatesHighLow(Aggregate.min("price")),
  close: updatesLast(Aggregate.last("price")),
  mean: priceForming(Aggregate.mean("price")),
  volume: updatesVolume(Aggregate.sum("size"))
}

/** How many of the records stand for others that are still to come: with 0 it is final. */
export const provisional = Aggregate.where(Expr.eq("provisional", true))(Aggregate.count)

/** Which of them a bar says, and by which field. */
export const ofBars = { open: "open", high: "high", low: "low", close: "close", volume: "volume", provisional: "provisional" } as const

/** A volume is an amount that was traded in a window, and no level that goes on to the next. */
export const shown = { values: { volume: { plot: "bars" } } } as const
