/**
 * A run of a job: batches and decisions go through the job one at a time, and what comes out is in its sinks before the next
 * is taken.
 */
import { Deferred, Duration, Effect, Metric, Option, Semaphore } from "effect"
import { type DeadLetter, DeadLetters } from "../ports/DeadLetters.ts"
import { Decisions } from "../ports/Decisions.ts"
import type { Options, Report } from "../ports/Engine.ts"
import { EventLog } from "../ports/EventLog.ts"
import { Monitor } from "../ports/Monitor.ts"
import * as MonotonicTime from "../ports/MonotonicTime.ts"
import { ResultSink } from "../ports/ResultSink.ts"
import { RowSink, RowSinkError } from "../ports/RowSink.ts"
import * as Pipeline from "../pipeline/Pipeline.ts"
import type { Decision } from "../records/Decision.ts"
import { type Records, valueAt } from "../records/Records.ts"
import type { Agenda } from "./Agenda.ts"
import { IdleClock } from "./IdleClock.ts"
import type { Job, Output } from "./Job.ts"

/** From a millisecond to half a minute. */
export const histogram = (name: string, description: string) =>
  Metric.histogram(name, { description, boundaries: Metric.exponentialBoundaries({ start: 0.001, factor: 2, count: 16 }) })

const writeTime = histogram("courant_sink_write_duration_seconds", "Writing the panes of a batch")
const rowWriteTime = histogram("courant_row_sink_write_duration_seconds", "Writing the rows of a batch")

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
  readonly over = Deferred.makeUnsafe<void>()
  panes = 0
  rows = 0
  /** Batches taken. */
  taken = 0
  /** A batch has changed the state and its panes and rows are not in their sinks yet: not a moment to save. */
  isBetween = false
  /** For each field that event times are read from; none where nothing is ever idle. */
  readonly idle: ReadonlyArray<{ readonly field: string; readonly outOfOrderness: number; readonly clock: IdleClock }>
  hasChanged = false

  constructor({ agenda, job, now, options, writeRows }: Pick<Run, "agenda" | "options" | "job" | "writeRows"> & { readonly now: number }) {
    this.options = options
    this.job = job
    this.agenda = agenda
    this.writeRows = writeRows
    const timeout = Duration.toMillis(options.idleTimeout ?? Duration.infinity)
    const speed = options.speed ?? 1
    this.idle = (Number.isFinite(timeout) ? job.eventTimes : []).map(({ field, outOfOrderness, partitions }) =>
      ({ field, outOfOrderness, clock: new IdleClock({ timeout, outOfOrderness, speed }, partitions, now) }))
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

  get isOver(): boolean {
    return Deferred.isDoneUnsafe(this.over)
  }

  decided(): void {
    if (this.idle.length === 0) return
    const { eventTimes } = this.job
    this.idle.forEach(({ clock }, index) => clock.decided(eventTimes[index]?.partitions ?? []))
  }

  took(records: Records, now: number): void {
    if (this.idle.length === 0) return
    const { eventTimes } = this.job
    this.idle.forEach(({ clock }, index) => clock.took(records, eventTimes[index]?.partitions ?? [], now))
  }

  get report(): Report {
    return {
      ...this.job.counts,
      panes: this.panes,
      rows: this.rows,
      byPipeline: Object.fromEntries(this.job.countsByPipeline)
    }
  }
}

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
  const deadLetters = yield* DeadLetters
  const { topic } = yield* EventLog
  run.isBetween = true
  const output = run.job.take(records)
  run.took(records, yield* MonotonicTime.millis)
  if (output.unused.length > 0) yield* deadLetters.write(letters(topic, records, output))
  yield* putOut(run, output)
})

const decide = Effect.fnUntraced(function*(run: Run, decision: Decision) {
  run.isBetween = true
  const output = run.job.decide(decision)
  run.decided()
  yield* putOut(run, output)
})

export const decideAll = (run: Run, decisions: ReadonlyArray<Decision>) =>
  Effect.forEach(decisions, (decision) => decide(run, decision), { discard: true })

/** Write, then tell. */
const putOut = Effect.fnUntraced(function*(run: Run, { panes, rows }: Output) {
  const sink = yield* ResultSink
  const monitor = yield* Monitor
  if (panes.length > 0) {
    yield* sink.write(panes).pipe(Effect.trackDuration(writeTime, Duration.toSeconds))
    run.panes += panes.length
    yield* monitor.publish({ _tag: "panes", panes })
  }
  if (rows.length > 0) {
    yield* run.writeRows(rows).pipe(Effect.trackDuration(rowWriteTime, Duration.toSeconds))
    run.rows += rows.length
  }
  run.isBetween = false
  run.taken++
  run.hasChanged = true
})

/** A decision is durable before it takes effect, or a replay might lack it. Nothing is read in between: see `Run.alone`. */
export const decideNow = Effect.fnUntraced(function*(run: Run, decisions: ReadonlyArray<Decision>) {
  const log = yield* Decisions
  if (decisions.length === 0) return
  yield* log.write(decisions)
  yield* decideAll(run, decisions)
})

const letters = (topic: string, records: Records, { unused }: Output): ReadonlyArray<DeadLetter> =>
  unused.map(({ detail, offset, pipeline, reason, record }) => ({
    topic,
    partition: records.partition,
    offset,
    pipeline,
    reason,
    detail,
    bytes: valueAt(records, record)
  }))
