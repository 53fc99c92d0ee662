/** A look at the windows of one key: what its alerts have to tell. */
import { Effect } from "effect"
import type { ResultSink } from "../../../streams/ports/ResultSink.ts"
import type { Description } from "../Description.ts"
import type { Closing } from "./Closing.ts"
import * as Crossings from "./Crossings.ts"
import { type Kept, type KeptAlert, lastOf } from "./Kept.ts"
import * as Values from "./Values.ts"
import type { KeyWatch } from "./Watch.ts"

/** Windows of a key that are looked at: of a key that has had more meanwhile, the newest. */
const mostWindows = 10_000

export const look = Effect.fnUntraced(function*(
  { closing, kept, pipelines, sink }: {
    readonly sink: ResultSink["Service"]
    readonly pipelines: ReadonlyArray<Description>
    readonly kept: Kept
    readonly closing: Closing
  },
  watch: KeyWatch
) {
  const own = kept.of(watch)
  const changedFrom = watch.staleFrom ?? Infinity
  if (watch.staleFrom !== null) yield* refresh(sink, watch, own)
  watch.settledTo = closing.settledTo
  watch.forgetClosed(closing.closedTo)
  const { stored } = watch
  const first = stored.length < mostWindows ? undefined : stored[0]
  yield* Effect.yieldNow
  return own.map((each) => {
    const rule = Values.ruleOf(each.alert, pipelines, watch.moves)
    const begun = behind(each.position, first, rule)
    // What was looked at and has not changed is not looked at again, however many results may still change.
    const from = Crossings.upTo(rule, begun, stored, ({ start }) => start < changedFrom)
    const fired = kept.firingsOf(each.alert.id).map(lastOf)
    const changes = Crossings.advance(rule, { position: from, fired }, { windows: watch.windows(from?.start), closedTo: closing.closedTo })
    return { kept: each, changes, position: Crossings.upTo(rule, begun, stored, ({ end }) => end <= closing.settledTo) }
  })
})

/** Of a key with more windows than are looked at, those before the first one are left out. */
const behind = (position: KeptAlert["position"], first: Crossings.Window | undefined, { leaves }: Crossings.Rule): KeptAlert["position"] => {
  if (first === undefined || (position !== null && !Crossings.isBehind(first, position))) return position
  return { start: first.start, end: first.end, before: Crossings.textOf(first.values[leaves]) }
}

/** Reads the windows that the sink may have others of, as far back as the key's alerts look at them. */
const refresh = Effect.fnUntraced(function*(sink: ResultSink["Service"], watch: KeyWatch, own: ReadonlyArray<KeptAlert>) {
  const { key, pipeline, stored } = watch
  const looked = Math.min(...own.map(({ position }) => position?.start ?? -Infinity))
  const from = Math.max(looked, watch.staleFrom ?? -Infinity)
  watch.staleFrom = null
  const found = yield* sink.read({ pipeline, key, limit: mostWindows, ...Number.isFinite(from) ? { from } : {} }).pipe(
    Effect.tapError(() => Effect.sync(() => watch.doubt(from)))
  )
  watch.stored = [...stored.filter(({ start }) => start >= looked && start < from), ...found].slice(-mostWindows)
})
