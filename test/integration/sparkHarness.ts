/** Kafka, a cluster of Spark and a folder for checkpoints that both we and the cluster reach: one of each a file. */
import { assert } from "@effect/vitest"
import { Context, type Duration, Effect, Layer, Redacted } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Kafka, Spark } from "../../services/testing.ts"
import { Connection } from "../../src/adapters/kafka/client/Connection.ts"
import * as KafkaEventLog from "../../src/adapters/kafka/KafkaEventLog.ts"
import * as KafkaResultSink from "../../src/adapters/kafka/KafkaResultSink.ts"
import * as Session from "../../src/adapters/spark/connect/Session.ts"
import { ConnectServer } from "../../src/adapters/spark/rest/ConnectServer.ts"
import { Submissions } from "../../src/adapters/spark/rest/Submissions.ts"
import * as BatchFold from "../../src/streams/reference/BatchFold.ts"
import * as Pane from "../../src/streams/pipeline/Pane.ts"
import type { AnyOfPanes as AnyPipeline } from "../../src/streams/pipeline/Pipeline.ts"
import { ResultSink } from "../../src/streams/ports/ResultSink.ts"
import type { Definition } from "../../src/streams/pipeline/Source.ts"
import { begin, events, ingest, line, source as ticks } from "./market.ts"
import { perMinute } from "./minutes.ts"
import * as Checked from "../../src/streams/pipeline/Checked.ts"

export interface Options {
  /** Whether a Connect server is submitted, which takes a dozen seconds; otherwise its port is kept free. Yes, unless told. */
  readonly serving?: boolean
  /** Settings of the Connect server beside those below. */
  readonly properties?: Readonly<Record<string, string>>
}

export class SparkStack extends Context.Service<SparkStack, {
  /** Where the Connect server is, or is to be. */
  readonly connect: Session.Options
  /** URL of the REST API of the master. */
  readonly rest: string
  readonly token: Redacted.Redacted
  /** `HOST:PORT` of Kafka. */
  readonly brokers: string
  /** A folder that is there, for checkpoints. */
  readonly checkpoints: string
  /** The servers themselves, for faults. */
  readonly spark: Spark["Service"]
  readonly kafka: Kafka["Service"]
}>()("courant/test/SparkStack") {
  /** Done when all of it serves. A connection to Kafka comes with it, for the helpers below. */
  static readonly layer = (options: Options = {}) =>
    Layer.flatMap(Layer.merge(Spark.layer(), Kafka.layer()), (servers) => {
      const kafka = Context.get(servers, Kafka)
      const spark = Context.get(servers, Spark)
      const connect = connectOf(spark)
      const stack = Layer.succeed(SparkStack, {
        connect,
        rest: spark.access.rest,
        token: connect.token,
        brokers: kafka.access.brokers,
        checkpoints: join(spark.folder, "checkpoints"),
        spark,
        kafka
      })
      const all = Layer.merge(stack, Connection.layer({ brokers: [kafka.access.brokers] }))
      return options.serving === false ? all : Layer.merge(all, serving(spark, options.properties))
    })
}

const connectOf = ({ access }: Spark["Service"]) => {
  const [host = "", port = ""] = access.connect.split(":")
  return { host, port: Number(port), token: Redacted.make(access.token), patience: "5 minutes" } as const
}

/**
 * Has drivers and executors compile quickly rather than well: most of what they do in the minutes that they live is to
 * load and compile themselves.
 */
export const hasty = {
  "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
  "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1"
} as const

/** What a Connect server of a test is told: one core, and streams that are rotated every second instead of 2 minutes. */
export const properties = {
  ...hasty,
  "spark.driver.host": "127.0.0.1",
  "spark.driver.bindAddress": "127.0.0.1",
  "spark.sql.shuffle.partitions": "2",
  "spark.connect.execute.reattachable.senderMaxStreamDuration": "1s"
}

const serving = (spark: Spark["Service"], more: Options["properties"]) => {
  const connect = connectOf(spark)
  const server = ConnectServer.layer({
    port: connect.port,
    token: connect.token,
    properties: { ...properties, ...more },
    serves: () => Effect.scoped(Session.connect({ ...connect, patience: 0 })),
    killAtEnd: true
  }).pipe(Layer.provide(Submissions.layer({ url: spark.access.rest })))
  return Layer.effectDiscard(ConnectServer.use(({ server }) => server)).pipe(Layer.provide(server))
}

let topics = 0

/** A topic of events and its compacted topic of panes, both made anew. */
export const newTopic = Effect.fnUntraced(function*(
  options: { readonly partitions?: number; readonly source?: Definition } = {}
) {
  const topic = `spark-${process.pid}-${++topics}`
  const { partitions = 2, source = ticks } = options
  yield* Effect.void.pipe(Effect.provide(
    Layer.merge(KafkaEventLog.layer({ topic, source, partitions }), KafkaResultSink.layer({ topic: resultsOf(topic) })),
    { local: true }
  ))
  return topic
})

/** Where the panes of a topic go. */
export const resultsOf = (topic: string): string => `${topic}-panes`

/** Ticks of so many minutes of event time, each up to 4 seconds out of order, and none late. */
export const minutes = (from: number, count: number, random: () => number): ReadonlyArray<string> =>
  Array.from({ length: count * perMinute }, (_, i) =>
    JSON.stringify({
      symbol: `S${Math.floor(20 * random())}`,
      time: begin + from * 60_000 + i * (60_000 / perMinute) + Math.floor(4_000 * random()),
      price: (100 + Math.floor(1_000 * random()) / 100).toFixed(2),
      size: 1 + Math.floor(100 * random())
    }))

const logOf = (topic: string, source: Definition) => KafkaEventLog.layer({ topic, source, create: false })

/** Writes lines of events, each to the partition of its key. */
export const append = (topic: string, lines: ReadonlyArray<string>) =>
  ingest(lines).pipe(Effect.provide(logOf(topic, ticks), { local: true }))

/** The panes of a topic of results, as texts that can be compared. */
export const panesOf = (topic: string) =>
  ResultSink.use((sink) => sink.read({})).pipe(
    Effect.map((panes) => new Set(panes.map(line))),
    Effect.provide(KafkaResultSink.layer({ topic: resultsOf(topic) }), { local: true })
  )

/**
 * The panes that the batch fold makes of all that is in a topic of ticks; only those of windows that are closed, where
 * it is a query without an end whose panes they are held against.
 */
export const foldOf = Effect.fnUntraced(function*(pipeline: AnyPipeline, topic: string, which: "closed" | "all" = "closed") {
  const { definition } = Checked.inputOf(pipeline.checked).events
  const found = yield* events.pipe(Effect.provide(logOf(topic, definition), { local: true }))
  const { eventTime, outOfOrderness } = definition
  const latest = found.reduce((latest, { fields }) => Math.max(latest, Number(fields[eventTime.field])), -Infinity)
  const watermark = which === "all" ? Infinity : latest - outOfOrderness
  return new Set(
    BatchFold.fold(pipeline, found).results.filter(({ end }) => end <= watermark).map((result) =>
      line(Pane.encode({ ...result, pipeline: pipeline.name, pane: "on-time", revision: 0 })))
  )
})

/** The process of the Connect server's driver, on the worker. */
export const driverOf = ({ spark }: SparkStack["Service"]) =>
  Effect.sync(() => {
    const found = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).filter((pid) =>
      [spark.folder, "DriverWrapper", "SparkConnectServer"].every((part) => commandLineOf(pid).includes(part)))
    assert.strictEqual(found.length, 1, "one driver runs")
    return Number(found[0])
  })

const commandLineOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8")
  } catch {
    return ""
  }
}

/** Waits until a topic has at least so many panes, and gives them; when the time is over, those that are there. */
export const panesOnce = Effect.fnUntraced(function*(_topic: string, count: number, atMost: Duration.Input = "5 minutes") {
  const sink = yield* ResultSink
  let panes = yield* sink.read({})
  const looking = Effect.gen(function*() {
    while (panes.length < count) {
      yield* Effect.sleep("300 millis")
      panes = yield* sink.read({})
    }
  })
  yield* Effect.timeoutOption(looking, atMost)
  return new Set(panes.map(line))
}, (looking, topic) => Effect.provide(looking, KafkaResultSink.layer({ topic: resultsOf(topic) }), { local: true }))
