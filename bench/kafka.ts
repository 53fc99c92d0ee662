/**
 * `npm run bench:kafka`: what the adapter costs against a real broker on this machine, both client libraries in one
 * run: bare reading (the batches as they come, thrown away), reading into records, the whole of `process` without a
 * sink's cost, appending, and the time from an append to the pane that it closes.
 */
import { Effect, Layer, Stream } from "effect"
import { Kafka as Library, logLevel } from "kafkajs"
import { Kafka } from "../services/testing.ts"
import { Connection } from "../src/adapters/kafka/Connection.ts"
import * as KafkaEventLog from "../src/adapters/kafka/KafkaEventLog.ts"
import { candles1m } from "../src/analytics/candles.ts"
import { ticks } from "../src/analytics/ticks.ts"
import { CheckpointStore } from "../src/streams/CheckpointStore.ts"
import { DeadLetters } from "../src/streams/DeadLetters.ts"
import { Engine } from "../src/streams/Engine.ts"
import { EventLog } from "../src/streams/EventLog.ts"
import * as InProcess from "../src/streams/InProcess.ts"
import { Monitor } from "../src/streams/Monitor.ts"
import type { Pane } from "../src/streams/Pane.ts"
import { fromTexts } from "../src/streams/Records.ts"
import { ResultSink } from "../src/streams/ResultSink.ts"
import { medianOf } from "./Measure.ts"

const records = 600_000
const chunk = 2_000
const rounds = 3
const source = ticks.definition
const libraries = ["kafkajs", "platformatic"] as const

const line = (i: number, time: number): string =>
  `{"symbol":"S${i % 100}","time":${time},"price":"${(100 + i % 1_000 / 100).toFixed(2)}","size":${1 + i % 100}}`

const chunkFrom = (first: number, length: number, timeOf: (i: number) => number) =>
  fromTexts(Array.from({ length }, (_, i) => line(first + i, timeOf(first + i))))

/** Records a second and microseconds of this process's CPU a record. */
const measured = <A, E, R>(count: number, effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const cpu = process.cpuUsage()
    const began = performance.now()
    yield* effect
    const { system, user } = process.cpuUsage(cpu)
    return { perSecond: count / (performance.now() - began) * 1_000, cpu: (user + system) / count }
  })

type Figures = Effect.Success<ReturnType<typeof measured>>

const medians = (all: ReadonlyArray<Figures>): Figures => ({
  perSecond: medianOf(all.map(({ perSecond }) => perSecond)),
  cpu: medianOf(all.map(({ cpu }) => cpu))
})

const append = Effect.flatMap(EventLog, (log) =>
  Effect.forEach(Array.from({ length: records / chunk }, (_, i) => i), (i) =>
    log.append(0, chunkFrom(i * chunk, chunk, (i) => 1_732_545_000_000 + i)), { discard: true }))

/** A consumer of the usual kind that does nothing: kafkajs's own, batch by batch. */
const consumeNothing = (brokers: string, topic: string, group: string) =>
  Effect.promise(async () => {
    const consumer = new Library({ brokers: [brokers], logLevel: logLevel.NOTHING }).consumer({ groupId: group })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    let seen = 0
    let began = 0
    await new Promise<void>((resolve, reject) => {
      consumer.run({
        eachBatchAutoResolve: true,
        eachBatch: async ({ batch }) => {
          if (began === 0) began = performance.now()
          seen += batch.messages.length
          if (seen >= records) resolve()
        }
      }).catch(reject)
    })
    const perSecond = records / (performance.now() - began) * 1_000
    await consumer.disconnect()
    return perSecond
  })

/** The least that a reader can do: fetch, and look at nothing. */
const readBare = (topic: string) =>
  Effect.scoped(Effect.gen(function*() {
    const { client } = yield* Connection
    const reader = yield* client.reader(topic)
    const [leader = 0] = (yield* reader.leaders).keys()
    for (let offset = 0; offset < records;) {
      for (const { batches } of yield* reader.fetch(leader, [{ partition: 0, offset }])) {
        for (let at = 0; at + 61 <= batches.length;) {
          const end = at + 12 + batches.readInt32BE(at + 8)
          if (end > batches.length) break
          offset = Number(batches.readBigInt64BE(at)) + batches.readInt32BE(at + 23) + 1
          at = end
        }
      }
    }
  }))

const readRecords = Effect.flatMap(EventLog, (log) =>
  log.read([0]).pipe(Stream.takeUntil((batch) => batch.offsets[batch.length - 1]! >= records - 1), Stream.runDrain))

const engineTo = (write: (panes: ReadonlyArray<Pane>) => void) =>
  InProcess.layer.pipe(
    Layer.provideMerge(Layer.mergeAll(
      CheckpointStore.layerMemory,
      DeadLetters.layerMemory,
      Monitor.layer,
      Layer.succeed(ResultSink, {
        write: (panes) => Effect.sync(() => write(panes)),
        read: () => Effect.succeed([]),
        remove: () => Effect.void
      })
    ))
  )

const processAll = Effect.gen(function*() {
  const engine = yield* Engine
  yield* engine.run({ name: "bench", pipelines: [candles1m], stopAt: Effect.succeed([records]) })
})

/** Milliseconds from the append of a minute's last tick to its pane, at about 10,000 records a second. */
const latency = Effect.gen(function*() {
  const log = yield* EventLog
  const waits: Array<number> = []
  const appendedAt = new Map<number, number>()
  const minute = 60_000
  const write = (panes: ReadonlyArray<Pane>) => {
    const now = performance.now()
    for (const start of new Set(panes.map(({ start }) => start))) {
      const at = appendedAt.get(start)
      if (at !== undefined) waits.push(now - at)
    }
  }
  const running = Effect.gen(function*() {
    const engine = yield* Engine
    return yield* engine.run({ name: "latency", pipelines: [candles1m], checkpointEvery: "1 second" })
  }).pipe(Effect.provide(engineTo(write)))
  const produce = Effect.gen(function*() {
    // Each chunk of 100 records is a minute of its own, which closes the one before the last.
    for (let i = 0; i < 1_000; i++) {
      const time = i * minute
      appendedAt.set(time - minute, performance.now())
      yield* Effect.forkChild(log.append(0, chunkFrom(i * 100, 100, () => time + 30_000)))
      yield* Effect.sleep("10 millis")
    }
    yield* Effect.sleep("500 millis")
  })
  yield* Effect.raceFirst(running, produce)
  const sorted = waits.sort((a, b) => a - b)
  return { p50: sorted[Math.floor(sorted.length / 2)], p99: sorted[Math.floor(sorted.length * 0.99)], seen: sorted.length }
})

const round = (value: number): number => Math.round(value / 1_000)

const bench = Effect.gen(function*() {
  const { access } = yield* Kafka
  const table: Array<Record<string, unknown>> = []
  for (const [turn, library] of libraries.entries()) {
    const connection = Connection.layer({ brokers: [access.brokers], library })
    const logOf = (topic: string) => KafkaEventLog.layer({ topic, source }).pipe(Layer.provideMerge(connection))
    const each = <A, E, R>(body: (round: number) => Effect.Effect<A, E, R>) =>
      Effect.map(Effect.forEach(Array.from({ length: rounds }, (_, i) => i), (round) => measured(records, body(round))), medians)
    const appended = yield* each((round) => Effect.provide(append, logOf(`log-${turn}-${round}`), { local: true }))
    const figures = yield* Effect.gen(function*() {
      const bare = yield* each(() => readBare(`log-${turn}-0`))
      const read = yield* each(() => readRecords)
      const whole = yield* each(() => Effect.provide(processAll, engineTo(() => {}), { local: true }))
      return { bare, read, whole }
    }).pipe(Effect.provide(logOf(`log-${turn}-0`)))
    const idle = yield* consumeNothing(access.brokers, `log-${turn}-0`, `idle-${turn}`)
    const waits = yield* Effect.provide(latency, logOf(`latency-${turn}`))
    table.push({
      library,
      "append k/s": round(appended.perSecond),
      "append µs CPU": appended.cpu.toFixed(2),
      "bare read k/s": round(figures.bare.perSecond),
      "records k/s": round(figures.read.perSecond),
      "process k/s": round(figures.whole.perSecond),
      "process µs CPU": figures.whole.cpu.toFixed(2),
      "idle consumer k/s": round(idle),
      "process / idle": (figures.whole.perSecond / idle).toFixed(2),
      "p50 ms": waits.p50?.toFixed(1),
      "p99 ms": waits.p99?.toFixed(1)
    })
  }
  console.table(table)
})

await Effect.runPromise(bench.pipe(Effect.provide(Kafka.layer()), Effect.scoped))
