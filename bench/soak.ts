/**
 * `npm run soak -- --minutes N [--keys 1000000]`: the built-in pipelines over as many keys for as long, in one process, on
 * SQLite. Each minute of event time every key has an event; event time goes on as fast as the process can. It says what the
 * process holds and how long anything kept the event loop waiting, and begins again from its checkpoint at the end.
 */
import { Effect, Fiber, Layer, Metric, Option } from "effect"
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { parseArgs } from "node:util"
import * as Database from "../src/adapters/sqlite/Database.ts"
import * as SqliteCheckpointStore from "../src/adapters/sqlite/SqliteCheckpointStore.ts"
import * as SqliteDeadLetters from "../src/adapters/sqlite/SqliteDeadLetters.ts"
import * as SqliteDecisions from "../src/adapters/sqlite/SqliteDecisions.ts"
import { builtInOf } from "../src/cli/Pipelines.ts"
import * as InProcess from "../src/streams/engine/InProcess.ts"
import { Job } from "../src/streams/engine/Job.ts"
import { CheckpointStore } from "../src/streams/ports/CheckpointStore.ts"
import { Engine } from "../src/streams/ports/Engine.ts"
import { EventLog } from "../src/streams/ports/EventLog.ts"
import { Monitor } from "../src/streams/ports/Monitor.ts"
import { ResultSink } from "../src/streams/ports/ResultSink.ts"
import * as TransientLog from "../src/streams/ports/TransientLog.ts"
import { fromTexts } from "../src/streams/records/Records.ts"

const { values } = parseArgs({ options: { minutes: { type: "string", default: "10" }, keys: { type: "string", default: "1000000" } } })
const [minutes, keys] = [Number(values.minutes), Number(values.keys)]

const pipelines = await Effect.runPromise(builtInOf())

const chunkSize = 4_096
const begin = Date.UTC(2026, 0, 5, 14, 30)
/** A prime step: keys do not come in their order, and each comes once a minute. */
const step = 7_919

const chunkAt = (first: number) =>
  fromTexts(Array.from({ length: chunkSize }, (_, i) => {
    const event = first + i
    const time = begin + Math.floor(event * 60_000 / keys)
    return `{"symbol":"S${(event * step) % keys}","time":${time},"price":"${100 + event % 997 / 100}","size":${1 + event % 500}}`
  }))

/** Counts what it is given: what a store takes is measured elsewhere, and 1 M windows a minute would fill any disk. */
const counting = Layer.sync(ResultSink, () =>
  ResultSink.of({
    stores: Effect.succeed([{ name: "nowhere", id: "nowhere" }]),
    write: () => Effect.void,
    read: () => Effect.succeed([]),
    remove: () => Effect.void
  }))

const megabytes = (bytes: number): number => Math.round(bytes / 1e6)

const sizeOf = (folder: string, wanted: (name: string) => boolean): number =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).reduce((sum, name) => wanted(name) ? sum + statSync(join(folder, name)).size : sum, 0)

const metric = (name: string, metrics: ReadonlyArray<Metric.Metric.Snapshot>) => {
  const found = metrics.find(({ id }) => id === name)
  return found?.type === "Histogram" ? found.state : null
}

const mean = (some: ReadonlyArray<number>): number => megabytes(some.reduce((sum, one) => sum + one, 0) / Math.max(1, some.length))

const soak = Effect.gen(function*() {
  const engine = yield* Engine
  const log = yield* EventLog
  const { progress } = yield* Monitor
  const database = yield* Database.Database
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const until = performance.now() + minutes * 60_000
  const running = yield* Effect.forkChild(engine.run({ name: "soak", pipelines }))
  const feeding = yield* Effect.forkChild(Effect.gen(function*() {
    for (let first = 0; performance.now() < until; first += chunkSize) {
      yield* log.append(0, chunkAt(first))
    }
  }))
  const resident: Array<number> = []
  let [readBefore, at] = [0, performance.now()]
  while (performance.now() < until) {
    yield* Effect.sleep(Math.min(15_000, Math.max(1, until - performance.now())))
    const [{ read, panes }, now] = [yield* progress, performance.now()]
    const saving = metric("courant_checkpoint_duration_seconds", yield* Metric.snapshot)
    const blocking = metric("courant_checkpoint_blocking_seconds", yield* Metric.snapshot)
    resident.push(process.memoryUsage().rss)
    console.log([
      `${((now - until) / 60_000 + minutes).toFixed(1)} min`,
      `${Math.round((read - readBefore) / (now - at) * 1_000).toLocaleString("en-US")} events/s`,
      `${panes.toLocaleString("en-US")} panes`,
      `${megabytes(resident.at(-1)!)} MB resident`,
      `${megabytes(process.memoryUsage().heapUsed)} MB heap`,
      `${saving?.count ?? 0} checkpoints, the longest ${(saving?.max ?? 0).toFixed(1)} s`,
      `blocking at most ${Math.round((blocking?.max ?? 0) * 1_000)} ms`,
      `${megabytes(sizeOf(database.folder, (name) => name.startsWith("checkpoints/")))} MB saved`,
      `${megabytes(sizeOf(database.folder, (name) => name.endsWith("-wal")))} MB of write-ahead log`,
      `loop waits p99 ${Math.round(delay.percentile(99) / 1e6)} ms, most ${Math.round(delay.max / 1e6)} ms`
    ].join(", "))
    delay.reset()
    ;[readBefore, at] = [read, now]
  }
  yield* Fiber.interruptAll([feeding, running])
  const half = resident.length >> 1
  console.log(`resident: ${mean(resident.slice(0, half))} MB in the first half, ${mean(resident.slice(half))} MB in the second`)
  const again = performance.now()
  const saved = Option.getOrThrow(yield* (yield* CheckpointStore).load("soak"))
  const loaded = performance.now()
  const job = new Job(pipelines, { partitions: 1 })
  const isRestored = job.restore(saved.sections)
  const [loading, restoring] = [loaded - again, performance.now() - loaded].map((time) => (time / 1_000).toFixed(1))
  console.log(`${isRestored ? "restored" : "NOT restored"}: ${job.size.toLocaleString("en-US")} states, read in ${loading} s, taken up in ${restoring} s`)
})

const folder = mkdtempSync(join(tmpdir(), "courant-soak-"))
const stores = Layer.mergeAll(SqliteCheckpointStore.layer, SqliteDeadLetters.layer, counting).pipe(
  Layer.provideMerge(SqliteDecisions.layer({ consumer: "soak" })),
  Layer.provideMerge(TransientLog.layer("soak")),
  Layer.provideMerge(Database.Database.layer({ folder })),
  Layer.provideMerge(Monitor.layer)
)
try {
  await Effect.runPromise(Effect.scoped(soak.pipe(Effect.provide(InProcess.layer.pipe(Layer.provideMerge(stores))))))
} finally {
  rmSync(folder, { recursive: true })
}
