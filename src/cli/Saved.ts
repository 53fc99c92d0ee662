/** The log and the checkpoints of a processor, to look at: nothing is made, and nothing is changed. */
import { Effect, Layer, Option } from "effect"
import * as Database from "../adapters/sqlite/Database.ts"
import * as SqliteCheckpointStore from "../adapters/sqlite/SqliteCheckpointStore.ts"
import type { CheckpointStore } from "../streams/ports/CheckpointStore.ts"
import type { EventLog } from "../streams/ports/EventLog.ts"
import type { Any as AnyPipeline } from "../streams/pipeline/Pipeline.ts"
import * as Flags from "./Flags.ts"
import * as Kafka from "./kafka/Kafka.ts"
import * as Pipelines from "./Pipelines.ts"
import * as Stores from "./Stores.ts"
import * as Topics from "./Topics.ts"

/** The bounds of pipelines are part of what is saved of them. */
export const flags = {
  outOfOrderness: Flags.outOfOrderness,
  allowedLateness: Flags.allowedLateness,
  log: Flags.keptLog,
  data: Flags.data,
  topics: Flags.topics,
  brokers: Flags.brokers,
  connectTimeout: Flags.connectTimeoutOf(5)
}

export interface Input extends Kafka.Input {
  readonly log: "sqlite" | "kafka"
  readonly data: string
  readonly topics: Parameters<typeof Topics.of>[0]
}

/** Of some of the pipelines of a processor, or all of them: with the sources that these read. */
export const stores = Effect.fnUntraced(function*(input: Input, all: ReadonlyArray<AnyPipeline>, some = all) {
  const layer: Layer.Layer<CheckpointStore | EventLog, Error> = input.log === "kafka" ? yield* ofKafka(input, all, some) : yield* ofSqlite(input, some)
  return layer
})

const ofSqlite = Effect.fnUntraced(function*(input: Input, pipelines: ReadonlyArray<AnyPipeline>) {
  const named = yield* Effect.flatMap(Topics.of(input.topics), Topics.inFolder)
  const topic = yield* Stores.chooseTopic(input.data, Option.getOrUndefined(named))
  const sources = yield* Stores.sourcesFor({ data: input.data, topic }, pipelines)
  return Layer.merge(Stores.eventLog({ topic, sources }), SqliteCheckpointStore.layer).pipe(
    Layer.provide(Database.Database.layer({ folder: Stores.folderOf({ data: input.data, topic }), readOnly: true }))
  )
})

const ofKafka = Effect.fnUntraced(function*(input: Input, all: ReadonlyArray<AnyPipeline>, pipelines: ReadonlyArray<AnyPipeline>) {
  const { topic, topics } = yield* Kafka.givenTopics(input.topics, all)
  const read = topics?.filter(({ source }) => Pipelines.sourcesOf(pipelines).includes(source)) ?? null
  const connection = yield* Kafka.optionsOf(input)
  const { saved } = yield* Effect.promise(() => import("./kafka/KafkaStores.ts"))
  return saved({ connection, topic, topics: read && Kafka.withSources(read, pipelines), sources: Kafka.sourcesOf(pipelines), data: input.data })
})
