/**
 * Watches what alerts are about, says when they fire, and keeps both. What the monitor tells is a reason to look, no more: windows
 * come from the sink, so that nothing is lost that the monitor lost, or that was written while the server was off.
 */
import { Clock, Effect, Latch, Metric, Semaphore, Stream } from "effect"
import { randomUUID } from "node:crypto"
import type { Pane } from "../../../streams/pipeline/Pane.ts"
import type { Any as AnyPipeline } from "../../../streams/pipeline/Pipeline.ts"
import { type Alert, AlertStore, type AlertStoreError, mostAlerts } from "../../../streams/ports/AlertStore.ts"
import { Monitor } from "../../../streams/ports/Monitor.ts"
import { ResultSink, type ResultSinkError } from "../../../streams/ports/ResultSink.ts"
import type { Description } from "../Description.ts"
import { beginning } from "./Beginning.ts"
import { closingsOf } from "./Closing.ts"
import { changed, Kept } from "./Kept.ts"
import { look } from "./Look.ts"
import * as Told from "./Told.ts"
import * as Values from "./Values.ts"
import { Listener, Watches } from "./Watch.ts"

export interface Options {
  readonly pipelines: ReadonlyArray<Description>
  readonly running: ReadonlyArray<AnyPipeline>
  /** The open windows of a key that somebody looks at. */
  readonly forming: (of: { readonly pipeline: string; readonly key: string }) => ReadonlyArray<Pane>
  readonly tell: (event: "alert" | "alerts", data: unknown) => void
}

/** From one look to the next. */
const pause = "200 millis"

/** Firings of one answer. */
const shown = 100

/** Kinds of windows of which an open one may grow. */
const moving: ReadonlySet<string> = new Set(["session", "count"])

const fired = Metric.counter("courant_alert_firings_total", { description: "Alerts that have fired, each time once, whatever became of it." })

/** The status of an answer, and what is wrong in a line. */
interface Refused {
  readonly status: number
  readonly wrong: string
}

export type Alerts = Effect.Success<ReturnType<typeof make>>

export const make = Effect.fnUntraced(function*({ forming, pipelines, running, tell }: Options) {
  const monitor = yield* Monitor
  const sink = yield* ResultSink
  const store = yield* AlertStore
  let kept = new Kept(yield* store.read)
  const watches = new Watches()
  const due = Latch.makeUnsafe()
  const turn = yield* Semaphore.make(1)
  const closings = closingsOf(running)
  let problem: string | null = null

  const choose = () => {
    const active = kept.alerts.map(({ alert }) => alert).filter((alert) => Values.idleOf(alert, pipelines) === null)
    watches.choose(active, (name) => moving.has(pipelines.find((each) => each.name === name)?.window?.kind ?? ""))
    if (watches.due.size > 0) due.openUnsafe()
  }

  const say = (words: string | null) => {
    if (problem === words) return
    problem = words
    tell("alerts", {})
  }

  /** Looks at what is due, keeps what has fired, and tells of it then. */
  const sweep = Effect.gen(function*() {
    const [progress, now] = [yield* monitor.progress, yield* Clock.currentTimeMillis]
    const looked = [...watches.due]
    watches.due.clear()
    const looks = yield* Effect.forEach(looked, (watch) => look({ sink, pipelines, kept, closing: closings(watch.pipeline, progress.watermark) }, watch))
    const all = looks.flat()
    const made = kept.numbered(all.flatMap(({ changes, kept: { alert } }) => changes.map((change) => changed(change.was?.firing ?? alert, change.now, now))), now)
    const moved = all.flatMap(({ kept: { alert, position: before }, position }) => position === before || position === null ? [] : [[alert.id, position] as const])
    const forgotten = kept.beyond(made)
    if (made.length > 0 || moved.length > 0) yield* store.save({ positions: moved, firings: made, forgotten })
    for (const { kept, newest, position } of all) Object.assign(kept, { newest, position })
    yield* Metric.update(fired, kept.note(made, forgotten))
    for (const firing of made) tell("alert", Told.firingAt(firing))
    say(null)
  })

  const failed = Effect.fnUntraced(function*({ _tag, message }: AlertStoreError | ResultSinkError) {
    say(_tag === "AlertStoreError" ? `alerts cannot be kept: ${message}` : `results cannot be read: ${message}`)
    yield* Effect.sleep("1 second")
    // Whether what could not be saved is there after all, the store knows.
    kept = yield* Effect.matchEager(store.read, { onFailure: () => kept, onSuccess: (stored) => new Kept(stored) })
    watches.doubt()
    due.openUnsafe()
  })

  // Subscribed before anything is looked at: what is written meanwhile is looked at again.
  const listener = new Listener(watches, () => kept.firings, closings)
  const events = monitor.eventsFor(() => ({ pipelines: new Set(), keys: Array.from(watches.all(), ({ key, pipeline }) => ({ key, pipeline })) }))
  yield* Effect.forkScoped(
    Stream.runForEach(events, (event) =>
      Effect.sync(() => {
        listener.hear(event)
        if (watches.due.size > 0) due.openUnsafe()
      })),
    { startImmediately: true }
  )
  choose()
  const round = Effect.gen(function*() {
    yield* due.await
    due.closeUnsafe()
    yield* turn.withPermit(Effect.catch(sweep, failed))
    yield* Effect.sleep(pause)
  })
  yield* Effect.forkScoped(Effect.forever(round))

  return {
    list: (asKnownAt: number): Told.Alerts => ({
      alerts: kept.alerts.flatMap(({ alert }) => alert.createdAt <= asKnownAt ? [{ ...alert, idle: Values.idleOf(alert, pipelines) }] : []),
      firings: kept.firings.toReversed().flatMap((firing) => Told.firingAt(firing, asKnownAt) ?? []).slice(0, shown),
      problem
    }),
    /** Or why there is none, in a line. */
    add: ({ note = "", ...wish }: Told.Wish) =>
      turn.withPermit(Effect.gen(function*(): Effect.fn.Return<Refused | typeof Told.ToldAlert.Type, AlertStoreError | ResultSinkError> {
        const wrong = Values.refusalOf(wish, pipelines)
        if (wrong !== null) return { status: 400, wrong } satisfies Refused
        if (kept.isFull) return { status: 409, wrong: `there are ${mostAlerts} alerts, which is as many as there can be: delete one first` } satisfies Refused
        const level = Told.plain(wish.level)
        const { from, position } = yield* beginning({ ...wish, level }, { sink, pipelines, forming: forming(wish), progress: yield* monitor.progress })
        const alert: Alert = { id: randomUUID(), ...wish, level, note, createdAt: yield* Clock.currentTimeMillis, from }
        yield* store.add(alert, position)
        kept.add(alert, position)
        choose()
        watches.hear("forming", forming(alert))
        tell("alerts", {})
        return { ...alert, idle: null }
      })),
    /** Whether there was one. */
    remove: (id: string) =>
      turn.withPermit(Effect.gen(function*() {
        if (!kept.has(id)) return false
        yield* store.remove(id)
        kept.remove(id)
        choose()
        tell("alerts", {})
        return true
      }))
  }
})
