/** How wide a price swings: the mean of the last 20 minutes, and two standard deviations above and below it. */
import { Aggregate, Indicator, Panes, Pipeline, Window, ticks, updatesLast } from "courant"

export const pipeline = ticks.pipe(
  Window.tumbling("1 minute"),
  Aggregate.into({ close: updatesLast(Aggregate.last("price")) }),
  Panes.derive({
    middle: Indicator.sma("close", 20),
    upper: Indicator.bollingerUpper("close", 20, 2),
    lower: Indicator.bollingerLower("close", 20, 2)
  }),
  Pipeline.named("bollinger")
)
