/** Which layers keep the log, the results, the checkpoints and the dead letters of a command. */
import { Context, Effect, Layer, type Stdio } from "effect"
import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import * as Database from "../adapters/sqlite/Database.ts"
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
import * as InProcess from "../streams/engine/InProcess.ts"
import { Monitor } from "../streams/ports/Monitor.ts"
import { ResultSink } from "../streams/ports/ResultSink.ts"
import { RowSink } from "../streams/ports/RowSink.ts"
import * as TransientLog from "../streams/ports/TransientLog.ts"
import * as Influxdb from "./influxdb/Influxdb.ts"
import * as Keep from "./Keep.ts"
import { type Problem, problem, usage } from "./terminal/Problem.ts"
import { type Rows, rowSinksOf } from "./RowSinks.ts"
import { type Sink, sinksOf } from "./Tee.ts"

export interface Choice {
  readonly log: "sqlite" | "memory"
  readonly sinks: ReadonlyArray<Sink>
  readonly rows: Rows
  readonly data: string
  readonly topic: string
  /** What a sink in InfluxDB calls the processor. */
  readonly processor: string
  /** The name under which the processor keeps its decisions. */
  readonly group: string
  /** What is removed from a folder; `null` for nothing. */
  readonly keep: Keep.Keeping | null
  /** In milliseconds. */
  readonly connectTimeout: number
}

/** Each topic has a folder of its own below the data folder: its log and all that was made of it. */
export const folderOf = ({ data, topic }: Pick<Choice, "data" | "topic">): string => join(data, topic)

/** Those of runs over Kafka are in a folder of their own. */
export const dataOfKafka = (data: string): string => join(data, "kafka")

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

/** The log alone, and what is removed from it. */
export const logOf = (place: Pick<Choice, "data" | "topic">, { keep = null, readOnly }: { readonly readOnly: boolean; readonly keep?: Keep.Keeping | null }) =>
  Keep.layer(keep).pipe(
    Layer.provideMerge(SqliteEventLog.layer({ topic: place.topic })),
    Layer.provide(Database.Database.layer({ folder: folderOf(place), readOnly }))
  )

/** The log to look at, with what a processor has decided over it. */
export const pastOf = (place: Pick<Choice, "data" | "topic">, choose: Choose) =>
  Layer.unwrap(Effect.gen(function*() {
    const consumer = yield* choose(yield* SqliteDecisions.consumers)
    return consumer === null ? Decisions.layerMemory : SqliteDecisions.layer({ consumer })
  })).pipe(
    Layer.provideMerge(SqliteEventLog.layer({ topic: place.topic })),
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
    Layer.provideMerge(SqliteDecisions.layer({ consumer: choice.group })),
    Layer.provideMerge(Layer.mergeAll(
      SqliteEventLog.layer({ topic: choice.topic }),
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
      TransientLog.layer(choice.topic),
      CheckpointStore.layerMemory,
      Decisions.layerMemory,
      deadLettersWhenNeeded(folderOf(choice))
    ))
  )

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
