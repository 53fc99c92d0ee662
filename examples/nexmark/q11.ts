/** Query 11, user sessions: how many bids a person makes before ten seconds pass without one. */
import { Aggregate, Events, Pipeline, Window } from "courant"
import { type Result, sessions } from "./fold.ts"
import { type Bid, bids } from "./model.ts"

export const pipeline = bids.pipe(
  Events.keyBy("bidder"),
  Window.session("10 seconds"),
  Aggregate.into({ bids: Aggregate.count }),
  Pipeline.named("q11")
)

export const fold = (bids: ReadonlyArray<Bid>): ReadonlyArray<Result> =>
  sessions(bids, 10_000, ({ bidder }) => String(bidder)).map(({ bids, ...window }) => ({ ...window, values: { bids: bids.length } }))
