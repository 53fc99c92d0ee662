/** Query 0, passthrough: every bid as it is. */
import { Pipeline } from "courant"
import { type Bid, bids } from "./model.ts"

export const pipeline = bids.pipe(Pipeline.named("q0"))

export const fold = (bid: Bid) => bid
