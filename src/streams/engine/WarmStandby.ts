/**
 * A job that reads along behind that of another process, and writes nothing: so that it can go on where the other ends,
 * without restoring state and reading again.
 *
 * It begins with a checkpoint, and reads no further than the other has published: what lies before is in the sinks and in
 * the account, and all decisions about it are durable and are read before it. So at any moment it is what a checkpoint of
 * the same offsets would be restored to.
 */
import { Effect, Option, Schedule, Schema, Semaphore, Stream } from "effect"
import type { Head } from "../ports/Checkpoint.ts"
import { CheckpointStore } from "../ports/CheckpointStore.ts"
import { Decisions } from "../ports/Decisions.ts"
import type { Options as EngineOptions } from "../ports/Engine.ts"
import { EventLog, type EventLogError } from "../ports/EventLog.ts"
import type { Decision } from "../records/Decision.ts"
import { readOf, sourceAt, sourcesOf } from "../ports/SourceLogs.ts"
import { type Records, slice } from "../records/Records.ts"
import { Agenda } from "./Agenda.ts"
import type { Job } from "./Job.ts"
import { savedOffsets } from "./SavedOffsets.ts"
import { jobOf, partitionsIn } from "./TakingUp.ts"

export interface Options extends Pick<EngineOptions, "maxTimeAhead" | "name" | "pipelines"> {
  /** The offsets, one a partition of the log, before which the other process has done all that there is to do; `null` where it has said nothing. */
  readonly published: (log: EventLog["Service"]) => Effect.Effect<ReadonlyArray<number | null>, EventLogError>
}

/** What reads along, as far as it has come. */
export interface Warm {
  readonly job: Job
  /** The id of the log that it has read, and the partitions of each of its sources. */
  readonly log: string
  readonly partitions: ReadonlyArray<number>
  /** The ids of the stores that have what was put out before its offsets. */
  readonly sinks: ReadonlyArray<string>
  /** Whether what was published is still all that it has read: a process that was told to compute everything again takes it back. */
  readonly isCurrent: Effect.Effect<boolean, EventLogError>
}

/** The other process has begun anew: what was read along is not what its sinks have. */
export class WentBack extends Schema.TaggedError<WentBack>()("WentBack", { message: Schema.String }) {}

/** How often is asked what was published, in milliseconds. */
const askEvery = 250

/** Panes that are made, and dropped, before others have a turn. */
const portion = 1_000

/** Records beyond what was published, behind which nothing is read; each of several sources has its part of them. */
const mostAhead = 200_000

/** How often is asked for a checkpoint where there is none yet. */
const lookEvery = "1 second"

/** Reads along until it is interrupted, and hands over what it has when it begins. */
export const follow = Effect.fnUntraced(function*(options: Options, begun: (warm: Warm) => void) {
  const log = yield* EventLog
  const { id, partitions } = log
  const published = options.published(log)
  const decisions = yield* Decisions
  const { job, sinks } = yield* begin(options, log)
  const isBehind = (offsets: ReadonlyArray<number | null>) => job.offsets.every((offset, partition) => offset <= (offsets[partition] ?? 0))
  // A checkpoint is saved a moment before its offsets are published.
  yield* Effect.repeat(published, { until: isBehind, schedule: Schedule.spaced(askEvery) })
  begun({ job, log: id, partitions: partitionsIn(log), sinks, isCurrent: Effect.map(published, isBehind) })

  let limits: ReadonlyArray<number> = job.offsets
  let agenda = new Agenda([], partitions)
  // A store gives the decisions that it knows again as they are.
  const taken = new WeakSet<Decision>()
  // A step that was begun is done: a job in the middle of one could not be gone on with.
  const take = (part: Records | Decision) =>
    Effect.uninterruptible(Effect.gen(function*() {
      for (const _ of job.step(part, portion)) yield* Effect.yieldNow
      if ("_tag" in part) taken.add(part)
    }))
  const { withPermit: alone } = Semaphore.makeUnsafe(1)
  // What lies beyond what was published waits by partition: what comes behind it may be of another, and published long since.
  const ahead = new Map<number, Array<Records>>()
  // What is far ahead in one source is nothing that another has to wait for.
  const sources = sourcesOf(log).length
  const waiting = Array.from({ length: sources }, () => 0)
  const takeReady = Effect.fnUntraced(function*(partition: number) {
    const batches = ahead.get(partition) ?? []
    for (let [records] = batches; records !== undefined; [records] = batches) {
      const limit = limits[partition] ?? 0
      const beyond = records.offsets.findIndex((offset) => offset >= limit)
      const ready = beyond === -1 ? records.length : beyond
      for (const part of agenda.weave(slice(records, 0, ready), () => job.offsets)) yield* take(part)
      waiting[sourceAt(partition, sources)]! -= ready
      if (ready < records.length) return void (batches[0] = slice(records, ready, records.length))
      batches.shift()
    }
  })
  const learn = Effect.gen(function*() {
    const offsets = yield* published
    if (!isBehind(offsets)) return yield* new WentBack({ message: "what was read along is no longer published" })
    // Asked after the offsets: what was decided about what lies before them is among these.
    agenda = new Agenda((yield* decisions.read).filter((decision) => !taken.has(decision)), partitions)
    limits = offsets.map((offset) => offset ?? 0)
    for (const decision of agenda.due(job.offsets)) yield* take(decision)
    for (const partition of ahead.keys()) yield* takeReady(partition)
  }).pipe(alone)

  const takeAll = Effect.fnUntraced(function*(records: Records) {
    const batches = ahead.get(records.partition) ?? []
    ahead.set(records.partition, batches)
    batches.push(records)
    const source = sourceAt(records.partition, sources)
    waiting[source]! += records.length
    yield* alone(takeReady(records.partition))
    yield* Effect.repeat(Effect.sync(() => waiting[source]! <= mostAhead / sources), { until: (isNear) => isNear, schedule: Schedule.spaced(askEvery / 10) })
  })
  yield* learn
  return yield* Effect.raceFirst(
    Effect.andThen(Effect.forEach(readersOf(log, job.offsets), Stream.runForEach(takeAll), { concurrency: "unbounded", discard: true }), Effect.never),
    Effect.forever(Effect.delay(learn, askEvery))
  )
})

/** Each source by itself. */
const readersOf = (log: EventLog["Service"], from: ReadonlyArray<number>) => {
  const { sources } = log
  return sources === undefined ? [log.read(from)] : sources.map((_, source) => readOf(sources, source, from))
}

/** Waits for a checkpoint that can be gone on from. */
const begin = Effect.fnUntraced(function*(options: Options, log: EventLog["Service"]) {
  const store = yield* CheckpointStore
  while (true) {
    const found = yield* store.load(options.name)
    if (Option.isSome(found) && isOver(found.value, log)) {
      const job = jobOf(options, log)
      if (job.restore(found.value.sections)) return { job, sinks: found.value.sinks }
    }
    yield* Effect.sleep(lookEvery)
  }
})

/** Whether a checkpoint was saved over this log, with all the sources and partitions that it has. */
const isOver = (head: Head, log: EventLog["Service"]): boolean =>
  head.log === log.id && (savedOffsets(head, log)?.known ?? []).every(({ now, partitions }) => partitions === now)
