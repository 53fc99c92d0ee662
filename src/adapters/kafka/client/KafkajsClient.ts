/**
 * The client over kafkajs.
 *
 * Traps of the library that this file works round:
 * - Its idempotent producer takes a sequence number back when a request fails, and gives it to whatever is sent next;
 *   and each `connect` that overlaps another begins the numbering anew. So `Producers` numbers, and goes past it.
 * - A cluster asks for the metadata of all its topics at once, and one that was deleted makes it fail for all. So
 *   each topic that is written has a cluster of its own.
 * - Its consumer belongs to a group; reading from given offsets goes past it, see `KafkajsInternals`.
 * - It writes to the console; here it is silent, and what matters arrives as an error.
 */
import { Effect, Redacted, type Scope } from "effect"
import { type Admin, Kafka as Library, type KafkaConfig, logLevel, type Mechanism, type SASLOptions } from "kafkajs"
import { type Client, KafkaError, type Place, type Reader, type Topic } from "./Client.ts"
import type { Bearer, Options } from "./Connection.ts"
import * as Fetch from "../wire/Fetch.ts"
import { type Cluster, makeCluster, sendRaw } from "./KafkajsInternals.ts"
import type { RetryPolicy } from "./RetryPolicy.ts"
import { acknowledgeWithin } from "../wire/Produce.ts"
import * as Producers from "./Producers.ts"
import * as TopicIdentity from "./TopicIdentity.ts"

export const make = Effect.fnUntraced(function*(options: Options, retryPolicy: RetryPolicy) {
  const config = configOf(options)
  const library = new Library(config)
  const cluster = yield* clusterOf(library, config)
  const admin = yield* Effect.acquireRelease(
    Effect.sync(() => library.admin()),
    (admin) => Effect.ignore(Effect.tryPromise(() => admin.disconnect()))
  )

  const metadata = (topic: string) =>
    request(cluster, async () => {
      const { topicMetadata } = await (await cluster.findControllerBroker()).metadata([topic])
      return topicMetadata[0]?.partitionMetadata ?? []
    })

  const partitions: Client["partitions"] = (topic) =>
    metadata(topic).pipe(
      Effect.map((found): number | null => found.length),
      Effect.catchIf(({ code }) => code === "UNKNOWN_TOPIC_OR_PARTITION", () => Effect.succeed(null))
    )

  const topic: Client["topic"] = (name) =>
    TopicIdentity.find(name, (asked) =>
      request(cluster, async () => sendRaw(await cluster.findControllerBroker(), asked, requestTimeout)))

  const { produce, takeOver } = yield* Producers.make({
    ...retryPolicy,
    open: (topic) => carrierOf(makeCluster(config, library.logger()), topic),
    partitions,
    toKafkaError
  })

  const { configs, create } = administration(admin)

  const offsets: Client["offsets"] = Effect.fnUntraced(function*(topic, which) {
    const leaders = Map.groupBy(yield* metadata(topic), ({ leader }) => leader)
    const timestamp = which === "earliest" ? -2 : -1
    const answers = yield* Effect.forEach(leaders, ([nodeId, partitions]) =>
      request(cluster, async () => {
        const broker = await cluster.findBroker({ nodeId })
        const asked = partitions.map(({ partitionId }) => ({ partition: partitionId, timestamp }))
        const { responses } = await broker.listOffsets({ topics: [{ topic, partitions: asked }] })
        return responses[0]?.partitions ?? []
      }), { concurrency: "unbounded" })
    return answers.flat().sort((a, b) => a.partition - b.partition).map(({ offset }) => Number(offset))
  })

  const askCoordinator: Client["askCoordinator"] = (groupId, asked) =>
    request(cluster, async () => {
      const broker = await cluster.findGroupCoordinator({ groupId })
      return await sendRaw(broker, asked, 2 * requestTimeout)
    })

  const reader: Client["reader"] = Effect.fnUntraced(function*(wanted) {
    const cluster = yield* clusterOf(library, config)
    return TopicIdentity.guarded(wanted, readerOf(cluster, wanted), topic)
  })

  /** One request to any broker. */
  const reach = request(cluster, () => cluster.refreshMetadata())

  return { askCoordinator, configs, connect: reach, create, offsets, partitions, produce, reader, takeOver, topic } satisfies Client & { readonly connect: unknown }
})

/** Milliseconds after which an answer is no longer waited for: the broker hangs, or its host is gone. */
const requestTimeout = 30_000

const configOf = ({ brokers, clientId, sasl, tls }: Options): KafkaConfig => ({
  brokers: [...brokers],
  clientId: clientId ?? "courant",
  connectionTimeout: 3_000,
  authenticationTimeout: 10_000,
  requestTimeout,
  enforceRequestTimeout: true,
  // The library tries once; how often something is tried again, and what is said of it, is `RetryPolicy`'s.
  retry: { retries: 0, initialRetryTime: 50 },
  logLevel: logLevel.NOTHING,
  logCreator: () => () => {},
  ...(tls === undefined ? {} : {
    ssl: {
      ...(tls.ca === undefined ? {} : { ca: tls.ca }),
      ...(tls.cert === undefined ? {} : { cert: tls.cert }),
      ...(tls.key === undefined ? {} : { key: Redacted.value(tls.key) })
    }
  }),
  ...(sasl === undefined ? {} : { sasl: saslOf(sasl) })
})

/** Apart for each mechanism, as the library's types want it. */
const saslOf = (sasl: NonNullable<Options["sasl"]>): SASLOptions | Mechanism => {
  if (sasl.mechanism === "oauthbearer") return bearerOf(sasl)
  const account = { username: sasl.username, password: Redacted.value(sasl.password) }
  switch (sasl.mechanism) {
    case "plain":
      return { mechanism: "plain", ...account }
    case "scram-sha-256":
      return { mechanism: "scram-sha-256", ...account }
    case "scram-sha-512":
      return { mechanism: "scram-sha-512", ...account }
  }
}

/**
 * A token that a broker does not take is refused by what it says, and not by an error: the library's own provider goes on, and
 * waits for a broker that waits for it (https://www.rfc-editor.org/rfc/rfc7628#section-3.2.2).
 */
const bearerOf = ({ mechanism, token }: Bearer): Mechanism => ({
  mechanism,
  authenticationProvider: ({ saslAuthenticate }) => ({
    authenticate: async () => {
      const message = Buffer.from(`n,,\u0001auth=Bearer ${Redacted.value(await token())}\u0001\u0001`)
      const size = Buffer.alloc(4)
      size.writeInt32BE(message.length)
      const said = await saslAuthenticate({
        request: { encode: () => Buffer.concat([size, message]) },
        response: { decode: (sized) => sized.subarray(4), parse: (said) => said }
      })
      if (said !== undefined && said.length > 0) throw new KafkaError({ message: "the token is refused", code: "SASL_AUTHENTICATION_FAILED", retriable: false })
    }
  })
})

const clusterOf = (library: Library, config: KafkaConfig): Effect.Effect<Cluster, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => makeCluster(config, library.logger())),
    (cluster) => Effect.ignore(Effect.tryPromise(() => cluster.disconnect()))
  )

const connect = async (cluster: Cluster): Promise<void> => {
  const wasConnected = cluster.isConnected()
  // All who call it meanwhile share it; a broker counts as connected before it has said which versions it understands.
  await cluster.connect()
  if (!wasConnected) await cluster.refreshMetadata()
}

/** A request over a cluster that is connected and knows its brokers; after a failure it learns them anew. */
const request = <A>(cluster: Cluster, send: () => Promise<A>): Effect.Effect<A, KafkaError> =>
  attempt(async () => {
    await connect(cluster)
    return await send()
  }).pipe(
    Effect.tapError((error) => error.retriable ? Effect.ignore(attempt(() => cluster.refreshMetadata())) : Effect.void)
  )

/** The requests of an administrator, over the library's client for them, which is connected before each. */
const administration = (admin: Admin): Pick<Client, "configs" | "create"> => {
  const ask = <A>(send: () => Promise<A>) => Effect.andThen(attempt(() => admin.connect()), attempt(send))
  return {
    configs: (topic) =>
      ask(async () => {
        const topicResource = 2
        const { resources } = await admin.describeConfigs({
          includeSynonyms: false,
          resources: [{ type: topicResource, name: topic }]
        })
        return new Map(resources[0]?.configEntries.map(({ configName, configValue }) => [configName, configValue]))
      }),
    create: ({ configs, name, partitions }) =>
      ask(() =>
        admin.createTopics({
          waitForLeaders: true,
          topics: [{
            topic: name,
            numPartitions: partitions,
            configEntries: Object.entries(configs).map(([name, value]) => ({ name, value }))
          }]
        })
      )
  }
}

const readerOf = (cluster: Cluster, { id, name }: Topic): Reader => ({
  leaders: request(cluster, async () => {
    await cluster.addTargetTopic(name)
    await cluster.refreshMetadata()
    const leaders = new Map<number, Array<number>>()
    for (const { leader, partitionId } of cluster.findTopicPartitionMetadata(name)) {
      leaders.set(leader, [...(leaders.get(leader) ?? []), partitionId])
    }
    return leaders
  }),
  fetch: (leader: number, places: ReadonlyArray<Place>) => {
    const { apiKey, apiVersion, maxWait } = Fetch
    return request(cluster, async () => {
      const broker = await cluster.findBroker({ nodeId: leader })
      const body = Fetch.request(id, places)
      const answer = await sendRaw(broker, { apiKey, apiVersion, apiName: "Fetch", body }, maxWait + requestTimeout)
      return Fetch.response(answer, places)
    })
  }
})

const carrierOf = (cluster: Cluster, topic: string): Producers.Carrier => ({
  toBroker: async (nodeId, request) => {
    await connect(cluster)
    return await sendRaw(await cluster.findBroker({ nodeId }), request, requestTimeout)
  },
  toAny: async (request) => {
    if (topic === "") await connect(cluster)
    else {
      await cluster.connect()
      // Asks for the metadata where there are none, and waits where another request is about to.
      await cluster.addTargetTopic(topic)
    }
    return await sendRaw(await cluster.findControllerBroker(), request, requestTimeout)
  },
  toLeader: async (partition, request, isLost) => {
    await cluster.connect()
    await cluster.addTargetTopic(topic)
    if (isLost) await cluster.refreshMetadata()
    const found = cluster.findTopicPartitionMetadata(topic).find(({ partitionId }) => partitionId === partition)
    const broker = await cluster.findBroker({ nodeId: found?.leader ?? -1 })
    return await sendRaw(broker, request, acknowledgeWithin + requestTimeout)
  },
  close: () => cluster.disconnect()
})

const attempt = <A>(send: () => Promise<A>): Effect.Effect<A, KafkaError> => Effect.tryPromise({ try: send, catch: toKafkaError })

/** The library wraps errors in errors; the innermost says what happened. */
const toKafkaError = (cause: unknown): KafkaError => {
  let error: unknown = cause
  while (error instanceof Error) {
    const inner: unknown = "errors" in error && Array.isArray(error.errors) ? error.errors[0] : error.cause
    if (!(inner instanceof Error)) break
    error = inner
  }
  if (error instanceof KafkaError) return error
  const message = error instanceof Error ? error.message.replaceAll(/\s*\n\s*/g, " ") : String(error)
  const code = textIn(error, "type") ?? (isLoginRefused(error) ? "SASL_AUTHENTICATION_FAILED" : null)
  return new KafkaError({ message, code, retriable: isPassing(error, code), cause })
}

const isPassing = (error: unknown, code: string | null): boolean => {
  if (code !== null) return typeof error === "object" && error !== null && "retriable" in error && error.retriable === true
  if (/UnsupportedMagicByte|NotImplemented|NonRetriable/.test(textIn(error, "name") ?? "")) return false
  return !/CERT|_TLS_|_SSL_|SIGNATURE/.test(textIn(error, "code") ?? "")
}

/** The library gives the same name to a login that was refused and to one in whose middle the broker went away. */
const isLoginRefused = (error: unknown): boolean =>
  textIn(error, "name") === "KafkaJSSASLAuthenticationError" &&
  !/: (Closed connection|Connection (error|timeout))|timed out/.test(textIn(error, "message") ?? "")

const textIn = (value: unknown, name: string): string | null => {
  // Any object may be looked into.
  const found = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined
  return typeof found === "string" ? found : null
}
