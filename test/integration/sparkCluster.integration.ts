/** A real cluster keeps the contract of `SparkCluster`; its Connect server is one that is there already. */
import { afterAll, beforeAll } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import type { Connection } from "../../src/adapters/kafka/client/Connection.ts"
import * as KafkaEventLog from "../../src/adapters/kafka/KafkaEventLog.ts"
import * as LiveCluster from "../../src/adapters/spark/live/LiveCluster.ts"
import { EventLog } from "../../src/streams/ports/EventLog.ts"
import { fromTexts } from "../../src/streams/records/Records.ts"
import { texts } from "../adapters/spark/logs.ts"
import { candles } from "../adapters/spark/market.ts"
import * as SparkClusterContract from "../adapters/spark/SparkClusterContract.ts"
import * as Harness from "./sparkHarness.ts"
import * as Checked from "../../src/streams/pipeline/Checked.ts"

const scope = Scope.makeUnsafe()
let started: Context.Context<Harness.SparkStack | Connection> | null = null
beforeAll(async () => {
  started = await Effect.runPromise(Layer.buildWithScope(Harness.SparkStack.layer(), scope))
})
afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

const stack = Layer.effectContext(Effect.suspend(() =>
  started === null ? Effect.die("no cluster yet") : Effect.succeed(started)))

const client = Layer.unwrap(Harness.SparkStack.use(({ brokers, checkpoints, connect, token }) =>
  Effect.succeed(LiveCluster.layer({ connect, token, checkpoints, kafka: { "kafka.bootstrap.servers": brokers } }))))

SparkClusterContract.suite("Apache Spark over Kafka", {
  patience: "5 minutes",
  client: client.pipe(Layer.provide(stack)),
  topic: Effect.gen(function*() {
    const name = yield* Harness.newTopic({ partitions: 1, source: Checked.inputOf(candles.checked).events.definition })
    const results = Harness.resultsOf(name)
    const log = KafkaEventLog.layer({ topic: name, source: Checked.inputOf(candles.checked).events.definition, create: false }).pipe(Layer.provide(stack))
    const panes = KafkaEventLog.layerCompacted({ topic: results }).pipe(Layer.provide(stack))
    return {
      name,
      results,
      append: (events: ReadonlyArray<string>) =>
        EventLog.use((log) => log.append(0, fromTexts(events))).pipe(Effect.provide(log, { local: true })),
      panes: Effect.flatMap(EventLog, texts).pipe(Effect.provide(panes, { local: true }))
    }
  }).pipe(Effect.provide(stack, { local: true }))
})
