/** What courant computes here: the candles that all others compute too, and nothing of the built-in ones beyond that. */
import { ticks } from "../../../src/analytics/ticks.ts"
import { Aggregate, Pipeline, Window } from "../../../src/streams/pipeline/index.ts"

export const candles = ticks.pipe(
  Window.tumbling("1 minute"),
  Aggregate.into({
    open: Aggregate.first("price"),
    high: Aggregate.max("price"),
    low: Aggregate.min("price"),
    close: Aggregate.last("price"),
    volume: Aggregate.sum("size"),
    count: Aggregate.count
  }),
  Pipeline.named("candles")
)
