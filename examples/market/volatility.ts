/** How nervous a price is: its standard deviation over the last five minutes, every minute. */
import { Aggregate, Pipeline, Window, priceForming, ticks } from "courant"

export const pipeline = ticks.pipe(
  Window.hopping("5 minutes", "1 minute"),
  Aggregate.into({ mean: priceForming(Aggregate.mean("price")), deviation: priceForming(Aggregate.standardDeviation("price")) }),
  Pipeline.named("volatility")
)
