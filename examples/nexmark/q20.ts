/**
 * Query 20, expand bid with auction: each bid on an auction of category 10, with what the auction is. The original keeps every
 * auction for ever; here bids are joined to auctions that began at most ten minutes before them, so that the state has a bound.
 */
import { Events, Expr, Join, Pipeline } from "courant"
import { type Auction, auctions, type Bid, bids } from "./model.ts"

export const pipeline = bids.pipe(
  Join.interval(auctions.pipe(Events.where(Expr.eq("category", 10))), {
    before: "10 minutes",
    select: { itemName: "itemName", seller: "seller", category: "category", expires: "expires", began: "dateTime" }
  }),
  Pipeline.named("q20")
)

export const fold = ({ auctions, bids }: { readonly auctions: ReadonlyArray<Auction>; readonly bids: ReadonlyArray<Bid> }) =>
  bids.flatMap((bid) => auctions.flatMap(({ category, dateTime, expires, id, itemName, seller }) => {
    if (id !== bid.auction || category !== 10 || dateTime > bid.dateTime || bid.dateTime - dateTime > 600_000) return []
    return [{ ...bid, itemName, seller, category, expires, began: dateTime }]
  }))
