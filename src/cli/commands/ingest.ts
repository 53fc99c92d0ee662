/** `courant ingest`: from a feed into the log, and nothing else. */
import { Effect, Option } from "effect"
import { Command } from "effect/cli"
import { EventLog, type EventLogError } from "../../streams/ports/EventLog.ts"
import { Feed, type FeedError } from "../../streams/ports/Feed.ts"
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

const flags = {
  feeds: Flags.feeds,
  sourceField: Flags.sourceField,
  symbols: Flags.symbols,
  speed: Flags.speedOf(Infinity),
  log: Flags.keptLog,
  pipelines: Flags.pipelinesOfSource,
  keep: Flags.keep,
  data: Flags.data,
  topic: Flags.topic,
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
  Command.withShortDescription("A feed into the log"),
  Command.withExamples([
    { command: "courant ingest --feed yahoo --symbols AAPL,MSFT", description: "Keep today's ticks" },
    { command: "courant ingest --feed stdin --topic trades < ticks.ndjson", description: "Keep ticks of your own" },
    { command: "courant ingest --feed ./my-feed.ts", description: "From a feed of your own" },
    {
      command: "courant ingest --feed stdin --log kafka --brokers 127.0.0.1:9092 --topic ticks --partitions 3 < ticks.ndjson",
      description: "Into a Kafka topic, partitioned by symbol"
    }
  ])
)

const intoSqlite = Effect.fnUntraced(function*(input: Input) {
  const feed = yield* Feed
  const topic = Option.getOrElse(input.topic, () => feed.name)
  const limits = yield* Keep.given(input)
  yield* Stores.checkSources({ data: input.data, topic }, null)
  const log = Stores.logOf({ data: input.data, topic, sources: null }, { readOnly: false, keep: limits && { limits, processor: null } })
  yield* append(topic, Ingest.run).pipe(Effect.provide(log))
})

/** Into a folder with a topic for each source. */
const sources = Effect.fnUntraced(function*(input: Input, reading: Exclude<Reading.Reading, { readonly _tag: "one" }>) {
  if (input.log === "kafka") return yield* usage(Reading.notOverKafka)
  if (reading._tag === "by-field" && Option.isNone(input.pipelines)) {
    return yield* usage("--source-field needs --pipelines: which sources there are, the pipelines that read them say")
  }
  const pipelines = Option.isNone(input.pipelines) ? [] : yield* Pipelines.resolveAll(input.pipelines.value, {}, "any")
  yield* Reading.checkTyped(reading, pipelines)
  const names = Reading.sourcesOf(reading, pipelines) ?? []
  yield* Keep.given(input, names)
  const topic = Option.getOrElse(input.topic, () => reading._tag === "files" ? "file" : "stdin")
  yield* Stores.checkSources({ data: input.data, topic }, names)
  const log = Stores.logOf({ data: input.data, topic, sources: names }, { readOnly: false })
  yield* append(topic, Effect.flatMap(Reading.ingestion(reading, pipelines), ({ run }) => run)).pipe(Effect.provide(log))
})

/** The key of each record is that of the pipelines' source: that of ticks, unless told. */
const intoKafka = Effect.fnUntraced(function*(input: Input) {
  const feed = yield* Feed
  const topic = Option.getOrElse(Kafka.topicOf(input.topic), () => feed.name)
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
