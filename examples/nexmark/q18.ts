/**
 * Query 18, find last bid: the newest bid of each person on each auction. The original keeps it for ever; here it is forgotten
 * when a minute has passed without another, so that the state has a bound.
 */
import { Aggregate, Events, Pipeline, Window } from "courant"
import { type Result, sessions } from "./fold.ts"
import { type Bid, bids } from "./model.ts"

export const pipeline = bids.pipe(
  Events.keyBy(["bidder", "auction"]),
  Window.session("1 minute"),
  Aggregate.into({
    price: Aggregate.last("price"),
    channel: Aggregate.last("channel"),
    url: Aggregate.last("url"),
    dateTime: Aggregate.last("dateTime")
  }),
  Pipeline.named("q18")
)

export const fold = (bids: ReadonlyArray<Bid>): ReadonlyArray<Result> =>
  sessions(bids, 60_000, ({ auction, bidder }) => JSON.stringify([bidder, auction])).map(({ bids, ...window }) => {
    const { channel, dateTime, price, url } = bids.at(-1)!
    return { ...window, values: { price, channel, url, dateTime } }
  })
