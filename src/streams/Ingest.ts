/** From a feed into the log, and nothing else: a feed that ended can be told from one that goes on. */
import { Effect, Stream } from "effect"
import * as Control from "./Control.ts"
import { EventLog } from "./EventLog.ts"
import { Feed } from "./Feed.ts"
import { fromTexts, Kind } from "./Records.ts"

/** Appends what the feed gives from where the log's last chunk left it, until the feed ends. */
export const run = Effect.gen(function*() {
  const feed = yield* Feed
  const log = yield* EventLog
  const position = yield* log.position
  yield* feed.events(position).pipe(Stream.runForEach((chunk) => log.append(0, chunk)))
})

/** Appends the decision that this is the end of the input, and returns the offsets that lie behind it. */
export const end = Effect.gen(function*() {
  const log = yield* EventLog
  const chunk = fromTexts([Control.encode({ _tag: "end" })], Kind.control)
  return yield* Effect.forEach(
    Array.from({ length: log.partitions }, (_, partition) => partition),
    (partition) => Effect.map(log.append(partition, chunk), (offset) => offset + 1)
  )
})
