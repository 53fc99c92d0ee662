/**
 * Query 13, a bounded side input: each bid with what a table has for it. The original looks a bid up by the remainder of its
 * auction by 10,000, which auctions of smaller numbers are themselves.
 */
import { Schema } from "effect"
import { Events, Expr, Pipeline, Table } from "courant"
import { type Bid, bids } from "./model.ts"

const sideInput = Table.make("side-input", {
  schema: Schema.Struct({ key: Schema.Int, value: Schema.String }),
  key: "key",
  rows: Array.from({ length: 10_000 }, (_, key) => ({ key, value: String(key) }))
})

export const pipeline = bids.pipe(
  Events.lookup(sideInput, { by: "auction", select: { value: "value" } }),
  Events.where(Expr.not(Expr.isNull("value"))),
  Events.select(["auction", "bidder", "price", "dateTime", "value"]),
  Pipeline.named("q13")
)

export const fold = ({ auction, bidder, dateTime, price }: Bid) =>
  auction < 10_000 ? { auction, bidder, price, dateTime, value: String(auction) } : null
