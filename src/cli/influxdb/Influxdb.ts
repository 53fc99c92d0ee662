/** How the command line reaches InfluxDB: by the environment only, so that no list of processes shows the token. */
import { Effect, Layer, Redacted } from "effect"
import type { Options } from "../../adapters/influxdb/Connection.ts"
import type { DeadLetters } from "../../streams/ports/DeadLetters.ts"
import type { Monitor } from "../../streams/ports/Monitor.ts"
import type { ResultSink } from "../../streams/ports/ResultSink.ts"
import { type Problem, usage } from "../terminal/Problem.ts"

const variables = ["URL", "TOKEN", "ORG", "BUCKET"].map((name) => `COURANT_INFLUXDB_${name}`)

const values = (): ReadonlyArray<string> => variables.map((name) => process.env[name] ?? "")

/** Whether the environment says anything of an InfluxDB. */
export const isNamed = (): boolean => values().some((value) => value !== "")

/** Where InfluxDB is, and what it asks for. `connectTimeout` is in milliseconds. */
export const optionsOf = (connectTimeout: number): Effect.Effect<Options, Problem> =>
  Effect.suspend(() => {
    const missing = variables.filter((_, index) => values()[index] === "")
    if (missing.length > 0) {
      const all = missing.length === variables.length ? "" : "; the others are set"
      return Effect.fail(usage(`InfluxDB needs ${missing.join(", ")} in the environment${all}`))
    }
    const [url = "", token = "", org = "", bucket = ""] = values()
    return Effect.succeed({ url, token: Redacted.make(token), org, bucket, connectTimeout })
  })

export interface Choice {
  readonly connectTimeout: number
  readonly topic: string
  /** The name under which the processor keeps its checkpoints. */
  readonly processor: string
}

/** The sink of a run, and its metrics beside its panes. The client is loaded here, so that others start without it. */
export const layerSink = (choice: Choice): Layer.Layer<ResultSink, Error, DeadLetters | Monitor> =>
  Layer.unwrap(Effect.gen(function*() {
    const connection = yield* optionsOf(choice.connectTimeout)
    const { sinkAndMetrics } = yield* Effect.promise(() => import("./InfluxdbStores.ts"))
    return sinkAndMetrics({ ...choice, connection })
  }))

/** To read what is there. */
export const layerPast = (connectTimeout: number): Layer.Layer<ResultSink, Error> =>
  Layer.unwrap(Effect.gen(function*() {
    const connection = yield* optionsOf(connectTimeout)
    const { past } = yield* Effect.promise(() => import("./InfluxdbStores.ts"))
    return past(connection)
  }))
