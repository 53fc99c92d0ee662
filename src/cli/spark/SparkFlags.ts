/** Flags of the commands about Spark, and what the environment says where a flag does not. Tokens have no flags. */
import { Effect, Option, Redacted } from "effect"
import { Argument, Flag } from "effect/cli"
import type { Options } from "../../adapters/spark/rest/Submissions.ts"
import * as Flags from "../Flags.ts"
import { type Problem, usage } from "../terminal/Problem.ts"

const variable = (name: string): string | undefined => process.env[`COURANT_SPARK_${name}`] || undefined

/** What the environment says where the flag does not. */
export const orVariable = (flag: Option.Option<string>, name: string): string | undefined =>
  Option.getOrElse(flag, () => variable(name))

export const tokenOf = (name: "TOKEN" | "REST_TOKEN"): Redacted.Redacted | undefined => {
  const token = variable(name)
  return token === undefined ? undefined : Redacted.make(token)
}

export const engine = Flag.Literals("engine", ["spark"]).pipe(
  Flag.withDescription("What computes the pipeline outside of this process: spark, the default"),
  Flag.withDefault("spark")
)

export const pipelines = Argument.String("pipeline").pipe(
  Argument.withMetavar("PIPELINE"),
  Argument.withDescription("Its name, or a file that exports some (./my-pipeline.ts); several are separated by commas"),
  Argument.map((text) => text.split(",").map((part) => part.trim()).filter((part) => part !== ""))
)

export const rest = Flag.String("rest").pipe(
  Flag.withMetavar("URL"),
  Flag.withDescription("REST API of the cluster's master, such as http://127.0.0.1:6066 (or COURANT_SPARK_REST)"),
  Flag.optional
)

export const connect = Flag.String("connect").pipe(
  Flag.withMetavar("HOST:PORT"),
  Flag.withDescription("A Spark Connect server that is there, instead of one that is launched (or COURANT_SPARK_CONNECT)"),
  Flag.optional
)

export const port = Flag.Int("port").pipe(
  Flag.withDescription("Where a server that is launched listens, on whichever worker it runs (default: 15002)"),
  Flag.filter(
    (value) => value !== 0 && isPort(value),
    (value) => `a port is a number from 1 to 65535, and ${value} is not`
  ),
  Flag.withDefault(15_002)
)

export const connectTimeout = Flags.connectTimeout.pipe(
  Flag.withDescription("For how long Kafka, InfluxDB and Spark's server may be away at the start (default: 30s)")
)

/** `--port` is the server's here. */
export const pagePort = Flag.Int("page-port").pipe(
  Flag.withDescription("Port of the page; 0 takes a free one (default: 4380)"),
  Flag.filter(isPort, (value) => `a port is a number from 0 to 65535, and ${value} is not`),
  Flag.withDefault(4380)
)

export const conf = Flag.String("conf").pipe(
  Flag.withMetavar("NAME=VALUE"),
  Flag.withDescription("A setting of Spark, such as spark.driver.memory=1g; any number of them"),
  Flag.filterMap(settingOf, (text) => `${JSON.stringify(text)} is no setting: give NAME=VALUE`),
  Flag.atLeast(0)
)

export const checkpointDir = Flag.String("checkpoint-dir").pipe(
  Flag.withMetavar("URL"),
  Flag.withDescription(
    "Folder that driver and workers reach, for what Spark saves of its queries: hdfs://…, s3a://…, or a path that all of " +
      "them share (or COURANT_SPARK_CHECKPOINTS)"
  ),
  Flag.optional
)

export const stop = Flag.Boolean("stop").pipe(
  Flag.withDescription("End the query that runs on the cluster, and exit; started again it goes on from there"),
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
