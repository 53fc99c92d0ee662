/** The cluster for tests keeps the contract of the real one, and breaks when it is told to. */
import { Context, Effect, Layer, Scope } from "effect"
import { layerClient, MemorySpark } from "../../../src/adapters/spark/MemorySparkCluster.ts"
import { fromTexts } from "../../../src/streams/Records.ts"
import { texts } from "./logs.ts"
import * as SparkClusterContract from "./SparkClusterContract.ts"

const machine = Effect.runSync(Layer.buildWithScope(MemorySpark.layer(), Scope.makeUnsafe()))
const { topic } = Context.get(machine, MemorySpark)

let topics = 0

SparkClusterContract.suite("in memory", {
  client: layerClient.pipe(Layer.provide(Layer.succeedContext(machine))),
  patience: "5 seconds",
  topic: Effect.gen(function*() {
    const name = `topic-${topics++}`
    const results = `${name}-panes`
    const log = yield* topic(name)
    return { name, results, append: (events) => log.append(0, fromTexts(events)), panes: texts(yield* topic(results)) }
  })
})
