/** How far a price goes in a minute, for the distance of a stop: the average true range of 14 minutes. */
import { Aggregate, Indicator, Panes, Pipeline, Window, ticks, updatesHighLow, updatesLast } from "courant"

export const pipeline = ticks.pipe(
  Window.tumbling("1 minute"),
  Aggregate.into({
    high: updatesHighLow(Aggregate.max("price")),
    low: updatesHighLow(Aggregate.min("price")),
    close: updatesLast(Aggregate.last("price"))
  }),
  Panes.derive({ atr: Indicator.atr({ high: "high", low: "low", close: "close" }, 14) }),
  Pipeline.named("atr")
)
