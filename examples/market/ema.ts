/** Where a price is heading: a quick and a slow exponential average of one-minute closes. */
import { Aggregate, Indicator, Panes, Pipeline, Window, ticks, updatesLast } from "courant"

export const pipeline = ticks.pipe(
  Window.tumbling("1 minute"),
  Aggregate.into({ close: updatesLast(Aggregate.last("price")) }),
  Panes.derive({ quick: Indicator.ema("close", 12), slow: Indicator.ema("close", 26) }),
  Pipeline.named("ema")
)
