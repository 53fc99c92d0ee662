/** Which layers keep the log, the results, the checkpoints and the dead letters of a command. */
import { Context, Effect, Layer, type Stdio } from "effect"
import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import * as Database from "../adapters/sqlite/Database.ts"
import * as SqliteAlertStore from "../adapters/sqlite/SqliteAlertStore.ts"
import * as SqliteCheckpointStore from "../adapters/sqlite/SqliteCheckpointStore.ts"
import * as SqliteDeadLetters from "../adapters/sqlite/SqliteDeadLetters.ts"
import * as SqliteDecisions from "../adapters/sqlite/SqliteDecisions.ts"
import * as SqliteEventLog from "../adapters/sqlite/SqliteEventLog.ts"
import * as SqliteResultSink from "../adapters/sqlite/SqliteResultSink.ts"
import * as SqliteRowSink from "../adapters/sqlite/SqliteRowSink.ts"
import * as StdoutRowSink from "../adapters/stdio/StdoutRowSink.ts"
import * as StdoutSink from "../adapters/stdio/StdoutSink.ts"
import { CheckpointStore } from "../streams/ports/CheckpointStore.ts"
import { DeadLetters, DeadLettersError } from "../streams/ports/DeadLetters.ts"
import { Decisions } from "../streams/ports/Decisions.ts"
import { EventLog } from "../streams/ports/EventLog.ts"
import * as InProcess from "../streams/engine/InProcess.ts"
import type * as Pipeline from "../streams/pipeline/Pipeline.ts"
import { Monitor } from "../streams/ports/Monitor.ts"
import { ResultSink } from "../streams/ports/ResultSink.ts"
import { RowSink } from "../streams/ports/RowSink.ts"
import * as SourceLogs from "../streams/ports/SourceLogs.ts"
import * as TransientLog from "../streams/ports/TransientLog.ts"
import * as Influxdb from "./influxdb/Influxdb.ts"
import * as Keep from "./Keep.ts"
import * as Pipelines from "./Pipelines.ts"
import { type Problem, problem, usage } from "./terminal/Problem.ts"
import { type Rows, rowSinksOf } from "./RowSinks.ts"
import { type Sink, sinksOf } from "./Tee.ts"

export interface Choice {
  readonly log: "sqlite" | "memory"
  readonly sinks: ReadonlyArray<Sink>
  readonly rows: Rows
  readonly data: string
  readonly topic: string
  /** Those that have a topic each; `null` where the log is the one topic. */
  readonly sources: ReadonlyArray<string> | null
  /** What a sink in InfluxDB calls the processor. */
  readonly processor: string
  /** The name under which the processor keeps its decisions. */
  readonly group: string
  /** What is removed from a folder; `null` for nothing. */
  readonly keep: Keep.Keeping | null
  /** In milliseconds. */
  readonly connectTimeout: number
}

/**
 * Each topic has a folder of its own below the data folder: its log and all that was made of it. Over several sources each
 * of these has a topic in it, and the folder has a name that none of them has.
 */
export const folderOf = ({ data, topic }: Pick<Choice, "data" | "topic">): string => join(data, topic)

/** Those of runs over Kafka are in a folder of their own. */
export const dataOfKafka = (data: string): string => join(data, "kafka")

/** Letters of runs whose log was in memory are in a folder of their own: whoever asks for a log or for results finds none there. */
export const dataOfMemory = (data: string): string => join(data, "memory")

/** The topics that have a folder, by name. */
export const topicsIn = (data: string): ReadonlyArray<string> =>
  existsSync(data)
    ? readdirSync(data, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && existsSync(join(data, entry.name, Database.fileName)))
      .map(({ name }) => name)
      .sort()
    : []

/** The topic that was asked for, or the only one that there is. */
export const chooseTopic = (data: string, wanted: string | undefined) =>
  Effect.gen(function*() {
    const topics = topicsIn(data)
    if (wanted !== undefined) {
      if (topics.includes(wanted)) return wanted
      const known = topics.length > 0 ? `; there are ${topics.join(", ")}` : ""
      return yield* problem(`there is no topic "${wanted}" in ${data}${known}`)
    }
    const [only, ...others] = topics
    if (only === undefined) return yield* problem(`there is nothing in ${data} yet; start with: courant run`)
    if (others.length > 0) {
      return yield* usage(`there are several topics in ${data}; choose one with --topic: ${topics.join(", ")}`)
    }
    return only
  })

/** The engine in this process on stores of whatever kind, and what those who watch it need. */
export const engineOn = <A, E, R>(
  stores: Layer.Layer<A, E, R>,
  { engine = InProcess.layer, monitor = Monitor.layer }: { readonly engine?: typeof InProcess.layer; readonly monitor?: Layer.Layer<Monitor> } = {}
) => engine.pipe(Layer.provideMerge(stores), Layer.provideMerge(monitor))

/** The log of a folder. */
export const eventLog = ({ sources, topic }: Pick<Choice, "sources" | "topic">) =>
  sources === null
    ? SqliteEventLog.layer({ topic })
    : Layer.effect(EventLog, Effect.map(logsOf(sources), (logs) => SourceLogs.compose(topic, logs)))

const logsOf = Effect.fnUntraced(function*(sources: ReadonlyArray<string>) {
  return yield* Effect.forEach(sources, (name) =>
    Effect.map(Layer.build(Layer.fresh(SqliteEventLog.layer({ topic: name }))), (context) => ({ name, log: Context.get(context, EventLog) })))
})

/** What a processor has decided over the log of a folder. */
const decisions = (consumer: string) =>
  Layer.effect(Decisions, Effect.gen(function*() {
    const log = yield* EventLog
    if (log.sources === undefined) return yield* decisionsOver(log, consumer)
    const stores = yield* Effect.forEach(log.sources, ({ log }) => decisionsOver(log, consumer))
    return SourceLogs.decisionsOf(log.sources.map(({ name }) => name), stores)
  }))

const decisionsOver = (log: EventLog["Service"], consumer: string) =>
  Layer.build(Layer.fresh(SqliteDecisions.layer({ consumer }))).pipe(
    Effect.provideService(EventLog, log),
    Effect.map((context) => Context.get(context, Decisions))
  )

/** The processors that have taken decisions over the log of a folder, by name. */
const deciders = Effect.gen(function*() {
  const log = yield* EventLog
  const all = yield* Effect.forEach(SourceLogs.sourcesOf(log), ({ log }) => Effect.provideService(SqliteDecisions.consumers, EventLog, log))
  return [...new Set(all.flat())].sort()
})

/** The sources that have a topic each in a folder, by name; `null` where the folder is that of one topic, or is not there yet. */
export const sourcesIn = Effect.fnUntraced(function*(place: Pick<Choice, "data" | "topic">) {
  if (!topicsIn(place.data).includes(place.topic)) return null
  const topics = yield* Effect.provide(SqliteEventLog.topics, Database.Database.layer({ folder: folderOf(place), readOnly: true }))
  return topics.length === 0 || topics.some(({ name }) => name === place.topic) ? null : topics.map(({ name }) => name)
})

/** Refuses to put one topic beside the sources of a folder, or sources beside its one topic. */
export const checkSources = Effect.fnUntraced(function*(place: Pick<Choice, "data" | "topic">, sources: ReadonlyArray<string> | null) {
  if (sources?.includes(place.topic) === true) {
    return yield* usage(`"${place.topic}" is one of several sources: name what keeps all of them otherwise, with --topic`)
  }
  const known = yield* sourcesIn(place)
  if (sources === null && known !== null) {
    return yield* usage(`the folder ${folderOf(place)} has several sources (${known.join(", ")}): choose another topic with --topic`)
  }
  if (sources !== null && known === null && topicsIn(place.data).includes(place.topic) && (yield* hasTopic(place))) {
    return yield* usage(`the folder ${folderOf(place)} has the one topic ${place.topic}: choose another for several sources with --topic`)
  }
})

const hasTopic = (place: Pick<Choice, "data" | "topic">) =>
  SqliteEventLog.topics.pipe(
    Effect.provide(Database.Database.layer({ folder: folderOf(place), readOnly: true })),
    Effect.map((topics) => topics.some(({ name }) => name === place.topic))
  )

/** Of the sources of a folder those that pipelines read; `null` where it has one topic. Refuses pipelines that cannot run over it. */
export const sourcesFor = Effect.fnUntraced(function*(place: Pick<Choice, "data" | "topic">, pipelines: ReadonlyArray<Pipeline.Any>) {
  const known = yield* sourcesIn(place)
  yield* Pipelines.checkSources(pipelines, known)
  return known === null ? null : Pipelines.sourcesOf(pipelines)
})

/** The log alone, and what is removed from it. */
export const logOf = (place: Pick<Choice, "data" | "sources" | "topic">, { keep = null, readOnly }: { readonly readOnly: boolean; readonly keep?: Keep.Keeping | null }) =>
  Keep.layer(keep).pipe(
    Layer.provideMerge(eventLog(place)),
    Layer.provide(Database.Database.layer({ folder: folderOf(place), readOnly }))
  )

/** The log to look at, with what a processor has decided over it. */
export const pastOf = (place: Pick<Choice, "data" | "sources" | "topic">, choose: Choose) =>
  Layer.unwrap(Effect.gen(function*() {
    const consumer = yield* choose(yield* deciders)
    return consumer === null ? Decisions.layerMemory : decisions(consumer)
  })).pipe(
    Layer.provideMerge(eventLog(place)),
    Layer.provide(Database.Database.layer({ folder: folderOf(place), readOnly: true }))
  )

/** Chooses the processor whose decisions are to be taken, of those that have taken some; `null` where there is none. */
export type Choose = (processors: ReadonlyArray<string>) => Effect.Effect<string | null, Problem>

export const layer = (choice: Choice) => choice.log === "memory" ? inMemory(choice) : inFolder(choice)

const inFolder = (choice: Choice) =>
  sinksOf<"sqlite" | "influxdb" | "stdout" | "memory", Error, Database.Database | DeadLetters | Monitor | Stdio.Stdio>(
    {
      memory: ResultSink.layerMemory,
      sqlite: SqliteResultSink.layer,
      influxdb: Influxdb.layerSink(choice),
      stdout: StdoutSink.layer
    },
    choice.sinks,
    "sqlite"
  ).pipe(
    Layer.provideMerge(choice.rows === null ? Layer.empty : rowSinksOf<"sqlite" | "stdout" | "memory", Error, Database.Database | Stdio.Stdio>(
      { memory: RowSink.layerMemory, sqlite: SqliteRowSink.layer, stdout: StdoutRowSink.layer },
      { rows: choice.rows, wanted: choice.sinks, fallback: "sqlite" }
    )),
    Layer.provideMerge(Keep.layer(choice.keep)),
    Layer.provideMerge(decisions(choice.group)),
    Layer.provideMerge(Layer.mergeAll(
      eventLog(choice),
      SqliteAlertStore.layer,
      SqliteCheckpointStore.layer,
      SqliteDeadLetters.layer
    )),
    Layer.provideMerge(Database.Database.layer({ folder: folderOf(choice) }))
  )

/**
 * Nothing but dead letters touches the disk, and only when there are some: what could not be
 * used has to outlive the run that could not use it.
 */
const inMemory = (choice: Choice) =>
  sinksOf<"memory" | "influxdb" | "stdout", Error, DeadLetters | Monitor | Stdio.Stdio>(
    { memory: ResultSink.layerMemory, influxdb: Influxdb.layerSink(choice), stdout: StdoutSink.layer },
    choice.sinks,
    "memory"
  ).pipe(
    Layer.provideMerge(choice.rows === null ? Layer.empty : rowSinksOf<"stdout" | "memory", Error, Stdio.Stdio>(
      { memory: RowSink.layerMemory, stdout: StdoutRowSink.layer },
      { rows: choice.rows, wanted: choice.sinks, fallback: "memory" }
    )),
    Layer.provideMerge(Layer.mergeAll(
      transientLog(choice),
      CheckpointStore.layerMemory,
      Decisions.layerMemory,
      deadLettersWhenNeeded(folderOf({ data: dataOfMemory(choice.data), topic: choice.topic }))
    ))
  )

const transientLog = ({ sources, topic }: Pick<Choice, "sources" | "topic">) =>
  sources === null
    ? TransientLog.layer(topic)
    : Layer.effect(EventLog, Effect.map(
      Effect.forEach(sources, (name) =>
        Effect.map(Layer.build(Layer.fresh(TransientLog.layer(`${topic}-${name}`))), (context) => ({ name, log: Context.get(context, EventLog) }))),
      (logs) => SourceLogs.compose(topic, logs)
    ))

const deadLettersWhenNeeded = (folder: string): Layer.Layer<DeadLetters> =>
  Layer.effect(
    DeadLetters,
    Effect.gen(function*() {
      const scope = yield* Effect.scope
      const stored = SqliteDeadLetters.layer.pipe(Layer.provide(Database.Database.layer({ folder })))
      const open = yield* Effect.cached(
        Layer.buildWithScope(stored, scope).pipe(
          Effect.map((context) => Context.get(context, DeadLetters)),
          Effect.mapError((cause) => new DeadLettersError({ message: cause.message, cause }))
        )
      )
      return DeadLetters.of({
        write: (letters) => Effect.flatMap(open, (store) => store.write(letters)),
        read: (query) => Effect.flatMap(open, (store) => store.read(query)),
        remove: (letters) => Effect.flatMap(open, (store) => store.remove(letters))
      })
    })
  )
