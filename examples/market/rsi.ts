/**
 * Whether a price has risen too far too fast: Wilder's relative strength of the last 14 minutes, above 70 or below 30 where
 * it has. `courant run --pipelines ./examples/market/rsi.ts`
 */
import { Aggregate, Indicator, Panes, Pipeline, Window, ticks, updatesLast } from "courant"

export const pipeline = ticks.pipe(
  Window.tumbling("1 minute"),
  Aggregate.into({ close: updatesLast(Aggregate.last("price")) }),
  Panes.derive({ rsi: Indicator.rsi("close", 14) }),
  Pipeline.named("rsi")
)
