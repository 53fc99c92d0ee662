/** Query 5, hot items: the auction with the most bids of the last ten seconds, every two. Of several the first by its key; the original tells all. */
import { Aggregate, Panes, Pipeline, Window } from "courant"
import type { Result } from "./fold.ts"
import { type Bid, bids } from "./model.ts"

export const pipeline = bids.pipe(
  Window.hopping("10 seconds", "2 seconds"),
  Aggregate.into({ bids: Aggregate.count }),
  Panes.top(1, { by: "bids" }),
  Pipeline.named("q5")
)

export const fold = (bids: ReadonlyArray<Bid>): ReadonlyArray<Result> => {
  const starts = new Set(bids.flatMap(({ dateTime }) => [0, 1, 2, 3, 4].map((back) => (Math.floor(dateTime / 2_000) - back) * 2_000)))
  return [...starts].map((start) => {
    const inside = bids.filter(({ dateTime }) => dateTime >= start && dateTime < start + 10_000)
    const counts = [...Map.groupBy(inside, ({ auction }) => String(auction))].map(([key, { length }]) => ({ key, bids: length }))
    const [{ bids: most, key }] = counts.sort((a, b) => b.bids - a.bids || (a.key < b.key ? -1 : 1)) as [{ key: string; bids: number }] // A window has one.
    return { key, start, end: start + 10_000, values: { bids: most, rank: 1 } }
  })
}
