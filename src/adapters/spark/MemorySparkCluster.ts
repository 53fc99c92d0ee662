/**
 * A cluster of Spark that is no cluster, for tests: it keeps the contract of `SparkCluster` in this process and in no
 * time. Topics are logs in memory; pipelines are run by the engine in process, under the names that their programs give them.
 * What it cannot show is what is Spark's own: lateness that is judged by the batch, and how long things take.
 *
 * The machine (`MemorySpark`) is apart from those who talk to it (`layerClient`), so that a test can have several
 * clients, one after the other or at once, and can break the machine under them.
 */
import { Context, Deferred, Effect, Fiber, Layer, Option, PubSub, Scope, Semaphore, Stream } from "effect"
import { EventLog, type EventLogError } from "../../streams/ports/EventLog.ts"
import * as SourceLogs from "../../streams/ports/SourceLogs.ts"
import * as MonotonicTime from "../../streams/ports/MonotonicTime.ts"
import { Job } from "../../streams/engine/Job.ts"
import { bytesIn, type Snapshot } from "../../streams/engine/Snapshot.ts"
import type { Counts } from "../../streams/ports/Monitor.ts"
import { windowOf } from "../../streams/pipeline/Checked.ts"
import { upToWindows } from "../../streams/pipeline/FirstStage.ts"
import * as Pane from "../../streams/pipeline/Pane.ts"
import * as Pipeline from "../../streams/pipeline/Pipeline.ts"
import { partitionOf } from "../../streams/records/Partitioner.ts"
import { fromTexts } from "../../streams/records/Records.ts"
import { othersOf } from "./compile/Program.ts"
import * as QueryName from "./live/QueryName.ts"
import { type Batch, ClusterError, eventsOf, type Query, SparkCluster, type Work } from "./SparkCluster.ts"

export class MemorySpark extends Context.Service<MemorySpark, {
  /** A topic by its name, made when it is first asked for: to append events to, or to read results from. */
  readonly topic: (name: string) => Effect.Effect<EventLog["Service"]>
  /**
   * The driver dies, and with it all that runs. Queries that somebody looks after start again from their
   * checkpoints; the others are gone until they are started.
   */
  readonly killDriver: Effect.Effect<void>
  /** Whether those who ask get an answer. While they do not, queries go on. */
  readonly setReachable: (isReachable: boolean) => Effect.Effect<void>
  /** Ends a query for good, as if it had failed again and again; false where none runs. */
  readonly fail: (pipeline: string, topic: string, message: string) => Effect.Effect<boolean>
  /** What all clients do, see `layerClient`. */
  readonly cluster: SparkCluster["Service"]
}>()("courant/spark/MemorySpark") {
  /** `partitions` is how many each topic gets, 1 unless told. */
  static readonly layer = (options?: { readonly partitions?: number }): Layer.Layer<MemorySpark> =>
    Layer.effect(
      MemorySpark,
      Effect.map(Effect.scope, (scope) => {
        const machine = new Machine(scope, options?.partitions ?? 1)
        return MemorySpark.of({
          topic: (name) => machine.topic(name),
          killDriver: machine.killDriver,
          setReachable: (isReachable) => Effect.sync(() => void (machine.isReachable = isReachable)),
          fail: (pipeline, topic, message) => machine.fail(pipeline, topic, message),
          cluster: {
            start: (work) => machine.start(work),
            find: (pipeline, topic) => machine.find(pipeline, topic),
            compute: (work) => machine.compute(work)
          }
        })
      })
    )
}

/** A client of the machine. */
export const layerClient: Layer.Layer<SparkCluster, never, MemorySpark> = Layer.effect(
  SparkCluster,
  Effect.map(MemorySpark, ({ cluster }) => cluster)
)

/** A machine of its own with one client. */
export const layer: Layer.Layer<SparkCluster | MemorySpark> = layerClient.pipe(Layer.provideMerge(MemorySpark.layer()))

/** How far a query is, kept under its name for as long as the machine lasts. */
interface Checkpoint {
  readonly state: Snapshot
  readonly batches: number
}

/** A query that runs, or is about to run again. */
interface Running {
  readonly name: string
  readonly work: Work
  readonly batches: PubSub.PubSub<Batch>
  /** Fails with what has ended it for good. */
  readonly ended: Deferred.Deferred<never, ClusterError>
  /** How many look after it. */
  keepers: number
  reached: number | null
  fiber: Fiber.Fiber<void> | null
}

class Machine {
  readonly #scope: Scope.Scope
  readonly #partitions: number
  readonly #topics = new Map<string, EventLog["Service"]>()
  readonly #checkpoints = new Map<string, Checkpoint>()
  /** By pipeline and topic. */
  readonly #queries = new Map<string, Running>()
  /** One change of what runs at a time. */
  readonly #alone = Semaphore.makeUnsafe(1).withPermit
  isReachable = true

  constructor(scope: Scope.Scope, partitions: number) {
    this.#scope = scope
    this.#partitions = partitions
  }

  start(work: Work): Effect.Effect<Query, ClusterError, Scope.Scope> {
    return Effect.acquireRelease(
      Effect.tap(this.#answer(this.#alone(this.#join(work))), (running) => Effect.sync(() => running.keepers++)),
      (running) => Effect.sync(() => running.keepers--)
    ).pipe(Effect.map((running) => this.#queryOf(running)))
  }

  find(pipeline: string, topic: string): Effect.Effect<Option.Option<Query>, ClusterError> {
    const running = Effect.sync(() => Option.fromUndefinedOr(this.#queries.get(identity(pipeline, topic))))
    return this.#answer(Effect.map(running, Option.map((running) => this.#queryOf(running))))
  }

  compute(work: Work): Effect.Effect<Batch, ClusterError> {
    return this.#answer(Effect.mapError(this.#compute(work), (error) => failed(work, error)))
  }

  get killDriver(): Effect.Effect<void> {
    return this.#alone(Effect.suspend(() =>
      Effect.forEach([...this.#queries.values()], (running) => this.#lose(running), { discard: true })
    ))
  }

  fail(pipeline: string, topic: string, message: string): Effect.Effect<boolean> {
    return this.#alone(Effect.suspend(() => {
      const running = this.#queries.get(identity(pipeline, topic))
      if (running === undefined) return Effect.succeed(false)
      return Effect.as(this.#end(running, new ClusterError({ reason: "failed", message })), true)
    }))
  }

  topic(name: string): Effect.Effect<EventLog["Service"]> {
    return Effect.gen({ self: this }, function*() {
      const memory = EventLog.layerMemory({ topic: name, partitions: this.#partitions })
      const log = this.#topics.get(name) ?? (yield* Effect.provide(EventLog, memory, { local: true }))
      // Another may have asked for it in the meantime.
      const topic = this.#topics.get(name) ?? log
      this.#topics.set(name, topic)
      return topic
    })
  }

  #answer<A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E | ClusterError> {
    return Effect.suspend((): Effect.Effect<A, E | ClusterError> =>
      this.isReachable ? effect : Effect.fail(new ClusterError({ reason: "unreachable", message: "nothing answers" }))
    )
  }

  /** The query of this plan; another of the same pipeline and topic makes room for it. */
  #join(work: Work): Effect.Effect<Running> {
    return Effect.gen({ self: this }, function*() {
      const name = QueryName.of(work)
      const running = this.#queries.get(identity(work.pipeline.name, work.topic))
      if (running?.name === name) return running
      if (running !== undefined) yield* this.#end(running, stopped(running))
      const batches = yield* PubSub.sliding<Batch>(1_024)
      const ended = yield* Deferred.make<never, ClusterError>()
      const next: Running = { name, work, batches, ended, keepers: 0, reached: null, fiber: null }
      this.#queries.set(identity(work.pipeline.name, work.topic), next)
      yield* this.#run(next)
      return next
    })
  }

  #queryOf(running: Running): Query {
    return {
      name: running.name,
      batches: Stream.fromPubSub(running.batches).pipe(Stream.interruptWhen(Deferred.await(running.ended))),
      reached: this.#answer(Effect.sync(() => running.reached)),
      stop: this.#answer(this.#alone(this.#end(running, stopped(running))))
    }
  }

  #run(running: Running): Effect.Effect<void> {
    const following = Effect.catch(this.#follow(running), (error) => this.#forget(running, failed(running.work, error)))
    return Effect.map(Effect.forkIn(following, this.#scope), (fiber) => {
      running.fiber = fiber
    })
  }

  /** From the checkpoint on, for ever: a batch is taken, its panes are written, then it is saved. */
  #follow(running: Running): Effect.Effect<void, EventLogError> {
    const { batches, name, work } = running
    return Effect.gen({ self: this }, function*() {
      const events = yield* this.#events(work)
      const results = yield* this.topic(work.results)
      const job = jobOver(events, work)
      const saved = this.#checkpoints.get(name)
      if (saved !== undefined) job.restore(saved.state)
      let id = saved?.batches ?? 0
      yield* Stream.runForEach(events.read(job.offsets), (records) =>
        Effect.gen({ self: this }, function*() {
          const before = { ...job.counts }
          const began = yield* MonotonicTime.millis
          yield* write(results, job.take(records).panes)
          this.#checkpoints.set(name, { state: job.snapshot(), batches: id + 1 })
          const ends = yield* events.ends
          const batch = batchOf(job, { id, before, ends, duration: yield* since(began) })
          running.reached = batch.watermark
          yield* PubSub.publish(batches, batch)
          id++
        }))
    })
  }

  #compute(work: Work): Effect.Effect<Batch, EventLogError> {
    return Effect.gen({ self: this }, function*() {
      const events = yield* this.#events(work)
      const results = yield* this.topic(work.results)
      const job = jobOver(events, work)
      const before = { ...job.counts }
      const began = yield* MonotonicTime.millis
      const ends = yield* events.ends
      const isDone = () => ends.every((end, partition) => (job.offsets[partition] ?? 0) >= end)
      if (!isDone()) {
        yield* events.read(job.offsets).pipe(
          Stream.mapEffect((records) => write(results, job.take(records).panes)),
          Stream.takeUntil(isDone),
          Stream.runDrain
        )
      }
      yield* write(results, job.close().panes)
      return batchOf(job, { id: 0, before, ends, duration: yield* since(began) })
    })
  }

  /** The topic of a pipeline, or those of all its sources as one. */
  #events(work: Work): Effect.Effect<EventLog["Service"]> {
    const { program, topic, topics = {} } = work
    const others = othersOf(program)
    if (others.length === 0) return this.topic(eventsOf(work))
    const names = [program.source, ...others]
    const logs = Effect.forEach(names, (name) => Effect.map(this.topic(topics[name] ?? topic), (log) => ({ name, log })))
    return Effect.map(logs, (logs) => SourceLogs.compose(topic, logs))
  }

  /** What becomes of a query whose driver has died. */
  #lose(running: Running): Effect.Effect<void> {
    if (running.keepers === 0) {
      const message = `the driver of the query ${running.name} is gone`
      return this.#end(running, new ClusterError({ reason: "unreachable", message }))
    }
    return Effect.andThen(interrupted(running), this.#run(running))
  }

  /** Ends a query for good. */
  #end(running: Running, error: ClusterError): Effect.Effect<void> {
    return Effect.andThen(interrupted(running), this.#forget(running, error))
  }

  /** Lets everybody who watches a query know why it has ended. */
  #forget(running: Running, error: ClusterError): Effect.Effect<void> {
    return Effect.suspend(() => {
      const id = identity(running.work.pipeline.name, running.work.topic)
      if (this.#queries.get(id) === running) this.#queries.delete(id)
      return Effect.asVoid(Deferred.fail(running.ended, error))
    })
  }
}

/** What follows on the windows is no affair of the cluster's. */
const jobOver = ({ partitions, sources }: EventLog["Service"], { maxTimeAhead = Infinity, pipeline }: Work): Job => {
  const windows = Pipeline.isOfPanes(pipeline) ? upToWindows(pipeline) : pipeline
  const log = sources === undefined ? { partitions } : { sources: sources.map(({ log, name }) => ({ name, partitions: log.partitions })) }
  return new Job([windows], { ...log, maxTimeAhead })
}

const identity = (pipeline: string, topic: string): string => JSON.stringify([pipeline, topic])

const interrupted = ({ fiber }: Running): Effect.Effect<void> => fiber === null ? Effect.void : Fiber.interrupt(fiber)

/** Panes as Spark's sink of Kafka writes them: those of a key in one partition, in their order. */
const write = (results: EventLog["Service"], panes: ReadonlyArray<Pane.Pane>): Effect.Effect<void, EventLogError> =>
  Effect.forEach(
    Map.groupBy(panes, ({ key }) => partitionOf(Buffer.from(key), results.partitions)),
    ([partition, panes]) => results.append(partition, fromTexts(panes.map(Pane.toJson))),
    { discard: true }
  )

const since = (began: number) => Effect.map(MonotonicTime.millis, (now) => Math.round(now - began))

/** What has happened since the counts were as before. */
const batchOf = (job: Job, moment: {
  readonly id: number
  readonly before: Counts
  readonly ends: ReadonlyArray<number>
  readonly duration: number
}): Batch => {
  const { before, duration, ends, id } = moment
  const { counts, offsets, size, watermark } = job
  return {
    id,
    read: counts.read - before.read,
    deadLettered: counts.deadLettered - before.deadLettered,
    filtered: counts.filtered - before.filtered,
    late: counts.late - before.late,
    // A window that may still be revised is not one that a cluster has emitted.
    watermark: watermark === null ? null : watermark - Math.max(0, ...job.pipelines.filter(Pipeline.isOfPanes).map(({ checked }) => windowOf(checked).allowedLateness)),
    lag: ends.reduce((sum, end, partition) => sum + Math.max(0, end - (offsets[partition] ?? 0)), 0),
    stateRows: size,
    stateBytes: bytesIn(job.snapshot()),
    duration
  }
}

const stopped = ({ name }: Running): ClusterError =>
  new ClusterError({ reason: "stopped", message: `the query ${name} was stopped` })

const failed = ({ pipeline, topic }: Work, error: EventLogError): ClusterError =>
  new ClusterError({ reason: "failed", message: `${pipeline.name} over ${topic} has failed: ${error.message}`, cause: error })
