/** Query 1, currency conversion: the price of each bid in euros. */
import { Events, Expr, Pipeline } from "courant"
import { type Bid, bids } from "./model.ts"

export const pipeline = bids.pipe(Events.derive({ euros: Expr.multiply("price", 0.908) }), Pipeline.named("q1"))

export const fold = (bid: Bid) => ({ ...bid, euros: bid.price * 908 / 1_000 })
