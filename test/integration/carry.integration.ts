/** Panes are carried out of a compacted topic on a real broker, whoever wrote them, and whatever compaction left. */
import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Context, Effect, Layer, Schedule } from "effect"
import { Kafka } from "../../services/testing.ts"
import { Connection } from "../../src/adapters/kafka/client/Connection.ts"
import * as KafkaPaneLog from "../../src/adapters/kafka/KafkaPaneLog.ts"
import * as KafkaResultSink from "../../src/adapters/kafka/KafkaResultSink.ts"
import { ticks } from "../../src/analytics/ticks.ts"
import * as PaneRelay from "../../src/streams/engine/PaneRelay.ts"
import { CheckpointStore } from "../../src/streams/ports/CheckpointStore.ts"
import { Decisions } from "../../src/streams/ports/Decisions.ts"
import { DeadLetters } from "../../src/streams/ports/DeadLetters.ts"
import { Engine } from "../../src/streams/ports/Engine.ts"
import { EventLog } from "../../src/streams/ports/EventLog.ts"
import * as InProcess from "../../src/streams/engine/InProcess.ts"
import { Aggregate, type Pane, Pipeline, Window } from "../../src/streams/pipeline/index.ts"
import { Monitor } from "../../src/streams/ports/Monitor.ts"
import type { Any as AnyPipeline } from "../../src/streams/pipeline/Pipeline.ts"
import { fromTexts } from "../../src/streams/records/Records.ts"
import { ResultSink } from "../../src/streams/ports/ResultSink.ts"
import { texts } from "../adapters/spark/logs.ts"
import { brokers, newTopic } from "./brokers.ts"
import { begin, market, pipelines } from "./market.ts"

/** Compacts whenever there is something to compact. */
const { layer } = brokers(Kafka.layer({ settings: { "log.cleaner.backoff.ms": "200" } }))

const panesOf = (topic: string, partitions = 1) => KafkaPaneLog.layer({ topic, partitions }).pipe(Layer.provide(layer))

const sinkOn = (topic: string, partitions = 1) => KafkaResultSink.layer({ topic, partitions }).pipe(Layer.provide(layer))

/** Carries what is there now. */
const carry = Effect.fnUntraced(function*(pipelines: ReadonlyArray<AnyPipeline>) {
  const log = yield* EventLog
  return yield* PaneRelay.run({ name: "carry", pipelines, stopAt: yield* log.ends })
})

const stored = ResultSink.use((sink) => sink.read({}))

const sessions = ticks.pipe(
  Window.session("200 millis"),
  Aggregate.into({ trades: Aggregate.count, high: Aggregate.max("price") }),
  Pipeline.allowedLateness("10 minutes"),
  Pipeline.named("sessions")
)

const tickOf = (symbol: string, after: number) => JSON.stringify({ symbol, time: begin + after, price: "100.00", size: 1 })

const symbols = Array.from({ length: 10 }, (_, i) => `M${i}`)

/** Two sessions a symbol, and the late tick that makes one of them. */
const apart = symbols.flatMap((symbol) => [tickOf(symbol, 0), tickOf(symbol, 300)])
const between = symbols.map((symbol) => tickOf(symbol, 150))

/** The engine in process, from a log in memory into the topic, to the end of the log. */
const engineInto = (topic: string, lines: ReadonlyArray<string>, pipelines: ReadonlyArray<AnyPipeline>) =>
  Effect.gen(function*() {
    const log = yield* EventLog
    const engine = yield* Engine
    yield* log.append(0, fromTexts(lines.slice(0, lines.length / 2)))
    yield* log.append(0, fromTexts(lines.slice(lines.length / 2)))
    const stopAt = log.ends
    return yield* engine.run({ name: "engine", pipelines, stopAt })
  }).pipe(Effect.provide(
    InProcess.layer.pipe(
      Layer.provideMerge(Layer.mergeAll(
        EventLog.layerMemory(),
        sinkOn(topic, 3),
        CheckpointStore.layerMemory,
        Decisions.layerMemory,
        DeadLetters.layerMemory,
        Monitor.layer
      ))
    ),
    { local: true }
  ))

describe("out of a compacted topic", () => {
  it.live("what the engine in process has written is carried into another sink, retractions too", () =>
    Effect.gen(function*() {
      const topic = yield* newTopic
      const all = [...pipelines, sessions]
      yield* Effect.gen(function*() {
        const lines = [...apart, ...market(20_000), ...between]
        yield* engineInto(topic, lines.slice(0, 12_000), all)
        yield* carry(all)
        // The engine computes all again, and more: the same windows get other panes.
        yield* engineInto(topic, lines, all)
        const carried = yield* carry(all)
        assert.strictEqual(carried.unusable, 0)
        const found = yield* stored
        const written = yield* Effect.provide(stored, sinkOn(topic, 3), { local: true })
        assert.isAbove(found.length, 500)
        assert.deepStrictEqual(found, written)
        const log = yield* EventLog
        const retracted = (yield* texts(log)).filter((text) => text.includes(`"pane":"retracted"`))
        assert.isAtLeast(retracted.length, symbols.length)
      }).pipe(
        Effect.provide(Layer.mergeAll(panesOf(topic, 3), ResultSink.layerMemory, CheckpointStore.layerMemory), { local: true })
      )
    }))

  it.live("of windows whose former panes were compacted away the newest are carried, from any offset on", () =>
    Effect.gen(function*() {
      const topic = yield* newTopic
      const { client } = yield* Connection
      const configs = { "cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.001", "segment.ms": "200", "max.compaction.lag.ms": "200" }
      yield* client.create({ name: topic, partitions: 1, configs })
      const { write } = Context.get(yield* Layer.build(sinkOn(topic)), ResultSink)
      const log = Context.get(yield* Layer.build(panesOf(topic)), EventLog)
      yield* Effect.gen(function*() {
        const panes = (revision: number) => Array.from({ length: 50 }, (_, i) => candle({ start: i * 1_000, revision }))
        for (let revision = 0; revision < 5; revision++) yield* write(panes(revision))
        yield* carry([candles])
        for (let revision = 5; revision < 40; revision++) {
          yield* write(panes(revision))
          yield* Effect.sleep("50 millis")
        }
        const [end = 0] = yield* log.ends
        // The cleaner works behind the segment that is written to.
        yield* texts(log).pipe(
          Effect.repeat({ until: (found) => found.length < end / 2, schedule: Schedule.spaced("500 millis") }),
          Effect.timeout("5 minutes")
        )
        const carried = yield* carry([candles])
        assert.isBelow(carried.panes, 35 * 50)
        assert.deepStrictEqual((yield* stored).map(({ revision }) => revision), Array.from({ length: 50 }, () => 39))
        const anew = yield* Effect.provide(Effect.andThen(carry([candles]), stored), stores, { local: true })
        assert.deepStrictEqual(anew, yield* stored)
      }).pipe(Effect.provideService(EventLog, log), Effect.provide(stores, { local: true }))
    }).pipe(Effect.scoped, Effect.provide(layer)))

  it.live("names of any kind come back out of a tombstone, a pipeline that was forgotten does not, and nothing is appended", () =>
    Effect.gen(function*() {
      const topic = yield* newTopic
      yield* Effect.gen(function*() {
        const sink = Context.get(yield* Layer.build(sinkOn(topic)), ResultSink)
        const log = yield* EventLog
        const gone = ["a|b", "a\\", "\\|", "|", "two\nlines", "漢字 \u{1F600}", ""].map((key) =>
          candle({ key, start: -5_000, revision: 3, pane: "retracted" }))
        yield* sink.write(gone)
        yield* sink.remove("candles")
        const found = yield* texts(log)
        assert.deepStrictEqual(
          found.slice(0, gone.length).map((text) => JSON.parse(text)),
          gone.map((pane) => ({ ...pane, values: {} }))
        )
        assert.deepStrictEqual(found.slice(gone.length), gone.map(() => ""))
        assert.include((yield* Effect.flip(log.append(0, fromTexts(["a"])))).message, "compacted")
        assert.deepStrictEqual(yield* Effect.provide(carry([candles]), stores, { local: true }), { panes: gone.length, unusable: 0 })
      }).pipe(Effect.provide(panesOf(topic), { local: true }), Effect.scoped)
    }))
})

const stores = Layer.mergeAll(ResultSink.layerMemory, CheckpointStore.layerMemory)

const candles = ticks.pipe(
  Window.tumbling("1 second"),
  Aggregate.into({ high: Aggregate.max("price") }),
  Pipeline.named("candles")
)

const candle = (of: { readonly start: number; readonly revision: number; readonly key?: string; readonly pane?: "late" | "retracted" }): Pane.Pane => ({
  pipeline: "candles",
  key: "S1",
  end: of.start + 1_000,
  pane: "late",
  changes: of.revision + 1,
  values: { high: BigDecimal.make(BigInt(of.revision), 2) },
  ...of
})
