/** Prices that can be compared over the years: those of before a split are divided by its ratio, and sizes multiplied. */
import { Aggregate, Events, Expr, Pipeline, Window, ticks, updatesLast, updatesVolume } from "courant"

const before = (symbol: string, date: string) => Expr.and(Expr.eq("symbol", symbol), Expr.lt("time", Date.parse(`${date}T00:00:00-04:00`)))

/** Each period has the product of all ratios that came after it. */
const ratio = Expr.conditional(
  before("AAPL", "2014-06-09"),
  Expr.literal(28),
  Expr.conditional(
    before("AAPL", "2020-08-31"),
    Expr.literal(4),
    Expr.conditional(before("NVDA", "2024-06-10"), Expr.literal(10), Expr.literal(1))
  )
)

export const pipeline = ticks.pipe(
  Events.derive({ adjusted: Expr.divide("price", ratio, { scale: 8 }), adjustedSize: Expr.multiply("size", ratio) }),
  Window.calendar("day", { timeZone: "America/New_York" }),
  Aggregate.into({ close: updatesLast(Aggregate.last("adjusted")), volume: updatesVolume(Aggregate.sum("adjustedSize")) }),
  Pipeline.named("splits")
)
