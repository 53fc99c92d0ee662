/**
 * Query 9, winning bids: of each auction the highest bid before it expires, and of several the earliest. An auction is open
 * for less than half an hour, which is how long its bids are one session.
 */
import { Aggregate, Join, Pipeline, Window } from "courant"
import type { Result } from "./fold.ts"
import { type Auction, auctions, type Bid, bids } from "./model.ts"

export const pipeline = auctions.pipe(
  Join.interval(bids, { after: "30 minutes", until: "expires", select: { price: "price", bidder: "bidder", bidTime: "dateTime" } }),
  Window.session("30 minutes"),
  Aggregate.into({
    itemName: Aggregate.last("itemName"),
    seller: Aggregate.last("seller"),
    price: Aggregate.max("price"),
    bidder: Aggregate.maxBy("bidder", "price"),
    bidTime: Aggregate.maxBy("bidTime", "price")
  }),
  Pipeline.named("q9")
)

export const fold = ({ auctions, bids }: { readonly auctions: ReadonlyArray<Auction>; readonly bids: ReadonlyArray<Bid> }): ReadonlyArray<Result> =>
  auctions.flatMap(({ dateTime, expires, id, itemName, seller }) => {
    const all = bids.filter((bid) => bid.auction === id && bid.dateTime >= dateTime && bid.dateTime < expires)
    const times = all.map(({ dateTime }) => dateTime)
    return all.toSorted((a, b) => b.price - a.price || a.dateTime - b.dateTime).slice(0, 1).map(({ bidder, dateTime: bidTime, price }) => ({
      key: String(id),
      start: Math.min(...times),
      end: Math.max(...times) + 1_800_000,
      values: { itemName, seller, price, bidder, bidTime }
    }))
  })
