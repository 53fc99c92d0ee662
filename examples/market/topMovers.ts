/** What moves: the five symbols of each five minutes that rose most, with their ranks. */
import { Aggregate, Expr, Panes, Pipeline, Window, ticks, updatesLast } from "courant"

export const pipeline = ticks.pipe(
  Window.tumbling("5 minutes"),
  Aggregate.into({ open: updatesLast(Aggregate.first("price")), close: updatesLast(Aggregate.last("price")) }),
  Panes.derive({ move: Expr.multiply(Expr.divide(Expr.subtract("close", "open"), "open", { scale: 6 }), 100) }),
  Panes.top(5, { by: "move" }),
  Pipeline.named("top-movers")
)
