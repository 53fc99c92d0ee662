/**
 * What the viewers of the page hear. One fiber listens to the monitor and writes each event
 * out once; every viewer gets the same text. A viewer that does not keep up misses batches
 * and is told so, and then asks for the panes it lacks.
 */
import { Clock, Deferred, Duration, Effect, Equal, PubSub, Schedule, Stream } from "effect"
import { Sse } from "effect/encoding"
import { Feed, type Freshness } from "../../streams/ports/Feed.ts"
import { type Event, Monitor, type Progress } from "../../streams/ports/Monitor.ts"
import * as MonotonicTime from "../../streams/ports/MonotonicTime.ts"
import * as Pane from "../../streams/pipeline/Pane.ts"

/** One server-sent event, written out, and the key it is about. */
interface Frame {
  readonly key: string | null
  readonly text: string
}

/** Frames that were published together; `first` is the number of the first of them. */
interface Batch {
  readonly first: number
  readonly frames: ReadonlyArray<Frame>
}

export interface Live {
  /**
   * Server-sent events for one viewer, of one key or of all: `status`, `progress` and the
   * windows `forming` now, then each `pane`, `forming`, `progress` and `status` as it comes.
   * `missed` says that some were left out; `beat` comes every 15 seconds with the server's time.
   */
  readonly events: (key: string | undefined) => Stream.Stream<string>
  /** The windows that are open, as they stand. */
  readonly forming: () => ReadonlyArray<Pane.Pane>
  readonly freshness: () => Freshness
  /** When the engine's counts last changed, in milliseconds of the monotonic clock. */
  readonly advancedAt: () => number
  /** Ends the stream of every viewer. */
  readonly end: Effect.Effect<void>
}

const retry = Sse.encoder.write(new Sse.Retry({ duration: Duration.seconds(1), lastEventId: undefined }))
const heartbeat = Duration.seconds(15)
const batchesKept = 256

export const make = Effect.gen(function*() {
  const feed = yield* Feed
  const monitor = yield* Monitor
  const batches = yield* PubSub.sliding<Batch>(batchesKept)
  const ended = yield* Deferred.make<void>()
  const forming = new Map<string, Pane.Pane>()
  // Ids start with the time of the server's start, so that those of two runs differ.
  const run = yield* Clock.currentTimeMillis
  let freshness = yield* feed.freshness
  let progress = yield* monitor.progress
  let advancedAt = yield* MonotonicTime.millis
  let next = 0

  const publish = (frames: ReadonlyArray<Unnumbered>) => {
    const first = next
    next += frames.length
    return PubSub.publish(batches, {
      first,
      frames: frames.map((frame, index) => write(frame, `${run}-${first + index}`))
    })
  }

  const hear = Effect.fnUntraced(function*(event: Event) {
    switch (event._tag) {
      case "progress": {
        if (!Equal.equals(event.progress, progress)) advancedAt = yield* MonotonicTime.millis
        progress = event.progress
        forgetClosed(forming, progress.watermark)
        return yield* publish([progressFrame(progress)])
      }
      case "panes": {
        for (const pane of event.panes) forming.delete(identity(pane))
        return yield* publish(event.panes.map((pane) => paneFrame("pane", pane)))
      }
      case "forming": {
        for (const pane of event.panes) forming.set(identity(pane), pane)
        return yield* publish(event.panes.map((pane) => paneFrame("forming", pane)))
      }
    }
  })
  // Subscribed before the server answers: a window that is forming now is not missed.
  yield* Effect.forkScoped(Stream.runForEach(monitor.events, hear), { startImmediately: true })

  const look = Effect.gen(function*() {
    const now = yield* feed.freshness
    if (Equal.equals(now, freshness)) return
    freshness = now
    yield* publish([freshnessFrame(freshness)])
  })
  yield* Effect.forkScoped(Effect.repeat(look, Schedule.spaced("1 second")))

  const snapshot = (): ReadonlyArray<Frame> =>
    [
      freshnessFrame(freshness),
      progressFrame(progress),
      ...[...forming.values()].map((pane) => paneFrame("forming", pane))
    ].map((frame) => write(frame, `${run}-${next - 1}`))

  const events = (key: string | undefined) =>
    Stream.unwrap(Effect.gen(function*() {
      const subscription = yield* PubSub.subscribe(batches)
      const expected = next
      const frames = Stream.fromSubscription(subscription).pipe(
        Stream.mapAccum(() => expected, (due, batch) => [
          batch.first + batch.frames.length,
          batch.first === due ? batch.frames : [missed, ...batch.frames]
        ])
      )
      return Stream.fromIterable(snapshot()).pipe(
        Stream.concat(frames),
        Stream.filter((frame) => key === undefined || frame.key === null || frame.key === key),
        Stream.map(({ text }) => text),
        Stream.merge(beats),
        Stream.prepend([retry]),
        Stream.interruptWhen(Deferred.await(ended))
      )
    }))

  const live: Live = {
    events,
    forming: () => [...forming.values()],
    freshness: () => freshness,
    advancedAt: () => advancedAt,
    end: Effect.asVoid(Deferred.succeed(ended, undefined))
  }
  return live
})

/** A comment keeps proxies from closing a quiet connection; the event after it lets the page notice a dead one. */
const beats = Stream.fromSchedule(Schedule.spaced(heartbeat)).pipe(
  Stream.mapEffect(() => Clock.currentTimeMillis),
  Stream.map((now) => `: heartbeat\n\n${write({ event: "beat", key: null, data: JSON.stringify({ now }) }).text}`)
)

interface Unnumbered {
  readonly event: string
  readonly key: string | null
  readonly data: string
}

const write = ({ data, event, key }: Unnumbered, id?: string): Frame => ({
  key,
  text: Sse.encoder.write({ _tag: "Event", event, data, id })
})

const missed = write({ event: "missed", key: null, data: "{}" })

const paneFrame = (event: "pane" | "forming", pane: Pane.Pane): Unnumbered => ({
  event,
  key: pane.key,
  data: Pane.toJson(pane)
})

const progressFrame = (progress: Progress): Unnumbered => ({
  event: "progress",
  key: null,
  data: JSON.stringify(encodeProgress(progress))
})

const freshnessFrame = (freshness: Freshness): Unnumbered => ({
  event: "status",
  key: null,
  data: JSON.stringify({ freshness })
})

/** Progress as JSON has it. After the end of the data the watermark is infinite, which JSON cannot say. */
export const encodeProgress = (progress: Progress): Progress =>
  progress.watermark === Infinity ? { ...progress, watermark: Number.MAX_SAFE_INTEGER } : progress

const identity = (pane: Pane.Pane): string => JSON.stringify([pane.pipeline, pane.key, pane.start, pane.end])

/** A window that never became a pane (a session merged into another) would otherwise stay for ever. */
const forgetClosed = (forming: Map<string, Pane.Pane>, watermark: number | null): void => {
  if (watermark === null) return
  for (const [id, pane] of forming) {
    if (pane.end <= watermark) forming.delete(id)
  }
}
