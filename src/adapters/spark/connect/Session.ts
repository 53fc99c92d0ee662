/**
 * A session of a Spark Connect server: asking about plans, settings, and executing commands. It is released with its
 * scope, and its streaming queries end with it, unless it is kept.
 *
 * Source: https://spark.apache.org/docs/4.0.0/spark-connect-overview.html
 */
import type { MessageInitShape } from "@bufbuild/protobuf"
import { Context, Duration, Effect, Layer, type Scope } from "effect"
import { randomUUID } from "node:crypto"
import * as Execution from "./Execution.ts"
import type { AnalyzePlanRequestSchema, AnalyzePlanResponse, ConfigRequest_OperationSchema } from "./proto/base_pb.ts"
import type { Command } from "./proto/commands_pb.ts"
import type { Relation } from "./proto/relations_pb.ts"
import { notUnderstood, type SparkError } from "./SparkError.ts"
import type * as Transport from "./Transport.ts"
import * as Wire from "./Wire.ts"

export interface Options extends Transport.Target {
  /** A UUID: the session of another client, whose queries are then found here. A new one unless told. */
  readonly sessionId?: string | undefined
  /** What `serverSessionId` was before: if the server has been started anew since, that is told. */
  readonly serverSessionId?: string | undefined
  /** Sessions are kept apart by user; `courant` unless told. */
  readonly user?: string | undefined
  /**
   * Whether the session and its queries go on when the scope ends. The server ends them when nobody asks for as long
   * as its `spark.connect.session.manager.defaultSessionTimeout` says, an hour unless told. No, unless told.
   */
  readonly keep?: boolean | undefined
  /** For how long the server may be away, at the start and later, before a request fails; half a minute unless told. */
  readonly patience?: Duration.Input | undefined
}

export type ExplainMode = keyof typeof explainModes

export class Session extends Context.Service<Session, {
  readonly id: string
  /** The server's own id of the session: another one after a restart. */
  readonly serverSessionId: string
  /** Of Spark, as in `4.0.0`. */
  readonly version: string
  /** The plan as Spark would run it; `simple` unless told. */
  readonly explain: (relation: Relation, mode?: ExplainMode) => Effect.Effect<string, SparkError>
  /** The columns of a relation, as a tree of text. */
  readonly schema: (relation: Relation) => Effect.Effect<string, SparkError>
  readonly isStreaming: (relation: Relation) => Effect.Effect<boolean, SparkError>
  /** Of some settings those that no session can set: they are of the server, or Spark does not know them. */
  readonly fixed: (keys: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<string>, SparkError>
  /** Sets what the session runs with, as in `spark.sql.shuffle.partitions`. */
  readonly set: (settings: Readonly<Record<string, string>>) => Effect.Effect<void, SparkError>
  /** What is set, and `undefined` where nothing is. */
  readonly get: (key: string) => Effect.Effect<string | undefined, SparkError>
  /** What a command is answered, in order. It is done once, whatever becomes of connections. */
  readonly execute: (command: Command) => Effect.Effect<ReadonlyArray<Execution.Answer>, SparkError>
  /** Computes a relation for what it counts on the way, and leaves its rows alone. */
  readonly observe: (relation: Relation) => Effect.Effect<ReadonlyArray<Execution.Answer>, SparkError>
  /** Interrupts every execution of the session; its streaming queries go on. Their ids. */
  readonly interrupt: Effect.Effect<ReadonlyArray<string>, SparkError>
}>()("courant/spark/Session") {
  static readonly layer = (options: Options): Layer.Layer<Session, SparkError> =>
    Layer.effect(Session, connect(options))
}

/** Done when the server answers, which a server that is starting does after some seconds. */
export const connect = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<Session["Service"], SparkError, Scope.Scope> {
  const sessionId = options.sessionId ?? randomUUID()
  const patience = Duration.fromInputUnsafe(options.patience ?? "30 seconds")
  const user = options.user ?? "courant"
  const wire = yield* Wire.make({ ...options, sessionId, user, serverSessionId: options.serverSessionId, patience })
  const version = (yield* analyze(wire, { case: "sparkVersion", value: {} }, firstTimeout)).version
  if (options.keep !== true) yield* Effect.addFinalizer(() => release(wire))
  return {
    id: sessionId,
    serverSessionId: wire.serverSessionId() ?? "",
    version,
    explain: (relation, mode = "simple") =>
      analyze(wire, { case: "explain", value: { plan: planOf(relation), explainMode: explainModes[mode] } }).pipe(
        Effect.map(({ explainString }) => explainString)
      ),
    schema: (relation) =>
      analyze(wire, { case: "treeString", value: { plan: planOf(relation) } }).pipe(
        Effect.map(({ treeString }) => treeString)
      ),
    isStreaming: (relation) =>
      analyze(wire, { case: "isStreaming", value: { plan: planOf(relation) } }).pipe(
        Effect.map(({ isStreaming }) => isStreaming)
      ),
    fixed: (keys) =>
      Effect.map(configure(wire, { case: "isModifiable", value: { keys: [...keys] } }), ({ pairs }) =>
        pairs.filter(({ value }) => value !== "true").map(({ key }) => key)),
    set: (settings) => Effect.asVoid(configure(wire, { case: "set", value: pairsOf(settings) })),
    get: (key) =>
      Effect.map(configure(wire, { case: "getOption", value: { keys: [key] } }), ({ pairs }) => pairs[0]?.value),
    execute: (command) => Execution.execute(wire, { case: "command", value: command }),
    observe: (relation) => Execution.execute(wire, { case: "root", value: relation }),
    interrupt: Effect.map(
      wire.ask((client, identity, call) => client.interrupt({ ...identity, interruptType: everything }, call)),
      ({ interruptedIds }) => interruptedIds
    )
  }
})

/** Who does not say its version by then may be asked again: a server that is starting, a host that is gone. */
const firstTimeout = Duration.seconds(10)

const explainModes = { simple: 1, extended: 2, codegen: 3, cost: 4, formatted: 5 } as const

/** `INTERRUPT_TYPE_ALL`. */
const everything = 1

const planOf = (relation: Relation) => ({ opType: { case: "root", value: relation } }) as const

type Question = Exclude<MessageInitShape<typeof AnalyzePlanRequestSchema>["analyze"], undefined>
type Result = Exclude<AnalyzePlanResponse["result"], { case: undefined }>
type Kind = Result["case"]
type Of<K extends Kind> = Extract<Result, { case: K }>["value"]

/** Asks about a plan; the answer is of the kind of the question. */
const analyze = <K extends Kind>(
  wire: Wire.Wire,
  question: Question & { readonly case: K },
  timeout?: Duration.Duration
) =>
  wire.ask((client, identity, call) => client.analyzePlan({ ...identity, analyze: question }, call), timeout).pipe(
    Effect.flatMap(({ result }): Effect.Effect<Of<K>, SparkError> =>
      result.case === question.case
        // The compiler does not see that the case of a generic kind decides over its value.
        ? Effect.succeed(result.value as Of<K>)
        : Effect.fail(notUnderstood(`asked for ${question.case}, Spark Connect answered ${result.case ?? "nothing"}`))
    )
  )

type Operation = Exclude<MessageInitShape<typeof ConfigRequest_OperationSchema>["opType"], undefined>

const configure = (wire: Wire.Wire, opType: Operation) =>
  wire.ask((client, identity, call) => client.config({ ...identity, operation: { opType } }, call))

const pairsOf = (settings: Readonly<Record<string, string>>) => ({
  pairs: Object.entries(settings).map(([key, value]) => ({ key, value }))
})

/** The server forgets the session by itself later: where it is away now, there is nothing to be done. */
const release = ({ client, identity }: Wire.Wire): Effect.Effect<void> => {
  const { clientType, sessionId, userContext } = identity()
  return Effect.ignore(Effect.tryPromise((signal) =>
    client.releaseSession({ sessionId, userContext, clientType }, { signal, timeoutMs: 5_000 })
  ))
}
