/**
 * A run of a job: batches and decisions go through the job one at a time, and what comes out is in its sinks before the next
 * is taken. Where a step leads to many panes, they are made and written in portions: however many they are, they hold neither
 * the memory nor the process up.
 */
import { Clock, Deferred, Duration, Effect, Metric, Option, Semaphore } from "effect"
import { DeadLetters } from "../ports/DeadLetters.ts"
import { Decisions } from "../ports/Decisions.ts"
import type { Options, Report } from "../ports/Engine.ts"
import { EventLog } from "../ports/EventLog.ts"
import { Monitor } from "../ports/Monitor.ts"
import * as MonotonicTime from "../ports/MonotonicTime.ts"
import { ResultSink } from "../ports/ResultSink.ts"
import { RowSink, RowSinkError } from "../ports/RowSink.ts"
import { placeOf } from "../ports/SourceLogs.ts"
import * as Pipeline from "../pipeline/Pipeline.ts"
import type { Row } from "../pipeline/Row.ts"
import type { Decision } from "../records/Decision.ts"
import type { PaneRuns } from "../records/PaneRuns.ts"
import { type Records, valueAt } from "../records/Records.ts"
import type { Agenda } from "./Agenda.ts"
import { DecisionTimes } from "./DecisionTimes.ts"
import { Idleness } from "./Idleness.ts"
import type { Job, LastPortion, Portions } from "./Job.ts"
import { recordAt } from "./RecordAt.ts"

/** From a millisecond to half a minute. */
export const histogram = (name: string, description: string) =>
  Metric.histogram(name, { description, boundaries: Metric.exponentialBoundaries({ start: 0.001, factor: 2, count: 16 }) })

const writeTime = histogram("courant_sink_write_duration_seconds", "Writing the panes of a batch")
const rowWriteTime = histogram("courant_row_sink_write_duration_seconds", "Writing the rows of a batch")

/** Panes that are made before they are written. */
const portion = 10_000

/** Milliseconds of work after which others have a turn. */
const turnEvery = 10

/** What changes while an engine runs. */
export class Run {
  readonly options: Options
  readonly job: Job
  /** What former runs have decided over what this one has still to read. */
  readonly agenda: Agenda
  readonly writeRows: WriteRows
  readonly #permit = Semaphore.makeUnsafe(1).withPermit
  #hasFailed = false
  /** Where the input ends, once that is known. */
  stopAt: ReadonlyArray<number> | null = null
  /** The first offsets that there were when it began. */
  beginnings: ReadonlyArray<number> = []
  readonly over = Deferred.makeUnsafe<void>()
  panes = 0
  rows = 0
  /** Batches taken. */
  taken = 0
  /** A batch has changed the state and its panes and rows are not in their sinks yet: not a moment to save, or to look at it. */
  isBetween = false
  /** Event time when it was told last: all that it has closed is in the sinks. */
  watermark: number | null = null
  readonly idleness: Idleness
  readonly decisionTimes: DecisionTimes
  hasChanged = false
  /** The offsets before which all is done: what the job has taken may still be on its way to the sinks. */
  offsets: ReadonlyArray<number>
  /** When others have had their last turn. */
  turnAt: number

  /** `decided` is what was decided before. */
  constructor({ agenda, decided, job, now, options, speed = 1, writeRows }: Pick<Run, "agenda" | "options" | "job" | "writeRows"> & {
    readonly now: number
    /** Of event time while the input is quiet; 1 unless told. */
    readonly speed?: number
    readonly decided: ReadonlyArray<Decision>
  }) {
    this.options = options
    this.job = job
    this.offsets = job.offsets
    this.turnAt = now
    this.agenda = agenda
    this.decisionTimes = new DecisionTimes(decided)
    this.writeRows = writeRows
    const timeout = Duration.toMillis(options.idleTimeout ?? Duration.infinity)
    this.idleness = new Idleness(job, { timeout, speed, now })
  }

  /**
   * One batch or decision at a time: its panes are in the sink before the next is taken. When one has failed none follows,
   * although who waits for its turn may get it before the end of the run reaches it: a checkpoint would cover what was not
   * written, and records would be taken ahead of a decision that may be durable.
   */
  alone<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    const noted = Effect.onError(effect, () => Effect.sync(() => void (this.#hasFailed = true)))
    return this.#permit(Effect.suspend(() => this.#hasFailed ? Effect.never : noted))
  }

  /** How far there is something to read of a log that ends at these offsets: nothing of a partition whose records are all gone. */
  readable(ends: ReadonlyArray<number>): ReadonlyArray<number> {
    return ends.map((end, partition) => (this.beginnings[partition] ?? 0) >= end ? 0 : end)
  }

  get isOver(): boolean {
    return Deferred.isDoneUnsafe(this.over)
  }

  get report(): Report {
    return {
      ...this.job.counts,
      panes: this.panes,
      rows: this.rows,
      byPipeline: Object.fromEntries(this.job.countsByPipeline),
      ...bySource(this.job)
    }
  }
}

/** Nothing where the log is not one of sources. */
export const bySource = ({ countsBySource }: Job): Pick<Report, "bySource"> =>
  countsBySource.size === 0 ? {} : { bySource: Object.fromEntries(countsBySource) }

export type WriteRows = RowSink["Service"]["write"]

/** A sink of rows is asked for where a pipeline puts rows out, and nowhere else. */
export const rowWriter = Effect.fnUntraced(function*({ pipelines }: Job): Effect.fn.Return<WriteRows, RowSinkError> {
  const sink = yield* Effect.serviceOption(RowSink)
  if (Option.isSome(sink)) return sink.value.write
  const homeless = pipelines.find(Pipeline.isOfRows)
  if (homeless === undefined) return () => Effect.void
  return yield* new RowSinkError({ message: `the pipeline "${homeless.name}" ends in events, and there is no sink for its rows (RowSink)` })
})

/** A batch of the log, with what was decided in between. */
export const takeAll = Effect.fnUntraced(function*(run: Run, records: Records) {
  for (const part of run.agenda.weave(records, () => run.job.offsets)) {
    if ("_tag" in part) yield* decide(run, part)
    else yield* take(run, part)
  }
})

const take = Effect.fnUntraced(function*(run: Run, records: Records) {
  const output = yield* work(run, run.job.step(records, run.options.portion ?? portion))
  run.decisionTimes.happened()
  run.idleness.took(records, yield* MonotonicTime.millis)
  yield* writeLetters(output, records)
  yield* putOut(run, output)
})

const decide = Effect.fnUntraced(function*(run: Run, decision: Decision) {
  const output = yield* work(run, run.job.step(decision, run.options.portion ?? portion))
  run.idleness.decided()
  yield* writeLetters(output, null)
  yield* putOut(run, output)
})

export const decideAll = (run: Run, decisions: ReadonlyArray<Decision>) =>
  Effect.forEach(decisions, (decision) => decide(run, decision), { discard: true })

/** Does a step, and puts out all of it but the last. */
const work = Effect.fnUntraced(function*(run: Run, step: Portions) {
  run.isBetween = true
  while (true) {
    const { done, value } = step.next()
    if (done === true) return value
    yield* putOutPanes(run, value)
    const now = yield* MonotonicTime.millis
    if (now - run.turnAt < turnEvery) continue
    yield* Effect.yieldNow
    run.turnAt = yield* MonotonicTime.millis
  }
})

/** Write, then tell. */
const putOutPanes = Effect.fnUntraced(function*(run: Run, made: PaneRuns) {
  if (made.length === 0) return
  const panes = made.objects
  const sink = yield* ResultSink
  const monitor = yield* Monitor
  yield* sink.write(panes).pipe(Effect.trackDuration(writeTime, Duration.toSeconds))
  run.panes += panes.length
  yield* monitor.publish({ _tag: "panes", panes })
})

const putOut = Effect.fnUntraced(function*(run: Run, { panes, rows }: LastPortion) {
  yield* putOutPanes(run, panes)
  if (rows.length > 0) {
    yield* run.writeRows(rows).pipe(Effect.trackDuration(rowWriteTime, Duration.toSeconds))
    run.rows += rows.length
    yield* (yield* Monitor).publish({ _tag: "rows", rows: lastOf(rows) })
  }
  run.isBetween = false
  run.offsets = run.job.offsets
  run.taken++
  run.hasChanged = true
})

/** Rows of a pipeline that viewers are told of one batch. */
const mostTold = 1_000

const lastOf = (rows: ReadonlyArray<Row>): ReadonlyArray<Row> =>
  rows.length <= mostTold ? rows : [...Map.groupBy(rows, ({ pipeline }) => pipeline).values()].flatMap((own) => own.slice(-mostTold))

/** A decision is durable before it takes effect, or a replay might lack it. Nothing is read in between: see `Run.alone`. */
export const decideNow = Effect.fnUntraced(function*(run: Run, decisions: ReadonlyArray<Decision>) {
  const log = yield* Decisions
  if (decisions.length === 0) return
  const timed = run.decisionTimes.taken(decisions, yield* Clock.currentTimeMillis)
  yield* log.write(timed)
  const before = run.panes + run.rows
  yield* decideAll(run, timed)
  if (run.panes + run.rows > before) run.decisionTimes.happened()
})

const writeLetters = Effect.fnUntraced(function*({ unused }: Pick<LastPortion, "unused">, records: Records | null) {
  if (unused.length === 0) return
  const deadLetters = yield* DeadLetters
  const log = yield* EventLog
  const letters = yield* Effect.forEach(unused, Effect.fnUntraced(function*({ partition, record, ...letter }) {
    // A copy: the log gets the memory of the batch back.
    const bytes = record === null || records === null ? yield* bytesInLog(partition, letter.offset) : new Uint8Array(valueAt(records, record))
    return { ...placeOf(log, partition), ...letter, bytes }
  }))
  yield* deadLetters.write(letters)
})

/** A row that was held when it was refused is not in this batch any more; nothing where its record is gone from the log. */
const bytesInLog = Effect.fnUntraced(function*(partition: number, offset: number) {
  const found = yield* recordAt(yield* EventLog, partition, offset)
  return Option.match(found, { onNone: () => new Uint8Array(0), onSome: (records) => valueAt(records, 0) })
})
