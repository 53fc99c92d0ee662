/** A real cluster as `SparkCluster`: what it promises, with a Connect server that it starts itself. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Option, Ref, Stream } from "effect"
import * as LiveCluster from "../../src/adapters/spark/LiveCluster.ts"
import { SparkCluster } from "../../src/adapters/spark/SparkCluster.ts"
import { candles1m } from "../../src/analytics/candles.ts"
import * as Pipeline from "../../src/streams/Pipeline.ts"
import { randomFrom } from "../random.ts"
import * as Harness from "./sparkHarness.ts"

const cluster = Layer.unwrap(Effect.gen(function*() {
  const { brokers, checkpoints, connect, rest, token } = yield* Harness.SparkStack
  return LiveCluster.layer({
    token,
    checkpoints,
    kafka: { "kafka.bootstrap.servers": brokers },
    connect: { rest: { url: rest }, port: connect.port, properties: Harness.properties }
  })
}))

const work = (topic: string, pipeline: Pipeline.Any = candles1m) => ({ pipeline, topic, results: Harness.resultsOf(topic) })

layer(cluster.pipe(Layer.provideMerge(Harness.SparkStack.layer({ serving: false }))), {
  timeout: "5 minutes",
  excludeTestServices: true
})("a real cluster of Spark", (it) => {
  it.effect("runs a pipeline for ever, tells its batches, ends it and goes on from where it was", () =>
    Effect.gen(function*() {
      const { find, start } = yield* SparkCluster
      const topic = yield* Harness.newTopic()
      const random = randomFrom(1)
      yield* Harness.append(topic, Harness.minutes(0, 2, random))
      const query = yield* start(work(topic))
      const [first] = yield* Stream.runCollect(Stream.take(query.batches, 1))
      console.log(first, query.name)
      yield* Harness.append(topic, Harness.minutes(2, 2, random))
      const expected = yield* Harness.foldOf(candles1m, topic)
      assert.deepStrictEqual(yield* Harness.panesOnce(topic, expected.size), expected)
      assert.strictEqual(Option.getOrThrow(yield* find("candles-1m", topic)).name, query.name)
      yield* query.stop
      const error = yield* Effect.flip(Stream.runDrain(query.batches))
      assert.strictEqual(error.reason, "stopped")
      assert.isTrue(Option.isNone(yield* find("candles-1m", topic)))

      yield* Harness.append(topic, Harness.minutes(4, 2, random))
      const more = yield* Harness.foldOf(candles1m, topic)
      const again = yield* start(work(topic))
      const read = yield* Ref.make(0)
      yield* Effect.forkScoped(Stream.runForEach(again.batches, (batch) => {
        console.log(batch)
        return Ref.update(read, (count) => count + batch.read)
      }))
      assert.deepStrictEqual(yield* Harness.panesOnce(topic, more.size), more)
      yield* again.stop
    }))

  it.effect("computes what a topic holds now", () =>
    Effect.gen(function*() {
      const { compute } = yield* SparkCluster
      const topic = yield* Harness.newTopic()
      yield* Harness.append(topic, [...Harness.minutes(0, 3, randomFrom(2)), "poison"])
      const batch = yield* compute(work(topic))
      console.log(batch)
      assert.deepStrictEqual(yield* Harness.panesOf(topic), yield* Harness.foldOf(candles1m, topic, "all"))
      assert.deepInclude(batch, { read: 601, deadLettered: 1, filtered: 0 })
    }))
})
