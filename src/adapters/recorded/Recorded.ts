/**
 * A feed that replays a real session: all 654,140 trades of AIG, BAC, IBM and SPY on
 * 2013-10-08, pre- and post-market included (data/recorded/SOURCES.md says where they are
 * from and what was changed).
 */
import * as NodeStream from "@effect/platform-node/NodeStream"
import { Effect, Layer, Option, Stream } from "effect"
import { createReadStream } from "node:fs"
import { createGunzip } from "node:zlib"
import { Feed, FeedError } from "../../streams/ports/Feed.ts"
import * as MonotonicTime from "../../streams/ports/MonotonicTime.ts"
import type { Chunk } from "../../streams/records/Records.ts"
import * as Slicer from "./Slicer.ts"

export interface Options {
  /** How many times as fast as it happened, 60 unless told; `Infinity` is as fast as possible. */
  readonly speed?: number
  /**
   * Where pacing begins, in milliseconds since the epoch; 09:25 in New York unless told, five
   * minutes before the opening bell. Earlier trades are not left out: they come at once.
   */
  readonly from?: number
}

/** The session's day in New York. */
export const date = "2013-10-08"

const beforeTheBell = Date.UTC(2013, 9, 8, 13, 25)

/** How much wall-clock time a slice of the replay spans. */
const sliceMillis = 80

/**
 * The session as a {@link Feed} named `recorded`. A position is the number of rows already
 * sent, so that a restart goes on with the next one, at the same pace. Fails where the
 * speed is not a positive number.
 */
export const layer = (options: Options = {}): Layer.Layer<Feed, FeedError> => Layer.effect(Feed, make(options))

const make = Effect.fnUntraced(function*({ from = beforeTheBell, speed = 60 }: Options) {
  if (!(speed > 0)) return yield* fail(`the speed of a replay has to be above 0, and ${speed} is not`)
  const next: Next = { dueAt: Infinity }
  return Feed.of({
    name: "recorded",
    freshness: Effect.succeed({ _tag: "recorded", date, speed }),
    hasGivenAll: hasGivenAll(next),
    events: (position) =>
      Stream.unwrap(Effect.map(rowsSent(position), (skip) => paced(slices({ from, skip, width: sliceMillis * speed }), next)))
  })
})

/** All records of the session in order, as fast as they can be read. */
export const events: Stream.Stream<Chunk, FeedError> = Stream.suspend(() =>
  Stream.map(slices({ from: beforeTheBell, skip: 0, width: Infinity }), ({ chunk }) => chunk)
)

/** When the next slice is due, in milliseconds of the monotonic clock: never at the end, and at once while it is being read. */
interface Next {
  dueAt: number
}

/** Holds each slice back until it is due. A slow consumer is not waited for: what is overdue comes at once. */
const paced = (slices: Stream.Stream<Slicer.Slice, FeedError>, next: Next): Stream.Stream<Chunk, FeedError> =>
  Stream.unwrap(Effect.map(MonotonicTime.millis, (start) => {
    next.dueAt = start
    return slices.pipe(
      Stream.mapEffect(({ chunk, index }) =>
        Effect.flatMap(MonotonicTime.millis, (now) => {
          next.dueAt = start + index * sliceMillis
          return Effect.as(next.dueAt > now ? Effect.sleep(next.dueAt - now) : Effect.void, chunk)
        })),
      Stream.ensuring(Effect.sync(() => void (next.dueAt = Infinity)))
    )
  }))

const hasGivenAll = (next: Next) =>
  Effect.gen(function*() {
    while (next.dueAt <= (yield* MonotonicTime.millis)) yield* Effect.sleep("10 millis")
    return true
  })

const slices = (options: Parameters<typeof Slicer.make>[0]): Stream.Stream<Slicer.Slice, FeedError> => {
  const slicer = Slicer.make(options)
  return text.pipe(
    Stream.map(slicer.push),
    Stream.concat(Stream.sync(slicer.end)),
    Stream.flattenIterable
  )
}

/** Two folders below the package both as a source (src/adapters/recorded) and built (dist/adapters/recorded). */
const file = new URL("../../../data/recorded/us-equities-2013-10-08.csv.gz", import.meta.url)

const unreadable = (cause: unknown) =>
  new FeedError({ feed: "recorded", message: "the recorded session cannot be read", cause })

const text: Stream.Stream<Uint8Array, FeedError> = NodeStream.fromReadable({
  evaluate: () => createReadStream(file),
  onError: unreadable
}).pipe(
  NodeStream.pipeThroughDuplex({ evaluate: () => createGunzip({ chunkSize: 64 * 1_024 }), onError: unreadable })
)

const rowsSent = Option.match({
  onNone: () => Effect.succeed(0),
  onSome: (position: string) =>
    /^\d{1,9}$/.test(position)
      ? Effect.succeed(Number(position))
      : fail(`"${position}" is no position in the recorded session`)
})

const fail = (message: string) => Effect.fail(new FeedError({ feed: "recorded", message }))
