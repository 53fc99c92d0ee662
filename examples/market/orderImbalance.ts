/** Which side of the book is heavier: from 1 where nothing is offered to -1 where nothing is bid for. */
import { Aggregate, Events, Expr, Pipeline, Window } from "courant"
import { quotes } from "./quotes.ts"

export const pipeline = quotes.pipe(
  Events.derive({ imbalance: Expr.divide(Expr.subtract("bidSize", "askSize"), Expr.add("bidSize", "askSize"), { scale: 4 }) }),
  Window.tumbling("1 minute"),
  Aggregate.into({ imbalance: Aggregate.mean("imbalance"), last: Aggregate.last("imbalance"), quotes: Aggregate.count }),
  Pipeline.named("order-imbalance")
)
