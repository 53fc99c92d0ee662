/**
 * The engine in this process: one fiber carries batches from the log through a job into the
 * sink. Effect runs once a batch, the operators themselves know nothing of it.
 */
import { Deferred, Duration, Effect, Fiber, Layer, Metric, Stream } from "effect"
import type { CheckpointStore } from "../ports/CheckpointStore.ts"
import type { DeadLetters } from "../ports/DeadLetters.ts"
import type { Decisions } from "../ports/Decisions.ts"
import { Engine, type EngineError, type Options } from "../ports/Engine.ts"
import { EventLog } from "../ports/EventLog.ts"
import { Agenda } from "./Agenda.ts"
import { inputsOf } from "../pipeline/Checked.ts"
import type { Pane } from "../pipeline/Pane.ts"
import type { Job } from "./Job.ts"
import * as Joining from "./Joining.ts"
import { type Looks, Monitor, type Progress } from "../ports/Monitor.ts"
import * as MonotonicTime from "../ports/MonotonicTime.ts"
import { decideAll, decideNow, histogram, Run, rowWriter, takeAll } from "./Run.ts"
import * as Saver from "./Saver.ts"
import * as SideBySide from "./SideBySide.ts"
import { ResultSink } from "../ports/ResultSink.ts"
import { sourceAt, within } from "../ports/SourceLogs.ts"
import { goOn, isUsable, jobOf, takeUp } from "./TakingUp.ts"
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

const batchTime = histogram("courant_batch_duration_seconds", "From a batch of the log to its panes and rows in their sinks")

const partitionWatermark = Metric.gauge("courant_partition_watermark_ms", {
  description: "The watermark of each partition, in milliseconds since the epoch; the smallest is the operators'."
})

const partitionLag = Metric.gauge("courant_partition_lag_records", {
  description: "Records of each partition that are in the log and have not been processed."
})

/** How often those who watch see the windows that are forming. */
const formingEvery = 250

/** The windows of pipelines that nobody looks at are made once in so many times. */
const rarely = 8

/** So many of each pipeline are shown: those of a million keys nobody reads, and to make them would take all of the time. */
const mostForming = 1_000

/** The log, which may be behind a network, is asked for its ends once in so many times. */
const endsEvery = 4

const run = Effect.fn("InProcess.run")(function*(options: Options, warm: Warm | null) {
  const log = yield* EventLog
  const along = warm !== null && (yield* isUsable(warm)) ? warm.job : null
  const job = along ?? jobOf(options, log)
  const writeRows = yield* rowWriter(job)
  const { decisions, inherited } = yield* (along === null ? takeUp({ job, options, writeRows }) : goOn(job))
  yield* adopt(job)
  const agenda = new Agenda(decisions, log.partitions)
  const run = new Run({ options, job, agenda, decided: decisions, writeRows, speed: yield* speedOf(options), now: yield* MonotonicTime.millis })
  run.beginnings = yield* log.beginnings ?? Effect.succeed([])
  run.panes = inherited.panes
  run.rows = inherited.rows
  run.taken = inherited.taken
  const every = Duration.toMillis(options.checkpointEvery ?? "1 second")
  const saver = yield* Saver.make({ name: options.name, job, every, markEvery: options.markEvery })
  const saveIfDue = Effect.suspend(() => run.isBetween ? Effect.void : saver.saveIfDue(run.taken))
  const saveLast = Effect.suspend(() => run.isBetween ? Effect.void : saver.saveLast(run.taken))

  const isToWait = (source: string) => Joining.isToWait(job, source, { maxHeld: options.maxHeld ?? Joining.usualHeld, stopAt: run.stopAt })
  const carry = SideBySide.read(log, job, { maxDrift: options.maxDrift, isToWait }).pipe(
    Stream.runForEach((records) =>
      run.alone(Effect.gen(function*() {
        yield* takeAll(run, records).pipe(Effect.trackDuration(batchTime, Duration.toSeconds))
        records.release?.()
        yield* raiseEnded(run)
        yield* saveIfDue
        yield* endWhereReached(run)
      })).pipe(
        // Reading on would only begin a batch that the end of the run interrupts.
        Effect.andThen(Effect.suspend(() => run.isOver ? Effect.never : Effect.void))
      )
    )
  )
  const wait = Effect.gen(function*() {
    run.stopAt = run.readable(yield* options.stopAt ?? Effect.never)
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

/** Of event time, while the input is quiet. */
const speedOf = ({ speed = 1 }: Options): Effect.Effect<number> => typeof speed === "number" ? Effect.succeed(speed) : speed

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

/** What a run that crashed has written beyond the last checkpoint, and this one may never come by. */
const adopt = Effect.fnUntraced(function*(job: Job) {
  const sink = yield* ResultSink
  const recall = sink.recall ?? sink.read
  const stored = yield* Effect.forEach(job.unsettled, ({ from, pipeline }) =>
    recall({ pipeline, ...(Number.isFinite(from) ? { from } : {}) }))
  job.adopt(stored.flat())
})

/** In a run that has an end, a side of a join that has been read to it does not hold the others up until then. */
const raiseEnded = (run: Run) =>
  Effect.suspend(() => {
    const { job, options, stopAt } = run
    if (stopAt === null) return Effect.void
    return decideNow(run, Joining.endedSides(job, stopAt, Duration.toMillis(options.maxDrift ?? SideBySide.usualDrift)))
  })

const endWhereReached = Effect.fnUntraced(function*(run: Run) {
  const { job, over, stopAt } = run
  if (stopAt === null || run.isOver || job.offsets.some((offset, partition) => offset < (stopAt[partition] ?? Infinity))) return
  yield* decideNow(run, [{ _tag: "end", at: job.offsets }])
  yield* Deferred.succeed(over, undefined)
})

/**
 * Lets a quiet partition no longer hold the others up, and lets event time go on by the clock when all are quiet, so that
 * the last window closes.
 */
const watchIdle = Effect.fnUntraced(function*(run: Run): Effect.fn.Return<never, EngineError, Services> {
  const { idleness } = run
  const { ticks } = idleness
  if (ticks === null) return yield* Effect.never
  const log = yield* EventLog
  const isQuiet = run.options.isQuiet ?? Effect.succeed(true)
  while (true) {
    const tick = ticks.tickAfter(yield* MonotonicTime.millis)
    yield* MonotonicTime.sleepUntil(ticks.dueAt(tick))
    const isHeard = yield* isQuiet
    idleness.speed = yield* speedOf(run.options)
    idleness.read(yield* MonotonicTime.millis, isHeard)
    if (!isHeard || !idleness.takeCheck(tick)) continue
    // Asked after the input, so that what it had to give is among what there is to read. While the log answers, nobody hears
    // the input: this time counts when that has been asked again.
    const ends = run.readable(yield* log.ends)
    if (idleness.takeAway() || run.job.size === 0) continue
    yield* run.alone(Effect.suspend(() => decideNow(run, idleness.decisions(ends))))
  }
})

/** Of some pipelines the windows of many keys, of others those of a few. */
export const lookedAt = (job: Job, looks: ReadonlyArray<Looks>): ReadonlyArray<Pane> => {
  const many = job.forming({ most: mostForming }, (pipeline) => isLookedAt(looks, pipeline))
  const counts = Map.groupBy(many, ({ pipeline }) => pipeline)
  const keys = new Map(looks.flatMap((each) => each.keys).map((each) => [JSON.stringify(each), each]))
  const few = Array.from(keys.values(), ({ key, pipeline }) => {
    // Of a pipeline that has no more windows than are shown the key is among them.
    const isThere = isLookedAt(looks, pipeline) && (counts.get(pipeline)?.length ?? 0) < mostForming
    return isThere ? [] : job.forming({ key, most: mostForming }, (name) => name === pipeline).filter((pane) => pane.key === key)
  })
  return [...many, ...few.flat()]
}

const isLookedAt = (looks: ReadonlyArray<Looks>, pipeline: string): boolean =>
  looks.some(({ pipelines }) => pipelines === null || pipelines.has(pipeline))

const textOf = (looks: ReadonlyArray<Looks>): string =>
  JSON.stringify(looks.map(({ keys, pipelines }) => [pipelines === null ? null : [...pipelines], keys]))

/** Shows the forming windows and the progress a few times a second, however fast the batches come. */
const showForming = Effect.fnUntraced(function*(run: Run): Effect.fn.Return<never, EngineError, EventLog | Monitor> {
  const monitor = yield* Monitor
  const log = yield* EventLog
  let ends: ReadonlyArray<number> = []
  let haveOthersChanged = false
  let lookedFor = ""
  for (let round = 0;; round++) {
    yield* Effect.sleep(formingEvery)
    const looks = yield* monitor.looks
    if (!run.isBetween && looks.length > 0) {
      const wanted = textOf(looks)
      // Who begins to look has not seen what has changed before, and it may not change again.
      if (run.hasChanged || wanted !== lookedFor) yield* monitor.publish({ _tag: "forming", panes: lookedAt(run.job, looks) })
      lookedFor = wanted
      haveOthersChanged ||= run.hasChanged
      run.hasChanged = false
      if (haveOthersChanged && round % rarely === 0) {
        haveOthersChanged = false
        yield* monitor.publish({ _tag: "forming", panes: run.job.forming({ most: mostForming }, (pipeline) => !isLookedAt(looks, pipeline)) })
      }
    }
    if (round % endsEvery === 0) ends = yield* log.ends
    yield* publishProgress(run, Effect.succeed(ends))
  }
})

/** `null` for a number that stands for no partition. */
const attributesOf = ({ sources }: EventLog["Service"], partition: number) => {
  if (sources === undefined) return { partition: String(partition) }
  const { log, name } = sources[sourceAt(partition, sources.length)]!
  const own = within(partition, sources.length)
  return own < log.partitions ? { source: name, partition: String(own) } : null
}

/** Where the log is not one of sources, all that is read of it is that of each. */
const sourcesOf = ({ pipelines, eventTimes }: Job, { sources }: EventLog["Service"], lags: ReadonlyArray<number>): NonNullable<Progress["sources"]> => {
  const names = new Set(pipelines.flatMap(({ checked }) => inputsOf(checked).map(({ events }) => events.definition.name)))
  return Object.fromEntries(Array.from(names, (name) => {
    const watermark = Math.min(...eventTimes.flatMap(({ partitions, source }) => source === null || source === name ? partitions : []).map((state) => state.watermark))
    const lag = lags.reduce((sum, lag, partition) =>
      sources === undefined || sources[sourceAt(partition, sources.length)]!.name === name ? sum + lag : sum, 0)
    return [name, { watermark: Number.isFinite(watermark) ? watermark : null, lag }]
  }))
}

const publishProgress = Effect.fnUntraced(function*<E>(run: Run, endsOfLog: Effect.Effect<ReadonlyArray<number>, E>) {
  const monitor = yield* Monitor
  const ends = run.readable(yield* endsOfLog)
  const { partitions } = run.job
  // Who hears of a watermark finds in the sinks what it has closed.
  if (!run.isBetween) run.watermark = run.job.watermark
  const { watermark } = run
  const log = yield* EventLog
  const lags = run.offsets.map((offset, partition) => Math.max(0, (ends[partition] ?? 0) - offset))
  for (const [partition, state] of partitions.entries()) {
    const attributes = attributesOf(log, partition)
    if (attributes === null) continue
    yield* Metric.update(Metric.withAttributes(partitionLag, attributes), lags[partition] ?? 0)
    if (!Number.isFinite(state.watermark)) continue
    yield* Metric.update(Metric.withAttributes(partitionWatermark, attributes), state.watermark)
  }
  const lag = lags.reduce((sum, lag) => sum + lag, 0)
  const latest = Math.max(-Infinity, ...partitions.map((state) => state.latest))
  const lastEventAt = Number.isFinite(latest) ? latest : null
  const beside = { open: Object.fromEntries(run.job.sizes), nodes: Object.fromEntries(run.job.countsByNode), sources: sourcesOf(run.job, log, lags) }
  yield* monitor.publish({ _tag: "progress", progress: { ...run.report, watermark, lastEventAt, lag, ...beside } })
})
