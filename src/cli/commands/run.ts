/** `courant run`: a feed, the log, the pipelines and the page in one process. */
import { Deferred, Effect, identity, Layer, Option } from "effect"
import { Command } from "effect/cli"
import type { Limits } from "../../adapters/sqlite/Retention.ts"
import { Engine, type Options } from "../../streams/ports/Engine.ts"
import { EventLog, type EventLogError } from "../../streams/ports/EventLog.ts"
import { Feed } from "../../streams/ports/Feed.ts"
import * as Ingest from "../../streams/engine/Ingest.ts"
import type { Any as AnyPipeline } from "../../streams/pipeline/Pipeline.ts"
import { restart } from "../../streams/engine/Restart.ts"
import * as Display from "../terminal/Display.ts"
import * as FirstTime from "../FirstTime.ts"
import * as Flags from "../Flags.ts"
import * as Influxdb from "../influxdb/Influxdb.ts"
import * as Kafka from "../kafka/Kafka.ts"
import * as Keep from "../Keep.ts"
import * as Memory from "../Memory.ts"
import * as OwnModule from "../OwnModule.ts"
import * as Page from "../Page.ts"
import * as Pipelines from "../Pipelines.ts"
import * as Reading from "../Reading.ts"
import * as RowSinks from "../RowSinks.ts"
import { say, usage } from "../terminal/Problem.ts"
import * as Report from "../terminal/Report.ts"
import * as Stores from "../Stores.ts"
import * as Topics from "../Topics.ts"

const flags = {
  feeds: Flags.feeds,
  sourceField: Flags.sourceField,
  symbols: Flags.symbols,
  speed: Flags.speedOf(60),
  log: Flags.log,
  sinks: Flags.sinks,
  rows: Flags.rows,
  pipelines: Flags.pipelines,
  once: Flags.once,
  outOfOrderness: Flags.outOfOrderness,
  allowedLateness: Flags.allowedLateness,
  maxTimeAhead: Flags.maxTimeAhead,
  idleTimeout: Flags.idleTimeout,
  maxDrift: Flags.maxDrift,
  page: Flags.page,
  port: Flags.port,
  host: Flags.host,
  data: Flags.data,
  topics: Flags.fedTopics,
  brokers: Flags.brokers,
  connectTimeout: Flags.connectTimeout,
  partitions: Flags.partitions,
  onGap: Flags.onGap,
  keep: Flags.keep,
  checkpoints: Flags.checkpoints,
  restart: Flags.restart,
  report: Flags.report
}

type Given = Command.Command.Config.Infer<typeof flags>

export type Input = Omit<Given, "rows" | "keep"> & {
  readonly rows: RowSinks.Rows
  readonly keep: Limits | null
  readonly reading: Reading.Reading
}

export const command = Command.make("run", flags, (input) => run(input)).pipe(
  Command.withDescription(
    "Reads a feed into the log, computes the pipelines and serves the live page. Without flags it reads Yahoo Finance, " +
      "or a recorded session if Yahoo Finance cannot be reached, and keeps everything under .courant/."
  ),
  Command.withExamples([
    { command: "courant run", description: "Today's market, or a recorded session, on http://127.0.0.1:4380/" },
    { command: "courant run --feed yahoo --symbols AAPL,BTC-USD,EURUSD=X", description: "These symbols; fail if Yahoo Finance cannot be reached" },
    { command: "courant run --feed recorded --speed 600", description: "The recorded session in about two minutes" },
    {
      command: "courant run --feed stdin --log memory --sink stdout --once --pipelines candles-1m < ticks.ndjson",
      description: "Ticks in, candles out, nothing kept"
    },
    {
      command: "courant run --feed file:trades=trades.ndjson --feed file:quotes=quotes.csv.gz --once --pipelines ./market.ts",
      description: "Two sources from files, read side by side"
    },
    { command: "courant run --feed ./my-feed.ts --sink ./my-sink.ts", description: "A feed and a sink of your own" },
    {
      command: "courant run --sink sqlite --sink influxdb",
      description: "Also into InfluxDB, for Grafana; set COURANT_INFLUXDB_URL, _TOKEN, _ORG and _BUCKET"
    }
  ])
)

const run = Effect.fnUntraced(function*(input: Given) {
  if (input.log === "memory" && input.sinks.includes("sqlite")) {
    return yield* usage("--sink sqlite needs --log sqlite: results in a file belong to a log in a file")
  }
  if (input.log === "memory" && Option.isSome(input.rows)) {
    return yield* usage("--rows needs --log sqlite or kafka: the places of rows in a file refer to a log that is kept")
  }
  if (input.sinks.includes("influxdb")) yield* Influxdb.optionsOf(input.connectTimeout)
  const reading = yield* Reading.of(input)
  yield* Effect.andThen(OwnModule.check("feed", Reading.namesOf(reading)), OwnModule.check("sink", input.sinks))
  const pipelines = yield* Pipelines.resolveAll(Option.getOrUndefined(input.pipelines), Pipelines.boundsOf(input), "any")
  const sources = Reading.sourcesOf(reading, pipelines)
  yield* Pipelines.checkSources(pipelines, sources)
  yield* Reading.checkRead(sources, pipelines)
  const rows = yield* RowSinks.rowsOf(pipelines, { ...input, file: Option.getOrUndefined(input.rows) })
  const keep = yield* Keep.given(input)
  const feeds = Layer.effect(Feed, Effect.map(Feed, FirstTime.watched(pipelines))).pipe(Layer.provide(Reading.layer(reading, input)))
  yield* withFeed({ ...input, rows, keep, reading }, pipelines).pipe(Effect.provide(feeds), Effect.scoped)
})

/** The feed is known: its name is the topic's, unless told otherwise. */
const withFeed = Effect.fnUntraced(function*(input: Input, pipelines: ReadonlyArray<AnyPipeline>) {
  const feed = yield* Feed
  // A log in memory numbers its records anew in every run: its dead letters need a topic of their own.
  const suffix = input.log === "memory" ? `-${new Date().toISOString().replaceAll(/[:.]/g, "")}` : ""
  const given = yield* Topics.of(input.topics)
  if (input.log === "kafka") return yield* overKafka(input, pipelines, given)
  const topic = Option.getOrElse(yield* Topics.inFolder(given), () => `${feed.name}${suffix}`)
  if (input.sinks.includes("kafka")) return yield* usage("--sink kafka needs --log kafka")
  const sources = Reading.sourcesOf(input.reading, pipelines)
  yield* Stores.checkSources({ data: input.data, topic }, sources)
  const processor = Pipelines.checkpointName(topic, pipelines)
  const keep = input.keep && { limits: input.keep, processor: { checkpoint: processor, pipelines } }
  const stores = Stores.layer({ ...input, log: input.log, topic, sources, processor, keep, group: Pipelines.groupOf(topic, pipelines) })
  const ingest = input.reading._tag === "one" ? Ingest.whole : Reading.ingestion(input.reading, pipelines)
  yield* withEngine(input, pipelines, ingest, Effect.succeed(true)).pipe(Effect.provide(Stores.engineOn(stores)))
})

/** Each record goes to the partition of its key. */
const overKafka = Effect.fnUntraced(function*(input: Input, pipelines: ReadonlyArray<AnyPipeline>, given: Topics.Topics) {
  const feed = yield* Feed
  const { reading } = input
  const topics = reading._tag === "one" ? null : yield* Topics.fedOf(given, Reading.sourcesOf(reading, pipelines) ?? [])
  const topic = topics === null
    ? Option.getOrElse(Kafka.topicOf(yield* Topics.one(given)), () => feed.name)
    : Topics.named({ ...given, topics })
  const { isQuiet, layer } = yield* Kafka.stores({ ...input, topic, topics, create: true }, pipelines)
  const ingest = reading._tag === "one"
    ? Ingest.byKey(Kafka.sourcesOf(pipelines))
    : Reading.ingestion(reading, pipelines, (source) => Kafka.sourcesOf(pipelines, source))
  yield* withEngine(input, pipelines, ingest, isQuiet).pipe(Effect.provide(Stores.engineOn(layer)))
})

const withEngine = Effect.fnUntraced(function*<R>(
  input: Input,
  pipelines: ReadonlyArray<AnyPipeline>,
  ingestion: Effect.Effect<Ingest.Ingestion, never, EventLog | Feed>,
  isLogInReach: Effect.Effect<boolean, never, R>
) {
  const context = yield* Effect.context<R>()
  const log = yield* EventLog
  const engine = yield* Engine
  const feed = yield* Feed
  const name = Pipelines.checkpointName(log.topic, pipelines)
  if (input.restart) yield* restart(name, pipelines)
  let hasEnded = false
  if (isWatched(input) && input.page) {
    const past = { ...(yield* Page.pastOf), maxTimeAhead: input.maxTimeAhead }
    yield* servePage({ ...input, past, hasEnded: Effect.sync(() => hasEnded) }, pipelines)
  }

  const { isQuiet, run } = yield* ingestion
  const ended = yield* Deferred.make<ReadonlyArray<number>, EventLogError>()
  const ingest = Effect.gen(function*() {
    yield* run
    hasEnded = true
    if (input.once) yield* Deferred.succeed(ended, yield* log.ends)
    else yield* Effect.andThen(sayThatItEnded(input), Effect.never)
    return yield* Effect.never
  })
  const options: Options = {
    name,
    pipelines,
    stopAt: Deferred.await(ended),
    maxTimeAhead: input.maxTimeAhead,
    maxDrift: input.maxDrift,
    isQuiet: Effect.zipWith(isQuiet, isLogInReach, (isFeedHeard, isInReach) => isFeedHeard && isInReach).pipe(
      Effect.provideContext(context)
    ),
    speed: feed.control !== undefined ? Effect.map(feed.control.pace, ({ speed }) => speed) : feed.name === "recorded" ? input.speed : 1,
    ...(input.once ? {} : { idleTimeout: input.idleTimeout }),
    ...(input.keep === null ? {} : { markEvery: Keep.markEvery })
  }
  yield* Effect.raceFirst(Effect.tap(engine.run(options), Keep.last), ingest).pipe(
    Memory.guarded,
    isWatched(input) ? Display.during(Page.timeZone) : identity,
    Report.accounted({ file: input.report, letters: Report.lettersOf(input, log.topic) })
  )
})

/** A run that ends by itself, or whose results go to stdout, is for programs: no page and no table. */
const isWatched = (input: Input): boolean => !input.once && !input.sinks.includes("stdout")

const servePage = Effect.fnUntraced(function*(input: Parameters<typeof Page.serve>[0], pipelines: ReadonlyArray<AnyPipeline>) {
  const feed = yield* Feed
  const url = yield* Page.serve(input, pipelines)
  say(`${Display.badge(yield* feed.freshness)} on ${url} (stop with Ctrl-C)`)
})

const sayThatItEnded = (input: Input) =>
  Effect.sync(() => {
    const { reading } = input
    const again = reading._tag === "files" || reading.feed === "stdin" || OwnModule.isFile(reading.feed) ? "" : "; to see it again, start with another --data folder"
    const hasPage = isWatched(input) && input.page
    say(`The feed has ended${again}. ${hasPage ? "The page stays up until" : "Stop with"} Ctrl-C.`)
  })
