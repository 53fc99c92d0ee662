/** A log and what was decided over it, to compute from anew: nothing is made, and nothing is changed. */
import { Effect, type Layer, Option } from "effect"
import type { Any as AnyPipeline } from "../streams/pipeline/Pipeline.ts"
import type { Decisions } from "../streams/ports/Decisions.ts"
import type { EventLog } from "../streams/ports/EventLog.ts"
import * as Flags from "./Flags.ts"
import * as Kafka from "./kafka/Kafka.ts"
import * as Pipelines from "./Pipelines.ts"
import * as Stores from "./Stores.ts"
import { usage } from "./terminal/Problem.ts"
import * as Topics from "./Topics.ts"

export const flags = {
  outOfOrderness: Flags.outOfOrderness,
  allowedLateness: Flags.allowedLateness,
  maxTimeAhead: Flags.maxTimeAhead,
  log: Flags.keptLog,
  data: Flags.data,
  topics: Flags.topics,
  as: Flags.as,
  brokers: Flags.brokers,
  connectTimeout: Flags.connectTimeout
}

export interface Input extends Kafka.Input {
  readonly log: "sqlite" | "kafka"
  readonly data: string
  readonly topics: Parameters<typeof Topics.of>[0]
  readonly as: Option.Option<string>
}

export const stores = Effect.fnUntraced(function*(input: Input, pipelines: ReadonlyArray<AnyPipeline>) {
  const layer: Layer.Layer<Decisions | EventLog, Error> = input.log === "kafka" ? yield* ofKafka(input, pipelines) : yield* ofSqlite(input, pipelines)
  return layer
})

const ofSqlite = Effect.fnUntraced(function*(input: Input, pipelines: ReadonlyArray<AnyPipeline>) {
  const named = yield* Effect.flatMap(Topics.of(input.topics), Topics.inFolder)
  const topic = yield* Stores.chooseTopic(input.data, Option.getOrUndefined(named))
  const sources = yield* Stores.sourcesFor({ data: input.data, topic }, pipelines)
  return Stores.pastOf({ data: input.data, topic, sources }, whose(input, Pipelines.groupOf(topic, pipelines)))
})

const ofKafka = Effect.fnUntraced(function*(input: Input, pipelines: ReadonlyArray<AnyPipeline>) {
  const { topic, topics } = yield* Kafka.givenTopics(input.topics, pipelines)
  const connection = yield* Kafka.optionsOf(input)
  const { past } = yield* Effect.promise(() => import("./kafka/KafkaStores.ts"))
  return past({ connection, topic, topics: topics && Kafka.withSources(topics, pipelines), sources: Kafka.sourcesOf(pipelines) }, whose(input, Pipelines.groupOf(topic, pipelines)))
})

/** Decisions are a processor's own. Those of the pipelines that are replayed are meant, or of the only one that there is. */
const whose = (input: Input, own: string): Stores.Choose => (processors) => {
  const wanted = Option.getOrUndefined(input.as)
  const there = `there are decisions of ${processors.join(", ")}`
  if (wanted !== undefined) {
    if (processors.includes(wanted)) return Effect.succeed(wanted)
    return Effect.fail(usage(`${wanted} has taken no decisions over this log; ${processors.length === 0 ? "nobody has" : there}`))
  }
  if (processors.includes(own)) return Effect.succeed(own)
  return processors.length < 2
    ? Effect.succeed(processors[0] ?? null)
    : Effect.fail(usage(`${there}: say with --as whose are to be taken, since what was late hangs on them`))
}
