/**
 * A Spark Connect server on the cluster, as a driver that is submitted like any application. It is started again when
 * it fails, within bounds; it stays down when somebody has ended it; and it is waited for while the master cannot say.
 *
 * Source: https://spark.apache.org/docs/4.0.0/configuration.html#server-configuration (of Spark Connect)
 */
import { Context, Duration, Effect, Layer, type Redacted, Schedule, type Scope, Stream, SubscriptionRef } from "effect"
import * as Driver from "./Driver.ts"
import { SubmissionError } from "./SubmissionError.ts"
import { isOver, Submissions } from "./Submissions.ts"

export interface Options {
  /** Where it listens on whichever worker it runs. */
  readonly port: number
  /** The address of the interface that it listens on: `127.0.0.1` unless told, `0.0.0.0` on a cluster of several hosts. */
  readonly bind?: string | undefined
  /** What it asks of its clients. It travels by the environment of the driver, and is in no list of processes. */
  readonly token: Redacted.Redacted
  /** Settings of Spark beside those that it needs: `spark.executor.memory`, `spark.cores.max` and so on. */
  readonly properties?: Readonly<Record<string, string>> | undefined
  /**
   * Succeeds once the server answers at `HOST:PORT`: a driver that runs does not serve yet. Asked again and again;
   * each time it has five seconds.
   */
  readonly serves: (address: string) => Effect.Effect<unknown, unknown>
  /** The id of one that was submitted before: where it is not over it is used, and none is submitted. */
  readonly submission?: string | undefined
  /** Whether the end of the scope is its end as well; otherwise it goes on, and its queries with it. */
  readonly killAtEnd?: boolean | undefined
  /** How long it may take from its submission until it serves; 2 minutes unless told. */
  readonly startTimeout?: Duration.Input | undefined
  /** How often it is started again after failures that follow each other; 5 times unless told. */
  readonly restarts?: number | undefined
}

export interface Server {
  readonly id: string
  /** `HOST:PORT`. */
  readonly address: string
}

export class ConnectServer extends Context.Service<ConnectServer, {
  /** The one that serves now; while it is started, waits for it. Fails when there will be none. */
  readonly server: Effect.Effect<Server, SubmissionError>
  /** Waits until it has ended for good, and fails with the reason. */
  readonly ended: Effect.Effect<never, SubmissionError>
}>()("courant/spark/ConnectServer") {
  /** Does not wait for the server; `server` does. */
  static readonly layer = (options: Options): Layer.Layer<ConnectServer, never, Submissions> =>
    Layer.effect(ConnectServer, make(options))
}

type State =
  | { readonly _tag: "starting" }
  | { readonly _tag: "serving"; readonly server: Server }
  | { readonly _tag: "ended"; readonly error: SubmissionError }

const starting: State = { _tag: "starting" }

const make = Effect.fnUntraced(function*(options: Options): Effect.fn.Return<
  ConnectServer["Service"],
  never,
  Submissions | Scope.Scope
> {
  const submissions = yield* Submissions
  const state = yield* SubscriptionRef.make<State>(starting)
  let current: string | undefined

  if (options.killAtEnd === true) {
    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => current === undefined ? Effect.void : submissions.kill(current)).pipe(
        Effect.catch(({ message }) => Effect.logWarning(`the Spark Connect server ${current} may go on: ${message}`))
      ))
  }

  /** Known before anything can interrupt: one that nobody knows of could not be ended. */
  const submit = submissions.create(applicationOf(options)).pipe(
    Effect.tap((id) => Effect.sync(() => current = id)),
    Effect.uninterruptible
  )

  const startTimeout = Duration.toMillis(Duration.fromInputUnsafe(options.startTimeout ?? "2 minutes"))
  const follow = (id: string) =>
    Driver.follow(id, {
      submissions,
      port: options.port,
      serves: options.serves,
      startTimeout,
      tell: (address) =>
        SubscriptionRef.set(state, address === null ? starting : { _tag: "serving", server: { id, address } })
    })

  const first = Effect.suspend(() => {
    const { submission } = options
    if (submission === undefined) return submit
    return Effect.flatMap(Driver.statusOf(submissions, submission), (status) => {
      if (status === "forgotten" || (status !== "unreachable" && isOver(status.state))) return submit
      current = submission
      return Effect.succeed(submission)
    })
  })

  const again = Effect.catch(submit, (error) =>
    Effect.fail(error.reason === "unreachable" ? new Driver.Failed({ message: error.message, served: 0 }) : error))

  let isFirst = true
  const once = Effect.suspend(() => {
    const id = isFirst ? first : again
    isFirst = false
    return Effect.flatMap(id, follow)
  }).pipe(
    Effect.catchTag("Failed", (failed) => Effect.gen(function*() {
      yield* SubscriptionRef.set(state, starting)
      // What has served for long has not failed at its start: its failures are counted anew.
      if (failed.served >= steady) return
      return yield* failed
    }))
  )

  const restarts = Schedule.exponential("1 second").pipe(Schedule.upTo({ times: options.restarts ?? 5 }))
  yield* once.pipe(
    Effect.retry({ schedule: restarts, while: ({ _tag }) => _tag === "Failed" }),
    Effect.forever,
    Effect.mapError((error) => error._tag === "Failed" ? new SubmissionError({ reason: "ended", message: error.message }) : error),
    Effect.catch((error) => SubscriptionRef.set(state, { _tag: "ended", error })),
    Effect.forkScoped
  )

  const changes = SubscriptionRef.changes(state)
  return ConnectServer.of({
    server: firstOf(changes, (state) =>
      state._tag === "serving" ? Effect.succeed(state.server) : state._tag === "ended" ? Effect.fail(state.error) : undefined),
    ended: firstOf(changes, (state) => state._tag === "ended" ? Effect.fail(state.error) : undefined)
  })
})

const steady = Duration.toMillis("10 minutes")

/** Waits for the first state that is an answer. */
const firstOf = <A>(
  changes: Stream.Stream<State>,
  answerOf: (state: State) => Effect.Effect<A, SubmissionError> | undefined
): Effect.Effect<A, SubmissionError> =>
  changes.pipe(
    Stream.map(answerOf),
    Stream.filter((answer) => answer !== undefined),
    Stream.runHead,
    Effect.flatMap((answer) => answer._tag === "Some" ? answer.value : Effect.never)
  )

/** One core and a gigabyte each for driver and executor, so that it finds room on a small cluster too. */
const applicationOf = ({ bind = "127.0.0.1", port, properties, token }: Options) => ({
  mainClass: "org.apache.spark.sql.connect.service.SparkConnectServer",
  environment: { SPARK_CONNECT_AUTHENTICATE_TOKEN: token },
  properties: {
    "spark.app.name": "courant-connect",
    "spark.driver.cores": "1",
    "spark.driver.memory": "1g",
    "spark.executor.cores": "1",
    "spark.executor.memory": "1g",
    "spark.cores.max": "1",
    "spark.ui.enabled": "false",
    "spark.sql.session.timeZone": "UTC",
    ...properties,
    "spark.driver.extraJavaOptions": withUtf8(properties?.["spark.driver.extraJavaOptions"]),
    "spark.executor.extraJavaOptions": withUtf8(properties?.["spark.executor.extraJavaOptions"]),
    // A supervised driver whose worker dies is given another id, and its old one stays RELAUNCHING for ever.
    "spark.driver.supervise": "false",
    "spark.connect.grpc.binding.address": bind,
    "spark.connect.grpc.binding.port": String(port)
  }
})

/** Spark reads the texts of a VARIANT in the JVM's own charset, which is ASCII where no locale says otherwise. */
const withUtf8 = (options: string | undefined): string => `-Dfile.encoding=UTF-8 ${options ?? ""}`.trim()
