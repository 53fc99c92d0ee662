/** `courant submit`: pipelines on a cluster, which goes on with them when the command has ended. */
import { Effect } from "effect"
import { Command } from "effect/cli"
import type { Any as AnyPipeline } from "../../streams/pipeline/Pipeline.ts"
import * as Flags from "../Flags.ts"
import * as Influxdb from "../influxdb/Influxdb.ts"
import * as Kafka from "../kafka/Kafka.ts"
import * as OwnModule from "../OwnModule.ts"
import * as Pipelines from "../Pipelines.ts"
import { say, usage } from "../terminal/Problem.ts"
import type { Brokers } from "../spark/SparkKafka.ts"
import type * as SparkRun from "../spark/SparkRun.ts"
import * as SparkFlags from "../spark/SparkFlags.ts"
import * as SparkServer from "../spark/SparkServer.ts"

const flags = {
  pipelines: Flags.chosenPipelines,
  engine: SparkFlags.engine,
  rest: SparkFlags.rest,
  connect: SparkFlags.connect,
  port: SparkFlags.port,
  conf: SparkFlags.conf,
  checkpointDir: SparkFlags.checkpointDir,
  topics: Flags.kafkaTopics,
  brokers: Flags.brokers,
  connectTimeout: SparkFlags.connectTimeout,
  sinks: Flags.keptSinks,
  data: Flags.data,
  once: Flags.once,
  restart: Flags.restart,
  stop: SparkFlags.stop,
  outOfOrderness: Flags.outOfOrderness,
  allowedLateness: Flags.allowedLateness,
  maxTimeAhead: Flags.maxTimeAhead,
  page: Flags.wantedPage,
  pagePort: SparkFlags.pagePort,
  host: Flags.host,
  report: Flags.report
}

export type Input = Command.Command.Config.Infer<typeof flags>

export const command = Command.make(
  "submit",
  flags,
  Effect.fnUntraced(function*(input) {
    const pipelines = yield* Pipelines.resolveAll(input.pipelines, Pipelines.boundsOf(input), "any", Pipelines.onSpark)
    const given = yield* Kafka.givenTopics(input.topics, pipelines, "courant submit")
    yield* Effect.scoped(input.stop ? stop(input, given.topic, pipelines) : run(input, given, pipelines))
  })
).pipe(
  Command.withDescription(
    "Runs pipelines over a Kafka topic, or over those of several sources, on a Spark cluster. Spark writes their panes into the topic TOPIC-panes, and this " +
      "command copies them into the sinks. Ctrl-C stops the command but not the query; run the same command to rejoin it. " +
      "With --once it computes all windows of what the topic holds now, and exits."
  ),
  Command.withExamples([
    {
      command: "courant submit candles-1m --engine spark --rest http://127.0.0.1:6066 --brokers 127.0.0.1:9092 " +
        "--topic ticks --checkpoint-dir /shared/checkpoints",
      description: "Launch a Spark Connect server on the cluster, and compute candles until stopped"
    },
    {
      command: "courant submit candles-1m --engine spark --connect spark:15002 --brokers 127.0.0.1:9092 " +
        "--topic ticks --once --sink influxdb",
      description: "All candles of what the topic holds now into InfluxDB, on a running server"
    },
    {
      command: "courant submit ./market.ts --engine spark --connect spark:15002 --brokers 127.0.0.1:9092 --checkpoint-dir /shared/checkpoints " +
        "--topic market --topic trades=my-trades --topic quotes=my-quotes",
      description: "Pipelines of two sources, each from the topic of its own; the panes go into market-panes"
    },
    {
      command: "courant submit candles-1m --engine spark --rest http://127.0.0.1:6066 --topic ticks --stop",
      description: "Stop the query"
    }
  ])
)

const stop = Effect.fnUntraced(function*(input: Input, topic: string, pipelines: ReadonlyArray<AnyPipeline>) {
  if (input.once || input.restart) {
    return yield* usage("--stop stops a query and computes nothing: leave out --once and --restart")
  }
  const server = yield* SparkServer.serverOf({ ...input, launches: "never" })
  const place = yield* SparkServer.runningOf(server)
  if (place === undefined) return say("no Spark Connect server that was launched from here is running, and so no query")
  const { clusterOf, stopAll } = yield* Effect.promise(() => import("../spark/SparkRun.ts"))
  yield* stopAll(pipelines, topic).pipe(
    Effect.provide(clusterOf({ ...input, server: { ...server, place }, brokers: undefined, checkpoints: "" }))
  )
})

const run = Effect.fnUntraced(function*(input: Input, given: Pick<SparkRun.Choice, "topic" | "topics">, pipelines: ReadonlyArray<AnyPipeline>) {
  yield* OwnModule.check("sink", input.sinks)
  if (input.sinks.includes("influxdb")) yield* Influxdb.optionsOf(input.connectTimeout)
  const brokers = yield* brokersOf(input)
  const checkpoints = yield* checkpointsOf(input)
  const server = yield* SparkServer.serverOf({ ...input, launches: input.once ? "once" : "forever" })
  const { run } = yield* Effect.promise(() => import("../spark/SparkRun.ts"))
  yield* run({ ...input, ...given, brokers, checkpoints, server }, pipelines)
})

/** Spark's own clients are given a password, and no token. */
const brokersOf = Effect.fnUntraced(function*(input: Input) {
  const options = yield* Kafka.optionsOf(input)
  const { sasl } = options
  if (sasl?.mechanism === "oauthbearer") return yield* usage("Spark's Kafka clients get no token from here: use COURANT_KAFKA_SASL=scram-sha-512 or plain")
  const brokers: Brokers = { ...options, sasl }
  return brokers
})

/** Of Spark's own file systems. A computation with an end saves nothing. */
const checkpointsOf = Effect.fnUntraced(function*({ checkpointDir, once }: Input) {
  const dir = SparkFlags.orVariable(checkpointDir, "CHECKPOINTS")
  if (dir === undefined) {
    if (once) return ""
    return yield* usage(
      "Spark saves its queries in a folder that its driver and all workers reach: give --checkpoint-dir URL, or set " +
        "COURANT_SPARK_CHECKPOINTS; with --once none is needed"
    )
  }
  if (/^(?:\/|[a-z][a-z0-9+.-]*:\/)/i.test(dir)) return dir
  return yield* usage(`--checkpoint-dir is a URL or an absolute path on driver and workers, and "${dir}" is neither`)
})
