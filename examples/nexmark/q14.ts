/**
 * Query 14, calculation: bids of a middling price in euros, with the time of day. The original also counts a letter in a text
 * with a function of its own, which no expression does.
 */
import { Events, Expr, Pipeline } from "courant"
import { type Bid, bids } from "./model.ts"

const hour = Expr.hour("dateTime", { timeZone: "UTC" })

export const pipeline = bids.pipe(
  Events.derive({
    euros: Expr.multiply("price", 0.908),
    timeOfDay: Expr.conditional(
      Expr.and(Expr.gte(hour, 8), Expr.lte(hour, 18)),
      Expr.literal("dayTime"),
      Expr.conditional(Expr.or(Expr.lte(hour, 6), Expr.gte(hour, 20)), Expr.literal("nightTime"), Expr.literal("otherTime"))
    )
  }),
  Events.where(Expr.and(Expr.gt("euros", 1_000_000), Expr.lt("euros", 50_000_000))),
  Pipeline.named("q14")
)

export const fold = (bid: Bid) => {
  const euros = bid.price * 908 / 1_000
  const hour = new Date(bid.dateTime).getUTCHours()
  const timeOfDay = hour >= 8 && hour <= 18 ? "dayTime" : hour <= 6 || hour >= 20 ? "nightTime" : "otherTime"
  return euros > 1_000_000 && euros < 50_000_000 ? { ...bid, euros, timeOfDay } : null
}
