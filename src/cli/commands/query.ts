/** `courant query`: the windows of a pipeline, out of the sink that they were written to. */
import { Clock, Console, Effect, Layer, Option } from "effect"
import { Argument, Command } from "effect/cli"
import * as Database from "../../adapters/sqlite/Database.ts"
import * as SqliteResultSink from "../../adapters/sqlite/SqliteResultSink.ts"
import * as SqliteRowSink from "../../adapters/sqlite/SqliteRowSink.ts"
import * as Resumption from "../../streams/engine/Resumption.ts"
import * as History from "../../streams/engine/History.ts"
import * as Pane from "../../streams/pipeline/Pane.ts"
import type * as Pipeline from "../../streams/pipeline/Pipeline.ts"
import type { CheckpointStore } from "../../streams/ports/CheckpointStore.ts"
import type { EventLog } from "../../streams/ports/EventLog.ts"
import { nearest } from "../../domain/Nearest.ts"
import type { Counts } from "../../streams/ports/Monitor.ts"
import { type Query, ResultSink } from "../../streams/ports/ResultSink.ts"
import { RowSink } from "../../streams/ports/RowSink.ts"
import { builtInNames } from "../BuiltIn.ts"
import * as Flags from "../Flags.ts"
import * as Instants from "../Instants.ts"
import * as Influxdb from "../influxdb/Influxdb.ts"
import * as Kafka from "../kafka/Kafka.ts"
import * as Past from "../Past.ts"
import * as Pipelines from "../Pipelines.ts"
import * as Report from "../terminal/Report.ts"
import * as Saved from "../Saved.ts"
import * as SavedJob from "../SavedJob.ts"
import { type Problem, say, usage } from "../terminal/Problem.ts"
import * as Stores from "../Stores.ts"
import * as Topics from "../Topics.ts"
import * as Table from "../terminal/Table.ts"

const flags = {
  pipelines: Flags.chosenPipelines,
  key: Argument.String("key").pipe(
    Argument.withDescription("Only windows of this key (for market data: the symbol); by default of all keys"),
    Argument.optional
  ),
  since: Flags.since,
  from: Flags.from,
  to: Flags.to,
  limit: Flags.atMost,
  json: Flags.json,
  timeZone: Flags.timeZone,
  asKnownAt: Flags.asKnownAt,
  sink: Flags.readSink,
  ...Past.flags,
  log: Flags.logOfResults,
  connectTimeout: Flags.connectTimeoutOf(5)
}

type Input = Command.Command.Config.Infer<typeof flags>

/** `isAlone` where no other is asked for. */
interface Shown extends Input {
  readonly pipeline: string
  readonly known: Option.Option<number>
  readonly isAlone: boolean
}

export const command = Command.make(
  "query",
  flags,
  Effect.fnUntraced(function*(input) {
    const range = yield* rangeOf(input)
    const names = yield* Pipelines.namesOf(input.pipelines)
    const known = yield* instantOf(input.asKnownAt, input)
    const all = Effect.forEach(names, (name) => show({ ...input, pipeline: name, known, isAlone: names.length === 1 }, range), { discard: true })
    const sinks: Layer.Layer<ResultSink, Error> = Option.isSome(known) ? yield* knownAt(input, known.value) : yield* sinkOf(input)
    yield* Effect.provide(all, sinks)
  })
).pipe(
  Command.withDescription(
    "Prints the newest pane of each window of a pipeline, or of those that a file exports, oldest first, as a table or as JSON. " +
      "It only reads the sink, and may run while others write to it. The rows of a pipeline that ends in events are " +
      "printed as JSON, and chosen by their event time. With --as-known-at the windows are those that were known at a time: they " +
      "are computed again from the log, as far as it had come by then."
  ),
  Command.withExamples([
    { command: "courant query candles-1m AAPL --since 1h", description: "The candles of the last hour" },
    { command: "courant query candles-1m AAPL --limit 5 --time-zone America/New_York", description: "The last five candles" },
    { command: "courant query ./range.ts", description: "The pipelines that a file of yours exports" },
    { command: "courant query candles-1m AAPL --as-known-at 2026-03-18T14:00:00Z", description: "What a run knew on that day at ten in New York" },
    { command: "courant query day --sink influxdb", description: "The days of every symbol, from InfluxDB" },
    {
      command: "courant query candles-5m SPY --from 2013-10-08T13:30:00Z --to 2013-10-08T20:00:00Z --json > candles.ndjson",
      description: "A trading day for another program"
    }
  ])
)

/** Sinks with what was known at a time: the log says it, and no sink. */
const knownAt = Effect.fnUntraced(function*(input: Input, time: number) {
  if (input.sink !== "sqlite") return yield* usage("--as-known-at computes from the log: leave --sink out")
  const pipelines = yield* Pipelines.resolveAll(input.pipelines, Pipelines.boundsOf(input), "any")
  const log = yield* Past.stores(input, pipelines)
  yield* Past.sayBounds(input, pipelines)
  return Layer.unwrap(Effect.map(
    History.writeAsKnownAt(pipelines, { time, maxTimeAhead: input.maxTimeAhead }),
    ({ rowSink, sink }) => Layer.merge(Layer.succeed(ResultSink, sink), Layer.succeed(RowSink, rowSink))
  )).pipe(Layer.provide(log))
})

const sinkOf = Effect.fnUntraced(function*(input: Input) {
  switch (input.sink) {
    case "influxdb":
      yield* Influxdb.optionsOf(input.connectTimeout)
      return Influxdb.layerPast(input.connectTimeout)
    case "kafka": {
      const topic = yield* Kafka.givenTopic(yield* topicOf(input), "--sink kafka")
      const connection = yield* Kafka.optionsOf(input)
      const { results } = yield* Effect.promise(() => import("../kafka/KafkaStores.ts"))
      return results({ connection, topic })
    }
    case "sqlite":
      return yield* inFolder(input)
  }
})

const inFolder = Effect.fnUntraced(function*(input: Input) {
  const data = input.log === "kafka" ? Stores.dataOfKafka(input.data) : input.data
  const given = yield* topicOf(input)
  const wanted = input.log === "kafka" ? Kafka.topicOf(given) : given
  const topic = yield* Stores.chooseTopic(data, Option.getOrUndefined(wanted))
  const database = Database.Database.layer({ folder: Stores.folderOf({ data, topic }), readOnly: true })
  return Layer.merge(SqliteResultSink.layer, SqliteRowSink.layer).pipe(Layer.provide(database))
})

/** Of several sources, what all of them are called together. */
const topicOf = ({ topics }: Input) =>
  Effect.map(Topics.of(topics), (given) => given.topics === null ? given.topic : Option.some(Topics.named({ ...given, topics: given.topics })))

interface Range {
  readonly bounds: Pick<Query, "from" | "to">
  readonly limit: number | undefined
}

const show = Effect.fnUntraced(function*(input: Shown, { bounds, limit }: Range) {
  const sink = yield* ResultSink
  const which: Query = { pipeline: input.pipeline, ...optional("key", input.key) }
  // One more than is shown tells whether there are more.
  const found = yield* sink.read({ ...which, ...bounds, ...(limit === undefined ? {} : { limit: limit + 1 }) })
  const shown = limit === undefined ? found : found.slice(-limit)
  const timeZone = Instants.zoneOf(input.timeZone)
  if (shown.length === 0) return (yield* showRows(which, { bounds, limit })) || (yield* sayThatNoneIsThere(input, which))
  const lines = input.json ? shown.map(Pane.toJson) : Table.lines(shown, { timeZone, keys: Option.isNone(input.key) })
  yield* Console.log([...(input.isAlone || input.json ? [] : [`${input.pipeline}:`]), ...lines].join("\n"))
  if (shown.length < found.length) say(`the newest ${limit} windows; there are older ones: see --limit, --since and --from`)
})

/** Whether there were any: a name alone does not say in what a pipeline ends. */
const showRows = Effect.fnUntraced(function*(which: Query, { bounds, limit }: Range) {
  const sink = yield* Effect.serviceOption(RowSink)
  if (Option.isNone(sink)) return false
  const found = yield* sink.value.read({ ...which, ...bounds, ...(limit === undefined ? {} : { limit: limit + 1 }) })
  const shown = limit === undefined ? found : found.slice(-limit)
  if (shown.length === 0) return false
  yield* Console.log(shown.map((row) => JSON.stringify(row)).join("\n"))
  if (shown.length < found.length) say(`the newest ${limit} rows; there are older ones: see --limit, --since and --from`)
  return true
})

/** Without a beginning only so many windows are shown as somebody may want to see. */
const rangeOf = Effect.fnUntraced(function*(input: Input): Effect.fn.Return<Range, Problem> {
  const { limit, since } = input
  if (Option.isSome(since) && Option.isSome(input.from)) return yield* usage("--since and --from both say where to begin: give one")
  const now = yield* Clock.currentTimeMillis
  const from = yield* instantOf(input.from, input)
  const begin = Option.orElse(from, () => Option.map(since, (duration) => now - duration))
  return {
    bounds: { ...optional("from", begin), ...optional("to", yield* instantOf(input.to, input)) },
    limit: Option.getOrElse(limit, () => Option.isNone(begin) ? 100 : undefined)
  }
})

const instantOf = (given: Option.Option<Instants.Given>, { timeZone }: Input) =>
  Option.match(given, {
    onNone: () => Effect.succeedNone,
    onSome: (given) => Effect.asSome(Instants.instantOf(given, Instants.zoneOf(timeZone)))
  })

const optional = <Name extends string, A>(name: Name, value: Option.Option<A>): { readonly [K in Name]?: A } =>
  // A computed name is not known to be the one of the type.
  Option.match(value, { onNone: () => ({}), onSome: (value) => ({ [name]: value }) as { readonly [K in Name]: A } })

const sayThatNoneIsThere = Effect.fnUntraced(function*(input: Shown, which: Query) {
  const { key, known: time, pipeline } = input
  const sink = yield* ResultSink
  const [newest] = yield* sink.read({ ...which, limit: 1 })
  const what = `${pipeline}${Option.match(key, { onNone: () => "", onSome: (key) => ` with the key ${JSON.stringify(key)}` })}`
  if (newest === undefined && Option.isSome(time)) {
    return say(`of ${what} no window was known at ${new Date(time.value).toISOString()}: when a window became known says courant history`)
  }
  if (newest === undefined && (yield* sayWhatBecameOf(input))) return
  yield* refuseUnknown(input)
  // What is most often wrong with a symbol.
  const upper = Option.getOrElse(key, () => "").toUpperCase()
  const isMeant = newest === undefined && upper !== which.key && upper !== "" && (yield* sink.read({ ...which, key: upper, limit: 1 })).length > 0
  const known = isMeant ? `, but there are of ${JSON.stringify(upper)}` : ""
  say(newest === undefined
    ? `there are no windows of ${what}${known}`
    : `there are no windows of ${what} in that time; the newest begins at ${new Date(newest.start).toISOString()}`)
})

/** A name that is no built-in pipeline's, of which nothing is there, and that no file given here exports. */
const refuseUnknown = Effect.fnUntraced(function*(input: Shown) {
  const { pipeline, pipelines } = input
  const known = [...builtInNames, ...yield* ranIn(input)]
  if (!pipelines.includes(pipeline) || known.includes(pipeline) || (yield* isIn(pipeline))) return
  const meant = nearest(pipeline, known)
  const hint = meant === undefined ? `there are ${[...new Set(known)].join(", ")}, or give the file of your own` : `did you mean "${meant}"?`
  return yield* usage(`there is no pipeline "${pipeline}"; ${hint}`)
})

/** The names of those that have run over a folder. */
const ranIn = Effect.fnUntraced(function*(input: Shown) {
  if (input.sink !== "sqlite") return []
  const stores: Layer.Layer<CheckpointStore | EventLog, Error> = yield* Saved.stores(input, [])
  return [...(yield* Effect.provide(Resumption.toldBy, stores)).keys()]
}, (names) => Effect.orElseSucceed(names, (): ReadonlyArray<string> => []))

/** Whether a sink has anything of a pipeline, of whatever key and time. */
const isIn = Effect.fnUntraced(function*(pipeline: string) {
  const panes = yield* (yield* ResultSink).read({ pipeline, limit: 1 })
  const rows = yield* Effect.serviceOption(RowSink)
  return panes.length > 0 || (Option.isSome(rows) && (yield* rows.value.read({ pipeline, limit: 1 })).length > 0)
})

/** Where a pipeline has run and told nothing, what became of the records: all of them may have been left out. */
const sayWhatBecameOf = Effect.fnUntraced(function*(input: Shown) {
  if (input.sink !== "sqlite") return false
  const sink = yield* ResultSink
  if ((yield* sink.read({ pipeline: input.pipeline, limit: 1 })).length > 0) return false
  const all = yield* Pipelines.resolveAll(input.pipelines, Pipelines.boundsOf(input), "any")
  const pipeline = all.find(({ name }) => name === input.pipeline)
  if (pipeline === undefined) return false
  const stores: Layer.Layer<CheckpointStore | EventLog, Error> = yield* Saved.stores(input, [pipeline])
  const fingerprint = (yield* Effect.provide(Resumption.toldBy, stores)).get(pipeline.name)
  if (fingerprint !== undefined && fingerprint !== pipeline.checked.fingerprint) {
    say(`there are no windows of ${pipeline.name}; what became of its records is said where it is as it ran, with its bounds: see --out-of-orderness and --allowed-lateness`)
    return true
  }
  const { job } = yield* Effect.provide(SavedJob.of(pipeline), stores)
  const counts = job.countsByPipeline.get(pipeline.name)
  if (counts === undefined || counts.read === 0) return false
  say(`there are no windows of ${pipeline.name}: it has ${Report.line(counts)}${reasonOf(pipeline, counts)}`)
  return true
}, (said) => Effect.orElseSucceed(said, () => false))

const reasonOf = (pipeline: Pipeline.Any, counts: Counts): string => {
  if (counts.aggregated > 0) return "; what it waits for says courant why"
  const calls = { where: "Events.where", filter: "Events.filter", "in-session": "Window.trading, outside of whose sessions they are" } as const
  const found = pipeline.checked.nodes.flatMap((node) => node._tag === "where" || node._tag === "filter" || node._tag === "in-session" ? [calls[node._tag]] : [])
  return counts.filtered === 0 || found.length === 0 ? "" : `; they are left out by ${[...new Set(found)].join(" or ")}`
}
