/** `courant ingest`: from a feed into the log, and nothing else. */
import { Effect, Option } from "effect"
import { Command } from "effect/cli"
import { EventLog, type EventLogError } from "../../streams/ports/EventLog.ts"
import { Feed, type FeedError } from "../../streams/ports/Feed.ts"
import type { Any as AnyPipeline } from "../../streams/pipeline/Pipeline.ts"
import * as Ingest from "../../streams/engine/Ingest.ts"
import * as Display from "../terminal/Display.ts"
import * as Flags from "../Flags.ts"
import * as Kafka from "../kafka/Kafka.ts"
import * as Keep from "../Keep.ts"
import * as OwnModule from "../OwnModule.ts"
import * as Pipelines from "../Pipelines.ts"
import * as Reading from "../Reading.ts"
import { say, usage } from "../terminal/Problem.ts"
import * as Stores from "../Stores.ts"
import * as Topics from "../Topics.ts"

const flags = {
  feeds: Flags.feeds,
  sourceField: Flags.sourceField,
  symbols: Flags.symbols,
  speed: Flags.speedOf(Infinity),
  log: Flags.keptLog,
  pipelines: Flags.pipelinesOfSource,
  keep: Flags.keep,
  data: Flags.data,
  topics: Flags.fedTopics,
  brokers: Flags.brokers,
  connectTimeout: Flags.connectTimeout,
  partitions: Flags.partitions
}

type Input = Command.Command.Config.Infer<typeof flags>

export const command = Command.make(
  "ingest",
  flags,
  Effect.fnUntraced(function*(input) {
    yield* Keep.given(input)
    const reading = yield* Reading.of(input)
    yield* OwnModule.check("feed", Reading.namesOf(reading))
    const append = Effect.gen(function*() {
      if (reading._tag !== "one") return yield* sources(input, reading)
      yield* input.log === "kafka" ? intoKafka(input) : intoSqlite(input)
    })
    yield* append.pipe(Effect.provide(Reading.layer(reading, input)), Effect.scoped)
  })
).pipe(
  Command.withDescription("Appends a feed to the log until the feed ends, and computes nothing."),
  Command.withExamples([
    { command: "courant ingest --feed yahoo --symbols AAPL,MSFT", description: "Keep today's ticks" },
    { command: "courant ingest --feed stdin --topic trades < ticks.ndjson", description: "Keep ticks of your own" },
    { command: "courant ingest --feed ./my-feed.ts", description: "From a feed of your own" },
    {
      command: "courant ingest --feed stdin --log kafka --brokers 127.0.0.1:9092 --topic ticks --partitions 3 < ticks.ndjson",
      description: "Into a Kafka topic, partitioned by symbol"
    },
    {
      command: "courant ingest --feed file:trades=trades.ndjson --feed file:quotes=quotes.csv.gz --log kafka " +
        "--brokers 127.0.0.1:9092 --topic trades=my-trades --topic quotes=my-quotes --pipelines ./market.ts",
      description: "Two sources, each into a Kafka topic"
    }
  ])
)

const intoSqlite = Effect.fnUntraced(function*(input: Input) {
  const feed = yield* Feed
  const topic = Option.getOrElse(yield* Effect.flatMap(Topics.of(input.topics), Topics.inFolder), () => feed.name)
  const limits = yield* Keep.given(input)
  yield* Stores.checkSources({ data: input.data, topic }, null)
  const log = Stores.logOf({ data: input.data, topic, sources: null }, { readOnly: false, keep: limits && { limits, processor: null } })
  yield* append(topic, Ingest.run).pipe(Effect.provide(log))
})

/** Into a topic for each source: of Kafka, or of a folder. */
const sources = Effect.fnUntraced(function*(input: Input, reading: Reading.Several) {
  if (reading._tag === "by-field" && Option.isNone(input.pipelines)) {
    return yield* usage("--source-field needs --pipelines: which sources there are, the pipelines that read them say")
  }
  const pipelines = Option.isNone(input.pipelines) ? [] : yield* Pipelines.resolveAll(input.pipelines.value, {}, "any")
  yield* Reading.checkTyped(reading, pipelines)
  const names = Reading.sourcesOf(reading, pipelines) ?? []
  if (input.log === "kafka") return yield* sourcesIntoKafka(input, reading, { pipelines, names })
  const limits = yield* Keep.given(input)
  const topic = Option.getOrElse(yield* Effect.flatMap(Topics.of(input.topics), Topics.inFolder), () => reading._tag === "files" ? "file" : "stdin")
  yield* Stores.checkSources({ data: input.data, topic }, names)
  const log = Stores.logOf({ data: input.data, topic, sources: names }, { readOnly: false, keep: limits && { limits, processor: null } })
  yield* append(topic, Effect.flatMap(Reading.ingestion(reading, pipelines), ({ run }) => run)).pipe(Effect.provide(log))
})

const sourcesIntoKafka = Effect.fnUntraced(function*(input: Input, reading: Reading.Several, { names, pipelines }: {
  readonly names: ReadonlyArray<string>
  readonly pipelines: ReadonlyArray<AnyPipeline>
}) {
  const given = yield* Topics.of(input.topics)
  const topics = yield* Topics.fedOf(given, names)
  yield* Reading.checkKeyed(names, pipelines)
  const topic = Topics.named({ ...given, topics })
  const connection = yield* Kafka.optionsOf(input)
  const { logs } = yield* Effect.promise(() => import("../kafka/KafkaStores.ts"))
  const layer = logs({ connection, topic, create: true, partitions: Option.getOrUndefined(input.partitions) }, Kafka.withSources(topics, pipelines))
  const ingestion = Reading.ingestion(reading, pipelines, (source) => Kafka.sourcesOf(pipelines, source))
  yield* append(topic, Effect.flatMap(ingestion, ({ run }) => run)).pipe(Effect.provide(layer))
})

/** The key of each record is that of the pipelines' source: that of ticks, unless told. */
const intoKafka = Effect.fnUntraced(function*(input: Input) {
  const feed = yield* Feed
  const topic = Option.getOrElse(Kafka.topicOf(yield* Effect.flatMap(Topics.of(input.topics), Topics.one)), () => feed.name)
  const connection = yield* Kafka.optionsOf(input)
  const pipelines = Option.isNone(input.pipelines) ? [] : yield* Pipelines.resolveAll(input.pipelines.value, {})
  const sources = Kafka.sourcesOf(pipelines)
  const { log } = yield* Effect.promise(() => import("../kafka/KafkaStores.ts"))
  const layer = log({ connection, topic, sources, create: true, partitions: Option.getOrUndefined(input.partitions) })
  yield* append(topic, Ingest.routed(sources)).pipe(Effect.provide(layer))
})

const append = Effect.fnUntraced(function*(
  topic: string,
  ingest: Effect.Effect<void, EventLogError | FeedError, EventLog | Feed>
) {
  const log = yield* EventLog
  const feed = yield* Feed
  const before = total(yield* log.ends)
  const state = feed.name === "stdin" ? "standard input" : `${feed.name}, ${Display.badge(yield* feed.freshness)},`
  say(`${state} into the topic ${topic}`)
  yield* Effect.andThen(ingest, Keep.last).pipe(
    Effect.ensuring(Effect.ignore(Effect.map(log.ends, (ends) => say(`appended ${total(ends) - before} records to ${topic}`))))
  )
})

const total = (ends: ReadonlyArray<number>): number => ends.reduce((sum, end) => sum + end, 0)
