/**
 * Watches what alerts are about, says when they fire, and keeps both. What the monitor tells is a reason to look, no more: windows
 * come from the sink, so that nothing is lost that the monitor lost, or that was written while the server was off.
 */
import { Clock, Effect, Semaphore } from "effect"
import { randomUUID } from "node:crypto"
import type { Pane } from "../../../streams/pipeline/Pane.ts"
import type { Any as AnyPipeline } from "../../../streams/pipeline/Pipeline.ts"
import { type Alert, AlertStore, type AlertStoreError, mostAlerts } from "../../../streams/ports/AlertStore.ts"
import { Monitor } from "../../../streams/ports/Monitor.ts"
import { ResultSink, type ResultSinkError } from "../../../streams/ports/ResultSink.ts"
import type { Description } from "../Description.ts"
import { beginning } from "./Beginning.ts"
import { Desk, type Tell } from "./Desk.ts"
import * as Sweeps from "./Sweeps.ts"
import * as Told from "./Told.ts"
import * as Values from "./Values.ts"

export interface Options {
  readonly pipelines: ReadonlyArray<Description>
  readonly running: ReadonlyArray<AnyPipeline>
  /** The open windows of a key that somebody looks at. */
  readonly forming: (of: { readonly pipeline: string; readonly key: string }) => ReadonlyArray<Pane>
  readonly tell: Tell
}

/** Firings of one answer. */
const shown = 100

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
  const desk = new Desk(yield* store.read, pipelines, tell)
  const turn = yield* Semaphore.make(1)
  yield* Sweeps.run(desk, running, turn)

  const add = Effect.fnUntraced(function*(
    { note = "", ...wish }: Told.Wish
  ): Effect.fn.Return<Refused | typeof Told.ToldAlert.Type, AlertStoreError | ResultSinkError> {
    const wrong = Values.refusalOf(wish, pipelines)
    if (wrong !== null) return { status: 400, wrong }
    if (desk.kept.isFull) return { status: 409, wrong: `there are ${mostAlerts} alerts, which is as many as there can be: delete one first` }
    const level = Told.plain(wish.level)
    const { from, position } = yield* beginning({ ...wish, level }, { sink, pipelines, forming: forming(wish), progress: yield* monitor.progress })
    const alert: Alert = { id: randomUUID(), ...wish, level, note, createdAt: yield* Clock.currentTimeMillis, from }
    yield* store.add(alert, position)
    desk.kept.add(alert, position)
    desk.choose()
    desk.watches.hear("forming", forming(alert))
    tell("alerts", {})
    return { ...alert, idle: null }
  })

  const remove = Effect.fnUntraced(function*(id: string) {
    if (!desk.kept.has(id)) return false
    yield* store.remove(id)
    desk.kept.remove(id)
    desk.choose()
    tell("alerts", {})
    return true
  })

  return {
    list: (asKnownAt: number): Told.Alerts => ({
      alerts: desk.kept.alerts.flatMap(({ alert }) => alert.createdAt <= asKnownAt ? [{ ...alert, idle: Values.idleOf(alert, pipelines) }] : []),
      firings: desk.kept.firings.toReversed().flatMap((firing) => Told.firingAt(firing, asKnownAt) ?? []).slice(0, shown),
      problem: desk.problem
    }),
    /** Or why there is none, in a line. */
    add: (wish: Told.Wish) => turn.withPermit(add(wish)),
    /** Whether there was one. */
    remove: (id: string) => turn.withPermit(remove(id))
  }
})
