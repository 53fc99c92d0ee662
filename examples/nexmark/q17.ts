/** Query 17, auction statistics: how many bids of each range of prices an auction had in a day, and what they came to. */
import { Aggregate, Expr, Pipeline, Window } from "courant"
import { type Result, sum, tumbling } from "./fold.ts"
import { type Bid, bids } from "./model.ts"
import { day } from "./q15.ts"

export const pipeline = bids.pipe(
  Window.calendar("day", { timeZone: "UTC" }),
  Aggregate.into({
    bids: Aggregate.count,
    rank1Bids: Aggregate.where(Expr.lt("price", 10_000))(Aggregate.count),
    rank2Bids: Aggregate.where(Expr.and(Expr.gte("price", 10_000), Expr.lt("price", 1_000_000)))(Aggregate.count),
    rank3Bids: Aggregate.where(Expr.gte("price", 1_000_000))(Aggregate.count),
    lowest: Aggregate.min("price"),
    highest: Aggregate.max("price"),
    average: Aggregate.mean("price"),
    total: Aggregate.sum("price")
  }),
  Pipeline.named("q17")
)

export const fold = (bids: ReadonlyArray<Bid>): ReadonlyArray<Result> =>
  tumbling(bids, day, ({ auction }) => String(auction)).map(({ bids, ...window }) => {
    const prices = bids.map(({ price }) => price)
    const values = {
      bids: prices.length,
      rank1Bids: prices.filter((price) => price < 10_000).length,
      rank2Bids: prices.filter((price) => price >= 10_000 && price < 1_000_000).length,
      rank3Bids: prices.filter((price) => price >= 1_000_000).length,
      lowest: Math.min(...prices),
      highest: Math.max(...prices),
      average: sum(prices) / prices.length,
      total: sum(prices)
    }
    return { ...window, values }
  })
