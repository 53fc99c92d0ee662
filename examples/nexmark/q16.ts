/** Query 16, channel statistics: those of query 15 for each channel, and when its last bid of the day was. */
import { Aggregate, Events, Pipeline, Window } from "courant"
import { type Result, tumbling } from "./fold.ts"
import { type Bid, bids } from "./model.ts"
import { counted, day, statistics } from "./q15.ts"

export const pipeline = bids.pipe(
  Events.keyBy("channel"),
  Window.calendar("day", { timeZone: "UTC" }),
  Aggregate.into({ latest: Aggregate.max("dateTime"), ...statistics }),
  Pipeline.named("q16")
)

export const fold = (bids: ReadonlyArray<Bid>): ReadonlyArray<Result> =>
  tumbling(bids, day, ({ channel }) => channel).map(({ bids, ...window }) => ({
    ...window,
    values: { latest: Math.max(...bids.map(({ dateTime }) => dateTime)), ...counted(bids) }
  }))
