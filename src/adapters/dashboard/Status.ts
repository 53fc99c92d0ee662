/** What the page says at its top: what runs, how fresh its feed is, and how far it is. */
import { Schema } from "effect"
import { FeedState, Freshness } from "./FeedState.ts"
import { EncodedProgress } from "./EncodedProgress.ts"
import { Role } from "./Health.ts"

export const Status = Schema.Struct({
  title: Schema.String,
  timeZone: Schema.String,
  /** The names of the pipelines that run. */
  pipelines: Schema.Array(Schema.String),
  feed: FeedState,
  freshness: Freshness,
  role: Role,
  progress: EncodedProgress,
  /** Whether what was known at a time can be asked for. */
  past: Schema.Boolean,
  /** Event time of the newest event of all, by which a clock of the market goes; `null` where there is none, or nobody knows. */
  lastEventAt: Schema.NullOr(Schema.Int),
  /** The server's clock. */
  now: Schema.Int
})
