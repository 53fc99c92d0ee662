/** Flags of the commands about Spark, and what the environment says where a flag does not. Tokens have no flags. */
import { Effect, Option, Redacted } from "effect"
import { Flag } from "effect/cli"
import { X509Certificate } from "node:crypto"
import { readFileSync } from "node:fs"
import type { Options } from "../../adapters/spark/rest/Submissions.ts"
import * as Flags from "../Flags.ts"
import { type Problem, problem, usage } from "../terminal/Problem.ts"

const variable = (name: string): string | undefined => process.env[`COURANT_SPARK_${name}`] || undefined

/** What the environment says where the flag does not. */
export const orVariable = (flag: Option.Option<string>, name: string): string | undefined =>
  Option.getOrElse(flag, () => variable(name))

/** The address of a server that runs. Clients of Spark have a variable of their own for it. */
export const remoteOf = (flag: Option.Option<string>): string | undefined => orVariable(flag, "CONNECT") ?? (process.env["SPARK_REMOTE"] || undefined)

/** The certificate of the authority of a server with TLS, in PEM. */
export const authority: Effect.Effect<string | undefined, Problem> = Effect.suspend(() => {
  const file = variable("CA")
  return file === undefined ? Effect.undefined : Effect.try({
    try: () => {
      const text = readFileSync(file, "utf8")
      // Node.js trusts nobody, and says nothing, where the authority's file holds no certificate.
      return new X509Certificate(text).raw.length > 0 ? text : undefined
    },
    catch: (cause) => problem(`COURANT_SPARK_CA: ${file} cannot be read, or is no certificate in PEM (${cause instanceof Error ? cause.message : String(cause)})`)
  })
})

export const tokenOf = (name: "TOKEN" | "REST_TOKEN"): Redacted.Redacted | undefined => {
  const token = variable(name)
  return token === undefined ? undefined : Redacted.make(token)
}

export const engine = Flag.Literals("engine", ["spark"]).pipe(
  Flag.withDescription("Engine that computes the pipeline: spark, the default"),
  Flag.withDefault("spark")
)

export const rest = Flag.String("rest").pipe(
  Flag.withMetavar("URL"),
  Flag.withDescription("REST API of the cluster's master, such as http://127.0.0.1:6066 (or COURANT_SPARK_REST)"),
  Flag.optional
)

export const connect = Flag.String("connect").pipe(
  Flag.withMetavar("sc://HOST:PORT"),
  Flag.withDescription(
    "A running Spark Connect server to use, instead of launching one: HOST:PORT, or sc://HOST:PORT/;NAME=VALUE;… with use_ssl, " +
      "user_id, session_id and headers x-… (or COURANT_SPARK_CONNECT, or SPARK_REMOTE)"
  ),
  Flag.optional
)

export const port = Flag.Int("port").pipe(
  Flag.withDescription("Port that a launched server listens on, on whichever worker it runs (default: 15002)"),
  Flag.filter(
    (value) => value !== 0 && isPort(value),
    (value) => `a port is a number from 1 to 65535, and ${value} is not`
  ),
  Flag.withDefault(15_002)
)

export const connectTimeout = Flags.connectTimeout.pipe(
  Flag.withDescription("How long to wait for Kafka, InfluxDB and Spark's server at startup (default: 30s)")
)

/** `--port` is the server's here. */
export const pagePort = Flag.Int("page-port").pipe(
  Flag.withDescription("Port of the page; 0 for any free port (default: 4380)"),
  Flag.filter(isPort, (value) => `a port is a number from 0 to 65535, and ${value} is not`),
  Flag.withDefault(4380)
)

export const conf = Flag.String("conf").pipe(
  Flag.withMetavar("NAME=VALUE"),
  Flag.withDescription(
    "A Spark setting, such as spark.driver.memory=1g; repeat it for several settings. With --connect only those that a session may have"
  ),
  Flag.filterMap(settingOf, (text) => `${JSON.stringify(text)} is no setting: give NAME=VALUE`),
  Flag.atLeast(0)
)

export const checkpointDir = Flag.String("checkpoint-dir").pipe(
  Flag.withMetavar("URL"),
  Flag.withDescription(
    "Folder for the checkpoints of Spark's queries, which driver and workers must reach: hdfs://…, s3a://…, or a shared " +
      "path (or COURANT_SPARK_CHECKPOINTS)"
  ),
  Flag.optional
)

export const stop = Flag.Boolean("stop").pipe(
  Flag.withDescription("Stop the query on the cluster, and exit; started again it resumes where it stopped"),
  Flag.withDefault(false)
)

function isPort(value: number): boolean {
  return value >= 0 && value <= 65_535
}

/** `NAME=VALUE`; there may be more of `=` in the value. */
function settingOf(text: string): Option.Option<readonly [string, string]> {
  const at = text.indexOf("=")
  return at < 1 ? Option.none() : Option.some([text.slice(0, at), text.slice(at + 1)])
}

/** The master, and the token that it may ask for. */
export const masterOf = (flag: Option.Option<string>): Effect.Effect<Options, Problem> => {
  const url = orVariable(flag, "REST")
  return url === undefined
    ? Effect.fail(usage("give the REST API of the cluster's master: --rest URL, or COURANT_SPARK_REST in the environment"))
    : Effect.succeed({ url, token: tokenOf("REST_TOKEN") })
}
