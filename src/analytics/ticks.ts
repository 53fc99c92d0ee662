/** The sources of the market: trades, and bars that a publisher has already made of them. */
import { Expr, Aggregate, Events, Source } from "../streams/pipeline/index.ts"
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

/** Which ticks take back others: those by which a venue cancels or corrects a trade. */
export const byTrade = { id: "tradeId", cancel: Expr.eq("kind", "cancel"), correction: Expr.eq("kind", "correction") } as const

/** Bars as candles and days take them: none of them is provisional, and each is of the time up to `through`. */
export const finalBars = bars.pipe(Events.derive({
  provisional: Expr.literal(0),
  through: Expr.subtract(Expr.add("start", "interval"), Expr.literal(1))
}))

/** Which bars take back others: those that a feed has got after ticks of their time. */
export const byMinute = { id: "replaces", replacement: Expr.isNotNull("replaces"), through: "through" } as const

/** How long after its minute a bar may come, and take the place of its samples. */
export const settling = "1 day"

/** A gap is no trade, whatever it says that it updates. */
export const isNoGap = Expr.isNot("kind", "gap")

/** Whether a tick updates what `updates` names: it says so itself, or in short by `priceForming`. */
const updates = (long: "updatesLast" | "updatesHighLow") =>
  Aggregate.where(Expr.and(isNoGap, Expr.isNot(long, false), Expr.or(Expr.eq(long, true), Expr.isNot("priceForming", false))))

/** Open and close look at the trades that update the last price only. */
export const updatesLast = updates("updatesLast")

/** High and low look at the trades that update them only. */
export const updatesHighLow = updates("updatesHighLow")

/** Volume and the number of trades look at the ticks that are trades only, and not at reports of trades that have been there. */
export const updatesVolume = Aggregate.where(Expr.and(isNoGap, Expr.isNot("updatesVolume", false)))

/** Means look at price-forming trades only. */
export const priceForming = Aggregate.where(Expr.and(isNoGap, Expr.isNot("priceForming", false)))
