/** The layers of a command whose log is a topic of Kafka. Loaded only then: the clients take their time to load. */
import { Clock, Effect, Layer, type Stdio } from "effect"
import { join } from "node:path"
import * as Connection from "../adapters/kafka/Connection.ts"
import { Fence } from "../adapters/kafka/Fence.ts"
import * as KafkaCheckpointStore from "../adapters/kafka/KafkaCheckpointStore.ts"
import * as KafkaDeadLetters from "../adapters/kafka/KafkaDeadLetters.ts"
import * as KafkaEventLog from "../adapters/kafka/KafkaEventLog.ts"
import * as KafkaResultSink from "../adapters/kafka/KafkaResultSink.ts"
import * as Database from "../adapters/sqlite/Database.ts"
import * as SqliteCheckpointStore from "../adapters/sqlite/SqliteCheckpointStore.ts"
import * as SqliteResultSink from "../adapters/sqlite/SqliteResultSink.ts"
import * as StdoutSink from "../adapters/stdio/StdoutSink.ts"
import { CheckpointStore } from "../streams/CheckpointStore.ts"
import { ResultSink, type ResultSinkError } from "../streams/ResultSink.ts"
import type { Sources } from "../streams/Router.ts"
import type { SinkName } from "./Stores.ts"
import { tee } from "./Tee.ts"

export interface Choice {
  readonly connection: Connection.Options
  readonly topic: string
  readonly sources: Sources
  readonly partitions: number | undefined
}

export interface ProcessChoice extends Choice {
  /** Whether to make the topic where there is none. */
  readonly create: boolean
  readonly onGap: "stop" | "record"
  readonly sinks: ReadonlyArray<SinkName>
  readonly checkpoints: "sqlite" | "kafka"
  readonly data: string
  /** Of this there is one processor at a time. */
  readonly group: string
}

/** What a topic's results, dead letters and checkpoints are called. */
const topicsOf = (topic: string) => ({
  panes: `${topic}-panes`,
  deadLetters: `${topic}-dead-letters`,
  checkpoints: `${topic}-checkpoints`
})

/** The log alone. */
export const log = ({ connection, partitions, sources, topic }: Choice) =>
  KafkaEventLog.layer({ topic, partitions, ...sources }).pipe(Layer.provide(Connection.Connection.layer(connection)))

export const stores = (choice: ProcessChoice) => {
  const { create, onGap, partitions, sources, topic } = choice
  const names = topicsOf(topic)
  const connection = Connection.Connection.layer(choice.connection)
  const database = Database.Database.layer({ folder: join(choice.data, "kafka", topic) })
  const log = KafkaEventLog.layer({ topic, partitions, create, onGap, ...sources }).pipe(Layer.provide(connection))
  const fence = Fence.layer({ group: choice.group }).pipe(Layer.provide(Layer.merge(connection, log)))

  const checkpoints: Layer.Layer<CheckpointStore, Error> = choice.checkpoints === "kafka"
    ? KafkaCheckpointStore.layer({ topic: names.checkpoints }).pipe(Layer.provide(connection))
    : SqliteCheckpointStore.layer.pipe(Layer.provide(database))
  const sinkLayers: Record<SinkName, Layer.Layer<ResultSink, ResultSinkError | Error, Stdio.Stdio>> = {
    kafka: KafkaResultSink.layer({ topic: names.panes, partitions }).pipe(Layer.provide(connection)),
    sqlite: SqliteResultSink.layer.pipe(Layer.provide(database)),
    stdout: StdoutSink.layer,
    memory: ResultSink.layerMemory
  }
  const sinks: ReadonlyArray<SinkName> = choice.sinks.length > 0 ? choice.sinks : ["sqlite"]

  return Layer.mergeAll(
    Fence.layerLog.pipe(Layer.provide(log)),
    Fence.layerCheckpoints.pipe(Layer.provide(checkpoints)),
    Fence.layerSink.pipe(Layer.provide(tee(sinks.map((name) => sinkLayers[name])))),
    KafkaDeadLetters.layer({ topic: names.deadLetters }).pipe(Layer.provide(connection))
  ).pipe(Layer.provide(fence), Layer.provideMerge(connection))
}

/**
 * Whether silence means that nothing happens: not while the brokers were out of reach within the last so many
 * milliseconds, since those who write to the topic come back only after them.
 */
export const isQuiet = (idleTimeout: number): Effect.Effect<boolean, never, Connection.Connection> =>
  Effect.gen(function*() {
    const { patience } = yield* Connection.Connection
    return (yield* Clock.currentTimeMillis) - (yield* patience.troubledAt) > idleTimeout
  })
