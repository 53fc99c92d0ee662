/** The brokers under test, one server a file, and topics of a test's own on them. */
import { afterAll, beforeAll } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { Kafka } from "../../services/testing.ts"
import { Connection } from "../../src/adapters/kafka/client/Connection.ts"

/** What it is called in the names of tests, and how it is started. */
export const kinds = {
  "Kafka 4 with KRaft": Kafka.layer(),
  "Kafka 3.9 with ZooKeeper": Kafka.layerZookeeper()
} as const

/** Starts brokers before the tests of the suite and ends them after; what they are is known when a test runs. */
export const brokers = (layer: Layer.Layer<Kafka, unknown>) => {
  const scope = Scope.makeUnsafe()
  let started: Context.Context<Kafka | Connection> | null = null
  beforeAll(async () => {
    const both = Layer.flatMap(layer, (context) =>
      Layer.merge(
        Layer.succeedContext(context),
        Connection.layer({ brokers: [Context.get(context, Kafka).access.brokers], library })
      ))
    started = await Effect.runPromise(Layer.buildWithScope(both, scope))
  })
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  const services = Effect.suspend(() => started === null ? Effect.die("no broker yet") : Effect.succeed(started))
  return {
    /** The brokers and a connection to them that lasts for the suite. */
    layer: Layer.effectContext(services),
    kafka: Effect.map(services, (context) => Context.get(context, Kafka))
  }
}

/** Over which library the suites run: all of them can be asked to run over the other. */
export const library = process.env["COURANT_KAFKA_LIBRARY"] === "kafkajs" ? "kafkajs" : "platformatic"

let topics = 0

/** The name of a topic that no other test has. */
export const newTopic = Effect.sync(() => `test-${process.pid}-${++topics}`)

/** A layer over a topic of its own at each build, and a place that can be opened again and again. */
export const onTopics = <S, E, E1>(
  connection: Layer.Layer<Connection, E1>,
  layerOf: (topic: string) => Layer.Layer<S, E, Connection>
) => {
  const place = Effect.map(newTopic, (topic) => layerOf(topic).pipe(Layer.provide(connection)))
  return { fresh: Layer.unwrap(place), place }
}
