/** The layers of a command whose log is a topic of Kafka. Loaded only then: the clients take their time to load. */
import { Context, Effect, Layer, type Stdio } from "effect"
import * as Connection from "../../adapters/kafka/client/Connection.ts"
import { Fence } from "../../adapters/kafka/Fence.ts"
import * as KafkaCheckpointStore from "../../adapters/kafka/KafkaCheckpointStore.ts"
import * as KafkaDecisions from "../../adapters/kafka/KafkaDecisions.ts"
import * as KafkaDeadLetters from "../../adapters/kafka/KafkaDeadLetters.ts"
import * as KafkaEventLog from "../../adapters/kafka/KafkaEventLog.ts"
import * as KafkaResultSink from "../../adapters/kafka/KafkaResultSink.ts"
import * as KafkaRowSink from "../../adapters/kafka/KafkaRowSink.ts"
import * as Database from "../../adapters/sqlite/Database.ts"
import * as SqliteAlertStore from "../../adapters/sqlite/SqliteAlertStore.ts"
import * as SqliteCheckpointStore from "../../adapters/sqlite/SqliteCheckpointStore.ts"
import * as SqliteResultSink from "../../adapters/sqlite/SqliteResultSink.ts"
import * as SqliteRowSink from "../../adapters/sqlite/SqliteRowSink.ts"
import * as StdoutRowSink from "../../adapters/stdio/StdoutRowSink.ts"
import * as StdoutSink from "../../adapters/stdio/StdoutSink.ts"
import * as Topics from "../../adapters/kafka/client/Topics.ts"
import { CheckpointStore } from "../../streams/ports/CheckpointStore.ts"
import { DeadLetters } from "../../streams/ports/DeadLetters.ts"
import { Decisions } from "../../streams/ports/Decisions.ts"
import { EventLog, EventLogError } from "../../streams/ports/EventLog.ts"
import type { Monitor } from "../../streams/ports/Monitor.ts"
import * as MonotonicTime from "../../streams/ports/MonotonicTime.ts"
import { ResultSink } from "../../streams/ports/ResultSink.ts"
import { RowSink } from "../../streams/ports/RowSink.ts"
import * as SourceLogs from "../../streams/ports/SourceLogs.ts"
import type { Gap } from "../../streams/records/Decision.ts"
import type { Sources } from "../../streams/records/Router.ts"
import { byCodePoints } from "../../streams/records/StringOrder.ts"
import * as Influxdb from "../influxdb/Influxdb.ts"
import { problem } from "../terminal/Problem.ts"
import { type Choose, dataOfKafka, folderOf, topicsIn } from "../Stores.ts"
import { type Rows, rowSinksOf } from "../RowSinks.ts"
import { type Sink, type SinkName, sinksOf } from "../Tee.ts"

export interface Choice {
  readonly connection: Connection.Options
  readonly topic: string
  readonly sources: Sources
  readonly partitions: number | undefined
  /** Whether to make the topic where there is none. */
  readonly create: boolean
}

/** The topic of a source, and what its events are. */
export interface SourceTopic extends Pick<Choice, "sources" | "topic"> {
  readonly source: string
}

export interface ProcessChoice extends Choice {
  /** Those of several sources, of which `topic` names what is made of them; `null` for the one topic. */
  readonly topics: ReadonlyArray<SourceTopic> | null
  readonly onGap: "stop" | "record"
  readonly sinks: ReadonlyArray<Sink>
  readonly rows: Rows
  readonly checkpoints: "sqlite" | "kafka"
  readonly data: string
  /** Of this there is one processor at a time. */
  readonly group: string
  /** What a sink in InfluxDB calls the processor. */
  readonly processor: string
  /** In milliseconds. */
  readonly connectTimeout: number
  /** Milliseconds after which others take over from one of which nothing is heard. */
  readonly takeOverAfter?: number | undefined
}

/** What a topic's results, dead letters and checkpoints are called. */
export const topicsOf = (topic: string) => ({
  panes: `${topic}-panes`,
  rows: `${topic}-rows`,
  deadLetters: `${topic}-dead-letters`,
  checkpoints: `${topic}-checkpoints`
})

/** The log alone. */
export const log = ({ connection, create, partitions, sources, topic }: Choice) =>
  KafkaEventLog.layer({ topic, partitions, create, ...sources }).pipe(Layer.provide(Connection.Connection.layer(connection)))

/** The logs of several sources as one, alone. */
export const logs = ({ connection, create, partitions, topic }: Omit<Choice, "sources">, topics: ReadonlyArray<SourceTopic>) =>
  composed(topic, topics, ({ sources, topic }) => KafkaEventLog.layer({ topic, partitions, create, ...sources })).pipe(
    Layer.provide(Connection.Connection.layer(connection))
  )

/** The log, with what a group has decided over it. */
export const past = (choice: Pick<ProcessChoice, "connection" | "sources" | "topic" | "topics">, choose: Choose) =>
  Layer.unwrap(Effect.gen(function*() {
    const deciders = yield* Effect.forEach(choice.topics ?? [choice], ({ topic }) => KafkaDecisions.groups(topic))
    const group = yield* choose([...new Set(deciders.flat())].sort())
    return group === null ? Decisions.layerMemory : decisionsOf({ ...choice, group })
  })).pipe(
    Layer.merge(toLookAt(choice)),
    Layer.provide(Connection.Connection.layer(choice.connection))
  )

/** The log and what is saved of it, in a topic where there is one and else in the data folder, to look at. */
export const saved = ({ connection, data, ...choice }: Pick<ProcessChoice, "connection" | "data" | "sources" | "topic" | "topics">) =>
  Layer.unwrap(Effect.gen(function*() {
    const { client, retryPolicy } = yield* Connection.Connection
    const { topic } = choice
    const { checkpoints } = topicsOf(topic)
    if ((yield* retryPolicy.retry(client.partitions(checkpoints))) !== null) return KafkaCheckpointStore.layer({ topic: checkpoints })
    const folder = folderOf({ data: dataOfKafka(data), topic })
    const isThere = topicsIn(dataOfKafka(data)).includes(topic)
    if (!isThere) return CheckpointStore.layerMemory
    return SqliteCheckpointStore.layer.pipe(Layer.provide(Database.Database.layer({ folder, readOnly: true })))
  })).pipe(
    Layer.merge(toLookAt(choice)),
    Layer.provide(Connection.Connection.layer(connection))
  )

/** Of which topics dead letters are, and what all of them are called together. */
interface Letters extends Pick<Choice, "connection" | "topic"> {
  readonly of: ReadonlyArray<string>
}

/** What there is of dead letters, to look at. */
export const letters = ({ connection, ...letters }: Letters) =>
  lettersOf(letters).pipe(Layer.provide(Connection.Connection.layer(connection)))

/** The same with the log of one of the topics, that they go back into. */
export const lettersAndLog = ({ connection, log, sources, ...letters }: Letters & Pick<Choice, "sources"> & { readonly log: string }) =>
  Layer.merge(lettersOf(letters), KafkaEventLog.layer({ topic: log, create: false, ...sources })).pipe(
    Layer.provide(Connection.Connection.layer(connection))
  )

/** Topics of which nothing was refused yet have no topic of dead letters, and get none by being looked at. */
const lettersOf = ({ of, topic }: Pick<Letters, "of" | "topic">) =>
  Layer.unwrap(Effect.gen(function*() {
    const { client, retryPolicy } = yield* Connection.Connection
    const { deadLetters } = topicsOf(topic)
    if ((yield* retryPolicy.retry(client.partitions(deadLetters))) !== null) {
      return KafkaDeadLetters.layer({ topic: deadLetters })
    }
    yield* Effect.forEach(of, (name) => Topics.ensure({ name, configs: {}, create: false }), { discard: true })
    return DeadLetters.layerMemory
  }))

/** The panes and rows of a topic, to look at: a topic of them that is not there is not made. */
export const results = ({ connection, topic }: Pick<Choice, "connection" | "topic">) =>
  Layer.unwrap(Effect.gen(function*() {
    const { brokers, client, retryPolicy } = yield* Connection.Connection
    const { panes, rows } = topicsOf(topic)
    const isThere = (name: string) => Effect.map(retryPolicy.retry(client.partitions(name)), (partitions) => partitions !== null)
    const [hasPanes, hasRows] = [yield* isThere(panes), yield* isThere(rows)]
    if (hasPanes || hasRows) {
      return Layer.merge(
        hasPanes ? KafkaResultSink.layer({ topic: panes }) : ResultSink.layerMemory,
        hasRows ? KafkaRowSink.layer({ topic: rows }) : Layer.empty
      )
    }
    return yield* problem(`there is no topic ${panes} on the Kafka brokers at ${brokers}; panes go there with: courant process --sink kafka`)
  })).pipe(Layer.provide(Connection.Connection.layer(connection)))

export const connect = ({ connection }: Pick<Choice, "connection">) => Connection.Connection.layer(connection)

/** A connection until the scope ends. It alone: what builds layers on it has nothing to do with how it was built. */
export const connected = (choice: Pick<Choice, "connection">) =>
  Effect.map(Layer.build(connect(choice)), (context) => Layer.succeed(Connection.Connection, Context.get(context, Connection.Connection)))

/** The log of a topic. A gap changes nothing, and is known before it is known whose place this is. */
const logOf = ({ create, group, onGap, partitions }: ProcessChoice, { sources, topic }: Pick<Choice, "sources" | "topic">) =>
  Layer.unwrap(Effect.map(Decisions, ({ write }) =>
    KafkaEventLog.layer({ topic, partitions, create, onGap: onGap === "stop" ? "stop" : noted(write), ...sources })
  )).pipe(Layer.provide(KafkaDecisions.layer({ topic, group })))

const readOnly = ({ sources, topic }: Pick<Choice, "sources" | "topic">) => KafkaEventLog.layer({ topic, create: false, ...sources })

const toLookAt = (choice: Pick<ProcessChoice, "sources" | "topic" | "topics">) =>
  choice.topics === null ? readOnly(choice) : composed(choice.topic, choice.topics, readOnly)

/** The logs of several sources as one. */
const composed = <E, R>(topic: string, topics: ReadonlyArray<SourceTopic>, logOf: (topic: SourceTopic) => Layer.Layer<EventLog, E, R>) =>
  Layer.effect(EventLog, Effect.map(
    Effect.forEach(topics, (each) =>
      Effect.map(Layer.build(Layer.fresh(logOf(each))), (context) => ({ name: each.source, log: Context.get(context, EventLog) }))),
    (logs) => SourceLogs.compose(topic, logs)
  ))

/** What a group decides, over each topic beside it. */
const decisionsOf = ({ group, topic, topics }: Pick<ProcessChoice, "group" | "topic" | "topics">) =>
  topics === null ? KafkaDecisions.layer({ topic, group }) : Layer.effect(Decisions, Effect.gen(function*() {
    const all = topics.toSorted((a, b) => byCodePoints(a.source, b.source))
    const stores = yield* Effect.forEach(all, ({ topic }) =>
      Effect.map(Layer.build(Layer.fresh(KafkaDecisions.layer({ topic, group }))), (context) => Context.get(context, Decisions)))
    return SourceLogs.decisionsOf(all.map(({ source }) => source), stores)
  }))

/** Those of a processor that has the place of its group for as long as they are there. */
export const stores = (choice: ProcessChoice, connection: Layer.Layer<Connection.Connection, Error>) => {
  const { group, partitions, takeOverAfter, topic, topics } = choice
  const names = topicsOf(topic)
  const database = Database.Database.layer({ folder: folderOf({ data: dataOfKafka(choice.data), topic }) })
  // Two layers: one that were built for both would write as the first of them does.
  const decisions = decisionsOf(choice)
  const log = (topics === null ? logOf(choice, choice) : composed(topic, topics, (each) => logOf(choice, each))).pipe(Layer.provide(connection))
  const decided = topics === null ? [topic] : topics.map(({ topic }) => topic)
  const owned = [...decided.map(KafkaDecisions.topicOf), names.checkpoints, names.panes, names.rows]
  const prepared = Effect.forEach(decided, KafkaDecisions.prepare, { discard: true })
  const fence = Layer.unwrap(Effect.as(prepared, Fence.layer({ group, takeOverAfter, topics: owned }))).pipe(
    Layer.provide(Layer.merge(connection, log))
  )
  const writing = Fence.layerConnection.pipe(Layer.provide(Layer.merge(connection, fence)))

  const checkpoints: Layer.Layer<CheckpointStore, Error> = choice.checkpoints === "kafka"
    ? KafkaCheckpointStore.layer({ topic: names.checkpoints }).pipe(Layer.provide(writing))
    : SqliteCheckpointStore.layer.pipe(Layer.provide(database))
  const sinkLayers: Record<SinkName, Layer.Layer<ResultSink, Error, DeadLetters | Monitor | Stdio.Stdio>> = {
    memory: ResultSink.layerMemory,
    sqlite: SqliteResultSink.layer.pipe(Layer.provide(database)),
    kafka: KafkaResultSink.layer({ topic: names.panes, partitions }).pipe(Layer.provide(writing)),
    influxdb: Influxdb.layerSink(choice),
    stdout: StdoutSink.layer
  }
  const rowSinkLayers: Record<Exclude<SinkName, "influxdb">, Layer.Layer<RowSink, Error, Stdio.Stdio>> = {
    memory: RowSink.layerMemory,
    sqlite: SqliteRowSink.layer.pipe(Layer.provide(database)),
    kafka: KafkaRowSink.layer({ topic: names.rows, partitions }).pipe(Layer.provide(writing)),
    stdout: StdoutRowSink.layer
  }
  return Layer.mergeAll(
    choice.rows === null ? Layer.empty : Fence.layerRowSink.pipe(
      Layer.provide(rowSinksOf(rowSinkLayers, { rows: choice.rows, wanted: choice.sinks, fallback: "sqlite" }))
    ),
    // Whoever keeps nothing here keeps no alerts.
    choice.checkpoints === "sqlite" ? SqliteAlertStore.layer.pipe(Layer.provide(database)) : Layer.empty,
    Fence.layerLog.pipe(Layer.provide(log)),
    decisions.pipe(Layer.provide(writing)),
    Fence.layerCheckpoints.pipe(Layer.provide(checkpoints)),
    Fence.layerSink.pipe(Layer.provide(sinksOf(sinkLayers, choice.sinks, "sqlite")))
  ).pipe(
    Layer.provideMerge(KafkaDeadLetters.layer({ topic: names.deadLetters }).pipe(Layer.provide(connection))),
    Layer.provide(fence),
    Layer.provideMerge(connection)
  )
}

/** What one that reads along needs: it writes nothing. A gap is for the one that has the place to note. */
export const along = (choice: Pick<ProcessChoice, "group" | "sources" | "topic" | "topics">, connection: Layer.Layer<Connection.Connection, Error>) =>
  Layer.mergeAll(
    toLookAt(choice),
    decisionsOf(choice),
    KafkaCheckpointStore.layer({ topic: topicsOf(choice.topic).checkpoints })
  ).pipe(Layer.provide(connection))

const noted = (write: Decisions["Service"]["write"]) => (gap: Gap) =>
  Effect.mapError(write([gap]), ({ message }) => new EventLogError({ message }))

/**
 * Whether silence means that nothing happens: not while the brokers were out of reach within the last so many
 * milliseconds, since those who write to the topic come back only after them.
 */
export const isQuiet = (idleTimeout: number): Effect.Effect<boolean, never, Connection.Connection> =>
  Effect.gen(function*() {
    const { retryPolicy } = yield* Connection.Connection
    return (yield* MonotonicTime.millis) - (yield* retryPolicy.troubledAt) > idleTimeout
  })
