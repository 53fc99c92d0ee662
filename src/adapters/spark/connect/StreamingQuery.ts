/**
 * Streaming queries of a session: starting one, looking after it, finding one that an earlier client has started. A
 * query goes on without its client for as long as its session does.
 *
 * Source: https://spark.apache.org/docs/4.0.0/streaming/apis-on-dataframes-and-datasets.html#managing-streaming-queries
 */
import { create, type MessageInitShape } from "@bufbuild/protobuf"
import { Duration, Effect } from "effect"
import * as MonotonicTime from "../../../streams/ports/MonotonicTime.ts"
import type { Answer } from "./Execution.ts"
import {
  type Command,
  CommandSchema,
  type StreamingQueryCommandResult,
  type StreamingQueryCommandSchema
} from "./proto/commands_pb.ts"
import type { Relation } from "./proto/relations_pb.ts"
import * as Progress from "./Progress.ts"
import { Session } from "./Session.ts"
import { notUnderstood, type SparkError } from "./SparkError.ts"

export interface Options {
  readonly relation: Relation
  /** Of the sink: `kafka`, `json`, `memory`. */
  readonly format: string
  readonly options?: Readonly<Record<string, string>>
  /** A folder that driver and executors reach; a query that starts there again goes on where it ended. */
  readonly checkpoint: string
  /** `append`: windows when they close. `update`: all that changed in a batch. `complete`: everything, each time. */
  readonly outputMode: "append" | "update" | "complete"
  /** What is there now, and no more; or a batch whenever so much time has passed, at 0 as soon as the last is done. */
  readonly trigger: "availableNow" | { readonly processingTime: Duration.Input }
  /** By which other clients find it; no two active queries of a session have the same. */
  readonly name?: string
}

export interface StreamingQuery {
  /** Of the checkpoint: the same after a restart from it. */
  readonly id: string
  /** Of this run. */
  readonly runId: string
  readonly name: string | undefined
  readonly status: Effect.Effect<Status, SparkError>
  /** Of the last batch that was computed, and `undefined` before the first. */
  readonly lastProgress: Effect.Effect<Progress.Progress | undefined, SparkError>
  /** Of the last batches, oldest first; at most 100 unless `spark.sql.streaming.numRecentProgressUpdates` says more. */
  readonly recentProgress: Effect.Effect<ReadonlyArray<Progress.Progress>, SparkError>
  /**
   * Whether it has ended; waits for it, at most so long where told. Fails where the query did, with `STREAM_FAILED`
   * for its class and what the query failed with among the causes.
   */
  readonly awaitTermination: (limit?: Duration.Input) => Effect.Effect<boolean, SparkError>
  /** Done when what it was computing has ended; a batch that was under way is computed again after a restart. */
  readonly stop: Effect.Effect<void, SparkError>
  /** What it failed with, and `undefined` where it did not. */
  readonly exception: Effect.Effect<QueryException | undefined, SparkError>
  /** How Spark runs the last batch. */
  readonly explain: Effect.Effect<string, SparkError>
}

export interface Status {
  /** What it is doing, in Spark's words. */
  readonly message: string
  readonly isDataAvailable: boolean
  readonly isTriggerActive: boolean
  readonly isActive: boolean
}

export interface QueryException {
  readonly message: string
  readonly errorClass: string | undefined
  readonly stackTrace: string | undefined
}

/**
 * Starts a query, once; what Spark refuses about the plan or the sink fails here. Where nothing answered any more, and
 * where it was interrupted, it may have been started: `byName` tells.
 */
export const start = Effect.fnUntraced(function*(options: Options) {
  const session = yield* Session
  const answers = yield* session.execute(commandOf({ case: "writeStreamOperationStart", value: startOf(options) }))
  const { name, queryId } = yield* find(answers, "writeStreamOperationStartResult")
  if (queryId === undefined) return yield* notUnderstood("Spark Connect started a query without an id")
  return handle(session, queryId, name)
})

/** The queries of the session that run. */
export const active = Effect.gen(function*() {
  const session = yield* Session
  const answers = yield* session.execute(
    commandOf({ case: "streamingQueryManagerCommand", value: { command: { case: "active", value: true } } })
  )
  const { resultType } = yield* find(answers, "streamingQueryManagerCommandResult")
  if (resultType.case !== "active") return yield* notUnderstood("Spark Connect did not say which queries are active")
  return resultType.value.activeQueries.flatMap(({ id, name }) => id === undefined ? [] : [handle(session, id, name)])
})

/** The active query of that name, if there is one. */
export const byName = (name: string) =>
  Effect.map(active, (queries) => queries.find((query) => query.name === name))

/** The active query from the checkpoint of that id, if there is one. */
export const byId = (id: string) => Effect.map(active, (queries) => queries.find((query) => query.id === id))

const startOf = ({ checkpoint, format, name, options = {}, outputMode, relation, trigger }: Options) => ({
  input: relation,
  format,
  options: { ...options, checkpointLocation: checkpoint },
  outputMode,
  trigger: trigger === "availableNow"
    ? { case: "availableNow", value: true } as const
    : { case: "processingTimeInterval", value: millisecondsOf(trigger.processingTime) } as const,
  ...(name === undefined ? {} : { queryName: name })
})

/** As Spark reads intervals. */
const millisecondsOf = (duration: Duration.Input): string =>
  `${Math.round(Duration.toMillis(Duration.fromInputUnsafe(duration)))} milliseconds`

type InstanceId = { readonly id: string; readonly runId: string }

const handle = (session: Session["Service"], { id, runId }: InstanceId, name: string | undefined): StreamingQuery => {
  const { ask, tell } = asking(session, { id, runId })
  const recent = (which: "lastProgress" | "recentProgress") =>
    Effect.flatMap(ask({ case: which, value: true }, "recentProgress"), ({ recentProgressJson }) =>
      Effect.forEach(recentProgressJson, Progress.decode))
  return {
    id,
    runId,
    name: name === "" ? undefined : name,
    status: Effect.map(
      ask({ case: "status", value: true }, "status"),
      ({ isActive, isDataAvailable, isTriggerActive, statusMessage }) =>
        ({ message: statusMessage, isDataAvailable, isTriggerActive, isActive })
    ),
    lastProgress: Effect.map(recent("lastProgress"), (progress) => progress.at(-1)),
    recentProgress: recent("recentProgress"),
    awaitTermination: (limit) => awaitTermination(ask, limit),
    stop: Effect.asVoid(tell({ case: "stop", value: true })),
    exception: Effect.map(tell({ case: "exception", value: true }), exceptionIn),
    explain: Effect.map(ask({ case: "explain", value: { extended: false } }, "explain"), ({ result }) => result)
  }
}

/** A query that did not fail answers with nothing. */
const exceptionIn = (result: StreamingQueryCommandResult["resultType"]): QueryException | undefined => {
  if (result.case !== "exception" || result.value.exceptionMessage === undefined) return undefined
  const { errorClass, exceptionMessage: message, stackTrace } = result.value
  return { message, errorClass, stackTrace }
}

/** One command waits no longer than this on the server, so that a client that is gone leaves nobody waiting there. */
const round = Duration.seconds(20)

const awaitTermination = Effect.fnUntraced(function*(ask: Ask["ask"], limit: Duration.Input = Duration.infinity) {
  const started = yield* MonotonicTime.millis
  const limitMillis = Duration.toMillis(Duration.fromInputUnsafe(limit))
  for (;;) {
    const left = started + limitMillis - (yield* MonotonicTime.millis)
    // Spark wants a positive time.
    const timeoutMs = BigInt(Math.max(1, Math.round(Math.min(left, Duration.toMillis(round)))))
    const { terminated } = yield* ask({ case: "awaitTermination", value: { timeoutMs } }, "awaitTermination")
    if (terminated || left <= Duration.toMillis(round)) return terminated
  }
})

type Question = Exclude<MessageInitShape<typeof StreamingQueryCommandSchema>["command"], undefined>
type Result = Exclude<StreamingQueryCommandResult["resultType"], { case: undefined }>
type Of<K extends Result["case"]> = Extract<Result, { case: K }>["value"]
type Ask = ReturnType<typeof asking>

/** Asks one query. */
const asking = (session: Session["Service"], queryId: InstanceId) => {
  /** What it is answered, of whatever kind; nothing has no kind. */
  const tell = (command: Question) =>
    session.execute(commandOf({ case: "streamingQueryCommand", value: { queryId, command } })).pipe(
      Effect.flatMap((answers) => find(answers, "streamingQueryCommandResult")),
      Effect.map(({ resultType }) => resultType)
    )
  const ask = <K extends Result["case"]>(command: Question, kind: K) =>
    Effect.flatMap(tell(command), (result): Effect.Effect<Of<K>, SparkError> =>
      result.case === kind
        // The compiler does not see that the case of a generic kind decides over its value.
        ? Effect.succeed(result.value as Of<K>)
        : Effect.fail(notUnderstood(`asked a query for ${kind}, Spark Connect answered ${result.case ?? "nothing"}`)))
  return { tell, ask }
}

type CommandType = Exclude<MessageInitShape<typeof CommandSchema>["commandType"], undefined>

const commandOf = (commandType: CommandType): Command => create(CommandSchema, { commandType })

type Known = Exclude<Answer, { case: undefined }>
type Found<K extends Known["case"]> = Extract<Known, { case: K }>["value"]

/** The answer of a kind, among all that a command is answered. */
const find = Effect.fnUntraced(function*<K extends Known["case"]>(
  answers: ReadonlyArray<Answer>,
  kind: K
): Effect.fn.Return<Found<K>, SparkError> {
  const found = answers.find((answer) => answer.case === kind)
  if (found === undefined) return yield* notUnderstood(`Spark Connect did a command without answering its ${kind}`)
  // The compiler does not see that the case of a generic kind decides over its value.
  return found.value as Found<K>
})
