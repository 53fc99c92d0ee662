/**
 * Query 2, selection: bids for one auction in 123. There is no remainder among the expressions; a number is divisible where
 * its quotient, rounded, gives it back.
 */
import { Events, Expr, Pipeline } from "courant"
import { type Bid, bids } from "./model.ts"

export const pipeline = bids.pipe(
  Events.where(Expr.eq(Expr.multiply(Expr.divide("auction", 123, { scale: 0 }), 123), Expr.field("auction"))),
  Pipeline.named("q2")
)

export const fold = (bid: Bid) => bid.auction % 123 === 0 ? bid : null
