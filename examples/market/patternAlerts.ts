/** An alert where the quick average crosses above the slow one: it was not above in the minute before, and is now. */
import { Aggregate, Expr, Indicator, Panes, Pipeline, Window, ticks, updatesLast } from "courant"

export const pipeline = ticks.pipe(
  Window.tumbling("1 minute"),
  Aggregate.into({ close: updatesLast(Aggregate.last("price")) }),
  Panes.derive({ quick: Indicator.ema("close", 12), slow: Indicator.ema("close", 26) }),
  Panes.derive({ apart: Expr.subtract("quick", "slow") }),
  Panes.derive({ before: Indicator.previous("apart") }),
  Panes.where(Expr.and(Expr.gt("apart", 0), Expr.lte("before", 0))),
  Pipeline.named("pattern-alerts")
)
