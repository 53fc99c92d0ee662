/** Query 7, highest bid: of each ten seconds the bid with the highest price, and of several the earliest. */
import { Aggregate, Events, Pipeline, Window } from "courant"
import { type Result, tumbling } from "./fold.ts"
import { type Bid, bids } from "./model.ts"

export const pipeline = bids.pipe(
  Events.keyBy([]),
  Window.tumbling("10 seconds"),
  Aggregate.into({
    price: Aggregate.max("price"),
    auction: Aggregate.maxBy("auction", "price"),
    bidder: Aggregate.maxBy("bidder", "price"),
    dateTime: Aggregate.maxBy("dateTime", "price")
  }),
  Pipeline.named("q7")
)

export const fold = (bids: ReadonlyArray<Bid>): ReadonlyArray<Result> =>
  tumbling(bids, 10_000, () => "").map(({ bids, ...window }) => {
    const [{ auction, bidder, dateTime, price }] = bids.toSorted((a, b) => b.price - a.price || a.dateTime - b.dateTime) as [Bid] // As above.
    return { ...window, values: { price, auction, bidder, dateTime } }
  })
