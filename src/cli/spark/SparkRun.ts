/** Pipelines on Spark, from the topic of their events to the sinks. Loaded only then: the clients take their time to load. */
import { Effect, identity, Layer, Option, type Stdio } from "effect"
import * as Connection from "../../adapters/kafka/client/Connection.ts"
import * as KafkaDeadLetters from "../../adapters/kafka/KafkaDeadLetters.ts"
import * as KafkaPaneLog from "../../adapters/kafka/KafkaPaneLog.ts"
import * as KafkaResultSink from "../../adapters/kafka/KafkaResultSink.ts"
import * as Topics from "../../adapters/kafka/client/Topics.ts"
import * as LiveCluster from "../../adapters/spark/live/LiveCluster.ts"
import * as Compiled from "../../adapters/spark/compile/Compiled.ts"
import { PaneLog } from "../../adapters/spark/PaneLog.ts"
import { SparkCluster } from "../../adapters/spark/SparkCluster.ts"
import * as SparkEngine from "../../adapters/spark/SparkEngine.ts"
import * as Database from "../../adapters/sqlite/Database.ts"
import * as SqliteCheckpointStore from "../../adapters/sqlite/SqliteCheckpointStore.ts"
import * as SqliteResultSink from "../../adapters/sqlite/SqliteResultSink.ts"
import * as StdoutSink from "../../adapters/stdio/StdoutSink.ts"
import * as PaneRelay from "../../streams/engine/PaneRelay.ts"
import type { CheckpointStore } from "../../streams/ports/CheckpointStore.ts"
import type { DeadLetters } from "../../streams/ports/DeadLetters.ts"
import { Engine } from "../../streams/ports/Engine.ts"
import { EventLog } from "../../streams/ports/EventLog.ts"
import { Monitor } from "../../streams/ports/Monitor.ts"
import * as FirstStage from "../../streams/pipeline/FirstStage.ts"
import type { Pane } from "../../streams/pipeline/Pane.ts"
import { type Any as AnyPipeline, isOfPanes } from "../../streams/pipeline/Pipeline.ts"
import { restart } from "../../streams/engine/Restart.ts"
import { ResultSink } from "../../streams/ports/ResultSink.ts"
import * as Influxdb from "../influxdb/Influxdb.ts"
import { topicsOf } from "../kafka/KafkaStores.ts"
import * as Page from "../Page.ts"
import * as Pipelines from "../Pipelines.ts"
import { say } from "../terminal/Problem.ts"
import * as Report from "../terminal/Report.ts"
import * as SparkGenerations from "./SparkGenerations.ts"
import { type Brokers, sparkOptionsOf } from "./SparkKafka.ts"
import * as SparkProgress from "../terminal/SparkProgress.ts"
import type { Server } from "./SparkServer.ts"
import { dataOfKafka, folderOf } from "../Stores.ts"
import { type Sink, type SinkName, sinksOf } from "../Tee.ts"
import type { SourceTopic } from "../Topics.ts"

export interface Choice {
  readonly topic: string
  /** Those of several sources, of which `topic` names what is made of them; `null` for the one topic. */
  readonly topics: ReadonlyArray<SourceTopic> | null
  readonly server: Server
  readonly brokers: Brokers
  /** A folder of driver and workers; empty for a computation with an end. */
  readonly checkpoints: string
  readonly sinks: ReadonlyArray<Sink>
  readonly data: string
  readonly once: boolean
  readonly restart: boolean
  /** In milliseconds, as the next. */
  readonly maxTimeAhead: number
  readonly connectTimeout: number
  readonly report: Option.Option<string>
  readonly page: boolean
  readonly pagePort: number
  readonly host: string
}

export const run = (choice: Choice, pipelines: ReadonlyArray<AnyPipeline>) => runOn(backendsOf, choice, pipelines)

/** The same, whatever the topics and the cluster are. */
export const runOn = Effect.fnUntraced(function*<E, R>(
  backendsOf: (place: Place) => Layer.Layer<Backends, E, R>,
  choice: Choice,
  pipelines: ReadonlyArray<AnyPipeline>
) {
  const { maxTimeAhead, once, report, topic } = choice
  const topics = choice.topics === null ? undefined : Object.fromEntries(choice.topics.map(({ source, topic }) => [source, topic]))
  // Nothing is begun for one pipeline where another of them cannot run.
  const compiled = yield* Compiled.all(pipelines, maxTimeAhead)
  // What is saved here is how far the topic of panes was carried.
  const processor = Pipelines.checkpointName(topicsOf(topic).panes, pipelines)
  const generation = { data: choice.data, processor }
  if (choice.restart) yield* SparkGenerations.renew(generation)
  const checkpoints = yield* SparkGenerations.folderOf(choice.checkpoints, generation)
  const standings = SparkProgress.standingsOf(pipelines)
  yield* Effect.addFinalizer(() => choice.server.end)

  const running = Effect.gen(function*() {
    const engine = yield* Engine
    if (choice.restart) yield* forget(choice, processor, pipelines)
    // The former panes would be carried once more.
    if (choice.restart) {
      const plans = SparkEngine.plansOf(compiled, topics)
      yield* Effect.provideServiceEffect(PaneRelay.skip({ name: processor, pipelines, plans }), EventLog, PaneLog)
    }
    if (choice.page) yield* servePage(choice, pipelines)
    return yield* engine.run({
      name: processor,
      pipelines,
      maxTimeAhead,
      ...(once ? { stopAt: Effect.succeed([]) } : {})
    })
  })
  yield* running.pipe(
    once ? identity : SparkProgress.during(standings, Intl.DateTimeFormat().resolvedOptions().timeZone),
    Report.accounted({ file: report, letters: Report.lettersOf({ ...choice, log: "kafka" }, topic) }),
    Effect.onInterrupt(() => Effect.sync(() => sayWhatGoesOn(standings))),
    // What ends us need not end the queries: only the cluster's own failures do.
    Effect.tapError((error) => Effect.sync(() => error._tag === "RemoteError" ? undefined : sayWhatGoesOn(standings))),
    Effect.provide(SparkEngine.layer({ topic, topics, compiled }).pipe(
      Layer.provideMerge(noted(standings)),
      Layer.provideMerge(backendsOf({ ...choice, checkpoints, processor, pipelines }))
    ))
  )
})

/** A processor's page: what it knows of the events is what their panes say. */
const servePage = Effect.fnUntraced(function*({ host, pagePort, topic }: Choice, pipelines: ReadonlyArray<AnyPipeline>) {
  const { topic: panes } = yield* PaneLog
  const feed = Page.layerLogAsFeed(panes, Effect.succeed(true))
  const url = yield* Page.serve({ host, port: pagePort, portFlag: "--page-port" }, pipelines).pipe(Effect.provide(feed))
  say(`${topic} on ${url} (stop with Ctrl-C)`)
})

const sayWhatGoesOn = (standings: SparkProgress.Standings): void => {
  const names = [...standings].filter(([, { isStarted }]) => isStarted).map(([name]) => name)
  if (names.length === 0) return
  const [keep, it] = names.length === 1 ? ["keeps", "it"] : ["keep", "them"]
  say(`${names.join(", ")} ${keep} running on Spark. Run the same command to rejoin ${it}, or with --stop to stop ${it}.`)
}

/** Ends the queries of pipelines over a topic. They go on from where they were when they are started again. */
export const stopAll = Effect.fnUntraced(function*(pipelines: ReadonlyArray<AnyPipeline>, topic: string) {
  const cluster = yield* SparkCluster
  yield* Effect.forEach(pipelines, ({ name }) =>
    Effect.flatMap(cluster.find(name, topic), (found) =>
      Option.match(found, {
        onNone: () => Effect.sync(() => say(`${name} is not running on Spark over ${topic}`)),
        onSome: ({ stop }) => Effect.andThen(stop, Effect.sync(() => say(`${name} has ended on Spark`)))
      })), { discard: true })
})

/**
 * Everything that was computed is gone: from the sinks, and from the topic of panes, where a tombstone stands for each.
 * What is in that topic before them has to be passed over: compaction takes it away only later.
 */
const forget = Effect.fnUntraced(function*({ topic }: Choice, processor: string, pipelines: ReadonlyArray<AnyPipeline>) {
  yield* stopAll(pipelines, topic)
  yield* restart(processor, pipelines)
  const inTopic = KafkaResultSink.layer({ topic: topicsOf(topic).panes })
  const names = pipelines.flatMap(({ name }) => [name, FirstStage.nameOfWindows(name)])
  yield* Effect.forEach(names, (name) => ResultSink.use(({ remove }) => remove(name)), { discard: true }).pipe(
    Effect.provide(inTopic)
  )
})

interface Place extends Choice {
  readonly pipelines: ReadonlyArray<AnyPipeline>
  readonly processor: string
}

type Backends = SparkCluster | PaneLog | CheckpointStore | ResultSink | DeadLetters | Connection.Connection | Monitor

const backendsOf = (place: Place) => {
  const { brokers, data, pipelines, topic, topics } = place
  const names = topicsOf(topic)
  const connection = Connection.Connection.layer(brokers)
  const database = Database.Database.layer({ folder: folderOf({ data: dataOfKafka(data), topic }) })
  const sinks: Record<SinkName, Layer.Layer<ResultSink, Error, DeadLetters | Monitor | Stdio.Stdio>> = {
    memory: ResultSink.layerMemory,
    sqlite: SqliteResultSink.layer.pipe(Layer.provide(database)),
    influxdb: Influxdb.layerSink(place),
    kafka: thereAlready(names.panes, pipelines).pipe(Layer.provide(connection)),
    stdout: StdoutSink.layer
  }
  return Layer.mergeAll(
    clusterOf(place),
    panesOf(names.panes),
    SqliteCheckpointStore.layer.pipe(Layer.provide(database)),
    sinksOf(sinks, place.sinks, "sqlite")
  ).pipe(
    Layer.provideMerge(KafkaDeadLetters.layer({ topic: names.deadLetters })),
    Layer.provideMerge(eventsOf(topics?.map(({ topic }) => topic) ?? [topic])),
    Layer.provideMerge(connection),
    Layer.provideMerge(Monitor.layer)
  )
}

/** Spark itself has written panes to Kafka, where `--sink kafka` wants them: all but those of what follows on its windows. */
const thereAlready = (topic: string, pipelines: ReadonlyArray<AnyPipeline>) => {
  const own = new Set(pipelines.filter(isOfPanes).filter(FirstStage.hasMore).map(({ name }) => name))
  const toWrite = (panes: ReadonlyArray<Pane>) => panes.filter(({ pipeline }) => own.has(pipeline))
  return Layer.effect(ResultSink, ResultSink.use((sink) => Effect.succeed({ ...sink, write: (panes) => sink.write(toWrite(panes)) }))).pipe(
    Layer.provide(KafkaResultSink.layer({ topic }))
  )
}

/** Spark would say only much later, and in its own words, that the topic is not there, or one that loses events. */
const eventsOf = (topics: ReadonlyArray<string>) =>
  Layer.effectDiscard(Effect.forEach(topics, (name) =>
    Topics.ensure({ name, configs: { "cleanup.policy": "delete" }, create: false }), { discard: true }))

/** The topic of panes is made before Spark writes to it, since a broker would make it as it makes any other. */
const panesOf = (topic: string) => PaneLog.from(KafkaPaneLog.layer({ topic }))

export const clusterOf = ({ brokers, checkpoints, connectTimeout, server: { place, settings, token } }: {
  readonly server: Pick<Server, "place" | "settings" | "token">
  /** Undefined where nothing is started. */
  readonly brokers: Brokers | undefined
  readonly checkpoints: string
  /** In milliseconds. */
  readonly connectTimeout: number
}) =>
  LiveCluster.layer({
    connect: place,
    token,
    settings,
    checkpoints,
    patience: connectTimeout,
    kafka: brokers === undefined ? {} : sparkOptionsOf(brokers)
  })

const noted = (standings: SparkProgress.Standings) =>
  Layer.effect(SparkCluster, SparkCluster.use((cluster) => Effect.succeed(SparkProgress.noting(standings, cluster))))
