/** When a trend turns: the quick average less the slow one, its own average, and how far the two are apart. */
import { Aggregate, Indicator, Panes, Pipeline, Window, ticks, updatesLast } from "courant"

const lengths = { fast: 12, slow: 26, signal: 9 }

export const pipeline = ticks.pipe(
  Window.tumbling("1 minute"),
  Aggregate.into({ close: updatesLast(Aggregate.last("price")) }),
  Panes.derive({
    macd: Indicator.macd("close", lengths),
    signal: Indicator.macdSignal("close", lengths),
    histogram: Indicator.macdHistogram("close", lengths)
  }),
  Pipeline.named("macd")
)
