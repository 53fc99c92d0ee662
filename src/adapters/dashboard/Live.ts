/**
 * What the viewers of the page hear. One fiber listens to the monitor and writes each event
 * out once; every viewer gets the same bytes. A viewer that does not keep up misses events
 * and is told so, and then asks for the panes it lacks.
 */
import { Clock, Deferred, Duration, Effect, Equal, Schedule, Stream } from "effect"
import { Sse } from "effect/encoding"
import { Feed, type Freshness } from "../../streams/ports/Feed.ts"
import { type Event, Monitor, type Progress } from "../../streams/ports/Monitor.ts"
import * as MonotonicTime from "../../streams/ports/MonotonicTime.ts"
import * as Pane from "../../streams/pipeline/Pane.ts"
import { type Frame, make as makeViewers } from "./Viewers.ts"

export interface Live {
  /**
   * Server-sent events for one viewer, of one key or of all: `status`, `progress` and the
   * windows `forming` now, then each `pane`, `forming`, `progress` and `status` as it comes.
   * `missed` says that some were left out; `beat` comes every 15 seconds with the server's time.
   */
  readonly events: (key: string | undefined) => Stream.Stream<Uint8Array>
  /** How many listen to {@link events}. */
  readonly viewers: () => number
  /** The windows that are open, as they stand. */
  readonly forming: () => ReadonlyArray<Pane.Pane>
  readonly freshness: () => Freshness
  /** When the engine's counts last changed, in milliseconds of the monotonic clock. */
  readonly advancedAt: () => number
  /** Ends the stream of every viewer. */
  readonly end: Effect.Effect<void>
}

const retry: Frame = {
  key: null,
  text: Sse.encoder.write(new Sse.Retry({ duration: Duration.seconds(1), lastEventId: undefined }))
}
const heartbeat = Duration.seconds(15)

export const make = Effect.gen(function*() {
  const feed = yield* Feed
  const monitor = yield* Monitor
  const viewers = yield* makeViewers(missed)
  const ended = yield* Deferred.make<void>()
  const forming = new Map<string, Forming>()
  // Ids start with the time of the server's start, so that those of two runs differ.
  const run = yield* Clock.currentTimeMillis
  let freshness = yield* feed.freshness
  let progress = yield* monitor.progress
  let advancedAt = yield* MonotonicTime.millis
  let next = 0

  const publish = (frames: ReadonlyArray<Unnumbered>) => {
    const first = next
    next += frames.length
    if (viewers.count > 0) viewers.tell(frames.map((frame, index) => write(frame, `${run}-${first + index}`)))
  }

  /** Written out once, for those who hear of it now and those who come later; not at all where nobody does. */
  const publishForming = (panes: ReadonlyArray<Pane.Pane>) => {
    const written = panes.map((pane) => {
      const id = `${run}-${next++}`
      let frame: Frame | null = null
      const one = { pane, frame: () => frame ??= write(paneFrame("forming", pane), id) }
      forming.set(identity(pane), one)
      return one
    })
    if (viewers.count > 0) viewers.tell(written.map(({ frame }) => frame()))
  }

  const hear = Effect.fnUntraced(function*(event: Event) {
    switch (event._tag) {
      case "progress": {
        if (!Equal.equals(event.progress, progress)) advancedAt = yield* MonotonicTime.millis
        progress = event.progress
        forgetClosed(forming, progress.watermark)
        return publish([progressFrame(progress)])
      }
      case "panes": {
        for (const pane of event.panes) forming.delete(identity(pane))
        return publish(event.panes.map((pane) => paneFrame("pane", pane)))
      }
      case "forming": {
        return publishForming(event.panes)
      }
    }
  })
  // Subscribed before the server answers: a window that is forming now is not missed.
  yield* Effect.forkScoped(Stream.runForEach(monitor.events, hear), { startImmediately: true })

  const look = Effect.gen(function*() {
    const now = yield* feed.freshness
    if (Equal.equals(now, freshness)) return
    freshness = now
    publish([freshnessFrame(freshness)])
  })
  yield* Effect.forkScoped(Effect.repeat(look, Schedule.spaced("1 second")))

  const beat = Effect.map(Clock.currentTimeMillis, (now) => viewers.tell([beatFrame(now)]))
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(heartbeat), beat)))

  /** Windows as they stand when a viewer comes to read of them. */
  function* opening(): Generator<Frame> {
    yield retry
    for (const frame of [freshnessFrame(freshness), progressFrame(progress)]) yield write(frame, `${run}-${next - 1}`)
    for (const { frame } of forming.values()) yield frame()
  }

  const live: Live = {
    events: (key) => Stream.interruptWhen(viewers.watch(key, opening), Deferred.await(ended)),
    viewers: () => viewers.count,
    forming: () => Array.from(forming.values(), ({ pane }) => pane),
    freshness: () => freshness,
    advancedAt: () => advancedAt,
    end: Effect.asVoid(Deferred.succeed(ended, undefined))
  }
  return live
})

/** A comment keeps proxies from closing a quiet connection; the event after it lets the page notice a dead one. */
const beatFrame = (now: number): Frame => ({
  key: null,
  text: `: heartbeat\n\n${write({ event: "beat", key: null, data: JSON.stringify({ now }) }).text}`
})

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

/** A window as it stands, and the event that says so. */
interface Forming {
  readonly pane: Pane.Pane
  readonly frame: () => Frame
}

/** A window that never became a pane (a session merged into another) would otherwise stay for ever. */
const forgetClosed = (forming: Map<string, Forming>, watermark: number | null): void => {
  if (watermark === null) return
  for (const [id, { pane }] of forming) {
    if (pane.end <= watermark) forming.delete(id)
  }
}
