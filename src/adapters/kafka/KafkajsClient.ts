/**
 * The client over kafkajs.
 *
 * Traps of the library that this file works round:
 * - When a request of its idempotent producer fails it takes the sequence number back, and whatever is sent next
 *   to that partition gets the same: see `Producers`.
 * - Each `connect` of a producer that overlaps another gets a producer id of its own and begins the numbering anew, and a
 *   request that is then repeated is stored twice. So it is called once.
 * - A producer asks for the metadata of all its topics at once, and one that was deleted makes it fail for all. So
 *   each topic has a producer of its own.
 * - Its consumer belongs to a group; reading from given offsets goes past it, see `KafkajsInternals`.
 * - It writes to the console; here it is silent, and what matters arrives as an error.
 */
import { Effect, Redacted, type Scope } from "effect"
import { Kafka as Library, type KafkaConfig, logLevel } from "kafkajs"
import { type Client, KafkaError, type Message, type Place, type Reader } from "./Client.ts"
import type { Options } from "./Connection.ts"
import * as Fetch from "./Fetch.ts"
import { type Cluster, makeCluster, sendRaw } from "./KafkajsInternals.ts"
import type { Patience } from "./Patience.ts"
import * as Producers from "./Producers.ts"

export const make = Effect.fnUntraced(function*(options: Options, patience: Patience) {
  const config = configOf(options)
  const library = new Library(config)
  const cluster = yield* clusterOf(library, config)
  const produce = yield* makeProduce(library, patience)
  const admin = yield* Effect.acquireRelease(
    Effect.sync(() => library.admin()),
    (admin) => Effect.ignore(Effect.tryPromise(() => admin.disconnect()))
  )
  const connectAdmin = attempt(() => admin.connect())

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

  const configs: Client["configs"] = (topic) =>
    Effect.andThen(
      connectAdmin,
      attempt(async () => {
        const topicResource = 2
        const { resources } = await admin.describeConfigs({
          includeSynonyms: false,
          resources: [{ type: topicResource, name: topic }]
        })
        return new Map(resources[0]?.configEntries.map(({ configName, configValue }) => [configName, configValue]))
      })
    )

  const create: Client["create"] = ({ configs, name, partitions }) =>
    Effect.andThen(
      connectAdmin,
      attempt(() =>
        admin.createTopics({
          waitForLeaders: true,
          topics: [{
            topic: name,
            numPartitions: partitions,
            configEntries: Object.entries(configs).map(([name, value]) => ({ name, value }))
          }]
        })
      )
    )

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

  const reader: Client["reader"] = Effect.fnUntraced(function*(topic) {
    const cluster = yield* clusterOf(library, config)
    return readerOf(cluster, topic)
  })

  /** One request to any broker. */
  const connect = request(cluster, () => cluster.refreshMetadata())

  return { askCoordinator, configs, connect, create, offsets, partitions, produce, reader } satisfies Client & { readonly connect: unknown }
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
  // The library tries once; how often something is tried again, and what is said of it, is `Patience`'s.
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
const saslOf = ({ mechanism, password, username }: NonNullable<Options["sasl"]>) => {
  const account = { username, password: Redacted.value(password) }
  return mechanism === "scram-sha-256" ? { mechanism, ...account } as const : { mechanism, ...account } as const
}

const clusterOf = (library: Library, config: KafkaConfig): Effect.Effect<Cluster, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => makeCluster(config, library.logger())),
    (cluster) => Effect.ignore(Effect.tryPromise(() => cluster.disconnect()))
  )

/** A request over a cluster that is connected and knows its brokers; after a failure it learns them anew. */
const request = <A>(cluster: Cluster, send: () => Promise<A>): Effect.Effect<A, KafkaError> =>
  attempt(async () => {
    if (!cluster.isConnected()) {
      await cluster.connect()
      await cluster.refreshMetadata()
    }
    return await send()
  }).pipe(
    Effect.tapError((error) => error.retriable ? Effect.ignore(attempt(() => cluster.refreshMetadata())) : Effect.void)
  )

const readerOf = (cluster: Cluster, topic: string): Reader => ({
  leaders: request(cluster, async () => {
    await cluster.addTargetTopic(topic)
    await cluster.refreshMetadata()
    const leaders = new Map<number, Array<number>>()
    for (const { leader, partitionId } of cluster.findTopicPartitionMetadata(topic)) {
      leaders.set(leader, [...(leaders.get(leader) ?? []), partitionId])
    }
    return leaders
  }),
  fetch: (leader: number, places: ReadonlyArray<Place>) => {
    const { apiKey, apiVersion, maxWait } = Fetch
    return request(cluster, async () => {
      const broker = await cluster.findBroker({ nodeId: leader })
      const body = Fetch.request(topic, places)
      const answer = await sendRaw(broker, { apiKey, apiVersion, apiName: "Fetch", body }, maxWait + requestTimeout)
      return Fetch.response(answer, places)
    })
  }
})

const makeProduce = Effect.fnUntraced(function*(library: Library, { patiently }: Patience) {
  const send = yield* Producers.make(() => connecting(library), ({ producer }) => producer.disconnect())
  const produce: Client["produce"] = (topic, partition, messages, landed = Effect.succeed(null)) =>
    send(topic, partition, ({ connected, producer }) => {
      const once = attempt(async () => {
        await connected()
        const mine = messages.map((message) => toMessage(message, partition))
        const [stored] = await producer.send({ topic, acks: -1, messages: mine })
        return { value: Number(stored?.baseOffset), isSpent: false }
      })
      let isFirst = true
      return patiently(Effect.gen(function*() {
        const found = isFirst ? null : yield* landed
        isFirst = false
        return found === null ? yield* once : { value: found, isSpent: true }
      }))
    })
  return produce
})

/** A producer that connects once: each connect that overlaps another would get a producer id of its own. */
const connecting = (library: Library) => {
  const producer = library.producer({ idempotent: true, allowAutoTopicCreation: false, retry: { retries: 1 } })
  let connection: Promise<void> | null = null
  const connected = () => {
    connection ??= producer.connect().catch((error: unknown) => {
      connection = null
      throw error
    })
    return connection
  }
  return { connected, producer }
}

const toMessage = ({ headers, key, timestamp, value }: Message, partition: number) => ({
  partition,
  key: bufferOf(key),
  value: bufferOf(value),
  timestamp: String(timestamp),
  headers: { ...headers }
})

const bufferOf = (bytes: Uint8Array | null): Buffer | null =>
  bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const attempt = <A>(send: () => Promise<A>): Effect.Effect<A, KafkaError> => Effect.tryPromise({ try: send, catch: toKafkaError })

/** The library wraps errors in errors; the innermost says what happened. */
const toKafkaError = (cause: unknown): KafkaError => {
  let error: unknown = cause
  while (error instanceof Error) {
    const inner: unknown = "errors" in error && Array.isArray(error.errors) ? error.errors[0] : error.cause
    if (!(inner instanceof Error)) break
    error = inner
  }
  const message = error instanceof Error ? error.message.replaceAll(/\s*\n\s*/g, " ") : String(error)
  const code = textIn(error, "type")
  return new KafkaError({ message, code, retriable: isPassing(error, code), cause })
}

const isPassing = (error: unknown, code: string | null): boolean => {
  if (code !== null) return typeof error === "object" && error !== null && "retriable" in error && error.retriable === true
  if (/SASL|UnsupportedMagicByte|NotImplemented|NonRetriable/.test(textIn(error, "name") ?? "")) return false
  return !/CERT|_TLS_|_SSL_|SIGNATURE/.test(textIn(error, "code") ?? "")
}

const textIn = (value: unknown, name: string): string | null => {
  // Any object may be looked into.
  const found = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined
  return typeof found === "string" ? found : null
}
