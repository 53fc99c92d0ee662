/**
 * `npm run bench:kafka [-- --json FILE]`: what the adapter costs against a real broker on this machine, over both client
 * libraries, in one run and one process, the contenders taking turns.
 */
import { Effect, Layer, Stdio, Stream } from "effect"
import { writeFileSync } from "node:fs"
import { Kafka } from "../services/testing.ts"
import { Connection } from "../src/adapters/kafka/client/Connection.ts"
import * as KafkaEventLog from "../src/adapters/kafka/KafkaEventLog.ts"
import * as KafkaResultSink from "../src/adapters/kafka/KafkaResultSink.ts"
import * as StdinFeed from "../src/adapters/stdio/StdinFeed.ts"
import { candles1m } from "../src/analytics/candles.ts"
import { ticks } from "../src/analytics/ticks.ts"
import { CheckpointStore } from "../src/streams/ports/CheckpointStore.ts"
import { Decisions } from "../src/streams/ports/Decisions.ts"
import { DeadLetters } from "../src/streams/ports/DeadLetters.ts"
import { Engine } from "../src/streams/ports/Engine.ts"
import { EventLog } from "../src/streams/ports/EventLog.ts"
import * as Ingest from "../src/streams/engine/Ingest.ts"
import * as InProcess from "../src/streams/engine/InProcess.ts"
import { Monitor } from "../src/streams/ports/Monitor.ts"
import { fromTexts } from "../src/streams/records/Records.ts"
import { ResultSink } from "../src/streams/ports/ResultSink.ts"
import { consume, libraries, type LibraryName, produce, respond } from "./KafkaContenders.ts"
import { type Figure, machine, medianOf, print, ratio, stopwatch, type Took } from "./Measure.ts"

const source = ticks.definition
const read = 600_000
const written = 200_000
const rounds = 5
/** What a chunk of standard input comes to, of ticks like these. */
const perRequest = 850
const partitions = 3

const start = 1_732_545_000_000

const line = (i: number, time = start + i): string =>
  `{"symbol":"S${i % 100}","time":${time},"price":"${(100 + i % 1_000 / 100).toFixed(2)}","size":${1 + i % 100}}`

const lines = (count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, i) => line(i))

/** What all contenders share: the broker, and what is sent to it. */
interface Ground {
  readonly brokers: string
  readonly log: string
  readonly values: ReadonlyArray<Buffer>
  readonly stdin: ReadonlyArray<Uint8Array>
}

const connectionTo = ({ brokers }: Ground, library: LibraryName) => Connection.layer({ brokers: [brokers], library })

const timed = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<Took, E, R> =>
  Effect.suspend(() => {
    const stop = stopwatch()
    return Effect.map(effect, stop)
  })

/** The engine of `courant process`, from a topic of JSON to panes in another one. */
const processing = (ground: Ground, library: LibraryName, panes: string) =>
  Effect.gen(function*() {
    const engine = yield* Engine
    return yield* timed(engine.run({ name: "bench", pipelines: [candles1m], stopAt: Effect.succeed([read]) }))
  }).pipe(
    Effect.provide(
      InProcess.layer.pipe(
        Layer.provide([CheckpointStore.layerMemory, Decisions.layerMemory, DeadLetters.layerMemory, Monitor.layer, KafkaResultSink.layer({ topic: panes })]),
        Layer.provide(KafkaEventLog.layer({ topic: ground.log, source })),
        Layer.provide(connectionTo(ground, library))
      ),
      { local: true }
    )
  )

/** What `courant ingest --feed stdin` does: from bytes to lines, each to the partition of its key. */
const ingesting = (ground: Ground, library: LibraryName, topic: string) =>
  timed(Ingest.routed({ source })).pipe(
    Effect.provide(
      Layer.merge(
        StdinFeed.layer.pipe(Layer.provide(Stdio.layerTest({ stdin: Stream.fromIterable(ground.stdin) }))),
        KafkaEventLog.layer({ topic, source, partitions }).pipe(Layer.provide(connectionTo(ground, library)))
      ),
      { local: true }
    )
  )

const append = (ground: Ground, texts: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const log = yield* EventLog
    for (let at = 0; at < texts.length; at += 2_000) yield* log.append(0, fromTexts(texts.slice(at, at + 2_000)))
  }).pipe(
    Effect.provide(
      KafkaEventLog.layer({ topic: ground.log, source }).pipe(Layer.provide(connectionTo(ground, "platformatic"))),
      { local: true }
    )
  )

const newTopic = (ground: Ground, topic: string) =>
  Effect.flatMap(Connection, ({ client }) => client.create({ name: topic, partitions: 1, configs: {} })).pipe(
    Effect.provide(connectionTo(ground, "platformatic"), { local: true })
  )

type Contender = "process" | "consumer" | "ingest" | "producer"
type Times = { readonly [L in LibraryName]: { readonly [C in Contender]: Array<Took> } }

const noTimes = (): Times[LibraryName] => ({ process: [], consumer: [], ingest: [], producer: [] })

/** One round after the other, the first for warming up. The machine's speed drifts, so that a ratio is of one round. */
const takeTurns = Effect.fnUntraced(function*(ground: Ground) {
  const times: Times = { kafkajs: noTimes(), platformatic: noTimes() }
  for (let round = 0; round <= rounds; round++) {
    for (const library of libraries) {
      const bare = `bare-${library}-${round}`
      yield* newTopic(ground, bare)
      const took = {
        consumer: yield* Effect.promise(() => consume[library](ground.brokers, ground.log, read)),
        process: yield* processing(ground, library, `process-${library}-${round}`),
        producer: yield* Effect.promise(() => produce[library](ground.brokers, bare, ground.values, perRequest)),
        ingest: yield* ingesting(ground, library, `ingest-${library}-${round}`)
      }
      if (round === 0) continue
      for (const [name, list] of Object.entries(times[library])) list.push(took[name as Contender]) // as in `Times`
    }
  }
  return times
})

/** Windows that close in a round of the latencies, and before it for warming up: 8 seconds and 2. */
const closings = 400
const warmUp = 100
const latencyRounds = 3

const minute = 60_000

/** Two chunks of 100 ticks a minute; the first of them is as late as the source allows, and so closes the last. */
const endAt = (chunk: number): number => start + minute / 2 * chunk
const chunkOf = (chunk: number): ReadonlyArray<string> => Array.from({ length: 100 }, (_, i) => line(i, endAt(chunk) + 5_000))

/** The same where a bare loop consumes, and produces as many results of the same size. */
const bareLatencies = (ground: Ground, round: number) =>
  Effect.gen(function*() {
    const topics = { from: `bare-latency-${round}`, to: `bare-latency-${round}-results` }
    yield* newTopic(ground, topics.from)
    yield* newTopic(ground, topics.to)
    const chunks = Array.from({ length: 2 * (warmUp + closings) }, (_, chunk) => chunkOf(chunk).map((text) => Buffer.from(text)))
    const waits = yield* Effect.promise(() => respond(ground.brokers, topics, { chunks, every: 10, results: Array.from({ length: 100 }, () => result) }))
    return quantilesOf(waits.slice(warmUp))
  })

/** As long as a candle is. */
const result = Buffer.alloc(260, "x")

const quantilesOf = (waits: ReadonlyArray<number>) => {
  const sorted = waits.toSorted((a, b) => a - b)
  const quantile = (share: number) => sorted[Math.floor(sorted.length * share)] ?? NaN
  return { p50: quantile(0.5), p99: quantile(0.99), seen: sorted.length }
}

/**
 * Milliseconds from the moment at which a tick is given to the log to that at which the broker has the panes of the window
 * that it closes: at 10,000 records/s, a window of 100 panes every 20 ms.
 */
const latencies = Effect.fnUntraced(function*(ground: Ground, library: LibraryName, round: number) {
  const givenAt = new Map<number, number>()
  const waits: Array<number> = []
  const noting = Layer.effect(
    ResultSink,
    Effect.map(ResultSink, (sink) =>
      ResultSink.of({
        ...sink,
        write: (panes) =>
          Effect.tap(sink.write(panes), () => {
            const now = performance.now()
            for (const { end } of panes) {
              const at = givenAt.get(end)
              if (at !== undefined) waits.push(now - at)
            }
            return Effect.void
          })
      }))
  )
  const topic = `latency-${library}-${round}`
  const layers = InProcess.layer.pipe(
    Layer.provide(noting),
    Layer.provide([CheckpointStore.layerMemory, Decisions.layerMemory, DeadLetters.layerMemory, Monitor.layer, KafkaResultSink.layer({ topic: `${topic}-panes` })]),
    Layer.provideMerge(KafkaEventLog.layer({ topic, source })),
    Layer.provide(connectionTo(ground, library))
  )
  yield* Effect.gen(function*() {
    const log = yield* EventLog
    const engine = yield* Engine
    const began = performance.now()
    const give = (chunk: number) =>
      Effect.gen(function*() {
        yield* Effect.sleep(Math.max(0, began + chunk * 10 - performance.now()))
        const end = endAt(chunk)
        const texts = chunkOf(chunk)
        if (chunk % 2 === 0 && chunk / 2 >= warmUp) givenAt.set(end, performance.now())
        yield* Effect.forkChild(log.append(0, fromTexts(texts)), { startImmediately: true })
      })
    const produceAll = Effect.forEach(Array.from({ length: 2 * (warmUp + closings) }, (_, chunk) => chunk), give, { discard: true }).pipe(
      Effect.andThen(Effect.sleep("1 second"))
    )
    yield* Effect.raceFirst(
      engine.run({ name: "latency", pipelines: [candles1m], checkpointEvery: "1 second" }),
      produceAll
    )
  }).pipe(Effect.provide(layers, { local: true }))
  return quantilesOf(waits)
})

const millis = (all: ReadonlyArray<Took>) => all.map(({ millis }) => millis)

const figuresOf = (times: Times, library: LibraryName): ReadonlyArray<Figure> => {
  const { consumer, ingest, process, producer } = times[library]
  const rate = (name: string, all: ReadonlyArray<Took>, records: number): ReadonlyArray<Figure> => [
    { name: `${library}: ${name}`, value: medianOf(millis(all).map((each) => records / each * 1_000)), unit: "records/s" },
    { name: `${library}: ${name}, CPU`, value: medianOf(all.map(({ cpu }) => cpu / records)), unit: "µs/record" }
  ]
  return [
    ...rate("its consumer, doing nothing", consumer, read),
    ...rate("process", process, read).map((figure): Figure => figure.unit === "µs/record" ? { ...figure, goal: { atMost: 1 } } : figure),
    { name: `${library}: process, a core`, value: medianOf(process.map(({ cpu }) => read / cpu * 1e6)), unit: "records/s", goal: { atLeast: 1_000_000 } },
    { name: `${library}: speed of process against its idle consumer`, value: ratio(millis(consumer), millis(process)), unit: "x", goal: { atLeast: 0.8 } },
    ...rate("its producer, sending values", producer, written),
    ...rate("ingest", ingest, written),
    { name: `${library}: speed of ingest against its bare producer`, value: ratio(millis(producer), millis(ingest)), unit: "x" }
  ]
}

const comparison = ({ kafkajs, platformatic }: Times): ReadonlyArray<Figure> =>
  (["consumer", "process", "producer", "ingest"] as const).map((name) => ({
    name: `speed of ${name} over platformatic against kafkajs`,
    value: ratio(millis(kafkajs[name]), millis(platformatic[name])),
    unit: "x"
  }))

const bench = Effect.gen(function*() {
  const { access } = yield* Kafka
  const texts = lines(written)
  const bytes = Buffer.from(`${texts.join("\n")}\n`)
  const ground: Ground = {
    brokers: access.brokers,
    log: "log",
    values: texts.map((text) => Buffer.from(text)),
    stdin: Array.from({ length: Math.ceil(bytes.length / 65_536) }, (_, i) => bytes.subarray(i * 65_536, (i + 1) * 65_536))
  }
  yield* append(ground, lines(read))
  const times = yield* takeTurns(ground)
  const figures: Array<Figure> = [...libraries.flatMap((library) => figuresOf(times, library)), ...comparison(times)]
  const waits = yield* Effect.forEach(Array.from({ length: latencyRounds }, (_, round) => round), (round) =>
    Effect.all({ kafkajs: latencies(ground, "kafkajs", round), platformatic: latencies(ground, "platformatic", round), bare: bareLatencies(ground, round) }))
  for (const library of libraries) {
    const mine = waits.map((round) => round[library])
    if (mine.some(({ seen }) => seen < closings * 100)) yield* Effect.logWarning(`${library}: not every pane was timed`)
    figures.push(
      { name: `${library}: from append to pane written, at 10,000 records/s, p50`, value: medianOf(mine.map(({ p50 }) => p50)), unit: "ms" },
      { name: `${library}: the same, p99`, value: medianOf(mine.map(({ p99 }) => p99)), unit: "ms", goal: { atMost: 50 } }
    )
  }
  const bare = waits.map((round) => round.bare.p99)
  figures.push(
    { name: "a bare loop that consumes and produces, over platformatic, p99", value: medianOf(bare), unit: "ms" },
    { name: "platformatic: p99 from append to pane written against the bare loop", value: ratio(waits.map((round) => round.platformatic.p99), bare), unit: "x", goal: { atMost: 2 } }
  )
  return figures
})

const about = machine()
console.log(`${about.cpu}, ${about.memoryGiB} GiB, Node.js ${about.node}, ${about.date}; the broker on the same machine\n`)
const figures = await Effect.runPromise(bench.pipe(Effect.provide(Kafka.layer()), Effect.scoped))
print(figures)
const at = process.argv.indexOf("--json")
const file = at === -1 ? undefined : process.argv[at + 1]
if (file !== undefined) writeFileSync(file, `${JSON.stringify({ machine: about, figures }, null, 2)}\n`)
