/** The cluster for tests keeps the contract of the real one, and breaks when it is told to. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Option, Scope, Stream } from "effect"
import { compile } from "../../../src/adapters/spark/compile/Compile.ts"
import { layer, layerClient, MemorySpark } from "../../../src/adapters/spark/MemorySparkCluster.ts"
import { SparkCluster } from "../../../src/adapters/spark/SparkCluster.ts"
import { Pane } from "../../../src/streams/pipeline/index.ts"
import { fromTexts } from "../../../src/streams/records/Records.ts"
import { texts } from "./logs.ts"
import { candles, closed, line, market } from "./market.ts"
import * as SparkClusterContract from "./SparkClusterContract.ts"

const machine = Effect.runSync(Layer.buildWithScope(MemorySpark.layer(), Scope.makeUnsafe()))
const { topic } = Context.get(machine, MemorySpark)

let topics = 0

SparkClusterContract.suite("in memory", {
  client: layerClient.pipe(Layer.provide(Layer.succeedContext(machine))),
  patience: "1 minute",
  topic: Effect.gen(function*() {
    const name = `topic-${topics++}`
    const results = `${name}-panes`
    const log = yield* topic(name)
    return { name, results, append: (events) => log.append(0, fromTexts(events)), panes: texts(yield* topic(results)) }
  })
})

const events = market({ minutes: 5 })
const program = Effect.runSync(compile(candles))
const work = { pipeline: candles, program, topic: "ticks", results: "ticks-panes" }

const append = Effect.fnUntraced(function*(events: ReadonlyArray<string>) {
  const spark = yield* MemorySpark
  yield* (yield* spark.topic("ticks")).append(0, fromTexts(events))
})

/** The panes that are there when nothing is left to do. */
const written = Effect.gen(function*() {
  yield* Effect.sleep("50 millis")
  const spark = yield* MemorySpark
  const panes = yield* Effect.forEach(yield* texts(yield* spark.topic("ticks-panes")), (text) => Pane.decodeJson(text))
  return panes.map(line).sort()
})

const expected = [...closed(candles, events)].sort()

describe("what breaks it", () => {
  it.live("the driver dies: a query that is looked after starts again where it was, and its watchers notice nothing", () =>
    Effect.gen(function*() {
      const spark = yield* MemorySpark
      const query = yield* SparkCluster.use((cluster) => cluster.start(work))
      const watching = yield* Effect.forkScoped(Stream.runCollect(Stream.take(query.batches, 2)), { startImmediately: true })
      yield* Effect.sleep("10 millis")
      yield* append(events.slice(0, 300))
      yield* Effect.sleep("10 millis")
      yield* spark.killDriver
      yield* append(events.slice(300))
      assert.deepStrictEqual((yield* Fiber.join(watching)).map(({ id, read }) => [id, read]), [[0, 300], [1, events.length - 300]])
      assert.deepStrictEqual(yield* written, expected)
    }).pipe(Effect.scoped, Effect.provide(layer)))

  it.live("the driver dies: a query that nobody looks after is gone, and started again it goes on where it was", () =>
    Effect.gen(function*() {
      const spark = yield* MemorySpark
      const cluster = yield* SparkCluster
      const query = yield* Effect.scoped(cluster.start(work))
      const watching = yield* Effect.forkScoped(Stream.runDrain(query.batches), { startImmediately: true })
      yield* Effect.sleep("10 millis")
      yield* append(events.slice(0, 300))
      yield* Effect.sleep("10 millis")
      yield* spark.killDriver
      assert.strictEqual((yield* Effect.flip(Fiber.join(watching))).reason, "unreachable")
      assert.isTrue(Option.isNone(yield* cluster.find("candles", "ticks")))
      yield* append(events.slice(300))
      assert.isBelow((yield* written).length, expected.length)
      yield* cluster.start(work)
      assert.deepStrictEqual(yield* written, expected)
    }).pipe(Effect.scoped, Effect.provide(layer)))

  it.live("out of reach it answers nobody, and queries go on", () =>
    Effect.gen(function*() {
      const spark = yield* MemorySpark
      const cluster = yield* SparkCluster
      const { stop } = yield* cluster.start(work)
      yield* spark.setReachable(false)
      const asked = [
        Effect.asVoid(Effect.scoped(cluster.start(work))),
        Effect.asVoid(cluster.find("candles", "ticks")),
        Effect.asVoid(cluster.compute(work)),
        stop
      ]
      for (const effect of asked) {
        const error = yield* Effect.flip(effect)
        assert.strictEqual(error.reason, "unreachable")
      }
      yield* append(events)
      assert.deepStrictEqual(yield* written, expected)
      yield* spark.setReachable(true)
      assert.isTrue(Option.isSome(yield* cluster.find("candles", "ticks")))
    }).pipe(Effect.scoped, Effect.provide(layer)))

  it.live("a query that is told to fail has ended for good, with the reason", () =>
    Effect.gen(function*() {
      const spark = yield* MemorySpark
      const cluster = yield* SparkCluster
      const query = yield* cluster.start(work)
      const watching = yield* Effect.forkScoped(Stream.runDrain(query.batches))
      assert.isFalse(yield* spark.fail("others", "ticks", "no"))
      assert.isTrue(yield* spark.fail("candles", "ticks", "a full disk"))
      const error = yield* Effect.flip(Fiber.join(watching))
      assert.deepStrictEqual([error.reason, error.message], ["failed", "a full disk"])
      assert.isTrue(Option.isNone(yield* cluster.find("candles", "ticks")))
    }).pipe(Effect.scoped, Effect.provide(layer)))
})
