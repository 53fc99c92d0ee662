/** From a feed into the log, and nothing else: a feed that ended can be told from one that goes on. */
import { Effect, Stream } from "effect"
import * as Control from "../records/Control.ts"
import { EventLog } from "../ports/EventLog.ts"
import { Feed } from "../ports/Feed.ts"
import { type Chunk, fromTexts, join, Kind } from "../records/Records.ts"
import { type Part, Router, type Sources } from "../records/Router.ts"

/** Appends what the feed gives from where the log's last chunk left it, to the first partition, until the feed ends. */
export const run = Effect.gen(function*() {
  const feed = yield* Feed
  const log = yield* EventLog
  const position = yield* log.position
  yield* feed.events(position).pipe(Stream.runForEach((chunk) => log.append(0, chunk)))
})

/**
 * The same over all partitions of the log, each record to that of its key. What the feed has given while the log took
 * what came before goes into it together: spread over many partitions, small chunks would cost a request each.
 *
 * A chunk's part in each partition is whole or not there, the whole chunk is not: where this ends in between, the next
 * run appends the chunk again, and the parts that had come through are in the log twice.
 */
export const routed = Effect.fnUntraced(function*(sources: Sources) {
  const feed = yield* Feed
  const log = yield* EventLog
  const router = new Router(log.partitions, sources)
  const position = yield* log.position
  const append = ({ chunk, partition }: Part) => log.append(partition, chunk)
  const appendAll = (chunk: Chunk) => {
    const parts = router.route(chunk)
    const last = parts.at(-1)
    // The position comes with the last part, when the others are there.
    return Effect.forEach(parts.slice(0, -1), append, { concurrency: "unbounded", discard: true }).pipe(
      Effect.andThen(last === undefined ? Effect.void : append(last))
    )
  }
  yield* feed.events(position).pipe(
    Stream.buffer({ capacity: readAhead }),
    Stream.runForEachArray((chunks) => Effect.forEach(together(chunks), appendAll, { discard: true }))
  )
})

/** How many chunks wait while others are appended. */
const readAhead = 16

/** So much is appended together, unless one chunk has more: within what every log takes at once. */
const mostRecords = 4_096
const mostBytes = 262_144

const together = (chunks: ReadonlyArray<Chunk>): ReadonlyArray<Chunk> => {
  const groups: Array<Array<Chunk>> = []
  let records = Infinity
  let bytes = 0
  let isPositioned = false
  for (const chunk of chunks) {
    records += chunk.length
    bytes += sizeOf(chunk)
    // A position must not come with records that lie behind it: the feed would give them again.
    const isBehind = isPositioned && chunk.position === undefined
    isPositioned = chunk.position !== undefined
    if (records > mostRecords || bytes > mostBytes || isBehind) {
      groups.push([])
      records = chunk.length
      bytes = sizeOf(chunk)
    }
    groups.at(-1)?.push(chunk)
  }
  return groups.map(join)
}

const sizeOf = ({ ends, length, starts }: Chunk): number => {
  let size = 0
  for (let i = 0; i < length; i++) size += Math.max(0, ends[i]! - starts[i]!)
  return size
}

/** Appends the decision that this is the end of the input, and returns the offsets that lie behind it. */
export const end = Effect.gen(function*() {
  const log = yield* EventLog
  const chunk = fromTexts([Control.encode({ _tag: "end" })], Kind.control)
  return yield* Effect.forEach(
    Array.from({ length: log.partitions }, (_, partition) => partition),
    (partition) => Effect.map(log.append(partition, chunk), (offset) => offset + 1)
  )
})
