/**
 * How a run takes up the state that there is: of a job that has read along, or of a checkpoint, as far as that is kept; and
 * how it computes what that lacks from the beginning of the log.
 */
import { Duration, Effect, Stream } from "effect"
import type { Head } from "../ports/Checkpoint.ts"
import { Decisions } from "../ports/Decisions.ts"
import { type Options, StateError } from "../ports/Engine.ts"
import { EventLog } from "../ports/EventLog.ts"
import * as MonotonicTime from "../ports/MonotonicTime.ts"
import { checkOneTopic } from "../pipeline/check/Together.ts"
import type * as Pipeline from "../pipeline/Pipeline.ts"
import type { Decision } from "../records/Decision.ts"
import { slice } from "../records/Records.ts"
import { sourceAt, sourcesOf } from "../ports/SourceLogs.ts"
import { Agenda } from "./Agenda.ts"
import { type Bounds, Job } from "./Job.ts"
import * as Joining from "./Joining.ts"
import { forget } from "./Restart.ts"
import { watchesOf } from "./OperatorGraph.ts"
import * as Resumption from "./Resumption.ts"
import { decideAll, decideNow, Run, takeAll, type WriteRows } from "./Run.ts"
import { type SavedOffsets, savedOffsets } from "./SavedOffsets.ts"
import * as SideBySide from "./SideBySide.ts"
import type { Warm } from "./WarmStandby.ts"

type JobOptions = Pick<Options, "maxTimeAhead" | "pipelines"> & Pick<Bounds, "watch" | "watchTaken">

/** A job for the pipelines of a run, without state. */
export const jobOf = (options: JobOptions, log: EventLog["Service"]): Job =>
  jobWith(options, log, sourcesOf(log).map(({ log }) => log.partitions))

/** The same with the partitions that a checkpoint over this log knows, and nothing restored yet. */
export const jobSaved = (pipelines: ReadonlyArray<Pipeline.Any>, log: EventLog["Service"], head: Head): Job =>
  jobWith({ pipelines }, log, (savedOffsets(head, log)?.known ?? []).map(({ partitions }) => partitions))

/** The same with so many partitions of each source. */
const jobWith = ({ maxTimeAhead, pipelines, ...watches }: JobOptions, { sources }: EventLog["Service"], partitions: ReadonlyArray<number>): Job => {
  if (sources === undefined) checkOneTopic(pipelines)
  return new Job(pipelines, {
    ...(sources === undefined
      ? { partitions: partitions[0]! }
      : { sources: sources.map(({ name }, source) => ({ name, partitions: partitions[source]! })) }),
    maxTimeAhead: maxTimeAhead === undefined ? Infinity : Duration.toMillis(maxTimeAhead),
    ...watchesOf(watches)
  })
}

/** What has read along is no more than a checkpoint: its sinks are to have what it has read, and the log is to be the one that it read. */
export const isUsable = Effect.fnUntraced(function*({ isCurrent, log: read, partitions, sinks }: Warm) {
  const log = yield* EventLog
  const wanted = yield* Resumption.storeIds
  const isSame = read === log.id && partitionsIn(log).every((count, source) => count === partitions[source])
  if (!isSame || !wanted.every((id) => sinks.includes(id))) return false
  return yield* isCurrent
})

/** A job that has read along has all that it needs. */
export const goOn = Effect.fnUntraced(function*(_job: Job) {
  const inherited: Inherited = { partitions: partitionsIn(yield* EventLog), panes: 0, rows: 0, taken: 0, isCaughtUp: false }
  return { decisions: yield* (yield* Decisions).read, inherited }
})

export const takeUp = Effect.fnUntraced(function*(resuming: Pick<Resuming, "job" | "options" | "writeRows">) {
  const { name, pipelines } = resuming.options
  const plan = yield* Resumption.plan(name, pipelines)
  const decisions = yield* decisionsFor(plan)
  const inherited = yield* resume({ ...resuming, plan, decisions })
  // Those that were taken on the way are among them.
  return { decisions: inherited.isCaughtUp ? yield* (yield* Decisions).read : decisions, inherited }
})

/** Those of another processor too, where its state is gone on with: they are part of what that is a function of. */
const decisionsFor = Effect.fnUntraced(function*({ checkpoint }: Resumption.Plan) {
  const decisions = yield* Decisions
  const own = yield* decisions.read
  if (checkpoint === null || checkpoint.processor === decisions.processor) return own
  const offsets = savedOffsets(checkpoint, yield* EventLog)?.offsets ?? []
  const others = (yield* decisions.readOf(checkpoint.processor)).filter((decision) => isWithin(decision, offsets))
  yield* decisions.write(others)
  return [...own, ...others]
})

const isWithin = (decision: Decision, offsets: ReadonlyArray<number>): boolean =>
  decision._tag === "end"
    ? decision.at.every((at, partition) => at <= (offsets[partition] ?? 0))
    : decision.at <= (offsets[decision.partition] ?? 0)

interface Resuming {
  readonly job: Job
  readonly options: Options
  readonly plan: Resumption.Plan
  readonly decisions: ReadonlyArray<Decision>
  readonly writeRows: WriteRows
}

/** What a run begins with: the partitions that its state knows, and what was put out on the way there. */
export interface Inherited {
  /** Of each source of the log. */
  readonly partitions: ReadonlyArray<number>
  readonly panes: number
  readonly rows: number
  /** What was done and is in no checkpoint of this name yet. */
  readonly taken: number
  /** Whether something was computed from the beginning of the log. */
  readonly isCaughtUp: boolean
}

/** Takes the state up as far as it is kept, and computes what it lacks from the beginning of the log. */
const resume = Effect.fnUntraced(function*(resuming: Resuming) {
  const { job, options: { name }, plan: { added, changed, checkpoint, kept, removed, savedAs } } = resuming
  const log = yield* EventLog
  const { topic } = log
  const refusal = yield* Resumption.refusalOf(resuming.plan)
  if (refusal !== null) return yield* refusal
  if (changed.length > 0) {
    yield* Effect.logWarning(`${namesOf(changed)} ${changed.length === 1 ? "has" : "have"} changed: what was computed before is computed again from ${topic}`)
    yield* forget(changed)
  }
  const saved = checkpoint === null ? null : savedOffsets(checkpoint, log)
  if (saved === null) return { partitions: partitionsIn(log), panes: 0, rows: 0, taken: 0, isCaughtUp: false } satisfies Inherited
  const known = saved.known.map(({ partitions }) => partitions)
  for (const { now, partitions, topic } of saved.known) {
    if (partitions > now) {
      return yield* new StateError({
        reason: "other-partitions",
        message: `the checkpoint "${name}" was saved when ${topic} had ${partitions} partitions; it has ${now} by now`
      })
    }
    if (partitions < now) {
      yield* Effect.logWarning(`${topic} has ${now} partitions by now, and had ${partitions}: the new ones are read from their beginning`)
    }
  }
  const isAnother = savedAs !== name
  if (isAnother) yield* Effect.logWarning(`nothing is saved as "${name}": ${namesOf(kept)} went on from what is saved as "${savedAs}"`)
  else if (removed.length > 0) yield* Effect.logWarning(`${removed.join(", ")}: not computed any more, and what was stays where it is`)
  const lacking = [...changed, ...added]
  if (added.length > 0) yield* Effect.logWarning(`${namesOf(added)}: new, and computed from the beginning of ${topic}; ${namesOf(kept)} went on`)
  const run = lacking.length === 0 ? null : yield* catchUp(resuming, lacking, saved)
  const snapshots = [checkpoint!.sections, ...(run === null ? [] : [run.job.snapshot()])]
  if (job.restore(...snapshots)) {
    const taken = isAnother || run !== null || removed.length > 0 ? 1 : 0
    return { partitions: known, panes: run?.panes ?? 0, rows: run?.rows ?? 0, taken, isCaughtUp: run !== null } satisfies Inherited
  }
  return yield* new StateError({
    reason: "other-version",
    message: `the checkpoint "${name}" was saved by another version of courant`
  })
})

/** Those of each source. */
export const partitionsIn = (log: EventLog["Service"]): ReadonlyArray<number> => sourcesOf(log).map(({ log }) => log.partitions)

const namesOf = (pipelines: ReadonlyArray<Pipeline.Any>): string => pipelines.map(({ name }) => name).join(", ")

/** Pipelines alone, from the beginning of the log to where the others are. */
const catchUp = Effect.fnUntraced(function*({ decisions, options, writeRows }: Resuming, pipelines: ReadonlyArray<Pipeline.Any>, { known, offsets }: SavedOffsets) {
  const log = yield* EventLog
  const job = jobWith({ ...options, pipelines }, log, known.map(({ partitions }) => partitions))
  const agenda = new Agenda(decisions.filter((decision) => isWithin(decision, offsets)), job.offsets.length)
  const run = new Run({ options: { ...options, pipelines }, job, agenda, decided: decisions, writeRows, now: yield* MonotonicTime.millis })
  const maxHeld = options.maxHeld ?? Joining.usualHeld
  const isRead = (source: number) => job.reads(source)
  // What lies behind the offsets is read when all has been caught up with.
  const isToWait = (source: string) =>
    job.eventTimes.some((side) => side.source === source && Joining.isRead(side, offsets)) || Joining.isToWait(job, source, { maxHeld, stopAt: offsets })
  const isThere = () => job.offsets.every((offset, partition) =>
    offset >= (offsets[partition] ?? 0) || !isRead(sourceAt(partition, known.length)))
  yield* decideAll(run, [...agenda.due(job.offsets)])
  if (isThere()) return run
  yield* SideBySide.read(log, job, { isRead, isToWait, maxDrift: options.maxDrift }).pipe(
    Stream.mapEffect((records) => {
      const end = offsets[records.partition] ?? 0
      const to = records.offsets.subarray(0, records.length).findIndex((offset) => offset >= end)
      return Effect.andThen(takeAll(run, to === -1 ? records : slice(records, 0, to)), Effect.flatMap(dueWhereFull(run, { offsets, maxHeld }), (due) => decideNow(run, due)))
    }),
    Stream.takeUntil(isThere),
    Stream.runDrain
  )
  return run
})

/**
 * Where more rows than may wait for a source of which there is nothing more to read, that is raised by a decision, as in a run
 * that has an end. One of which there is more cannot be: what comes of it would be late.
 */
const dueWhereFull = Effect.fnUntraced(function*({ job, options }: Run, { maxHeld, offsets }: { readonly maxHeld: number; readonly offsets: ReadonlyArray<number> }) {
  const sides = Joining.holdingUp(job, offsets, maxHeld)
  if (sides.length === 0) return []
  const log = yield* EventLog
  const ends = yield* log.ends
  const unread = sides.find((side) => !Joining.isRead(side, ends))
  if (unread !== undefined) {
    return yield* new StateError({
      reason: "too-many-held",
      message: `${namesOf(options.pipelines)}: computed from the beginning, more than ${maxHeld} rows would wait for "${unread.source}", of which the other pipelines have read less than there is`
    })
  }
  return Joining.endedSides(job, offsets, Duration.toMillis(options.maxDrift ?? SideBySide.usualDrift), sides)
})
