/** Faults while something is written, over both client libraries: each record is there once and in order, or it is said why not. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Option, Stream } from "effect"
import { Kafka } from "../../services/testing.ts"
import { Connection } from "../../src/adapters/kafka/client/Connection.ts"
import * as CompactedTopic from "../../src/adapters/kafka/CompactedTopic.ts"
import * as KafkaEventLog from "../../src/adapters/kafka/KafkaEventLog.ts"
import { EventLog } from "../../src/streams/ports/EventLog.ts"
import { fromTexts, valueAt } from "../../src/streams/records/Records.ts"
import { withAdmin } from "./admin.ts"
import { brokers, newTopic } from "./brokers.ts"
import { times } from "./effort.ts"
import { market, source } from "./market.ts"

describe("producing", () => {
  const { kafka } = brokers(Kafka.layer())
  const dieAndRise = Effect.gen(function*() {
    const broker = yield* kafka
    yield* broker.kill9
    yield* Effect.sleep("300 millis")
    yield* broker.restart
  })

  for (const library of ["kafkajs", "platformatic"] as const) {
    const connection = Layer.unwrap(Effect.map(kafka, ({ access }) => Connection.layer({ brokers: [access.brokers], library })))
    const onTopic = <A, E>(options: Partial<KafkaEventLog.Options>, body: Effect.Effect<A, E, EventLog>) =>
      Effect.flatMap(newTopic, (topic) =>
        body.pipe(Effect.provide(KafkaEventLog.layer({ topic, source, ...options }).pipe(Layer.provide(connection)), { local: true })))

    it.live(`over ${library}, the first appends to all partitions of a new topic at once are each there once`, () =>
      onTopic({ partitions: 6 }, Effect.gen(function*() {
        const log = yield* EventLog
        for (let chunk = 0; chunk < 5; chunk++) {
          yield* Effect.forEach([0, 1, 2, 3, 4, 5], (partition) => log.append(partition, fromTexts(["a", "b", "c"])), {
            concurrency: "unbounded"
          })
        }
        assert.deepStrictEqual(yield* log.ends, [15, 15, 15, 15, 15, 15])
      })).pipe(Effect.repeat({ times: 10 * times - 1 })))

    it.live(`over ${library}, a chunk that is larger than the topic takes is there in parts, and its position with the last`, () =>
      Effect.gen(function*() {
        const { access } = yield* kafka
        const topic = yield* newTopic
        const configEntries = [{ name: "max.message.bytes", value: "20000" }]
        // A setting that is changed later is not known to each broker at once.
        const compacted = [...configEntries, { name: "cleanup.policy", value: "compact" }]
        yield* withAdmin(access.brokers, (admin) => admin.createTopics({ topics: [
          { topic, numPartitions: 1, configEntries },
          { topic: `${topic}-panes`, numPartitions: 1, configEntries: compacted }
        ] }))
        yield* Effect.gen(function*() {
          const log = yield* EventLog
          const lines = market(3_000)
          for (const part of [lines.slice(0, 2_000), lines.slice(2_000)]) {
            assert.strictEqual(yield* log.append(0, fromTexts(part, undefined, "here")), lines.indexOf(part[0]!))
          }
          assert.deepStrictEqual(yield* allTexts, lines)
          assert.deepStrictEqual(Option.getOrNull(yield* log.position), "here")
          const long = JSON.stringify({ symbol: "LONG", note: "x".repeat(30_000) })
          const refusal = yield* Effect.flip(log.append(0, fromTexts(["a", long, "b"])))
          assert.match(refusal.message, new RegExp(`a record of ${long.length} bytes is larger than the topic ${topic} takes; it begins with "{.*LONG`))
        }).pipe(Effect.provide(KafkaEventLog.layer({ topic, source }).pipe(Layer.provide(connection)), { local: true }))
        yield* Effect.gen(function*() {
          const keys: Array<string> = []
          const { catchUp, put } = yield* CompactedTopic.open({ topic: `${topic}-panes`, onRow: ({ key }) => void keys.push(key) })
          const wanted = Array.from({ length: 500 }, (_, i) => `key ${i}`)
          yield* put(wanted.map((key) => ({ key, value: Buffer.alloc(500) })))
          yield* catchUp
          assert.deepStrictEqual(keys, wanted)
          const refusal = yield* Effect.flip(put([{ key: "large", value: Buffer.alloc(30_000) }]))
          assert.match(refusal.message, /a record of 30000 bytes is larger than the topic .*; its key is "large"/)
        }).pipe(Effect.provide(connection), Effect.scoped)
      }))

    it.live(`over ${library}, the broker is killed: every acknowledged chunk is there once, in order`, () =>
      onTopic({}, Effect.gen(function*() {
        const log = yield* EventLog
        const over = yield* Deferred.make<void>()
        const firsts: Array<number> = []
        // Without a pause, so that a request is under way whenever the broker dies. The ticks are years old: after such a
        // restart a broker no longer knows the producers of old records, and takes a repetition for something new.
        const append = Effect.suspend(() => log.append(0, fromTexts(market(10, { seed: firsts.length })))).pipe(
          Effect.tap((first) => Effect.sync(() => void firsts.push(first)))
        )
        const producing = yield* Effect.forkChild(Effect.repeat(append, { until: () => Deferred.isDone(over) }))
        for (let death = 0; death < 4; death++) {
          yield* Effect.sleep("700 millis")
          yield* dieAndRise
        }
        yield* Effect.sleep("700 millis")
        yield* Deferred.succeed(over, undefined)
        yield* Fiber.join(producing)
        assert.deepStrictEqual(firsts, firsts.map((_, i) => i * 10))
        assert.deepStrictEqual(yield* log.ends, [firsts.length * 10])
        assert.deepStrictEqual(yield* allTexts, firsts.flatMap((_, i) => market(10, { seed: i })))
      })))

    it.live(`over ${library}, the topic is deleted: the producer says so and stops`, () =>
      onTopic({}, Effect.gen(function*() {
        const log = yield* EventLog
        const broker = yield* kafka
        yield* log.append(0, fromTexts(["a"]))
        yield* deleteTopic(broker.access.brokers, log.topic)
        const error = yield* Effect.flip(Effect.forever(log.append(0, fromTexts(["b"])))).pipe(Effect.timeout("3 minutes"))
        assert.match(error.message, /the topic is gone from the Kafka brokers/)
      })))
  }
})

const allTexts = Effect.gen(function*() {
  const log = yield* EventLog
  const [end = 0] = yield* log.ends
  const texts: Array<string> = []
  yield* log.read([0]).pipe(
    Stream.map((records) => {
      for (let i = 0; i < records.length; i++) texts.push(Buffer.from(valueAt(records, i)).toString())
    }),
    Stream.takeUntil(() => texts.length >= end),
    Stream.runDrain
  )
  return texts
})

const deleteTopic = (brokers: string, topic: string) => withAdmin(brokers, (admin) => admin.deleteTopics({ topics: [topic] }))
