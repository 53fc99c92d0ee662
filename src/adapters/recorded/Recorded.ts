/**
 * A feed that replays a real session: all 654,140 trades of AIG, BAC, IBM and SPY on
 * 2013-10-08, pre- and post-market included (data/recorded/SOURCES.md says where they are
 * from and what was changed).
 */
import * as NodeStream from "@effect/platform-node/NodeStream"
import { Effect, Layer, Option, Stream } from "effect"
import { createReadStream } from "node:fs"
import { createGunzip } from "node:zlib"
import { Feed, FeedError, type Pace } from "../../streams/ports/Feed.ts"
import * as MonotonicTime from "../../streams/ports/MonotonicTime.ts"
import type { Chunk } from "../../streams/records/Records.ts"
import { ReplayClock } from "./ReplayClock.ts"
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
  const replay: Replay = { clock: new ReplayClock(sliceMillis, speed), next: Infinity }
  return Feed.of({
    name: "recorded",
    freshness: Effect.sync(() => ({ _tag: "recorded", date, speed: replay.clock.pace.speed })),
    hasGivenAll: hasGivenAll(replay),
    events: (position) =>
      Stream.unwrap(Effect.map(rowsSent(position), (skip) => paced(slices({ from, skip, width: sliceMillis * speed }), replay))),
    // What comes as fast as possible comes in one slice.
    ...Number.isFinite(speed) ? { control: controlOf(replay) } : {}
  })
})

/** All records of the session in order, as fast as they can be read. */
export const events: Stream.Stream<Chunk, FeedError> = Stream.suspend(() =>
  Stream.map(slices({ from: beforeTheBell, skip: 0, width: Infinity }), ({ chunk }) => chunk)
)

const controlOf = ({ clock }: Replay) => ({
  pace: Effect.sync(() => clock.pace),
  change: (pace: Partial<Pace>) => Effect.map(MonotonicTime.millis, (now) => clock.change(pace, now))
})

interface Replay {
  readonly clock: ReplayClock
  /** The slice that is to come next: at the end none, and while it is being read one that is due at once. */
  next: number
}

/** Holds each slice back until it is due. A slow consumer is not waited for: what is overdue comes at once. */
const paced = (slices: Stream.Stream<Slicer.Slice, FeedError>, replay: Replay): Stream.Stream<Chunk, FeedError> =>
  Stream.unwrap(Effect.map(MonotonicTime.millis, (start) => {
    replay.clock.begin(start)
    replay.next = 0
    return slices.pipe(
      Stream.mapEffect(({ chunk, index }) =>
        Effect.suspend(() => {
          replay.next = index
          return Effect.as(replay.clock.wait(index), chunk)
        })),
      Stream.ensuring(Effect.sync(() => void (replay.next = Infinity)))
    )
  }))

/** While it is paused nobody knows what would have come. */
const hasGivenAll = (replay: Replay) =>
  Effect.gen(function*() {
    while (replay.clock.dueAt(replay.next) <= (yield* MonotonicTime.millis)) yield* Effect.sleep("10 millis")
    return replay.next === Infinity || !replay.clock.pace.paused
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
