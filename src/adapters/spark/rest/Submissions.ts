/**
 * Applications on a standalone cluster of Spark, by the REST API of its master. Each call is one request: what may be
 * repeated is for the caller to say, since an application that was submitted twice runs twice.
 *
 * Source: https://spark.apache.org/docs/4.0.0/spark-standalone.html#rest-api
 */
import { Context, Duration, Effect, Layer, Redacted, Schema } from "effect"
import { FetchHttpClient } from "effect/http"
import { SubmissionError } from "./SubmissionError.ts"
import * as Requests from "./Requests.ts"

export const DriverState = Schema.Literals([
  /** Waits for a worker with enough cores and memory. */
  "SUBMITTED",
  /** Its process has been started, which need not serve anything yet. */
  "RUNNING",
  /** It has ended by itself, with exit code 0. */
  "FINISHED",
  /** It is to be started on another worker. One that is, with `spark.driver.supervise`, gets another id there. */
  "RELAUNCHING",
  /** The master has just come back, and does not know yet. */
  "UNKNOWN",
  /** It was ended by a request. */
  "KILLED",
  /** It has ended by itself, with another exit code, or by a signal. */
  "FAILED",
  /** It could not be started, or its worker is gone. */
  "ERROR"
])
export type DriverState = typeof DriverState.Type

/** Whether nothing follows. */
export const isOver = (state: DriverState): boolean =>
  state === "FINISHED" || state === "KILLED" || state === "FAILED" || state === "ERROR"

type Text = string | Redacted.Redacted

export interface Application {
  readonly mainClass: string
  /** A URL or path that each worker can read; without one the class is of Spark's own jars. */
  readonly jar?: string | undefined
  readonly args?: ReadonlyArray<string>
  /**
   * Settings of Spark, `spark.driver.memory` for instance. They are arguments of the driver's process, so a secret is
   * seen by whoever may list the processes of its host: that is what the environment is for.
   */
  readonly properties?: Readonly<Record<string, Text>>
  /** Of the driver's process. */
  readonly environment?: Readonly<Record<string, Text>>
}

export interface Status {
  readonly id: string
  readonly state: DriverState
  /** The host of the worker that runs it; undefined before there is one. */
  readonly host: string | undefined
  /** What the master says of its end; empty where it says nothing. */
  readonly message: string
}

export interface Options {
  /** `http://127.0.0.1:6066`, of the master that is active. */
  readonly url: string
  /** Where the master has `spark.master.rest.filters=org.apache.spark.ui.JWSFilter`: a token that its key has signed. */
  readonly token?: Redacted.Redacted | undefined
  /** How long to wait for an answer; 30 seconds unless told. */
  readonly timeout?: Duration.Input | undefined
}

export class Submissions extends Context.Service<Submissions, {
  /** Submits an application in cluster mode, and gives its id. After `unreachable` it may have been submitted. */
  readonly create: (application: Application) => Effect.Effect<string, SubmissionError>
  readonly status: (id: string) => Effect.Effect<Status, SubmissionError>
  /** Asks for its end, which takes a moment; false where it had ended before. */
  readonly kill: (id: string) => Effect.Effect<boolean, SubmissionError>
  /** Fails where the master takes no submissions; gives its version of Spark. */
  readonly ready: Effect.Effect<string, SubmissionError>
}>()("courant/spark/Submissions") {
  /** Makes no request: fails only where the URL is none. */
  static readonly layer = (options: Options): Layer.Layer<Submissions, SubmissionError> =>
    Layer.effect(Submissions, make(options)).pipe(Layer.provide(FetchHttpClient.layer))
}

const make = Effect.fnUntraced(function*(options: Options) {
  const { get, post, refused, unknown } = yield* Requests.make({
    url: options.url,
    token: options.token,
    timeout: Duration.fromInputUnsafe(options.timeout ?? "30 seconds")
  })

  const status = Effect.fnUntraced(function*(id: string): Effect.fn.Return<Status, SubmissionError> {
    const answer = yield* get("status", yield* checkedId(id), StatusAnswer)
    if (answer.driverState === undefined) return yield* unknown(id)
    return {
      id,
      state: answer.driverState,
      host: answer.workerHostPort?.replace(/:\d+$/, ""),
      message: answer.message ?? ""
    }
  })

  const checkedId = (id: string) => isId.test(id) ? Effect.succeed(id) : Effect.fail(unknown(id))

  return Submissions.of({
    status,
    create: Effect.fnUntraced(function*(application) {
      const answer = yield* post("create", "", CreateAnswer, bodyOf(application), secretsOf(application))
      return answer.success && answer.submissionId !== undefined
        ? answer.submissionId
        : yield* refused(answer.message ?? "it does not say why", secretsOf(application))
    }),
    kill: Effect.fnUntraced(function*(id) {
      const answer = yield* post("kill", yield* checkedId(id), KillAnswer)
      if (answer.success) return true
      // One answer for those that have ended and those that never were.
      const { state } = yield* status(id)
      if (isOver(state)) return false
      return yield* refused(answer.message ?? `it is ${state}`)
    }),
    ready: Effect.flatMap(get("readyz", "", ReadyAnswer), ({ message, serverSparkVersion, success }) =>
      success
        ? Effect.succeed(serverSparkVersion)
        : refused(message === undefined || message === "" ? "it is not the active master, or not yet" : message))
  })
})

/** Others than those that masters give would be parts of a path. */
const isId = /^[\w-][\w.-]*$/

const answerWith = <Fields extends Schema.Struct.Fields>(fields: Fields) =>
  Schema.Struct({ serverSparkVersion: Schema.String, message: Schema.optionalKey(Schema.String), ...fields })

const CreateAnswer = answerWith({ success: Schema.Boolean, submissionId: Schema.optionalKey(Schema.String) })

const KillAnswer = answerWith({ success: Schema.Boolean })

const ReadyAnswer = answerWith({ success: Schema.Boolean })

/** Of an id that is not known it has no state. */
const StatusAnswer = answerWith({
  driverState: Schema.optionalKey(DriverState),
  workerHostPort: Schema.optionalKey(Schema.String)
})

/** The master tells the driver by itself where it is. */
const bodyOf = ({ args = [], environment = {}, jar = "", mainClass, properties = {} }: Application) => {
  const own = textsOf(properties)
  // The driver has the application's jar by itself; this is how executors get it.
  const jars = [jar, own["spark.jars"] ?? ""].filter((each) => each !== "").join(",")
  return {
    action: "CreateSubmissionRequest",
    clientSparkVersion: "4.0.0",
    appResource: jar,
    mainClass,
    appArgs: args,
    environmentVariables: textsOf(environment),
    sparkProperties: {
      "spark.app.name": mainClass,
      ...own,
      ...(jars === "" ? {} : { "spark.jars": jars }),
      "spark.submit.deployMode": "cluster"
    }
  }
}

const textsOf = (values: Readonly<Record<string, Text>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) =>
    [name, typeof value === "string" ? value : Redacted.value(value)]))

const secretsOf = ({ environment = {}, properties = {} }: Application): ReadonlyArray<string> =>
  [...Object.values(environment), ...Object.values(properties)]
    .flatMap((value) => typeof value === "string" ? [] : [Redacted.value(value)])
