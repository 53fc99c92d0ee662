/**
 * Which Spark Connect server a command speaks to: one that is there, or one that it launches on the cluster. Of one that
 * was launched the token and the id stay in the data folder, for nobody else to read, so that the next command finds it.
 */
import { Effect, Option, Redacted, Result, Schema } from "effect"
import { createHash, randomBytes } from "node:crypto"
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { isLoopback } from "../../adapters/Loopback.ts"
import * as Folder from "../../adapters/sqlite/Folder.ts"
import { parse } from "../../adapters/spark/connect/ConnectionString.ts"
import type { Address } from "../../adapters/spark/live/ServerLocation.ts"
import type { SubmissionError } from "../../adapters/spark/rest/SubmissionError.ts"
import type * as Submissions from "../../adapters/spark/rest/Submissions.ts"
import * as Advice from "../terminal/Advice.ts"
import { type Problem, problem, say, usage } from "../terminal/Problem.ts"
import * as SparkFlags from "./SparkFlags.ts"

export interface Input {
  readonly rest: Option.Option<string>
  readonly connect: Option.Option<string>
  readonly port: number
  readonly conf: ReadonlyArray<readonly [string, string]>
  readonly data: string
  /** Whether one may be launched, and then for how long. */
  readonly launches: "never" | "once" | "forever"
}

/** One that is there. */
export type Running = Address

/** One that is launched, or was by an earlier command: what the live cluster takes for that. */
export interface Launch {
  readonly rest: Submissions.Options
  readonly port: number
  /** The address of the interface that it listens on. */
  readonly bind: string
  readonly properties: Readonly<Record<string, string>>
  /** The id of the one that an earlier command has launched. */
  readonly submission: string | undefined
  readonly onSubmitted: (id: string) => Effect.Effect<void>
}

export interface Server {
  readonly place: Running | Launch
  readonly token: Redacted.Redacted
  /** Of the session; those of a server that is launched are its own. */
  readonly settings: Readonly<Record<string, string>>
  /** Ends what was launched for one computation only; what was there before goes on. */
  readonly end: Effect.Effect<void>
}

/** A flag counts before the environment, and a server that is there before one that would be launched. */
export const serverOf = Effect.fnUntraced(function*(input: Input): Effect.fn.Return<Server, Problem | SubmissionError> {
  if (Option.isSome(input.rest) && Option.isSome(input.connect)) {
    return yield* usage("--rest launches a server and --connect uses a running one: give one of them")
  }
  const connect = Option.isSome(input.rest) ? undefined : SparkFlags.remoteOf(input.connect)
  if (connect !== undefined) return yield* running(connect, Object.fromEntries(input.conf))
  if (SparkFlags.orVariable(input.rest, "REST") === undefined) {
    return yield* usage(
      "give the cluster: --rest URL of its master (or COURANT_SPARK_REST), where a Spark Connect server is launched, or " +
        "--connect sc://HOST:PORT of a running server (or COURANT_SPARK_CONNECT, or SPARK_REMOTE)"
    )
  }
  return yield* launched(input)
})

const running = Effect.fnUntraced(function*(text: string, settings: Server["settings"]): Effect.fn.Return<Server, Problem> {
  const remote = parse(text)
  if (Result.isFailure(remote)) return yield* usage(`the address of the Spark Connect server: ${remote.failure}`)
  const { token: own, useSsl, ...address } = remote.success
  const token = own ?? SparkFlags.tokenOf("TOKEN") ?? Redacted.make("")
  const isSecure = useSsl ?? (Redacted.value(token) !== "" && !isLoopback(address.host))
  const ca = yield* SparkFlags.authority
  if (ca !== undefined && !isSecure) return yield* usage("COURANT_SPARK_CA is for a server with TLS: give sc://HOST:PORT/;use_ssl=true")
  return {
    place: { ...address, ...(isSecure ? { tls: ca === undefined ? {} : { ca } } : {}), ...(useSsl === false ? { isTrusted: true } : {}) },
    token,
    // As on a server that is launched: the 200 that Spark takes by itself are for hundreds of cores.
    settings: { "spark.sql.shuffle.partitions": "2", ...settings },
    end: Effect.void
  }
})

const launched = Effect.fnUntraced(function*(input: Input): Effect.fn.Return<Server, Problem | SubmissionError> {
  const { data, launches, port } = input
  const rest = yield* SparkFlags.masterOf(input.rest)
  const { [binding]: bind, ...properties }: Record<string, string> = Object.fromEntries(input.conf)
  const file = fileOf(data, rest.url, port)
  const kept = yield* read(file)
  const token = SparkFlags.tokenOf("TOKEN") ?? Redacted.make(kept.token ?? randomBytes(24).toString("base64url"))
  const digest = digestOf(token)
  const { submission } = kept
  if (submission !== undefined && kept.digest !== digest && (yield* hostOf(rest, submission)) !== undefined) {
    return yield* problem(
      `COURANT_SPARK_TOKEN is not the token of ${submission}, which was launched from here: set it to that, or end the ` +
        `server first with: courant spark kill ${submission} --rest ${rest.url}`
    )
  }
  const keep = (submission: string | undefined) =>
    write(file, {
      digest,
      // One of the environment is not for us to keep.
      ...(SparkFlags.tokenOf("TOKEN") === undefined ? { token: Redacted.value(token) } : {}),
      ...(submission === undefined ? {} : { submission })
    })
  // Kept before anything is launched: a server whose token nobody knows could not be used.
  if (launches === "forever" && kept.digest !== digest) yield* keep(undefined)
  const submitted: Array<string> = []
  const onSubmitted = Effect.fnUntraced(function*(id: string) {
    submitted.push(id)
    if (launches === "once") return say("launched a Spark Connect server on the cluster, for this computation")
    say(`launched a Spark Connect server on the cluster, which runs until: courant spark kill ${id} --rest ${rest.url}`)
    yield* keep(id)
  }, Effect.catch(({ message }) => Effect.sync(() => say(message))))
  return {
    token,
    settings: {},
    place: {
      rest,
      port,
      // Whose master is reached from this machine only is a cluster on this machine, and nobody else is to reach the server.
      bind: bind ?? (isLoopback(URL.parse(rest.url)?.hostname ?? "") ? "127.0.0.1" : "0.0.0.0"),
      properties,
      submission,
      onSubmitted
    },
    end: Effect.suspend(() => launches === "once" ? kill(rest, submitted) : Effect.void)
  }
})

/** By which a token is recognized that is not kept. */
const digestOf = (token: Redacted.Redacted): string => createHash("sha256").update(Redacted.value(token)).digest("hex")

const kill = Effect.fnUntraced(function*(rest: Submissions.Options, ids: ReadonlyArray<string>) {
  if (ids.length === 0) return
  const { Submissions } = yield* Effect.promise(() => import("../../adapters/spark/rest/Submissions.ts"))
  yield* Effect.forEach(ids, (id) => Submissions.use(({ kill }) => kill(id)), { discard: true }).pipe(
    Effect.provide(Submissions.layer(rest))
  )
}, Effect.catch((error) => Effect.sync(() => say(`Spark's server keeps running: ${Advice.sentence(error)}`))))

const binding = "spark.connect.grpc.binding.address"

/** The server that is there, or was launched and has not ended; undefined where there is none, and none is launched. */
export const runningOf = Effect.fnUntraced(function*({ place }: Server) {
  if (!("rest" in place)) return place
  const { port, rest, submission } = place
  const host = submission === undefined ? undefined : yield* hostOf(rest, submission)
  return host === undefined ? undefined : { host, port, isTrusted: true } satisfies Running
})

/** Of the worker on which a driver runs; undefined where it does not. */
const hostOf = Effect.fnUntraced(function*(rest: Submissions.Options, id: string) {
  const { isOver, Submissions } = yield* Effect.promise(() => import("../../adapters/spark/rest/Submissions.ts"))
  const status = yield* Submissions.use(({ status }) => status(id)).pipe(
    Effect.catchIf(({ reason }) => reason === "unknown-submission", () => Effect.succeed(undefined)),
    Effect.provide(Submissions.layer(rest))
  )
  return status === undefined || isOver(status.state) ? undefined : status.host
})

const Kept = Schema.Struct({
  digest: Schema.optionalKey(Schema.String),
  token: Schema.optionalKey(Schema.String),
  submission: Schema.optionalKey(Schema.String)
})
type Kept = typeof Kept.Type

/** One file for each place where a server may be. */
const fileOf = (data: string, url: string, port: number): string =>
  join(data, "spark", `${(URL.parse(url)?.host ?? url).replaceAll(/[^A-Za-z0-9.-]/g, "-")}-${port}.json`)

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Kept))

const read = Effect.fnUntraced(function*(file: string): Effect.fn.Return<Kept, Problem> {
  if (!existsSync(file)) return {}
  const text = yield* Effect.try({
    try: () => readFileSync(file, "utf8"),
    catch: (cause) => problem(`the token of Spark's server cannot be read from ${file}: ${String(cause)}`)
  })
  return yield* Effect.mapError(decode(text), () =>
    problem(`${file} is not what courant submit has written; delete it, and a new server is launched`))
})

const write = (file: string, kept: Kept): Effect.Effect<void, Problem> =>
  Effect.try({
    try: () => {
      Folder.make(dirname(file))
      writeFileSync(`${file}.new`, `${JSON.stringify(kept)}\n`, { mode: 0o600 })
      renameSync(`${file}.new`, file)
    },
    catch: (cause) => problem(`the token of Spark's server cannot be kept in ${file}: ${String(cause)}`)
  })
