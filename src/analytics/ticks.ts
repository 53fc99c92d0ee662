/** The sources of the market: trades, and bars that a publisher has already made of them. */
import { Expr, Aggregate, Source } from "../streams/pipeline/index.ts"
import { Bar } from "../domain/Bar.ts"
import { Tick } from "../domain/Tick.ts"

export const ticks = Source.make("ticks", {
  schema: Tick,
  key: "symbol",
  eventTime: "time",
  outOfOrderness: "5 seconds"
})

export const bars = Source.make("bars", {
  schema: Bar,
  key: "symbol",
  eventTime: "start",
  outOfOrderness: "5 seconds"
})

/** Open, high, low, close and the means look at price-forming trades only. */
export const priceForming = Aggregate.where(Expr.isNot("priceForming", false))
