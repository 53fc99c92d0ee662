/**
 * The engine in this process: one fiber carries batches from the log through a job into the
 * sink. Effect runs once a batch, the operators themselves know nothing of it.
 */
import { Deferred, Duration, Effect, Fiber, Layer, Metric, Option, Semaphore, Stream } from "effect"
import type { CheckpointStore } from "../ports/CheckpointStore.ts"
import { type DeadLetter, DeadLetters } from "../ports/DeadLetters.ts"
import type { Decision } from "../records/Decision.ts"
import { Decisions } from "../ports/Decisions.ts"
import { Engine, type EngineError, type Options, type Report, StateError } from "../ports/Engine.ts"
import { EventLog } from "../ports/EventLog.ts"
import { Agenda } from "./Agenda.ts"
import { IdleClock } from "./IdleClock.ts"
import { Job, type Output } from "./Job.ts"
import { Monitor } from "../ports/Monitor.ts"
import * as MonotonicTime from "../ports/MonotonicTime.ts"
import { type Records, slice, valueAt } from "../records/Records.ts"
import * as Pipeline from "../pipeline/Pipeline.ts"
import { forget } from "./Restart.ts"
import * as Resumption from "./Resumption.ts"
import * as Saver from "./Saver.ts"
import { ResultSink } from "../ports/ResultSink.ts"
import { RowSink, RowSinkError } from "../ports/RowSink.ts"
import type { Warm } from "./WarmStandby.ts"

type Services = CheckpointStore | DeadLetters | Decisions | EventLog | Monitor | ResultSink

export const layer: Layer.Layer<Engine, never, Services> = Layer.suspend(() => layerFrom(null))

/** The same, whose run goes on with a job that has read along, in the place of its checkpoint, where it can. */
export const layerFrom = (warm: Warm | null): Layer.Layer<Engine, never, Services> =>
  Layer.effect(
    Engine,
    Effect.gen(function*() {
      const services = yield* Effect.context<Services>()
      return Engine.of({ run: (options) => Effect.provideContext(run(options, warm), services) })
    })
  )

/** From a millisecond to half a minute. */
const seconds = (name: string, description: string) =>
  Metric.histogram(name, { description, boundaries: Metric.exponentialBoundaries({ start: 0.001, factor: 2, count: 16 }) })

const batchTime = seconds("courant_batch_duration_seconds", "From a batch of the log to its panes and rows in their sinks")
const writeTime = seconds("courant_sink_write_duration_seconds", "Writing the panes of a batch")
const rowWriteTime = seconds("courant_row_sink_write_duration_seconds", "Writing the rows of a batch")

const partitionWatermark = Metric.gauge("courant_partition_watermark_ms", {
  description: "The watermark of each partition, in milliseconds since the epoch; the smallest is the operators'."
})

const partitionLag = Metric.gauge("courant_partition_lag_records", {
  description: "Records of each partition that are in the log and have not been processed."
})

/** How often those who watch see the windows that are forming. */
const formingEvery = 250

/** The log, which may be behind a network, is asked for its ends once in so many times. */
const endsEvery = 4

const run = Effect.fn("InProcess.run")(function*(options: Options, warm: Warm | null) {
  const log = yield* EventLog
  const along = warm !== null && (yield* isUsable(warm)) ? warm.job : null
  const job = along ?? new Job(options.pipelines, jobOptions(options, log.partitions))
  const writeRows = yield* rowWriter(job)
  const { decisions, inherited } = yield* (along === null ? takeUp({ job, options, writeRows }) : goOn(job))
  yield* adopt(job)
  const agenda = new Agenda(decisions, log.partitions)
  const run = new Run({ options, job, agenda, writeRows, now: yield* MonotonicTime.millis })
  run.panes = inherited.panes
  run.rows = inherited.rows
  run.taken = inherited.taken
  const every = Duration.toMillis(options.checkpointEvery ?? "1 second")
  const saver = yield* Saver.make({ name: options.name, job, every, markEvery: options.markEvery })
  const saveIfDue = Effect.suspend(() => run.isBetween ? Effect.void : saver.saveIfDue(run.taken))
  const saveLast = Effect.suspend(() => run.isBetween ? Effect.void : saver.saveLast(run.taken))

  const carry = log.read(job.offsets).pipe(
    Stream.runForEach((records) =>
      run.alone(Effect.gen(function*() {
        yield* takeAll(run, records).pipe(Effect.trackDuration(batchTime, Duration.toSeconds))
        yield* saveIfDue
        yield* endWhereReached(run)
      })).pipe(
        // Reading on would only begin a batch that the end of the run interrupts.
        Effect.andThen(Effect.suspend(() => run.isOver ? Effect.never : Effect.void))
      )
    )
  )
  const wait = Effect.gen(function*() {
    run.stopAt = yield* options.stopAt ?? Effect.never
    yield* run.alone(endWhereReached(run))
    yield* Deferred.await(run.over)
  })
  yield* run.alone(Effect.andThen(decideAll(run, [...agenda.due(job.offsets)]), decideNow(run, job.newcomers(inherited.partitions))))
  yield* Effect.raceFirst(carry, wait).pipe(
    Effect.raceFirst(watchIdle(run)),
    Effect.raceFirst(showForming(run)),
    Effect.raceFirst(saver.failed),
    // The last batch before a silence may have come too soon after a checkpoint to get one of its own.
    Effect.raceFirst(Effect.forever(Effect.andThen(Effect.sleep(Math.max(every, shortestSave)), run.alone(saveIfDue)))),
    // Whatever ends the run, what was done stays done. A failure to save must not hide what ended it.
    Effect.onExit((exit) => exit._tag === "Success" ? saveLast : briefly(saveLast)),
    Effect.ensuring(briefly(publishProgress(run, log.ends)))
  )
  return run.report
})

const jobOptions = ({ maxTimeAhead }: Options, partitions: number) =>
  ({ partitions, maxTimeAhead: maxTimeAhead === undefined ? Infinity : Duration.toMillis(maxTimeAhead) })

/** Milliseconds between two looks whether there is something to save, where nothing comes. */
const shortestSave = 20

/** For how long a run that was stopped waits for stores that are out of reach. */
const patience = "3 seconds"

/** Tries it, and goes on without it where it takes too long: the end of a run must not wait for a broker to come back. */
const briefly = Effect.fnUntraced(function*<E, R>(effect: Effect.Effect<void, E, R>) {
  const fiber = yield* Effect.forkDetach(effect)
  yield* Effect.raceFirst(Fiber.await(fiber), Effect.sleep(patience))
  yield* Effect.forkDetach(Fiber.interrupt(fiber))
})

/** What changes while an engine runs. */
class Run {
  readonly options: Options
  readonly job: Job
  /** What former runs have decided over what this one has still to read. */
  readonly agenda: Agenda
  readonly writeRows: WriteRows
  /** One batch or decision at a time: its panes are in the sink before the next is taken. */
  readonly alone = Semaphore.makeUnsafe(1).withPermit
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

type WriteRows = RowSink["Service"]["write"]

/** A sink of rows is asked for where a pipeline puts rows out, and nowhere else. */
const rowWriter = Effect.fnUntraced(function*({ pipelines }: Job): Effect.fn.Return<WriteRows, RowSinkError> {
  const sink = yield* Effect.serviceOption(RowSink)
  if (Option.isSome(sink)) return sink.value.write
  const homeless = pipelines.find(Pipeline.isOfRows)
  if (homeless === undefined) return () => Effect.void
  return yield* new RowSinkError({ message: `the pipeline "${homeless.name}" ends in events, and there is no sink for its rows (RowSink)` })
})

/** What has read along is no more than a checkpoint: its sinks are to have what it has read, and the log is to be the one that it read. */
const isUsable = Effect.fnUntraced(function*({ isCurrent, job, log, sinks }: Warm) {
  const { id, partitions } = yield* EventLog
  const wanted = yield* Resumption.storeIds
  if (log !== id || job.offsets.length !== partitions || !wanted.every((id) => sinks.includes(id))) return false
  return yield* isCurrent
})

/** A job that has read along has all that it needs. */
const goOn = Effect.fnUntraced(function*({ offsets }: Job) {
  const inherited: Inherited = { partitions: offsets.length, panes: 0, rows: 0, taken: 0 }
  return { decisions: yield* (yield* Decisions).read, inherited }
})

const takeUp = Effect.fnUntraced(function*(resuming: Pick<Resuming, "job" | "options" | "writeRows">) {
  const { name, pipelines } = resuming.options
  const plan = yield* Resumption.plan(name, pipelines)
  const decisions = yield* decisionsFor(plan)
  return { decisions, inherited: yield* resume({ ...resuming, plan, decisions }) }
})

/** Those of another processor too, where its state is gone on with: they are part of what that is a function of. */
const decisionsFor = Effect.fnUntraced(function*({ checkpoint }: Resumption.Plan) {
  const decisions = yield* Decisions
  const own = yield* decisions.read
  if (checkpoint === null || checkpoint.processor === decisions.processor) return own
  const others = (yield* decisions.readOf(checkpoint.processor)).filter((decision) => isWithin(decision, checkpoint.offsets))
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
interface Inherited {
  readonly partitions: number
  readonly panes: number
  readonly rows: number
  /** What was done and is in no checkpoint of this name yet. */
  readonly taken: number
}

/** Takes the state up as far as it is kept, and computes what it lacks from the beginning of the log. */
const resume = Effect.fnUntraced(function*(resuming: Resuming) {
  const { job, options: { name }, plan: { added, changed, checkpoint, kept, removed, savedAs } } = resuming
  const { partitions, topic } = yield* EventLog
  const refusal = yield* Resumption.refusalOf(resuming.plan)
  if (refusal !== null) return yield* refusal
  if (changed.length > 0) {
    yield* Effect.logWarning(`${namesOf(changed)} ${changed.length === 1 ? "has" : "have"} changed: what was computed before is computed again from ${topic}`)
    yield* forget(changed)
  }
  if (checkpoint === null) return { partitions, panes: 0, rows: 0, taken: 0 }
  const known = checkpoint.offsets.length
  if (known > partitions) {
    return yield* new StateError({
      reason: "other-partitions",
      message: `the checkpoint "${name}" was saved when ${topic} had ${known} partitions; it has ${partitions} by now`
    })
  }
  if (known < partitions) {
    yield* Effect.logWarning(`${topic} has ${partitions} partitions by now, and had ${known}: the new ones are read from their beginning`)
  }
  const isAnother = savedAs !== name
  if (isAnother) yield* Effect.logWarning(`nothing is saved as "${name}": ${namesOf(kept)} went on from what is saved as "${savedAs}"`)
  else if (removed.length > 0) yield* Effect.logWarning(`${removed.join(", ")}: not computed any more, and what was stays where it is`)
  const lacking = [...changed, ...added]
  if (added.length > 0) yield* Effect.logWarning(`${namesOf(added)}: new, and computed from the beginning of ${topic}; ${namesOf(kept)} went on`)
  const run = lacking.length === 0 ? null : yield* catchUp(resuming, lacking, checkpoint.offsets)
  const snapshots = [checkpoint.sections, ...(run === null ? [] : [run.job.snapshot()])]
  if (job.restore(...snapshots)) {
    const taken = isAnother || run !== null || removed.length > 0 ? 1 : 0
    return { partitions: known, panes: run?.panes ?? 0, rows: run?.rows ?? 0, taken } satisfies Inherited
  }
  return yield* new StateError({
    reason: "other-version",
    message: `the checkpoint "${name}" was saved by another version of courant`
  })
})

const namesOf = (pipelines: ReadonlyArray<Pipeline.Any>): string => pipelines.map(({ name }) => name).join(", ")

/** Pipelines alone, from the beginning of the log to where the others are. */
const catchUp = Effect.fnUntraced(function*({ decisions, options, writeRows }: Resuming, pipelines: ReadonlyArray<Pipeline.Any>, offsets: ReadonlyArray<number>) {
  const log = yield* EventLog
  const job = new Job(pipelines, jobOptions(options, offsets.length))
  const agenda = new Agenda(decisions.filter((decision) => isWithin(decision, offsets)), offsets.length)
  const run = new Run({ options: { ...options, pipelines }, job, agenda, writeRows, now: yield* MonotonicTime.millis })
  const isThere = () => job.offsets.every((offset, partition) => offset >= (offsets[partition] ?? 0))
  yield* decideAll(run, [...agenda.due(job.offsets)])
  if (isThere()) return run
  yield* log.read(job.offsets).pipe(
    Stream.mapEffect((records) => {
      const end = offsets[records.partition] ?? 0
      const to = records.offsets.subarray(0, records.length).findIndex((offset) => offset >= end)
      return takeAll(run, to === -1 ? records : slice(records, 0, to))
    }),
    Stream.takeUntil(isThere),
    Stream.runDrain
  )
  return run
})

/** What a run that crashed has written beyond the last checkpoint, and this one may never come by. */
const adopt = Effect.fnUntraced(function*(job: Job) {
  const sink = yield* ResultSink
  const recall = sink.recall ?? sink.read
  const stored = yield* Effect.forEach(job.unsettled, ({ from, pipeline }) =>
    recall({ pipeline, ...(Number.isFinite(from) ? { from } : {}) }))
  job.adopt(stored.flat())
})

/** A batch of the log, with what was decided in between. */
const takeAll = Effect.fnUntraced(function*(run: Run, records: Records) {
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

const decideAll = (run: Run, decisions: ReadonlyArray<Decision>) =>
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
const decideNow = Effect.fnUntraced(function*(run: Run, decisions: ReadonlyArray<Decision>) {
  const log = yield* Decisions
  if (decisions.length === 0) return
  yield* log.write(decisions)
  yield* decideAll(run, decisions)
})

const endWhereReached = Effect.fnUntraced(function*(run: Run) {
  const { job, over, stopAt } = run
  if (stopAt === null || run.isOver || job.offsets.some((offset, partition) => offset < (stopAt[partition] ?? Infinity))) return
  yield* decideNow(run, [{ _tag: "end", at: job.offsets }])
  yield* Deferred.succeed(over, undefined)
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

/**
 * Lets a quiet partition no longer hold the others up, and lets event time go on by the clock when all are quiet, so that
 * the last window closes.
 */
const watchIdle = Effect.fnUntraced(function*(run: Run): Effect.fn.Return<never, EngineError, Services> {
  const { idle } = run
  const [first] = idle
  if (first === undefined) return yield* Effect.never
  const log = yield* EventLog
  const isQuiet = run.options.isQuiet ?? Effect.succeed(true)
  let wasLeftOut = false
  while (true) {
    // All clocks of a run tick together.
    const tick = first.clock.tickAfter(yield* MonotonicTime.millis)
    yield* sleepUntil(first.clock.dueAt(tick))
    const isHeard = yield* isQuiet
    const heardAt = yield* MonotonicTime.millis
    for (const { clock } of idle) clock.read(heardAt, isHeard)
    if (!isHeard || !idle.map(({ clock }) => clock.takeCheck(tick)).some(Boolean)) continue
    // Asked after the input, so that what it had to give is among what there is to read. While the log answers, nobody hears
    // the input: this time counts when that has been asked again.
    const ends = yield* log.ends
    // What came during a pause gets the time until the next check to come in. Never two in a row, or a machine that
    // is always late would never decide.
    wasLeftOut = idle.map(({ clock }) => clock.takeAway()).some(Boolean) && !wasLeftOut
    if (wasLeftOut || run.job.size === 0) continue
    yield* run.alone(Effect.suspend(() => decideNow(run, idleNow(run, ends))))
  }
})

/** The decisions that are due where the log ended at these offsets. */
const idleNow = ({ idle, job }: Run, ends: ReadonlyArray<number>): ReadonlyArray<Decision> => {
  const { eventTimes, offsets } = job
  return idle.flatMap(({ clock, field, outOfOrderness }, index) =>
    clock.decisions(eventTimes[index]?.partitions ?? [], ends).map(({ partition, watermark }): Decision =>
      ({ _tag: "idle", partition, at: offsets[partition] ?? 0, watermark, eventTime: field, outOfOrderness })))
}

/** A timer has whole milliseconds and must not come early. */
const sleepUntil = (due: number) =>
  Effect.flatMap(MonotonicTime.millis, (now) => Effect.sleep(Math.max(1, Math.ceil(due - now))))

/** Shows the forming windows and the progress a few times a second, however fast the batches come. */
const showForming = Effect.fnUntraced(function*(run: Run): Effect.fn.Return<never, EngineError, EventLog | Monitor> {
  const monitor = yield* Monitor
  const log = yield* EventLog
  let ends: ReadonlyArray<number> = []
  for (let round = 0;; round++) {
    yield* Effect.sleep(formingEvery)
    if (run.hasChanged && (yield* monitor.isWatched)) {
      run.hasChanged = false
      yield* monitor.publish({ _tag: "forming", panes: run.job.forming() })
    }
    if (round % endsEvery === 0) ends = yield* log.ends
    yield* publishProgress(run, Effect.succeed(ends))
  }
})

const publishProgress = Effect.fnUntraced(function*<E>(run: Run, endsOfLog: Effect.Effect<ReadonlyArray<number>, E>) {
  const monitor = yield* Monitor
  const ends = yield* endsOfLog
  const { offsets, partitions, watermark } = run.job
  const lags = offsets.map((offset, partition) => Math.max(0, (ends[partition] ?? 0) - offset))
  for (const [partition, state] of partitions.entries()) {
    const attributes = { partition: String(partition) }
    yield* Metric.update(Metric.withAttributes(partitionLag, attributes), lags[partition] ?? 0)
    if (!Number.isFinite(state.watermark)) continue
    yield* Metric.update(Metric.withAttributes(partitionWatermark, attributes), state.watermark)
  }
  const lag = lags.reduce((sum, lag) => sum + lag, 0)
  yield* monitor.publish({ _tag: "progress", progress: { ...run.report, watermark, lag, open: Object.fromEntries(run.job.sizes) } })
})
