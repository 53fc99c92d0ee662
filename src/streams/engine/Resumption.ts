/** Where a run goes on in its log, and with which state: by a checkpoint, as far as that belongs to the log and to the pipelines. */
import { Effect, Option } from "effect"
import type * as Pipeline from "../pipeline/Pipeline.ts"
import type { Checkpoint } from "../ports/Checkpoint.ts"
import { CheckpointStore } from "../ports/CheckpointStore.ts"
import { StateError } from "../ports/Engine.ts"
import { EventLog } from "../ports/EventLog.ts"
import { ResultSink } from "../ports/ResultSink.ts"
import { RowSink } from "../ports/RowSink.ts"
import { placeOf } from "../ports/SourceLogs.ts"
import { storesOf } from "../ports/Store.ts"
import { savedOffsets } from "./SavedOffsets.ts"

/** The stores in which a run puts what it makes. */
const stores = Effect.gen(function*() {
  const sink = yield* ResultSink
  const rows = Option.getOrUndefined(yield* Effect.serviceOption(RowSink))
  return [...(yield* storesOf([sink])), ...(yield* storesOf(rows === undefined ? [] : [rows]))]
})

/** Their ids, as a checkpoint has them. */
export const storeIds = Effect.map(stores, (all) => all.map(({ id }) => id))

/**
 * The checkpoint of a name, none where there is none. Fails for one that was saved over another log, also where that had the
 * same name, and for one whose offsets lie behind the end of this log.
 */
const saved = Effect.fnUntraced(function*(name: string) {
  const store = yield* CheckpointStore
  const log = yield* EventLog
  const found = yield* store.load(name)
  if (Option.isNone(found)) return found
  const saved = savedOffsets(found.value, log)
  if (saved === null) {
    return yield* new StateError({
      reason: "other-log",
      message: `the checkpoint "${name}" was saved over another log than ${log.topic} is now: that was deleted and made again, or moved away`
    })
  }
  yield* assertReached({ name, log, offsets: saved.offsets, ends: yield* log.ends })
  return found
})

/** The same, and none where a store has not got what was put out before it: then the log is read from its beginning. */
export const load = Effect.fnUntraced(function*(name: string) {
  const { topic } = yield* EventLog
  const found = yield* saved(name)
  if (Option.isNone(found)) return found
  const unfilled = yield* unfilledBy(found.value)
  if (unfilled.length === 0) return found
  const names = unfilled.map((store) => store.name).join(" and ")
  yield* Effect.logWarning(`${names} ${unfilled.length === 1 ? "has" : "have"} not got what was computed before: all of it is computed again from ${topic}`)
  return Option.none()
})

/** The stores that have not got what was put out before a checkpoint. */
const unfilledBy = ({ sinks }: Checkpoint) => Effect.map(stores, (all) => all.filter((store) => !sinks.includes(store.id)))

const assertReached = Effect.fnUntraced(function*({ ends, log, name, offsets }: Pick<Checkpoint, "offsets"> & {
  readonly name: string
  readonly log: EventLog["Service"]
  readonly ends: ReadonlyArray<number>
}) {
  const beyond = offsets.findIndex((offset, partition) => offset > (ends[partition] ?? 0))
  if (beyond === -1) return
  const { partition, topic } = placeOf(log, beyond)
  return yield* new StateError({
    reason: "checkpoint-ahead",
    message: `the checkpoint "${name}" has read partition ${partition} of ${topic} up to offset ${offsets[beyond]}, ` +
      `but it ends at ${ends[beyond] ?? 0}: it has lost records`
  })
})

/** What becomes of each pipeline when a run starts. */
export interface Plan {
  /** The state that it goes on with; `null` where all is computed from the beginning of the log. */
  readonly checkpoint: Checkpoint | null
  /** The processor that has saved it: another one, where the run has no checkpoint of its own name yet. */
  readonly savedAs: string
  readonly kept: ReadonlyArray<Pipeline.Any>
  /** Those that the checkpoint has in another version, or of which another version has been run since. */
  readonly changed: ReadonlyArray<Pipeline.Any>
  /** Those that it does not have. */
  readonly added: ReadonlyArray<Pipeline.Any>
  /** The names of those that it has and that are not run any more. */
  readonly removed: ReadonlyArray<string>
}

/**
 * What is kept, what is computed again from the beginning of the log, and why. Under a name that has no checkpoint, that of
 * a processor over the same log which has the most of these pipelines is taken: so one that is added or removed changes
 * nothing for the others.
 */
export const plan = Effect.fnUntraced(function*(name: string, pipelines: ReadonlyArray<Pipeline.Any>) {
  const own = yield* load(name)
  const told = yield* toldBy
  if (Option.isSome(own)) return compare(own.value, { savedAs: name, pipelines, told })
  return yield* another({ name, pipelines, told, isFilled: (checkpoint) => Effect.map(unfilledBy(checkpoint), ({ length }) => length === 0) })
})

/**
 * Why a plan cannot be carried out, `null` where it can: the results of a changed pipeline are given up for those that are
 * computed from the log, which has to have all of it.
 */
export const refusalOf = Effect.fnUntraced(function*({ changed }: Plan) {
  const log = yield* EventLog
  const offsets = yield* log.beginnings ?? Effect.succeed([])
  const begun = offsets.findIndex((offset) => offset > 0)
  if (changed.length === 0 || begun === -1) return null
  const { partition, topic } = placeOf(log, begun)
  return new StateError({
    reason: "log-shortened",
    message: `${changed.map(({ name }) => name).join(", ")}: changed, and not to be computed again: ` +
      `the records of ${topic} before offset ${offsets[begun]} of partition ${partition} are gone`
  })
})

/** The same whatever the sinks have: one that has not got what was computed before is filled from the log. */
export const planWithoutSinks = Effect.fnUntraced(function*(name: string, pipelines: ReadonlyArray<Pipeline.Any>) {
  const own = yield* saved(name)
  const told = yield* toldBy
  if (Option.isSome(own)) return compare(own.value, { savedAs: name, pipelines, told })
  return yield* another({ name, pipelines, told, isFilled: () => Effect.succeed(true) })
})

/**
 * The fingerprint of each pipeline of which anybody has saved the state over this log, as it was last: so the sinks have its
 * results.
 */
export const toldBy = Effect.gen(function*() {
  const store = yield* CheckpointStore
  const log = yield* EventLog
  const heads = [...(yield* store.heads).values()].filter((head) => savedOffsets(head, log) !== null).sort((a, b) => a.savedAt - b.savedAt)
  const told: ReadonlyMap<string, string> = new Map(heads.flatMap(({ pipelines }) => Object.entries(pipelines)))
  return told
})

interface Comparing {
  readonly savedAs: string
  readonly pipelines: ReadonlyArray<Pipeline.Any>
  readonly told: ReadonlyMap<string, string>
}

const compare = (checkpoint: Checkpoint | null, { pipelines, savedAs, told }: Comparing): Plan => {
  const saved = checkpoint?.pipelines ?? {}
  const isTold = ({ checked, name }: Pipeline.Any) => (told.get(name) ?? checked.fingerprint) === checked.fingerprint
  const isKept = (pipeline: Pipeline.Any) => saved[pipeline.name] === pipeline.checked.fingerprint && isTold(pipeline)
  const isChanged = (pipeline: Pipeline.Any) => !isKept(pipeline) && (saved[pipeline.name] !== undefined || !isTold(pipeline))
  const kept = pipelines.filter(isKept)
  return {
    // With nothing to keep nothing has to come equally far.
    checkpoint: kept.length === 0 ? null : checkpoint,
    savedAs,
    kept,
    changed: pipelines.filter(isChanged),
    added: pipelines.filter((pipeline) => !isKept(pipeline) && !isChanged(pipeline)),
    removed: Object.keys(saved).filter((name) => pipelines.every((pipeline) => pipeline.name !== name))
  }
}

const another = Effect.fnUntraced(function*<E, R>({ isFilled, name, pipelines, told }: Omit<Comparing, "savedAs"> & {
  readonly name: string
  readonly isFilled: (checkpoint: Checkpoint) => Effect.Effect<boolean, E, R>
}) {
  const store = yield* CheckpointStore
  const log = yield* EventLog
  const ends = yield* log.ends
  let best = compare(null, { savedAs: name, pipelines, told })
  for (const [other, head] of yield* store.heads) {
    if (savedOffsets(head, log) === null || pipelines.every(({ checked, name }) => head.pipelines[name] !== checked.fingerprint)) continue
    // One that cannot be read is of no use here, and a matter of its own processor.
    const found = yield* Effect.catch(store.load(other), () => Effect.succeed(Option.none<Checkpoint>()))
    if (Option.isNone(found)) continue
    const isAhead = (savedOffsets(found.value, log)?.offsets ?? []).some((offset, partition) => offset > (ends[partition] ?? 0))
    const plan = compare(found.value, { savedAs: other, pipelines, told })
    if (!isAhead && plan.kept.length > best.kept.length && (yield* isFilled(found.value))) best = plan
  }
  return best
})
