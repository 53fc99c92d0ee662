import { monitorEventLoopDelay } from "node:perf_hooks"
import { Effect, Fiber, Layer, Schema } from "effect"
const root = process.argv[2]!
const [keys, which, sinkKind, overlap] = [Number(process.argv[3] ?? 1_000_000), process.argv[4] ?? "builtIn", process.argv[5] ?? "counting", Number(process.argv[6] ?? 1)]
const at = (p: string) => import(`${root}/src/${p}`)
const InProcess = await at("streams/engine/InProcess.ts")
const { CheckpointStore } = await at("streams/ports/CheckpointStore.ts")
const { DeadLetters } = await at("streams/ports/DeadLetters.ts")
const { Decisions } = await at("streams/ports/Decisions.ts")
const { Engine } = await at("streams/ports/Engine.ts")
const { EventLog } = await at("streams/ports/EventLog.ts")
const { Monitor } = await at("streams/ports/Monitor.ts")
const { ResultSink } = await at("streams/ports/ResultSink.ts")
const { fromTexts } = await at("streams/records/Records.ts")
const { Aggregate, Pipeline, Source, Window } = await at("streams/pipeline/index.ts")
const { builtIn } = await at("cli/Pipelines.ts")
const { ticks } = await at("analytics/ticks.ts")
const agg = Aggregate.into({ high: Aggregate.max("price"), volume: Aggregate.sum("size"), close: Aggregate.last("price") })
const pipelines = which === "builtIn" ? builtIn
  : which === "candles" ? builtIn.filter((p: any) => p.name === "candles-1m")
  : which === "session" ? [ticks.pipe(Window.session("1 minute"), agg, Pipeline.named("s"))]
  : which === "hopping" ? [ticks.pipe(Window.hopping("1 minute", "1 second"), agg, Pipeline.named("h"))]
  : which === "early" ? [ticks.pipe(Window.tumbling("1 minute"), agg, Pipeline.emitOnUpdate({ every: "30 seconds" }), Pipeline.named("e"))]
  : [ticks.pipe(Window.tumbling("1 minute"), agg, Pipeline.named("t"))]
const begin = Date.UTC(2026, 0, 5, 14, 30)
const chunkSize = 4_096, step = 7_919
const chunkAt = (first: number) => fromTexts(Array.from({ length: Math.min(chunkSize, keys - first) }, (_, i) => {
  const event = first + i
  return `{"symbol":"S${(event * step) % keys}","time":${begin + Math.floor(event * 55_000 / keys)},"price":"${100 + event % 997 / 100}","size":${1 + event % 500}}`
}))
let written = 0, writes = 0
const counting = Layer.sync(ResultSink, () => ResultSink.of({
  stores: Effect.succeed([{ name: "nowhere", id: "nowhere" }]),
  write: (panes: any) => Effect.sync(() => { written += panes.length; writes++ }), read: () => Effect.succeed([]), remove: () => Effect.void }))
let sink: any = counting
if (sinkKind === "sqlite") {
  const Database = await at("adapters/sqlite/Database.ts"); const S = await at("adapters/sqlite/SqliteResultSink.ts")
  const { mkdtempSync } = await import("node:fs")
  sink = S.layer.pipe(Layer.provide(Database.Database.layer({ folder: mkdtempSync("/tmp/w-portions-db-") })))
}
const delay = monitorEventLoopDelay({ resolution: 5 })
const program = Effect.gen(function*() {
  const log: any = yield* EventLog
  const engine: any = yield* Engine
  const { progress }: any = yield* Monitor
  delay.enable()
  const running = yield* Effect.forkChild(engine.run({ name: "x", pipelines, checkpointEvery: process.argv[7] ?? "1 hour" }))
  let appended = 0
  const read = () => Effect.map(progress, ({ read }: any) => read)
  const t0 = performance.now()
  for (let first = 0; first < keys; first += chunkSize) {
    yield* log.append(0, chunkAt(first))
    appended += Math.min(chunkSize, keys - first)
    while ((yield* read()) + 8 * chunkSize < appended) yield* Effect.sleep(20)
  }
  while ((yield* read()) < keys) yield* Effect.sleep(50)
  yield* Effect.sleep(1000)
  const filling = { max: delay.max / 1e6, p99: delay.percentile(99) / 1e6, s: (performance.now() - t0) / 1e3 }
  const rssBefore = process.memoryUsage().rss
  delay.reset()
  let rss = 0
  const timer = setInterval(() => { rss = Math.max(rss, process.memoryUsage().rss) }, 20)
  const cpu = process.cpuUsage(), t = performance.now()
  const far = which === "session" ? 130_000 : 60_000 + 60_000
  yield* log.append(0, fromTexts([`{"symbol":"S0","time":${begin + far},"price":"1","size":1}`]))
  while ((yield* read()) < keys + 1) yield* Effect.sleep(10)
  yield* Effect.sleep(500)
  const { user, system } = process.cpuUsage(cpu)
  clearInterval(timer); rss = Math.max(rss, process.memoryUsage().rss)
  console.log(JSON.stringify({ root: root.slice(-12), which, sinkKind, keys, fill: filling, close: { max: Math.round(delay.max / 1e6), p99: Math.round(delay.percentile(99) / 1e6), s: +((performance.now() - t) / 1e3).toFixed(2), cpu: +((user + system) / 1e6).toFixed(2), rss0: Math.round(rssBefore / 1e6), rssMost: Math.round(rss / 1e6) }, panes: (yield* progress as any).panes, writes }))
  yield* Fiber.interrupt(running)
})
const inMemory = InProcess.layer.pipe(Layer.provideMerge(Layer.mergeAll(EventLog.layerMemory({ partitions: 1 }), CheckpointStore.layerMemory, Decisions.layerMemory, DeadLetters.layerMemory, Monitor.layer, sink)))
await Effect.runPromise(Effect.scoped(Effect.provide(program as any, inMemory as any)) as any)
process.exit(0)
