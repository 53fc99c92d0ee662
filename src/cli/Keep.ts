/** `--keep`: what is too old or too much is removed while a command runs, and once more at its end. */
import { Context, Effect, Layer, Option } from "effect"
import type { Database, DatabaseError } from "../adapters/sqlite/Database.ts"
import * as Retention from "../adapters/sqlite/Retention.ts"
import * as Checked from "../streams/pipeline/Checked.ts"
import type { Any as AnyPipeline } from "../streams/pipeline/Pipeline.ts"
import type { EventLog } from "../streams/ports/EventLog.ts"
import { Monitor } from "../streams/ports/Monitor.ts"
import * as MonotonicTime from "../streams/ports/MonotonicTime.ts"
import { type Problem, say, usage } from "./terminal/Problem.ts"

export interface Keeping {
  readonly limits: Retention.Limits
  /** `null` while nothing is computed. */
  readonly processor: { readonly checkpoint: string; readonly pipelines: ReadonlyArray<AnyPipeline> } | null
}

/** How often the limits are looked at. */
const every = "10 seconds"

/** What was removed is told once in so many milliseconds. */
const tellEvery = 3_600_000

/** How often event time is noted for those who read what is left. */
export const markEvery = "1 minute"

/** Refused where nothing of this program is kept. */
export const given = (input: {
  readonly log: "sqlite" | "kafka" | "memory"
  readonly keep: Option.Option<Retention.Limits>
}): Effect.Effect<Retention.Limits | null, Problem> => {
  if (Option.isNone(input.keep) || input.log === "sqlite") return Effect.succeed(Option.getOrNull(input.keep))
  return Effect.fail(usage(
    input.log === "memory"
      ? "--keep needs --log sqlite: a log in memory keeps nothing"
      : "--keep needs --log sqlite: how long a Kafka topic keeps its events is set on the topic, with retention.ms and retention.bytes"
  ))
}

export const layer = (keeping: Keeping | null): Layer.Layer<never, DatabaseError, Database | EventLog> =>
  keeping === null ? Layer.empty : Layer.effect(Keeper, keep(keeping))

class Keeper extends Context.Service<Keeper, { readonly pass: Effect.Effect<void> }>()("courant/cli/Keeper") {}

/** What a run that has come to its end removes before it says what it has done. One that is stopped leaves it to the next. */
export const last = Effect.flatMap(Effect.serviceOption(Keeper), Option.match({ onNone: () => Effect.void, onSome: ({ pass }) => pass }))

const keep = Effect.fnUntraced(function*({ limits, processor }: Keeping) {
  const retention = yield* Retention.make
  const monitor = yield* Effect.serviceOption(Monitor)
  const tell = teller()
  const generation = processor === null ? Effect.succeed("") : retention.generation(processor.checkpoint)
  const before = yield* generation
  const pass = Effect.gen(function*() {
    const watermark = Option.isNone(monitor) ? null : (yield* monitor.value.progress).watermark
    const removed = yield* retention.run(limits, processor && {
      checkpoint: (yield* generation) === before ? null : processor.checkpoint,
      pipelines: processor.pipelines.map(bounds),
      watermark
    })
    yield* tell(removed)
  }).pipe(
    // The run goes on: it will hear of a disk that is full where it writes.
    Effect.catch(({ message }) => Effect.logWarning(`nothing could be removed: ${message}`))
  )
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(every), pass)))
  return { pass }
})

const bounds = ({ checked }: AnyPipeline) => ({
  name: checked.name,
  // Those over results of windows close so much later.
  allowedLateness: Checked.endsInResults(checked) ? Checked.windowOf(checked).allowedLateness + Checked.trailTo(checked.end) : 0
})

/** Adds up what goes, and says it now and then; and once who keeps it from going. */
const teller = () => {
  let [events, panes, due] = [0, 0, -Infinity]
  const held = new Set<string>()
  return Effect.fnUntraced(function*(removed: Retention.Removed) {
    events += removed.events
    panes += removed.panes
    const { heldBy } = removed
    if (heldBy !== null && !held.has(heldBy)) {
      held.add(heldBy)
      yield* Effect.logWarning(`the processor "${heldBy}" has not read on: events beyond the limit of --keep stay until it has`)
    }
    const now = yield* MonotonicTime.millis
    if (events + panes === 0 || now < due) return
    say(`removed ${events} events and ${panes} panes that are beyond the limit of --keep`)
    due = now + tellEvery
    events = panes = 0
  })
}
