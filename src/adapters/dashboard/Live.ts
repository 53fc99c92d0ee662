/**
 * What the viewers of the page hear. One fiber listens to the monitor; what somebody looks at is written out once, and
 * everyone who looks at it gets the same bytes. What changes all the time is told a few times a second, as it stands then.
 * A viewer that does not keep up misses events and is told so, and then asks for the panes it lacks.
 */
import { Clock, Deferred, Duration, Effect, Equal, Schedule, Stream } from "effect"
import type { Pane } from "../../streams/pipeline/Pane.ts"
import { Feed, type Freshness } from "../../streams/ports/Feed.ts"
import { type Event, type Looks, Monitor, type Progress } from "../../streams/ports/Monitor.ts"
import * as MonotonicTime from "../../streams/ports/MonotonicTime.ts"
import * as FeedState from "./FeedState.ts"
import { FormingWindows } from "./FormingWindows.ts"
import * as Frames from "./Frames.ts"
import { everything, type Interest, keyTopic, topicsOf } from "./Interest.ts"
import type { Rates } from "./Graph.ts"
import { ReadingRates } from "./ReadingRates.ts"
import { ToldRows } from "./Rows.ts"
import { type Frame, make as makeViewers, type Viewers } from "./Viewers.ts"
import { make as makeWatchedRows } from "./WatchedRows.ts"

export interface Live {
  /**
   * Server-sent events for one viewer: `status`, `progress` and the windows that it looks at as they stand, then each
   * `pane`, `forming`, `rows`, `progress` and `status` as it comes. `missed` says that some were left out; `beat` comes every
   * 15 seconds with the server's time.
   */
  readonly events: (interest: Interest) => Stream.Stream<Uint8Array>
  /** Takes in an event beside those of the monitor. */
  readonly hear: (event: Event) => Effect.Effect<void>
  /** What of the open windows is looked at. */
  readonly looks: () => Looks
  /** How many listen to {@link events}. */
  readonly viewers: () => number
  /** The windows that are open, as they stand. */
  readonly forming: FormingWindows
  readonly feed: () => FeedState.State
  /** Looks at the feed now, and tells what has changed. */
  readonly look: Effect.Effect<void>
  readonly freshness: () => Freshness
  /** The last rows of pipelines that end in events. */
  readonly told: ToldRows
  /** How fast the engine reads. */
  readonly rates: () => Rates
  /** When the engine's counts last changed, in milliseconds of the monotonic clock. */
  readonly advancedAt: () => number
  /** Tells every viewer. */
  readonly tell: (event: "alert" | "alerts", data: unknown) => void
  /** Ends the stream of every viewer. */
  readonly end: Effect.Effect<void>
}

const heartbeat = Duration.seconds(15)

/** From one state of a window that forms to the next that is told. */
const formingEvery = Duration.millis(200)

/** The same of the rows of a watchlist. */
const rowsEvery = Duration.millis(500)

export const make = Effect.fnUntraced(function*(hasEnded: Effect.Effect<boolean> = Effect.succeed(false)) {
  const feedState = Effect.provideService(FeedState.read(hasEnded), Feed, yield* Feed)
  const monitor = yield* Monitor
  const viewers = yield* makeViewers(Frames.missed)
  const ended = yield* Deferred.make<void>()
  const writer = new Frames.Writer(yield* Clock.currentTimeMillis)
  const forming = new FormingWindows()
  const rows = yield* makeWatchedRows(writer, forming, viewers)
  const rates = new ReadingRates()
  const told = new ToldRows(yield* Clock.currentTimeMillis)
  let formed = new Set<Pane>()
  let feed = yield* feedState
  let progress = yield* monitor.progress
  let advancedAt = yield* MonotonicTime.millis

  const hear = Effect.fnUntraced(function*(event: Event) {
    switch (event._tag) {
      case "progress": {
        if (!Equal.equals(event.progress, progress)) advancedAt = yield* MonotonicTime.millis
        progress = event.progress
        rates.note(progress, yield* MonotonicTime.millis)
        forming.forgetClosed(progress.watermark)
        if (viewers.count > 0) viewers.tell([writer.progress(progress)])
        return
      }
      case "panes": {
        for (const pane of event.panes) forming.delete(pane)
        rows.note(event.panes)
        return viewers.tell(event.panes.filter((pane) => viewers.isHeard(topicsOf(pane))).map((pane) => writer.pane("pane", pane)))
      }
      case "rows":
        return told.note(event.rows)
      case "forming": {
        for (const pane of event.panes) forming.set(pane)
        rows.note(event.panes)
        for (const pane of event.panes) if (viewers.isHeard(topicsOf(pane))) formed.add(pane)
      }
    }
  })
  // Subscribed before the server answers: a window that is forming now is not missed.
  yield* Effect.forkScoped(Stream.runForEach(monitor.eventsFor(() => looksOf(viewers.interests)), hear), { startImmediately: true })

  const tellForming = Effect.sync(() => {
    const panes = [...formed].filter((pane) => forming.isNewest(pane))
    formed = new Set()
    viewers.tell(panes.map((pane) => writer.pane("forming", pane)))
  })
  yield* Effect.forkScoped(Effect.repeat(tellForming, Schedule.spaced(formingEvery)))
  yield* Effect.forkScoped(Effect.repeat(rows.tell, Schedule.spaced(rowsEvery)))

  const look = Effect.gen(function*() {
    const now = yield* feedState
    if (Equal.equals(now, feed)) return
    feed = now
    viewers.tell([writer.status(feed)])
  })
  yield* Effect.forkScoped(Effect.repeat(look, Schedule.spaced("1 second")))

  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(heartbeat), beat(viewers))))

  return {
    events: (interest) => Stream.interruptWhen(viewers.watch(interest, () => opening(interest, { feed, forming, progress, writer })), Deferred.await(ended)),
    hear, looks: () => looksOf(viewers.interests),
    viewers: () => viewers.count,
    forming, look,
    feed: () => feed,
    freshness: () => feed.freshness,
    rates: () => rates.rates,
    told,
    advancedAt: () => advancedAt,
    tell: (event, data) => viewers.tell([writer.toAll(event, data)]),
    end: Effect.asVoid(Deferred.succeed(ended, undefined))
  } satisfies Live
})

/** All as it stands when a viewer comes to read of it. */
function* opening(interest: Interest, { feed, forming, progress, writer }: {
  readonly feed: FeedState.State
  readonly forming: FormingWindows
  readonly progress: Progress
  readonly writer: Frames.Writer
}): Generator<Frame> {
  yield Frames.retry
  yield writer.status(feed)
  yield writer.progress(progress)
  yield* framesOf(interest, forming, writer)
}

const beat = (viewers: Viewers) => Effect.map(Clock.currentTimeMillis, (now) => viewers.tell([Frames.beat(now)]))

const looksOf = (interests: Iterable<Interest>): Looks => {
  const all = [...interests]
  if (all.some(({ isOfAll }) => isOfAll)) return { pipelines: null, keys: [] }
  return { pipelines: new Set(all.flatMap(({ watch }) => watch.map(({ pipeline }) => pipeline))), keys: all.flatMap(({ follow }) => follow) }
}

/** What a viewer looks at, as it stands. */
function* framesOf(interest: Interest, forming: FormingWindows, writer: Frames.Writer): Generator<Frame> {
  for (const pane of openTo(interest, forming)) yield writer.pane("forming", pane)
  for (const watched of interest.watch) yield writer.rows(watched, forming.newest(watched.pipeline).values())
}

/** The open windows that a viewer follows. */
function* openTo({ follow, isOfAll, topics }: Interest, forming: FormingWindows): Generator<Pane> {
  for (const followed of follow) yield* forming.of(followed)
  if (!isOfAll) return
  for (const pane of forming.all()) if (topics.has(everything) || topics.has(keyTopic(pane.key))) yield pane
}
