/**
 * The engine on a cluster of Spark: it has queries run there and carries their panes from the topic of results into the
 * sink. The queries have checkpoints of their own on the cluster; what is saved here is how far their panes were carried.
 *
 * Of the options of a run, what is about reading the log is Spark's own affair: `idleTimeout`, `isQuiet` and `speed`
 * change nothing, because Spark's watermark knows no partitions and no clock.
 */
import { Duration, Effect, Layer, Queue, Stream } from "effect"
import type { Complete } from "../../streams/engine/CarriedJob.ts"
import { total } from "../../streams/engine/Account.ts"
import * as PaneRelay from "../../streams/engine/PaneRelay.ts"
import { CheckpointStore } from "../../streams/ports/CheckpointStore.ts"
import { Engine, type Options as RunOptions, RemoteError, type Report } from "../../streams/ports/Engine.ts"
import { EventLog } from "../../streams/ports/EventLog.ts"
import { type Counts, Monitor, type Progress } from "../../streams/ports/Monitor.ts"
import type { Pane } from "../../streams/pipeline/Pane.ts"
import { ResultSink } from "../../streams/ports/ResultSink.ts"
import * as Compiled from "./compile/Compiled.ts"
import { fingerprintOf, othersOf, type Program, type Topics } from "./compile/Program.ts"
import { Unsupported } from "./compile/Unsupported.ts"
import { PaneLog } from "./PaneLog.ts"
import { type Batch, eventsOf, SparkCluster, type Work } from "./SparkCluster.ts"

type Services = SparkCluster | PaneLog | CheckpointStore | ResultSink | Monitor

export interface Options {
  /** Where the events are; of several sources, what their topics are called together. */
  readonly topic: string
  /** The topic of each source, by its name, where there are several. A pipeline that reads several needs the topic of each. */
  readonly topics?: Topics | undefined
  /**
   * Pipelines that are compiled already, so that a run does not do it again: those that it runs under the same
   * `maxTimeAhead`. A run compiles the others itself, each once; none by default.
   */
  readonly compiled?: ReadonlyArray<Compiled.Compiled> | undefined
}

/**
 * Runs pipelines over a topic of Kafka that the cluster can reach. Without `stopAt` the queries go on when the run ends,
 * however it ends, and the next run joins them. With it, the windows of what the topic holds at that moment are computed
 * and carried, all of them, and no query is left.
 */
export const layer = (options: Options): Layer.Layer<Engine, never, Services> =>
  Layer.effect(
    Engine,
    Effect.gen(function*() {
      const services = yield* Effect.context<Services>()
      return Engine.of({ run: (run) => Effect.provideContext(runOver(options, run), services) })
    })
  )

const runOver = Effect.fn("SparkEngine.run")(
  function*({ compiled: known, topic, topics }: Options, options: RunOptions) {
    const { pipelines } = options
    if (new Set(pipelines.map(({ name }) => name)).size < pipelines.length) {
      throw new TypeError("two pipelines of a run have the same name")
    }
    const maxTimeAhead = options.maxTimeAhead === undefined ? undefined : Duration.toMillis(options.maxTimeAhead)
    // All are looked at before the first is started.
    const compiled = yield* Compiled.all(pipelines, maxTimeAhead, known)
    yield* Effect.forEach(compiled, ({ program }) => assertKnown(program, topics ?? {}), { discard: true })
    const { topic: results } = yield* PaneLog
    const run = new Run(options, compiled.map((each) => ({ ...each, events: topics?.[each.program.source] ?? topic, topics, topic, results })))
    yield* options.stopAt === undefined ? follow(run) : Effect.andThen(options.stopAt, computeOnce(run))
    return run.report
  },
  Effect.catchTags({ ClusterError: (error) => toRemote(error), UnsupportedBySpark: (error) => toRemote(error) })
)

/** Read from one topic, rows of several sources would be taken for those of each. */
const assertKnown = (program: Program, topics: Topics): Effect.Effect<void, Unsupported> => {
  const others = othersOf(program)
  const missing = others.length === 0 ? [] : [program.source, ...others].filter((name) => !Object.hasOwn(topics, name))
  if (missing.length === 0) return Effect.void
  const why = `it reads several, and nobody has said in which topic ${missing.join(" or ")} is`
  return Effect.fail(new Unsupported({ pipeline: program.pipeline, what: "its sources", why }))
}

const toRemote = (error: Error): Effect.Effect<never, RemoteError> =>
  Effect.fail(new RemoteError({ message: error.message, cause: error }))

/** Queries that run for ever, and what they write carried for as long. */
const follow = Effect.fnUntraced(function*(run: Run) {
  const cluster = yield* SparkCluster
  const log = yield* PaneLog
  const complete = yield* Queue.unbounded<Complete>()
  /** A batch is told when it is written: its panes are before the end that the topic has now. */
  const note = Effect.fnUntraced(function*({ pipeline }: Work, watermark: number | null) {
    if (watermark !== null) yield* Queue.offer(complete, { pipeline: pipeline.name, watermark, at: yield* log.ends })
  })
  const watch = Effect.fnUntraced(function*(work: Work) {
    const query = yield* cluster.start(work)
    const batches = Stream.runForEach(query.batches, (batch) => Effect.andThen(note(work, batch.watermark), told(run, work, batch)))
    // Where it is not to be had the next batch says it.
    const reached = Effect.orElseSucceed(query.reached, () => null)
    yield* Effect.all([batches, Effect.flatMap(reached, (watermark) => note(work, watermark))], { concurrency: "unbounded", discard: true })
  })
  yield* Effect.raceFirst(
    carry(run, { complete: Stream.fromQueue(complete) }),
    Effect.forEach(run.works, watch, { concurrency: "unbounded", discard: true })
  )
}, Effect.scoped)

/** One after the other: each has the whole cluster. What is written from here on is all there is to carry. */
const computeOnce = Effect.fnUntraced(function*(run: Run) {
  const cluster = yield* SparkCluster
  const log = yield* PaneLog
  const startAt = yield* log.ends
  for (const work of run.works) yield* told(run, work, yield* cluster.compute(work))
  yield* carry(run, { startAt, stopAt: yield* log.ends })
})

const told = Effect.fnUntraced(function*(run: Run, { pipeline }: Work, batch: Batch) {
  const monitor = yield* Monitor
  run.add(pipeline.name, batch)
  yield* monitor.publish({ _tag: "progress", progress: run.progress })
})

const carry = Effect.fnUntraced(function*(run: Run, part: Pick<PaneRelay.Options, "complete" | "startAt" | "stopAt">) {
  const monitor = yield* Monitor
  const { checkpointEvery, name, pipelines } = run.options
  const onWritten = Effect.fnUntraced(function*(panes: ReadonlyArray<Pane>) {
    run.panes += panes.length
    yield* monitor.publish({ _tag: "panes", panes })
    yield* monitor.publish({ _tag: "progress", progress: run.progress })
  })
  const plans = plansOf(run.works, run.works[0]?.topics)
  yield* PaneRelay.run({ name, pipelines, plans, saveEvery: checkpointEvery, onWritten, ...part }).pipe(
    Effect.provideServiceEffect(EventLog, PaneLog)
  )
})

/** By pipeline: state of what follows on the windows of one plan says nothing of those of another. */
export const plansOf = (compiled: ReadonlyArray<Compiled.Compiled>, topics?: Topics): { readonly [pipeline: string]: string } =>
  Object.fromEntries(compiled.map(({ pipeline, program }) => [pipeline.name, fingerprintOf(program, topics)]))

/** What one query has done during a run, and where it stands. */
type Standing = Pick<Batch, "read" | "deadLettered" | "filtered" | "late" | "watermark" | "lag">

const atFirst: Standing = { read: 0, deadLettered: 0, filtered: 0, late: 0, watermark: null, lag: 0 }

/** What a run knows: counts from its own beginning on, since a query that it joins does not tell what was before. */
class Run {
  readonly options: RunOptions
  readonly works: ReadonlyArray<Work>
  panes = 0
  readonly #standings: Map<string, Standing>

  constructor(options: RunOptions, works: ReadonlyArray<Work>) {
    this.options = options
    this.works = works
    this.#standings = new Map(works.map(({ pipeline }) => [pipeline.name, atFirst]))
  }

  add(pipeline: string, batch: Batch): void {
    const before = this.#standings.get(pipeline) ?? atFirst
    this.#standings.set(pipeline, {
      read: before.read + batch.read,
      deadLettered: before.deadLettered + batch.deadLettered,
      filtered: before.filtered + batch.filtered,
      late: before.late + batch.late,
      watermark: batch.watermark ?? before.watermark,
      lag: batch.lag
    })
  }

  get report(): Report {
    const standings = [...this.#standings]
    // Each query reads the whole of its topic: what the foremost has read is what was read of that.
    const foremost = this.#byTopic.map((all) => countsOf(all.reduce((most, standing) => standing.read > most.read ? standing : most, atFirst)))
    return {
      ...total(foremost),
      panes: this.panes,
      rows: 0,
      byPipeline: Object.fromEntries(standings.map(([name, standing]) => [name, countsOf(standing)]))
    }
  }

  get progress(): Progress {
    const standings = [...this.#standings.values()]
    const watermarks = standings.map(({ watermark }) => watermark ?? -Infinity)
    const watermark = Math.min(...watermarks)
    return {
      ...this.report,
      watermark: Number.isFinite(watermark) ? watermark : null,
      lag: this.#byTopic.reduce((sum, all) => sum + Math.max(0, ...all.map(({ lag }) => lag)), 0)
    }
  }

  /** What the queries of each topic have done. */
  get #byTopic(): ReadonlyArray<ReadonlyArray<Standing>> {
    const byTopic = Map.groupBy(this.works, (work) => [eventsOf(work), ...othersOf(work.program).map((name) => work.topics?.[name])].join("\n"))
    return [...byTopic.values()].map((works) => works.map(({ pipeline }) => this.#standings.get(pipeline.name) ?? atFirst))
  }
}

/**
 * Spark drops late rows after a first aggregation and counts those that it drops: how many events were in them it does
 * not say, so that late events are among the aggregated here.
 */
const countsOf = ({ deadLettered, filtered, late, read }: Standing): Counts => ({
  read,
  aggregated: read - deadLettered - filtered,
  late,
  deadLettered,
  duplicate: 0,
  filtered,
  held: 0
})
