/** Query 15, bidding statistics: how many bids, bidders and auctions a day has, by three ranges of prices. */
import { Aggregate, Events, Expr, Pipeline, Window } from "courant"
import { type Result, tumbling } from "./fold.ts"
import { type Bid, bids } from "./model.ts"

export const day = 24 * 60 * 60 * 1_000

const rank1 = Aggregate.where(Expr.lt("price", 10_000))
const rank2 = Aggregate.where(Expr.and(Expr.gte("price", 10_000), Expr.lt("price", 1_000_000)))
const rank3 = Aggregate.where(Expr.gte("price", 1_000_000))
const bidders = Aggregate.countDistinct("bidder", { atMost: 1_000_000 })
const auctions = Aggregate.countDistinct("auction", { atMost: 1_000_000 })

export const statistics = {
  bids: Aggregate.count,
  rank1Bids: rank1(Aggregate.count),
  rank2Bids: rank2(Aggregate.count),
  rank3Bids: rank3(Aggregate.count),
  bidders,
  rank1Bidders: rank1(bidders),
  rank2Bidders: rank2(bidders),
  rank3Bidders: rank3(bidders),
  auctions,
  rank1Auctions: rank1(auctions),
  rank2Auctions: rank2(auctions),
  rank3Auctions: rank3(auctions)
}

export const pipeline = bids.pipe(
  Events.keyBy([]),
  Window.calendar("day", { timeZone: "UTC" }),
  Aggregate.into(statistics),
  Pipeline.named("q15")
)

const distinct = (field: "auction" | "bidder", bids: ReadonlyArray<Bid>) => new Set(bids.map((bid) => bid[field])).size

/** The same by hand. */
export const counted = (bids: ReadonlyArray<Bid>) => {
  const [low, middle, high] = [
    bids.filter(({ price }) => price < 10_000),
    bids.filter(({ price }) => price >= 10_000 && price < 1_000_000),
    bids.filter(({ price }) => price >= 1_000_000)
  ] as const
  return {
    bids: bids.length,
    rank1Bids: low.length,
    rank2Bids: middle.length,
    rank3Bids: high.length,
    bidders: distinct("bidder", bids),
    rank1Bidders: distinct("bidder", low),
    rank2Bidders: distinct("bidder", middle),
    rank3Bidders: distinct("bidder", high),
    auctions: distinct("auction", bids),
    rank1Auctions: distinct("auction", low),
    rank2Auctions: distinct("auction", middle),
    rank3Auctions: distinct("auction", high)
  }
}

export const fold = (bids: ReadonlyArray<Bid>): ReadonlyArray<Result> =>
  tumbling(bids, day, () => "").map(({ bids, ...window }) => ({ ...window, values: counted(bids) }))
