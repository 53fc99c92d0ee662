/** Where a run goes on in its log: by a checkpoint, unless that does not belong to the log. */
import { Effect, Option } from "effect"
import { type Checkpoint, CheckpointStore } from "../ports/CheckpointStore.ts"
import { StateError } from "../ports/Engine.ts"
import { EventLog } from "../ports/EventLog.ts"
import { ResultSink } from "../ports/ResultSink.ts"
import { RowSink } from "../ports/RowSink.ts"
import { storesOf } from "../ports/Store.ts"

/** The stores in which a run puts what it makes. */
const stores = Effect.gen(function*() {
  const sink = yield* ResultSink
  const rows = Option.getOrUndefined(yield* Effect.serviceOption(RowSink))
  return [...(yield* storesOf([sink])), ...(yield* storesOf(rows === undefined ? [] : [rows]))]
})

/** Their ids, as a checkpoint has them. */
export const storeIds = Effect.map(stores, (all) => all.map(({ id }) => id))

/**
 * The checkpoint of a name, none where there is none, or where a store has not got what was put out before it: then the log
 * is read from its beginning. Fails for one that was saved over another log, also where that had the same name, and for
 * one whose offsets lie behind the end of this log.
 */
export const load = Effect.fnUntraced(function*(name: string, fingerprint: string) {
  const store = yield* CheckpointStore
  const { ends, id, topic } = yield* EventLog
  const found = yield* store.load(name, fingerprint)
  if (Option.isNone(found)) return found
  const { log, offsets } = found.value
  if (log !== "" && log !== id) {
    return yield* new StateError({
      reason: "other-log",
      message: `the checkpoint "${name}" was saved over another log than ${topic} is now: that was deleted and made again, or moved away`
    })
  }
  yield* assertReached({ name, topic, offsets, ends: yield* ends })
  const { sinks } = found.value
  const unfilled = sinks === undefined ? [] : (yield* stores).filter((store) => !sinks.includes(store.id))
  if (unfilled.length === 0) return found
  const names = unfilled.map((store) => store.name).join(" and ")
  yield* Effect.logWarning(`${names} ${unfilled.length === 1 ? "has" : "have"} not got what was computed before: all of it is computed again from ${topic}`)
  return Option.none()
})

const assertReached = Effect.fnUntraced(function*({ ends, name, offsets, topic }: Pick<Checkpoint, "offsets"> & {
  readonly name: string
  readonly topic: string
  readonly ends: ReadonlyArray<number>
}) {
  const beyond = offsets.findIndex((offset, partition) => offset > (ends[partition] ?? 0))
  if (beyond === -1) return
  return yield* new StateError({
    reason: "checkpoint-ahead",
    message: `the checkpoint "${name}" has read partition ${beyond} of ${topic} up to offset ${offsets[beyond]}, ` +
      `but it ends at ${ends[beyond] ?? 0}: it has lost records`
  })
})
