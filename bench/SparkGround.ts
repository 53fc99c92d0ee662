/** What the contenders of the benchmark of Spark share: pipelines, a broker, a topic of ticks, a cluster. */
import { Effect, Layer, Redacted } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Kafka, Spark } from "../services/testing.ts"
import { Connection } from "../src/adapters/kafka/client/Connection.ts"
import * as KafkaEventLog from "../src/adapters/kafka/KafkaEventLog.ts"
import * as KafkaResultSink from "../src/adapters/kafka/KafkaResultSink.ts"
import * as Session from "../src/adapters/spark/connect/Session.ts"
import { compile } from "../src/adapters/spark/compile/Compile.ts"
import * as LiveCluster from "../src/adapters/spark/live/LiveCluster.ts"
import { ConnectServer } from "../src/adapters/spark/rest/ConnectServer.ts"
import { Submissions } from "../src/adapters/spark/rest/Submissions.ts"
import type { SparkCluster, Work } from "../src/adapters/spark/SparkCluster.ts"
import { ticks } from "../src/analytics/ticks.ts"
import { CheckpointStore } from "../src/streams/ports/CheckpointStore.ts"
import { Decisions } from "../src/streams/ports/Decisions.ts"
import { DeadLetters } from "../src/streams/ports/DeadLetters.ts"
import { EventLog } from "../src/streams/ports/EventLog.ts"
import { Aggregate, Pipeline, Window } from "../src/streams/pipeline/index.ts"
import * as InProcess from "../src/streams/engine/InProcess.ts"
import { Monitor } from "../src/streams/ports/Monitor.ts"
import { fromTexts } from "../src/streams/records/Records.ts"
import * as Processes from "./Processes.ts"

export const minute = 60_000
export const start = 1_732_545_000_000
export const keys = 100

const results = {
  open: Aggregate.first("price"),
  high: Aggregate.max("price"),
  low: Aggregate.min("price"),
  close: Aggregate.last("price"),
  mean: Aggregate.mean("price"),
  volume: Aggregate.sum("size"),
  trades: Aggregate.count
}

/** By how many windows an event is in. */
export const pipelines = {
  1: ticks.pipe(Window.tumbling(minute), Aggregate.into(results), Pipeline.named("tumbling")),
  60: ticks.pipe(Window.hopping(minute, minute / 60), Aggregate.into(results), Pipeline.named("hopping"))
}

export type Overlap = keyof typeof pipelines

export const line = (i: number, time: number): string =>
  `{"symbol":"S${i % keys}","time":${time},"price":"${(100 + i % 1_000 / 100).toFixed(2)}","size":${1 + i % 100}}`

/** Where panes of a topic go, as `process` and `submit` have it. */
const panesOf = (topic: string): string => `${topic}-panes`

export const workOf = (topic: string, overlap: Overlap): Work => {
  const pipeline = pipelines[overlap]
  return { pipeline, program: Effect.runSync(compile(pipeline)), topic, results: panesOf(topic) }
}

export interface Ground {
  readonly brokers: string
  /** Milliseconds from the submission of its Connect server until that serves. */
  readonly servesAfter: number
  /** The processes of the cluster, whichever they are by then. */
  readonly processes: () => ReadonlyArray<number>
  /** A client that finds nothing of what others have begun: what is kept is in a folder of its own. */
  readonly cluster: () => Layer.Layer<SparkCluster, unknown>
}

/** A Connect server with what courant gives it by itself: a core and 1 GiB each for it and its executor. */
export const make = Effect.gen(function*() {
  const { access: { brokers } } = yield* Kafka
  const { access, folder } = yield* Spark
  const [host = "", port = ""] = access.connect.split(":")
  const session = { host, port: Number(port), token: Redacted.make(access.token) }
  const began = performance.now()
  const server = yield* Layer.build(ConnectServer.layer({
    port: session.port,
    token: session.token,
    properties: { "spark.sql.shuffle.partitions": "2", "spark.connect.session.manager.defaultSessionTimeout": "-1" },
    killAtEnd: true,
    serves: () => Effect.scoped(Session.connect({ ...session, patience: 0 }))
  }).pipe(Layer.provide(Submissions.layer({ url: access.rest }))))
  yield* Effect.flatMap(ConnectServer, ({ server }) => server).pipe(Effect.provideContext(server))
  const servesAfter = performance.now() - began
  const checkpoints = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "courant-bench-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  )
  let clients = 0
  const ground: Ground = {
    brokers,
    servesAfter,
    processes: Processes.mentioning(folder),
    cluster: () =>
      LiveCluster.layer({
        connect: { host, port: session.port },
        token: session.token,
        kafka: { "kafka.bootstrap.servers": brokers },
        checkpoints: join(checkpoints, String(clients++))
      })
  }
  return ground
})

const connectionTo = (brokers: string) => Connection.layer({ brokers: [brokers] })

export const newTopics = ({ brokers }: Ground, topic: string) =>
  Effect.gen(function*() {
    const { client } = yield* Connection
    // By the times of the ticks they are years old.
    yield* client.create({ name: topic, partitions: 1, configs: { "retention.ms": "-1" } })
    yield* client.create({ name: panesOf(topic), partitions: 1, configs: { "cleanup.policy": "compact" } })
  }).pipe(Effect.provide(connectionTo(brokers), { local: true }))

export const logOf = ({ brokers }: Ground, topic: string) =>
  KafkaEventLog.layer({ topic, source: ticks.definition }).pipe(Layer.provide(connectionTo(brokers)))

/** New topics, and so many ticks: 1,000 to a second of their time, the keys in turn. */
export const fill = Effect.fnUntraced(function*(ground: Ground, topic: string, count: number) {
  yield* newTopics(ground, topic)
  yield* Effect.gen(function*() {
    const log = yield* EventLog
    for (let at = 0; at < count; at += 2_000) {
      const texts = Array.from({ length: Math.min(2_000, count - at) }, (_, i) => line(at + i, start + at + i))
      yield* log.append(0, fromTexts(texts))
    }
  }).pipe(Effect.provide(logOf(ground, topic), { local: true }))
})

/** What `process` is made of, with checkpoints that are kept in memory. */
export const engineOf = ({ brokers }: Ground, topic: string) =>
  InProcess.layer.pipe(
    Layer.provide([CheckpointStore.layerMemory, Decisions.layerMemory, DeadLetters.layerMemory, Monitor.layer]),
    Layer.provide(KafkaResultSink.layer({ topic: panesOf(topic) })),
    Layer.provideMerge(KafkaEventLog.layer({ topic, source: ticks.definition })),
    Layer.provide(connectionTo(brokers))
  )
