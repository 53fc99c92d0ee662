/**
 * When trading stopped: a session ends where nothing is traded for five minutes, with the time of the last trade before the
 * halt.
 */
import { Aggregate, Pipeline, Window, ticks } from "courant"

export const pipeline = ticks.pipe(
  Window.session("5 minutes"),
  Aggregate.into({ lastTrade: Aggregate.max("time"), lastPrice: Aggregate.last("price"), trades: Aggregate.count }),
  Pipeline.named("halts")
)
