/** `courant doctor`: looks at everything a run needs, and says what to do where something is wrong. */
import { Console, Effect, Option } from "effect"
import { Command } from "effect/cli"
import { accessSync, constants, existsSync } from "node:fs"
import { createServer } from "node:net"
import { dirname, resolve } from "node:path"
import * as Database from "../../adapters/sqlite/Database.ts"
import * as SqliteEventLog from "../../adapters/sqlite/SqliteEventLog.ts"
import * as Yahoo from "../../adapters/yahoo/Yahoo.ts"
import { Feed } from "../../streams/ports/Feed.ts"
import * as Advice from "../terminal/Advice.ts"
import { bad, type Finding, note, ok } from "../terminal/Finding.ts"
import * as Flags from "../Flags.ts"
import * as Influxdb from "../influxdb/Influxdb.ts"
import * as Kafka from "../kafka/Kafka.ts"
import * as Pipelines from "../Pipelines.ts"
import { problem } from "../terminal/Problem.ts"
import * as Stores from "../Stores.ts"
import * as Topics from "../Topics.ts"

const flags = {
  data: Flags.data,
  port: Flags.port,
  symbols: Flags.symbols,
  log: Flags.keptLog,
  topics: Flags.anyTopics,
  brokers: Flags.brokers,
  connectTimeout: Flags.connectTimeoutOf(5),
  partitions: Flags.expectedPartitions,
  pipelines: Flags.pipelinesOfProcessor,
  create: Flags.create
}

type Input = Command.Command.Config.Infer<typeof flags>

export const command = Command.make(
  "doctor",
  flags,
  Effect.fnUntraced(function*(input) {
    const log = input.log === "kafka" ? yield* kafka(input) : topics(input)
    const checks = [node, folder(input.data), log, influxdb(input), page(input.port), yahoo(input.symbols)]
    const findings = (yield* Effect.all(checks, { concurrency: "unbounded" })).flat()
    for (const { detail, state, what } of findings) yield* Console.log(`${state.padEnd(5)}${what.padEnd(12)}${detail}`)
    const bad = findings.filter(({ state }) => state === "bad").length
    if (bad > 0) return yield* problem(`${bad} of ${findings.length} checks failed; each says what to do`)
  })
).pipe(
  Command.withDescription(
    "Checks Node.js, the data folder, the log, the page's port and Yahoo Finance, and says how to fix what is wrong. " +
      "With --log kafka it checks the brokers, the topics and their settings, the processor's lag and the dead letters. If " +
      "COURANT_INFLUXDB_URL, _TOKEN, _ORG and _BUCKET are set, it checks whether the token reads and writes the bucket, its " +
      "retention, and the clock. It changes nothing, except with --create."
  ),
  Command.withExamples([
    { command: "courant doctor", description: "Exit with code 1 if something has to be fixed" },
    { command: "courant doctor --log kafka --brokers 127.0.0.1:9092 --topic ticks", description: "Check brokers and a topic too" },
    {
      command: "courant doctor --log kafka --brokers 127.0.0.1:9092 --topic market --topic trades=my-trades --topic quotes=my-quotes --pipelines ./market.ts",
      description: "The same of several sources"
    },
    { command: "courant doctor --create", description: "Create the bucket that COURANT_INFLUXDB_BUCKET names" }
  ])
)

const node = Effect.sync((): ReadonlyArray<Finding> => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
  const enough = (major === 22 && minor >= 22) || (major === 24 && minor >= 6) || major > 24
  if (enough) return [ok("node", process.version)]
  return [bad("node", `${process.version} is too old or not supported (courant needs 22.22, or 24.6 or later): install Node.js 24, or use npm start`)]
})

const folder = (data: string) =>
  Effect.sync((): ReadonlyArray<Finding> => {
    const place = existsSync(data) ? data : dirname(resolve(data))
    try {
      accessSync(place, constants.W_OK)
      return [ok("folder", existsSync(data) ? data : `${data} will be created by the first run`)]
    } catch {
      return [bad("folder", `${place} cannot be written to: choose another with --data`)]
    }
  })

const topics = Effect.fnUntraced(function*({ data, topics }: Input) {
  const only = yield* Effect.flatMap(Topics.of(topics), Topics.inFolder)
  return yield* Effect.forEach(Option.match(only, { onNone: () => Stores.topicsIn(data), onSome: (only) => [only] }), (topic) =>
    SqliteEventLog.topics.pipe(
      Effect.provide(Database.Database.layer({ folder: Stores.folderOf({ data, topic }), readOnly: true })),
      Effect.map((found) => ok("log", `${topic}: ${told(topic, found)}`)),
      Effect.catch((error) => Effect.succeed(bad("log", `${topic}: ${Advice.sentence(error)}`)))
    ))
})

/** Of several sources each. */
const told = (topic: string, found: ReadonlyArray<SqliteEventLog.Topic>): string =>
  found.every(({ name }) => name === topic)
    ? `${found.reduce((sum, { records }) => sum + records, 0)} records`
    : found.map(({ name, records }) => `${records} records of ${name}`).join(", ")

const kafka = Effect.fnUntraced(function*(input: Input) {
  const pipelines = yield* Pipelines.resolveAll(Option.getOrUndefined(input.pipelines), {}, "any")
  const { topic, topics } = yield* Kafka.givenTopics(input.topics, pipelines)
  const connection = yield* Kafka.optionsOf(input)
  const { findings } = yield* Effect.promise(() => import("../kafka/KafkaDoctor.ts"))
  return findings({
    connection,
    topic,
    topics,
    partitions: Option.getOrUndefined(input.partitions),
    group: Pipelines.groupOf(topic, pipelines)
  })
})

/** Where the environment says nothing of one there is nothing to look at. */
const influxdb = Effect.fnUntraced(function*({ connectTimeout, create }: Input) {
  if (!create && !Influxdb.isNamed()) return []
  const connection = yield* Influxdb.optionsOf(connectTimeout)
  const { findings } = yield* Effect.promise(() => import("../influxdb/InfluxdbDoctor.ts"))
  return yield* findings({ connection, create })
}, Effect.catch((error) => Effect.succeed([bad("influxdb", Advice.sentence(error))])))

const page = (port: number) =>
  Effect.callback<ReadonlyArray<Finding>>((resume) => {
    const server = createServer()
    server.once("error", () =>
      resume(Effect.succeed([
        note("page", `port ${port} is in use, by a running courant or something else: choose another with --port`)
      ])))
    server.listen(port, "127.0.0.1", () =>
      server.close(() => resume(Effect.succeed([ok("page", `port ${port} is free`)]))))
  })

/** A run does without Yahoo, so its absence is worth a note and no more. */
const yahoo = (symbols: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const feed = yield* Feed
    const freshness = yield* feed.freshness
    return [ok("yahoo", `reached: ${freshness._tag}`)]
  }).pipe(
    Effect.provide(Yahoo.layer({ symbols })),
    Effect.scoped,
    Effect.catch(({ message }) =>
      Effect.succeed([note("yahoo", `${message}; run replays the recorded session`)]))
  )
