/** How the command line reaches Kafka: brokers by flag or environment, secrets by environment only. */
import { Effect, Option, Redacted } from "effect"
import { X509Certificate } from "node:crypto"
import { readFileSync } from "node:fs"
import type { Options, Sasl, Tls } from "../../adapters/kafka/client/Connection.ts"
import { isLoopbackAddress } from "../../adapters/Loopback.ts"
import { bars, ticks } from "../../analytics/ticks.ts"
import * as Checked from "../../streams/pipeline/Checked.ts"
import type { Any as AnyPipeline } from "../../streams/pipeline/Pipeline.ts"
import type { Sources } from "../../streams/records/Router.ts"
import * as Pipelines from "../Pipelines.ts"
import { type Problem, problem, usage } from "../terminal/Problem.ts"
import type { Rows } from "../RowSinks.ts"
import type { Sink } from "../Tee.ts"
import * as Topics from "../Topics.ts"
import type { Waiting } from "./KafkaStandby.ts"
import * as KafkaToken from "./KafkaToken.ts"

export interface Input {
  readonly brokers: Option.Option<ReadonlyArray<string>>
  readonly connectTimeout: number
}

const variable = (name: string): string | undefined => process.env[`COURANT_KAFKA_${name}`] || undefined

/**
 * `COURANT_KAFKA_BROKERS`; `COURANT_KAFKA_TLS=1`, with `COURANT_KAFKA_CA`, `COURANT_KAFKA_CERT` and `COURANT_KAFKA_KEY`
 * naming PEM files where Node.js's own authorities do not do; `COURANT_KAFKA_USERNAME` and `COURANT_KAFKA_PASSWORD` for
 * SASL/SCRAM, by SHA-512 unless `COURANT_KAFKA_SASL` is scram-sha-256 or plain; a token for SASL/OAUTHBEARER, see
 * {@link KafkaToken}; `COURANT_KAFKA_LIBRARY` to choose between the two
 * client libraries, `platformatic` (unless told) and `kafkajs`.
 */
export const optionsOf = Effect.fnUntraced(function*(input: Input) {
  const brokers = Option.getOrElse(input.brokers, () => variable("BROKERS")?.split(",").map((broker) => broker.trim()) ?? [])
  if (brokers.length === 0) return yield* usage("Kafka needs --brokers HOST:PORT, or COURANT_KAFKA_BROKERS")
  const wrong = brokers.find((broker) => !/^[^\s:/]+:\d{1,5}$|^\[[\da-fA-F:]+\]:\d{1,5}$/.test(broker))
  if (wrong !== undefined) return yield* usage(`"${wrong}" is no broker: brokers are HOST:PORT, separated by commas`)
  const library = variable("LIBRARY")
  if (library !== undefined && library !== "kafkajs" && library !== "platformatic") {
    return yield* usage(`COURANT_KAFKA_LIBRARY is kafkajs or platformatic, not "${library}"`)
  }
  const options = { brokers, connectTimeout: input.connectTimeout, tls: yield* tls, sasl: yield* sasl, library } satisfies Options
  if (options.tls === undefined && isExposed(brokers, options.sasl) && variable("TLS") !== "0") {
    return yield* usage(`COURANT_KAFKA_SASL=${options.sasl?.mechanism} sends a secret as it is: set COURANT_KAFKA_TLS=1, or 0 on a network that you trust`)
  }
  return options
})

/** The topic by flag or `COURANT_KAFKA_TOPIC`. */
export const topicOf = (flag: Option.Option<string>): Option.Option<string> =>
  Option.orElse(flag, () => Option.fromUndefinedOr(variable("TOPIC")))

/** The topic for a command that looks at one that is there. */
export const givenTopic = (flag: Option.Option<string>, asked = "--log kafka"): Effect.Effect<string, Problem> =>
  Option.match(topicOf(flag), {
    onNone: () => Effect.fail(usage(`${asked} needs --topic NAME, or COURANT_KAFKA_TOPIC`)),
    onSome: Effect.succeed
  })

/** The topic, or those of the sources that pipelines read, with a name for what is made of them. */
export const givenTopics = Effect.fnUntraced(function*(flag: Parameters<typeof Topics.of>[0], pipelines: ReadonlyArray<AnyPipeline>, asked?: string) {
  const given = yield* Topics.of(flag)
  const { topics } = given
  yield* Pipelines.checkSources(pipelines, topics === null ? null : topics.map(({ source }) => source))
  yield* Topics.checkRead(topics, Pipelines.sourcesOf(pipelines))
  return { topic: topics === null ? yield* givenTopic(given.topic, asked) : Topics.named({ ...given, topics }), topics }
})

/** The sources of pipelines, and those of the built-in ones without any; of several the one of this name. */
export const sourcesOf = (pipelines: ReadonlyArray<AnyPipeline>, name?: string): Sources => {
  const all = pipelines.flatMap(({ checked }) => Checked.inputsOf(checked))
  const inputs = name === undefined ? all : all.filter(({ events }) => events.definition.name === name)
  return {
    source: inputs[0]?.events.definition ?? ticks.definition,
    preAggregated: inputs.find(({ preAggregated }) => preAggregated !== null)?.preAggregated?.definition ??
      (pipelines.length === 0 ? bars.definition : undefined)
  }
}

export interface Run extends Input {
  readonly topic: string
  /** The topic of each source, where there are several. */
  readonly topics: ReadonlyArray<Topics.SourceTopic> | null
  /** Whether to make the topic where there is none. */
  readonly create: boolean
  readonly partitions?: Option.Option<number>
  readonly onGap: "stop" | "record"
  readonly sinks: ReadonlyArray<Sink>
  readonly rows: Rows
  readonly checkpoints: "sqlite" | "kafka"
  readonly data: string
  readonly idleTimeout: number
}

/** What the events of each topic are. */
export const withSources = (topics: ReadonlyArray<Topics.SourceTopic>, pipelines: ReadonlyArray<AnyPipeline>) =>
  topics.map(({ source, topic }) => ({ source, topic, sources: sourcesOf(pipelines, source) }))

/** What the layers of a run of pipelines are chosen by. */
const choiceOf = Effect.fnUntraced(function*(run: Run, pipelines: ReadonlyArray<AnyPipeline>) {
  return {
    ...run,
    connection: yield* optionsOf(run),
    sources: sourcesOf(pipelines),
    topics: run.topics && withSources(run.topics, pipelines),
    partitions: run.partitions === undefined ? undefined : Option.getOrUndefined(run.partitions),
    group: Pipelines.groupOf(run.topic, pipelines),
    processor: Pipelines.checkpointName(run.topic, pipelines)
  }
})

/**
 * The layers of a run that takes the place of its group from whoever has it. The clients are loaded here, so that commands
 * without Kafka start without them.
 */
export const stores = Effect.fnUntraced(function*(run: Run, pipelines: ReadonlyArray<AnyPipeline>) {
  const choice = yield* choiceOf(run, pipelines)
  const { connect, isQuiet, stores } = yield* Effect.promise(() => import("./KafkaStores.ts"))
  return { layer: stores(choice, connect(choice)), isQuiet: isQuiet(run.idleTimeout) }
})

export interface Standing extends Run {
  readonly standby: "cold" | "warm"
  readonly takeOverAfter: number
  readonly maxTimeAhead: number
}

/** The same of a process that waits for the place, over a connection that lasts until the scope ends. */
export const standing = Effect.fnUntraced(function*(run: Standing, pipelines: ReadonlyArray<AnyPipeline>) {
  const choice = yield* choiceOf(run, pipelines)
  const { connected, isQuiet, stores } = yield* Effect.promise(() => import("./KafkaStores.ts"))
  const { stand } = yield* Effect.promise(() => import("./KafkaStandby.ts"))
  const connection = yield* connected(choice)
  const named = { ...choice, name: choice.processor, pipelines, isWarm: run.standby === "warm" }
  return {
    stand: (waiting: Waiting) => stand(named, connection, waiting),
    layer: stores(choice, connection),
    isQuiet: Effect.provide(isQuiet(run.idleTimeout), connection)
  }
})

const tls: Effect.Effect<Tls | undefined, ReturnType<typeof problem>> = Effect.gen(function*() {
  const ca = variable("CA")
  const cert = variable("CERT")
  const key = variable("KEY")
  const wanted = variable("TLS")
  if (wanted !== undefined && wanted !== "1" && wanted !== "0") return yield* usage(`COURANT_KAFKA_TLS is 1 or 0, not "${wanted}"`)
  if (wanted === "0") return undefined
  if ((cert === undefined) !== (key === undefined)) return yield* usage("COURANT_KAFKA_CERT and COURANT_KAFKA_KEY belong together")
  if (wanted === undefined && ca === undefined && cert === undefined) return undefined
  const texts = {
    ca: ca === undefined ? undefined : yield* file("COURANT_KAFKA_CA", ca),
    cert: cert === undefined ? undefined : yield* file("COURANT_KAFKA_CERT", cert),
    key: key === undefined ? undefined : yield* file("COURANT_KAFKA_KEY", key)
  }
  // Node.js trusts nobody, and says nothing, where the authority's file holds no certificate.
  if (texts.ca !== undefined) yield* usable(`COURANT_KAFKA_CA: ${ca} is no certificate in PEM`, () => new X509Certificate(texts.ca ?? ""))
  const { createSecureContext } = yield* Effect.promise(() => import("node:tls"))
  yield* usable(`COURANT_KAFKA_CERT and COURANT_KAFKA_KEY: ${cert} and ${key} are not a certificate and its key in PEM`, () =>
    createSecureContext(texts))
  return { ...texts, key: texts.key === undefined ? undefined : Redacted.make(texts.key) }
})

const usable = (message: string, check: () => unknown) => Effect.try({ try: check, catch: () => problem(message) })

const file = (name: string, path: string) =>
  Effect.try({
    try: () => readFileSync(path, "utf8"),
    catch: (cause) => problem(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`)
  })

const sasl = Effect.gen(function*(): Effect.fn.Return<Sasl | undefined, Problem> {
  const username = variable("USERNAME")
  const password = variable("PASSWORD")
  const token = yield* KafkaToken.given
  const mechanism = variable("SASL") ?? (token === undefined ? "scram-sha-512" : "oauthbearer")
  if (username === undefined && password === undefined && token === undefined) return undefined
  if (token !== undefined) {
    if (mechanism === "oauthbearer" && username === undefined && password === undefined) return { mechanism, token }
    return yield* usage("a token is for COURANT_KAFKA_SASL=oauthbearer, without COURANT_KAFKA_USERNAME and COURANT_KAFKA_PASSWORD")
  }
  if (username === undefined || password === undefined) {
    return yield* usage("COURANT_KAFKA_USERNAME and COURANT_KAFKA_PASSWORD belong together")
  }
  if (mechanism === "oauthbearer") return yield* usage("COURANT_KAFKA_SASL=oauthbearer needs COURANT_KAFKA_TOKEN_FILE or COURANT_KAFKA_TOKEN_COMMAND")
  if (mechanism !== "scram-sha-256" && mechanism !== "scram-sha-512" && mechanism !== "plain") {
    return yield* usage(`COURANT_KAFKA_SASL is scram-sha-256, scram-sha-512, plain or oauthbearer, not "${mechanism}"`)
  }
  return { mechanism, username, password: Redacted.make(password) }
})

/** Passwords by SCRAM do not go over the wire; others and tokens do. */
const isExposed = (brokers: ReadonlyArray<string>, sasl: Sasl | undefined): boolean =>
  (sasl?.mechanism === "plain" || sasl?.mechanism === "oauthbearer") && !brokers.every(isLoopbackAddress)
