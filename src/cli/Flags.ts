/** The flags that commands share, each with its meaning once. */
import { DateTime, Duration, Effect, Option } from "effect"
import { Argument, CliError, Flag } from "effect/cli"
import { existsSync, statSync } from "node:fs"
import * as MarketSymbol from "../domain/MarketSymbol.ts"
import { builtInNames } from "./BuiltIn.ts"
import * as Completed from "./Completed.ts"
import * as Feeds from "./Feeds.ts"
import * as Instants from "./Instants.ts"
import * as OwnModule from "./OwnModule.ts"
import { sinkNames } from "./Tee.ts"

const units: { readonly [unit: string]: number } = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `5s`, `250ms`, `1.5h`, or what Effect reads: `5 seconds`. In whole milliseconds. */
const parseDuration = (text: string): number | undefined => {
  const short = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim())
  if (short !== null) return Math.round(Number(short[1]) * units[short[2] ?? "ms"]!)
  // Effect reads the long form itself; the pattern is that of its template type.
  const long = /^\d+ (milli|second|minute|hour|day|week)s?$/.test(text) ? Duration.fromInput(text as Duration.Input) : Option.none()
  return Option.getOrUndefined(Option.map(long, Duration.toMillis))
}

const parsed = <A>(flag: Flag.Flag<string>, name: string, expected: string, parse: (text: string) => A | undefined) =>
  Flag.mapEffect(flag, (value) => {
    const result = parse(value)
    return result === undefined
      ? Effect.fail(new CliError.InvalidValue({ option: name, value, expected, kind: "flag" }))
      : Effect.succeed(result)
  })

const duration = (name: string) =>
  parsed(Flag.String(name).pipe(Flag.withMetavar("DURATION")), name, "a duration such as 250ms, 5s, 1m or 2h", parseDuration)

const list = (text: string): ReadonlyArray<string> => text.split(",").map((part) => part.trim()).filter((part) => part !== "")

/** Whatever it is called, as long as no file is in its place. */
const parseFolder = (text: string): string | undefined =>
  text === "" || (existsSync(text) && !statSync(text).isDirectory()) ? undefined : text

export const data = parsed(
  Completed.flag("data", "directory").pipe(Flag.withMetavar("DIR")),
  "data",
  "a folder, or a path at which one can be made",
  parseFolder
).pipe(
  Flag.withDescription("Folder for the log, results, checkpoints and dead letters (default: .courant)"),
  Flag.withDefault(".courant")
)

/** A topic is a folder below the data folder, and must not lead out of it. The characters are those of Kafka's topics. */
const parseTopic = (text: string): string | undefined =>
  /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/.test(text) ? text : undefined

/** `market`, or `trades=my-trades`: the topic of a source. */
const parseTopicOrSource = (text: string): { readonly source: string | null; readonly topic: string } | undefined => {
  const [topic = "", source = null, ...others] = text.split("=").reverse()
  return others.length > 0 || parseTopic(topic) === undefined || (source !== null && parseTopic(source) === undefined) ? undefined : { source, topic }
}

const topicsWith = (description: string) =>
  parsed(
    Flag.String("topic").pipe(Flag.withMetavar("NAME|SOURCE=TOPIC")),
    "topic",
    "a name of A-Z a-z 0-9 . _ - that does not begin with a dot, or SOURCE=TOPIC of two such names",
    parseTopicOrSource
  ).pipe(
    Flag.withDescription(
      `${description}. On Kafka SOURCE=TOPIC, repeated for several sources: the topic of each, beside a NAME for what is made of them`
    ),
    Flag.atLeast(0)
  )

/** Of commands that compute over one that is there, or over several of Kafka. */
export const topics = topicsWith("Topic of the log (default: the only one there is; with --log kafka COURANT_KAFKA_TOPIC)")

/** Of commands that write to it. */
export const fedTopics = topicsWith("Topic of the log (default: the feed's name; with --log kafka also COURANT_KAFKA_TOPIC)")

/** Of commands that look at all that are there. */
export const anyTopics = topicsWith("Only this topic of the log; required with --log kafka (or COURANT_KAFKA_TOPIC)")

/** Of commands whose events are on Kafka and nowhere else. */
export const kafkaTopics = topicsWith("Kafka topic with the events (or COURANT_KAFKA_TOPIC)")

const pipelinesWith = (description: string) =>
  Completed.flag("pipelines", builtInNames).pipe(
    Flag.withMetavar("A,B"),
    Flag.withDescription(`${description}: names, or files that export pipelines (./my-pipeline.ts)`),
    Flag.map(list),
    Flag.optional
  )

/** For commands that look at some of them. */
export const chosenPipelines = Completed.argument("pipeline", builtInNames).pipe(
  Argument.withMetavar("PIPELINE"),
  Argument.withDescription("Name of a pipeline, or a file that exports pipelines (./my-pipeline.ts); separate several with commas"),
  Argument.map((text) => text.split(",").map((part) => part.trim()).filter((part) => part !== ""))
)

export const pipelines = pipelinesWith("Pipelines to run, by default all built-in ones")

/** For commands that compute nothing, and have to know the events' fields. */
export const pipelinesOfSource = pipelinesWith("Pipelines whose source defines what an event is, by default that of ticks")

/** For commands that look for a processor, which is called after its pipelines. */
export const pipelinesOfProcessor = pipelinesWith("Pipelines of the processor to look for, by default all built-in ones")

export const outOfOrderness = duration("out-of-orderness").pipe(
  Flag.withDescription("How far a tick may lag behind the newest one and still be on time (default: 5s)"),
  Flag.optional
)

export const allowedLateness = duration("allowed-lateness").pipe(
  Flag.withDescription("How long a closed window still accepts late ticks, each as a new revision (default: 1d for candles and days, else the pipeline's own)"),
  Flag.optional
)

export const maxTimeAhead = duration("max-time-ahead").pipe(
  Flag.withDescription("How far a tick's time may be ahead of the clock; ticks beyond that become dead letters (default: 5m)"),
  Flag.withDefault(300_000)
)

export const idleTimeout = duration("idle-timeout").pipe(
  Flag.withDescription("How long to wait without a tick before windows close by the clock (default: 30s)"),
  Flag.withDefault(30_000)
)

/** One of some names, or a file with something of the user's own. */
const parseNamed = <Name extends string>(names: ReadonlyArray<Name>) => (text: string): Name | OwnModule.File | undefined =>
  names.find((name) => name === text) ?? (OwnModule.isFile(text) ? text : undefined)

const named = <Name extends string>(flag: string, names: ReadonlyArray<Name>) =>
  parsed(
    Completed.flag(flag, names).pipe(Flag.withMetavar(`${names.join("|")}|FILE`)),
    flag,
    `${names.join(", ")}, or a file such as ./my-${flag}.ts`,
    parseNamed(names)
  )

export const feeds = parsed(
  Completed.flag("feed", Feeds.names).pipe(Flag.withMetavar(`${Feeds.names.join("|")}|FILE|file:SOURCE=PATH`)),
  "feed",
  `${Feeds.names.join(", ")}, a file such as ./my-feed.ts, or file:SOURCE=PATH with the events of a source, such as file:trades=trades.ndjson`,
  Feeds.parse
).pipe(
  Flag.withDescription(
    "Source of the ticks; auto, the default, is yahoo, or recorded if Yahoo Finance cannot be reached. A file exports a Layer of " +
      "Feed, or a Stream of rows or lines, by default. file:SOURCE=PATH, repeated for several sources, reads lines of JSON, or CSV " +
      "with a header (.csv), also compressed (.gz)"
  ),
  Flag.atLeast(0)
)

export const sourceField = Flag.String("source-field").pipe(
  Flag.withMetavar("NAME"),
  Flag.withDescription("The field of each event that names its source, if the feed has events of several sources"),
  Flag.optional
)

export const maxDrift = duration("max-drift").pipe(
  Flag.withDescription("With several sources: how far in event time one is read ahead of another that has events to read (default: 10m)"),
  Flag.withDefault(600_000)
)

const parseSymbols = (text: string): ReadonlyArray<string> | undefined => {
  const symbols = list(text.toUpperCase())
  return symbols.length > 0 && symbols.every((symbol) => MarketSymbol.pattern.test(symbol)) ? symbols : undefined
}

export const symbols = parsed(
  Flag.String("symbols").pipe(Flag.withMetavar("A,B")),
  "symbols",
  `symbols of ${MarketSymbol.characters} separated by commas`,
  parseSymbols
).pipe(
  Flag.withDescription("Symbols to request from Yahoo Finance (default: AAPL,MSFT,NVDA,AMZN,GOOGL)"),
  Flag.withDefault(["AAPL", "MSFT", "NVDA", "AMZN", "GOOGL"])
)

const parseSpeed = (text: string): number | undefined => {
  const speed = text === "max" ? Infinity : Number(text)
  return speed > 0 ? speed : undefined
}

export const speedOf = (fallback: number) =>
  parsed(Flag.String("speed").pipe(Flag.withMetavar("N")), "speed", "a number above 0, or max", parseSpeed).pipe(
    Flag.withDescription(`Replay speed, as a multiple of real time; max for no delay (default: ${fallback === Infinity ? "max" : fallback})`),
    Flag.withDefault(fallback)
  )

export const log = Flag.Literals("log", ["sqlite", "kafka", "memory"]).pipe(
  Flag.withDescription("Where events are kept: sqlite, the default, a kafka topic, or memory, which lasts as long as the run"),
  Flag.withDefault("sqlite")
)

/** Without a log in memory, for commands whose log outlives them. */
export const keptLog = Flag.Literals("log", ["sqlite", "kafka"]).pipe(
  Flag.withDescription("Where events are kept: sqlite, the default, or a kafka topic"),
  Flag.withDefault("sqlite")
)

export const brokers = Flag.String("brokers").pipe(
  Flag.withMetavar("HOST:PORT"),
  Flag.withDescription("Kafka brokers, separated by commas (or COURANT_KAFKA_BROKERS)"),
  Flag.map(list),
  Flag.optional
)

export const partitions = Flag.Int("partitions").pipe(
  Flag.withDescription("Number of partitions of a new Kafka topic (default: 1); an existing topic must have as many"),
  Flag.filter((value) => value >= 1, (value) => `a topic has at least 1 partition, and ${value} is not`),
  Flag.optional
)

/** In seconds. */
export const connectTimeoutOf = (fallback: number) =>
  duration("connect-timeout").pipe(
    Flag.withDescription(`How long to wait for Kafka and InfluxDB at startup (default: ${fallback}s)`),
    Flag.withDefault(1_000 * fallback)
  )

export const connectTimeout = connectTimeoutOf(30)

/** For commands that only look. */
export const expectedPartitions = Flag.Int("partitions").pipe(
  Flag.withDescription("Number of partitions that the Kafka topic must have (default: any)"),
  Flag.optional
)

export const as = Flag.String("as").pipe(
  Flag.withMetavar("NAME"),
  Flag.withDescription(
    "The processor whose decisions are taken: that a partition was idle, that the input had ended. By default that of these " +
      "pipelines, or the only one that there is."
  ),
  Flag.optional
)

export const onGap = Flag.Literals("on-gap", ["stop", "record"]).pipe(
  Flag.withDescription("What to do if Kafka deleted events before they were read: stop, the default, or record the gap and continue"),
  Flag.withDefault("stop")
)

const bytes: { readonly [unit: string]: number } = { KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 }

const parseSize = (text: string): number | undefined => {
  const [, amount = "", unit = ""] = /^(\d+(?:\.\d+)?) ?([KMGT]i?B)$/.exec(text) ?? []
  return bytes[unit] === undefined ? undefined : Math.round(Number(amount) * bytes[unit])
}

/** A time, a size, or one of each. */
const parseKeep = (text: string): { readonly age?: number; readonly bytes?: number } | undefined => {
  const limits = list(text).map((part) => {
    const size = parseSize(part)
    return size === undefined ? { age: parseDuration(part) } : { bytes: size }
  })
  const merged: { readonly age?: number; readonly bytes?: number } = Object.assign({}, ...limits)
  const given = Object.values(merged)
  return given.length > 0 && given.length === limits.length && given.every((limit) => limit !== undefined && limit > 0) ? merged : undefined
}

export const keep = parsed(
  Flag.String("keep").pipe(Flag.withMetavar("7d,10GB")),
  "keep",
  "a time such as 7d, a size such as 10GB, or both: 7d,10GB",
  parseKeep
).pipe(
  Flag.withDescription(
    "Remove events and results that are older than this, or the oldest beyond this size; never what a processor still needs " +
      "(default: keep everything). For --log sqlite; a Kafka topic has its own retention"
  ),
  Flag.optional
)

export const checkpoints = Flag.Literals("checkpoints", ["sqlite", "kafka"]).pipe(
  Flag.withDescription("Where the state of a run over Kafka is saved: sqlite, the default, or kafka, to resume on any host"),
  Flag.withDefault("sqlite")
)

export const standby = Flag.Literals("standby", ["cold", "warm"]).pipe(
  Flag.withDescription(
    "Over Kafka, while another process is active: wait and restore the checkpoint at take-over (cold, the default), or read " +
      "along, for a take-over without restoring (warm, with --checkpoints kafka)"
  ),
  Flag.withDefault("cold")
)

/** Renewals come five times as often: less would be a burden, and no machine is as punctual. */
const shortestTakeOver = 100

export const takeOverAfter = duration("take-over-after").pipe(
  Flag.withDescription("Over Kafka: how long this process may be silent while it is active, before another takes over (default: 2s)"),
  Flag.filter((value) => value >= shortestTakeOver, (value) => `--take-over-after is at least ${shortestTakeOver}ms, and ${value}ms is not`),
  Flag.withDefault(2_000)
)

const sinksWith = (defaults: string) =>
  named("sink", sinkNames).pipe(
    Flag.withDescription(
      `Where panes and rows go; repeat it for several sinks (default: ${defaults}). Set COURANT_INFLUXDB_URL, _TOKEN, _ORG and ` +
        "_BUCKET for influxdb, which takes no rows. A file exports a Layer of ResultSink, or a function from panes to an Effect, by default"
    ),
    Flag.atLeast(0)
  )

export const sinks = sinksWith("sqlite; memory with --log memory")

/** Without a log in memory. */
export const keptSinks = sinksWith("sqlite")

export const rows = Completed.flag("rows", "file").pipe(
  Flag.withMetavar("FILE"),
  Flag.withDescription("Also write the rows of pipelines that end in events to a file, one JSON object per line"),
  Flag.optional
)

/** One that panes can be read back from by another process. */
export const readSink = Flag.Literals("sink", ["sqlite", "influxdb", "kafka"]).pipe(
  Flag.withDescription("Sink to read: sqlite, the default, influxdb (set COURANT_INFLUXDB_URL, _TOKEN, _ORG and _BUCKET), or kafka"),
  Flag.withDefault("sqlite")
)

export const once = Flag.Boolean("once").pipe(
  Flag.withDescription("Read to the end of the input, close every window, and exit"),
  Flag.withDefault(false)
)

export const restart = Flag.Boolean("restart").pipe(
  Flag.withDescription("Delete the saved state and the results, and compute everything again from the log"),
  Flag.withDefault(false)
)

export const report = Completed.flag("report", "file").pipe(
  Flag.withMetavar("FILE"),
  Flag.withDescription("Write the account of the run (what became of every event) to a file as JSON at the end"),
  Flag.optional
)

export const port = Flag.Int("port").pipe(
  Flag.withDescription("Port of the page; 0 for any free port (default: 4380)"),
  Flag.filter(
    (value) => value >= 0 && value <= 65_535,
    (value) => `a port is a number from 0 to 65535, and ${value} is not`
  ),
  Flag.withDefault(4380)
)

export const host = Flag.String("host").pipe(
  Flag.withDescription("Address that the page listens on; any but loopback requires COURANT_TOKEN, 16 characters or more (default: 127.0.0.1)"),
  Flag.withDefault("127.0.0.1")
)

export const page = Flag.Boolean("page").pipe(
  Flag.withDescription("Serve the live page, by default unless --once or --sink stdout is given; turn it off with --no-page"),
  Flag.withDefault(true)
)

export const wantedPage = Flag.Boolean("page").pipe(
  Flag.withDescription("Serve the live page, and /metrics for Prometheus"),
  Flag.withDefault(false)
)

const instant = (name: string) =>
  parsed(
    Flag.String(name).pipe(Flag.withMetavar("TIME")),
    name,
    "a time such as 2013-10-08T13:30:00Z or milliseconds since the epoch",
    Instants.parse
  )

export const from = instant("from").pipe(Flag.withDescription("Only windows that start at or after this time (without a zone in that of the times shown)"), Flag.optional)
export const to = instant("to").pipe(Flag.withDescription("Only windows that start before this time (without a zone in that of the times shown)"), Flag.optional)

export const asKnownAt = instant("as-known-at").pipe(
  Flag.withDescription("What was known at this time, computed from the log; the newest by default, from the sink"),
  Flag.optional
)

/** Results of runs over Kafka that SQLite keeps have folders of their own. */
export const logOfResults = Flag.Literals("log", ["sqlite", "kafka"]).pipe(
  Flag.withDescription("With --sink sqlite: results of a run over sqlite, the default, or over a kafka topic"),
  Flag.withDefault("sqlite")
)

export const since = duration("since").pipe(
  Flag.withDescription("Only windows that began at most this long ago"),
  Flag.optional
)

export const atMost = Flag.Int("limit").pipe(
  Flag.withDescription("Only the newest windows, this many (default: 100; all with --since or --from)"),
  Flag.filter((value) => value >= 1, (value) => `--limit is at least 1, and ${value} is not`),
  Flag.optional
)

export const mostRecords = Flag.Int("limit").pipe(
  Flag.withDescription("Records that are shown at most (default: 20; --json shows all)"),
  Flag.filter((value) => value >= 0, (value) => `--limit is at least 0, and ${value} is not`),
  Flag.withDefault(20)
)

export const json = Flag.Boolean("json").pipe(Flag.withDescription("Print one JSON object per line"), Flag.withDefault(false))

const parseTimeZone = (text: string): string | undefined => Option.isSome(DateTime.zoneMakeNamed(text)) ? text : undefined

export const timeZone = parsed(
  Flag.String("time-zone").pipe(Flag.withMetavar("ZONE")),
  "time-zone",
  "a time zone such as America/New_York or UTC",
  parseTimeZone
).pipe(Flag.withDescription("Time zone of the times shown, and of those given without one (default: this machine's)"), Flag.optional)

export const create = Flag.Boolean("create").pipe(
  Flag.withDescription("Create the InfluxDB bucket if it does not exist; it keeps points for ever"),
  Flag.withDefault(false)
)
