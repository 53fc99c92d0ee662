/**
 * Query 19, auction top 10 price: the ten highest bids on each auction. The original keeps them for ever; here they are those of
 * each ten minutes, so that the state has a bound. Of equal bids the first by its key is before the others. A bid is told from
 * others by its auction, its bidder and its time.
 */
import { Aggregate, Events, Panes, Pipeline, Window } from "courant"
import { type Result, tumbling } from "./fold.ts"
import { type Bid, bids } from "./model.ts"

export const pipeline = bids.pipe(
  Events.keyBy(["auction", "bidder", "dateTime"]),
  Window.tumbling("10 minutes"),
  Aggregate.into({ price: Aggregate.max("price"), channel: Aggregate.last("channel") }),
  Panes.top(10, { by: "price", per: "auction" }),
  Pipeline.named("q19")
)

export const fold = (bids: ReadonlyArray<Bid>): ReadonlyArray<Result> =>
  tumbling(bids, 600_000, ({ auction }) => String(auction)).flatMap(({ bids, ...window }) => {
    const keyed = bids.map(({ auction, bidder, channel, dateTime, price }) => ({ key: JSON.stringify([auction, bidder, dateTime]), price, channel }))
    const inOrder = keyed.sort((a, b) => b.price - a.price || (a.key < b.key ? -1 : 1))
    return inOrder.slice(0, 10).map(({ key, ...values }, index) => ({ ...window, key, values: { ...values, rank: index + 1 } }))
  })
