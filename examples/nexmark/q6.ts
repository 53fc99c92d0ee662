/**
 * Query 6, average selling price by seller: of each seller what the last ten auctions that came to their ends were sold for on
 * average. An auction comes to its end as its session does, half an hour after its last bid. Each is a window of its own, whose
 * average is over the windows before it; one of fewer than ten is left out.
 */
import { Aggregate, Events, Expr, Indicator, Join, Panes, Pipeline, Window } from "courant"
import { type Result, sum } from "./fold.ts"
import { type Auction, auctions, type Bid, bids } from "./model.ts"

export const pipeline = auctions.pipe(
  Join.interval(bids, { after: "30 minutes", until: "expires", select: { price: "price" } }),
  Window.session("30 minutes"),
  Aggregate.into({ seller: Aggregate.last("seller"), price: Aggregate.max("price") }),
  Panes.toEvents,
  Events.keyBy("seller"),
  Window.count(1, { within: "1 day" }),
  Aggregate.into({ price: Aggregate.last("price") }),
  Panes.derive({ average: Indicator.sma("price", 10) }),
  Panes.where(Expr.isNotNull("average")),
  Pipeline.named("q6")
)

export const fold = ({ auctions, bids }: { readonly auctions: ReadonlyArray<Auction>; readonly bids: ReadonlyArray<Bid> }): ReadonlyArray<Result> => {
  const sold = auctions.flatMap(({ dateTime, expires, id, seller }) => {
    const all = bids.filter((bid) => bid.auction === id && bid.dateTime >= dateTime && bid.dateTime < expires)
    if (all.length === 0) return []
    return [{ seller, end: Math.max(...all.map(({ dateTime }) => dateTime)) + 1_800_000, price: Math.max(...all.map(({ price }) => price)) }]
  })
  return [...Map.groupBy(sold, ({ seller }) => seller).values()].flatMap((group) => {
    const inOrder = group.toSorted((a, b) => a.end - b.end)
    return inOrder.flatMap(({ end, price, seller }, index) => {
      if (index < 9) return []
      const average = sum(inOrder.slice(index - 9, index + 1).map(({ price }) => price)) / 10
      return [{ key: String(seller), start: end - 1, end, values: { price, average } }]
    })
  })
}
