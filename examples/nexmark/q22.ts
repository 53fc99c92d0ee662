/** Query 22, get URL directories: the first three folders of each bid's link. */
import { Events, Expr, Pipeline } from "courant"
import { type Bid, bids } from "./model.ts"

export const pipeline = bids.pipe(
  Events.derive({ dir1: Expr.split("url", "/", 3), dir2: Expr.split("url", "/", 4), dir3: Expr.split("url", "/", 5) }),
  Pipeline.named("q22")
)

export const fold = (bid: Bid) => {
  const [, , , dir1, dir2, dir3] = bid.url.split("/")
  return { ...bid, dir1, dir2, dir3 }
}
