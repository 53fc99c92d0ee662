/**
 * Query 4, average price for a category: of all auctions of a category that came to their ends within a day what the highest
 * bids were on average. The original keeps one average for ever; here an auction counts on the day on which its session ends,
 * which is half an hour after its last bid.
 */
import { Aggregate, Events, Join, Panes, Pipeline, Window } from "courant"
import { type Result, sum } from "./fold.ts"
import { type Auction, auctions, type Bid, bids } from "./model.ts"

export const pipeline = auctions.pipe(
  Join.interval(bids, { after: "30 minutes", until: "expires", select: { price: "price" } }),
  Window.session("30 minutes"),
  Aggregate.into({ category: Aggregate.last("category"), price: Aggregate.max("price") }),
  Panes.toEvents,
  Events.keyBy("category"),
  Window.tumbling("1 day"),
  Aggregate.into({ price: Aggregate.mean("price"), auctions: Aggregate.count }),
  Pipeline.named("q4")
)

const day = 86_400_000

export const fold = ({ auctions, bids }: { readonly auctions: ReadonlyArray<Auction>; readonly bids: ReadonlyArray<Bid> }): ReadonlyArray<Result> => {
  const sold = auctions.flatMap(({ category, dateTime, expires, id }) => {
    const all = bids.filter((bid) => bid.auction === id && bid.dateTime >= dateTime && bid.dateTime < expires)
    if (all.length === 0) return []
    const last = Math.max(...all.map(({ dateTime }) => dateTime))
    return [{ category: String(category), start: Math.floor((last + 1_799_999) / day) * day, price: Math.max(...all.map(({ price }) => price)) }]
  })
  return [...Map.groupBy(sold, ({ category, start }) => `${category} ${start}`).values()].map((group) => {
    const [{ category, start }] = group as [typeof sold[number]] // A group has one at least.
    return { key: category, start, end: start + day, values: { price: sum(group.map(({ price }) => price)) / group.length, auctions: group.length } }
  })
}
