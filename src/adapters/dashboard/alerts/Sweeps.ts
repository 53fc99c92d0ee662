/** Looks at what is due a few times a second, keeps what has fired, and tells of it then. */
import { Clock, Effect, Metric, type Semaphore, Stream } from "effect"
import type { Any as AnyPipeline } from "../../../streams/pipeline/Pipeline.ts"
import { AlertStore, type AlertStoreError } from "../../../streams/ports/AlertStore.ts"
import { Monitor } from "../../../streams/ports/Monitor.ts"
import { ResultSink, type ResultSinkError } from "../../../streams/ports/ResultSink.ts"
import { closingsOf } from "./Closing.ts"
import type { Desk } from "./Desk.ts"
import { changed, Kept } from "./Kept.ts"
import { look } from "./Look.ts"
import * as Told from "./Told.ts"
import { Listener } from "./Watch.ts"

/** From one look to the next. */
const pause = "200 millis"

const fired = Metric.counter("courant_alert_firings_total", { description: "Alerts that have fired, each time once, whatever became of it." })

/** Until the scope ends; while somebody has the turn, alerts are made or deleted. */
export const run = Effect.fnUntraced(function*(desk: Desk, running: ReadonlyArray<AnyPipeline>, turn: Semaphore.Semaphore) {
  const monitor = yield* Monitor
  const sink = yield* ResultSink
  const store = yield* AlertStore
  const closings = closingsOf(running)
  const { due, pipelines, watches } = desk

  const sweep = Effect.gen(function*() {
    const { kept } = desk
    const [progress, now] = [yield* monitor.progress, yield* Clock.currentTimeMillis]
    const looked = [...watches.due]
    watches.due.clear()
    const looks = yield* Effect.forEach(looked, (watch) => look({ sink, pipelines, kept, closing: closings(watch.pipeline, progress.watermark) }, watch))
    const all = looks.flat()
    const changes = all.flatMap(({ changes, kept: { alert } }) => changes.map((change) => changed(change.was?.firing ?? alert, change.now, now)))
    // Of several alerts that fire at once the earlier windows come first.
    const made = kept.numbered(changes.toSorted((a, b) => a.end - b.end), now)
    const moved = all.flatMap(({ kept: { alert, position: before }, position }) => position === before || position === null ? [] : [[alert.id, position] as const])
    const forgotten = kept.beyond(made)
    if (made.length > 0 || moved.length > 0) yield* store.save({ positions: moved, firings: made, forgotten })
    for (const { kept, position } of all) kept.position = position
    yield* Metric.update(fired, kept.note(made, forgotten))
    for (const firing of made) desk.tell("alert", Told.firingAt(firing))
    desk.say(null)
  })

  const failed = Effect.fnUntraced(function*({ _tag, message }: AlertStoreError | ResultSinkError) {
    desk.say(_tag === "AlertStoreError" ? `alerts cannot be kept: ${message}` : `results cannot be read: ${message}`)
    yield* Effect.sleep("1 second")
    // Whether what could not be saved is there after all, the store knows.
    desk.kept = yield* Effect.matchEager(store.read, { onFailure: () => desk.kept, onSuccess: (stored) => new Kept(stored) })
    watches.doubt()
    desk.wake()
  })

  // Subscribed before anything is looked at: what is written meanwhile is looked at again.
  const listener = new Listener(watches, () => desk.kept.firings, closings)
  const events = monitor.eventsFor(() => ({ pipelines: new Set(), keys: Array.from(watches.all(), ({ key, pipeline }) => ({ key, pipeline })) }))
  const hear = Stream.runForEach(events, (event) =>
    Effect.sync(() => {
      listener.hear(event)
      desk.wake()
    }))
  yield* Effect.forkScoped(hear, { startImmediately: true })

  const round = Effect.gen(function*() {
    yield* due.await
    due.closeUnsafe()
    yield* turn.withPermit(Effect.catch(sweep, failed))
    yield* Effect.sleep(pause)
  })
  yield* Effect.forkScoped(Effect.forever(round))
})
