/** A topic from its beginning to its end: by the engine in process, and by Spark in both ways that `submit` has. */
import { Effect, Stream } from "effect"
import { SparkCluster } from "../src/adapters/spark/SparkCluster.ts"
import { Engine } from "../src/streams/ports/Engine.ts"
import { EventLog } from "../src/streams/ports/EventLog.ts"
import * as Processes from "./Processes.ts"
import { engineOf, type Ground, type Overlap, pipelines, workOf } from "./SparkGround.ts"

export interface Topic {
  readonly name: string
  readonly records: number
}

export interface Took extends Processes.Usage {
  readonly millis: number
}

export const names = ["in process", "Spark, once", "Spark, catching up"] as const
export type Name = typeof names[number]

type Contender = (ground: Ground, topic: Topic, overlap: Overlap) => Effect.Effect<Took, unknown>

/** As `process --once` does it. */
const inProcess: Contender = (ground, { name }, overlap) =>
  Effect.gen(function*() {
    const engine = yield* Engine
    const stopAt = (yield* EventLog).ends
    const run = engine.run({ name: "bench", pipelines: [pipelines[overlap]], stopAt })
    return (yield* measured(Processes.self, run)).took
  }).pipe(Effect.provide(engineOf(ground, name), { local: true }))

/** As `submit --once` does it. */
const computing: Contender = ({ cluster, processes }, { name }, overlap) =>
  Effect.gen(function*() {
    const { compute } = yield* SparkCluster
    return (yield* measured(processes, compute(workOf(name, overlap)))).took
  }).pipe(Effect.provide(cluster(), { local: true }))

/** A query that begins at the beginning of the topic, as that of `submit`, until it has read it all. */
const catchingUp: Contender = ({ cluster, processes }, { name, records }, overlap) =>
  Effect.gen(function*() {
    const spark = yield* SparkCluster
    let read = 0
    const reading = Effect.gen(function*() {
      const query = yield* spark.start(workOf(name, overlap))
      yield* query.batches.pipe(Stream.takeUntil((batch) => (read += batch.read) >= records), Stream.runDrain)
      return query
    })
    const { result: query, took } = yield* measured(processes, reading)
    yield* query.stop
    return took
  }).pipe(Effect.scoped, Effect.provide(cluster(), { local: true }))

export const contenders: { readonly [N in Name]: Contender } = {
  "in process": inProcess,
  "Spark, once": computing,
  "Spark, catching up": catchingUp
}

/** Something that goes through all records, and what it took of time and of processes. */
const measured = Effect.fnUntraced(function*<A, E, R>(
  processes: () => ReadonlyArray<number>,
  run: Effect.Effect<A, E, R>
) {
  const began = performance.now()
  const { result, usage } = yield* Processes.watching(processes, run)
  const took: Took = { millis: performance.now() - began, ...usage }
  return { result, took }
})
