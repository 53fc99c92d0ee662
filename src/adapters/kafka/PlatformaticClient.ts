/**
 * The client over @platformatic/kafka.
 *
 * What it does with a request of its idempotent producer that failed: it repeats it with the same sequence number for as
 * long as it is told to, and gives up its producer id when it stops. So it is told never to stop while a failure may
 * pass; see `Producers` for what happens when the caller does. Nobody is asked in between whether the request was
 * stored after all: a broker that is killed and comes back can store records that are older than a day twice.
 */
import {
  Admin,
  Base,
  type BaseOptions,
  type Broker,
  type Connection,
  createAPI,
  findErrorBy,
  Producer,
  ProtocolError,
  type Reader as BytesReader,
  Writer
} from "@platformatic/kafka"
import { Effect, Redacted, type Scope } from "effect"
import { type Client, KafkaError, type Message, type Reader } from "./Client.ts"
import type { Options } from "./Connection.ts"
import * as Fetch from "./Fetch.ts"
import type { Request } from "./Group.ts"
import type { Patience } from "./Patience.ts"
import * as Producers from "./Producers.ts"

export const make = Effect.fnUntraced(function*(options: Options, patience: Patience) {
  const config = configOf(options)
  const admin = yield* closing(() => new Admin(config))
  const base = yield* closing(() => new Base(config))

  const metadata = (client: Base, topic: string) =>
    attempt(() => client.metadata({ topics: [topic], forceUpdate: true, autocreateTopics: false }))

  const partitions: Client["partitions"] = (topic) =>
    metadata(base, topic).pipe(
      Effect.map(({ topics }): number | null => topics.get(topic)?.partitionsCount ?? null),
      Effect.catchIf(({ code }) => code === "UNKNOWN_TOPIC_OR_PARTITION", () => Effect.succeed(null))
    )

  const produce = yield* makeProduce(config, partitions, patience)

  const configs: Client["configs"] = (topic) =>
    attempt(async () => {
      const topicResource = 2
      const [found] = await admin.describeConfigs({ resources: [{ resourceType: topicResource, resourceName: topic, configurationKeys: null }] })
      return new Map(found?.configs.map(({ name, value }) => [name, value ?? ""]))
    })

  const create: Client["create"] = ({ configs, name, partitions }) =>
    attempt(() =>
      admin.createTopics({
        topics: [name],
        partitions,
        replicas: -1,
        configs: Object.entries(configs).map(([name, value]) => ({ name, value }))
      })
    ).pipe(
      Effect.asVoid,
      Effect.catchIf(({ code }) => code === "TOPIC_ALREADY_EXISTS", () => Effect.void)
    )

  const offsets: Client["offsets"] = Effect.fnUntraced(function*(topic, which) {
    const count = (yield* metadata(base, topic)).topics.get(topic)?.partitionsCount ?? 0
    const timestamp = which === "earliest" ? -2n : -1n
    const readCommitted = 1
    const found = yield* attempt(() =>
      admin.listOffsets({
        topics: [{ name: topic, partitions: Array.from({ length: count }, (_, partitionIndex) => ({ partitionIndex, timestamp })) }],
        isolationLevel: readCommitted
      })
    )
    return found
      .flatMap(({ partitions }) => partitions)
      .sort((a, b) => a.partitionIndex - b.partitionIndex)
      .map(({ offset }) => Number(offset))
  })

  const askCoordinator: Client["askCoordinator"] = (group, request) =>
    attempt(async () => {
      const consumerGroup = 0
      const [coordinator] = await admin.findCoordinator({ keyType: consumerGroup, keys: [group] })
      if (coordinator === undefined) throw new ProtocolError("COORDINATOR_NOT_AVAILABLE")
      return await sendRaw(await base.connections.get(coordinator), request)
    })

  const reader: Client["reader"] = Effect.fnUntraced(function*(topic) {
    const client = yield* closing(() => new Base(config))
    return {
      leaders: Effect.map(metadata(client, topic), ({ topics }) =>
        Map.groupBy((topics.get(topic)?.partitions ?? []).map(({ leader }, partition) => ({ leader, partition })), ({ leader }) => leader)
      ).pipe(Effect.map((leaders) =>
        new Map([...leaders].map(([leader, led]) => [leader, led.map(({ partition }) => partition)]))
      )),
      fetch: (leader, places) =>
        attempt(async () => {
          const broker: Broker | undefined = client.currentMetadata?.brokers.get(leader)
          if (broker === undefined) throw new ProtocolError("NOT_LEADER_OR_FOLLOWER")
          const { apiKey, apiVersion } = Fetch
          const body = Fetch.request(topic, places)
          return Fetch.response(await sendRaw(await client.connections.get(broker), { apiKey, apiName: "Fetch", apiVersion, body }), places)
        })
    } satisfies Reader
  })

  const connect = attempt(() => base.metadata({ topics: [], forceUpdate: true }))
  return { askCoordinator, configs, connect, create, offsets, partitions, produce, reader } satisfies Client & { readonly connect: unknown }
})

const configOf = ({ brokers, clientId, sasl, tls }: Options): BaseOptions => ({
  clientId: clientId ?? "courant",
  bootstrapBrokers: [...brokers],
  connectTimeout: 3_000,
  requestTimeout: 30_000,
  autocreateTopics: false,
  // How often something is tried again, and what is said of it, is `Patience`'s.
  retries: 0,
  ...(tls === undefined ? {} : {
    tls: {
      ...(tls.ca === undefined ? {} : { ca: tls.ca }),
      ...(tls.cert === undefined ? {} : { cert: tls.cert }),
      ...(tls.key === undefined ? {} : { key: Redacted.value(tls.key) })
    },
    tlsServerName: true
  }),
  ...(sasl === undefined ? {} : {
    sasl: {
      mechanism: sasl.mechanism === "scram-sha-256" ? "SCRAM-SHA-256" : "SCRAM-SHA-512",
      username: sasl.username,
      password: Redacted.value(sasl.password)
    }
  })
})

const closing = <C extends { close: () => Promise<void> }>(open: () => C): Effect.Effect<C, never, Scope.Scope> =>
  Effect.acquireRelease(Effect.sync(open), (client) => Effect.ignore(Effect.tryPromise(() => client.close())))

/** Sends a request of which the library knows nothing: bytes there and bytes back. The versions used have no tagged fields. */
const sendRaw = (connection: Connection, { apiKey, apiVersion, body }: Request): Promise<Buffer> =>
  createAPI<[], Buffer>(
    apiKey,
    apiVersion,
    () => Writer.create().append(body),
    // A copy: the library reuses what it received into.
    (_correlationId, _apiKey, _apiVersion, reader: BytesReader) => Buffer.from(reader.buffer.slice(reader.position)),
    false,
    false
  ).async(connection)

const makeProduce = Effect.fnUntraced(function*(config: BaseOptions, partitions: Client["partitions"], { patiently, tell }: Patience) {
  const send = yield* Producers.make(() => openProducer(config, tell), (producer) => producer.close())
  const produce: Client["produce"] = (topic, partition, messages) =>
    send(topic, partition, (producer) =>
      attempt(async () => {
        const all = -1
        const mine = messages.map((message) => toMessage(message, topic, partition))
        const { offsets } = await producer.send({ acks: all, idempotent: true, messages: mine })
        return { value: Number(offsets?.[0]?.offset), isSpent: false }
      }).pipe(Effect.mapError(asFinal), patiently, Effect.raceFirst(untilGone(topic, partitions))))
  return produce
})

/** What the library has given up must not be sent anew, unless it failed before anything was sent: at its first look at the topic. */
const asFinal = (error: KafkaError): KafkaError =>
  error.cause instanceof Error && !(error.cause instanceof AggregateError) && error.cause.message.startsWith(unknownTopic)
    ? error
    : new KafkaError({ message: error.message, code: error.code, retriable: false, cause: error.cause })

const openProducer = (config: BaseOptions, tell: Patience["tell"]) =>
  new Producer({
    ...config,
    idempotent: true,
    retries: true,
    // The only place where the library says that it tries again.
    retryDelay: (_client, _operation, attempt, _retries, error) => {
      Effect.runFork(tell(toKafkaError(error)))
      return Math.min(2_000, 50 * 2 ** attempt)
    }
  })

/** Fails when the brokers have not known a topic for so many looks, 2 seconds apart: the library would try for ever. */
const looks = 5

const untilGone = Effect.fnUntraced(function*(topic: string, partitions: Client["partitions"]): Effect.fn.Return<never, KafkaError> {
  for (let missed = 0; missed < looks;) {
    yield* Effect.sleep("2 seconds")
    const found = yield* Effect.catch(partitions(topic), () => Effect.succeed(1))
    missed = found === null ? missed + 1 : 0
  }
  return yield* new KafkaError({ message: `unknown topic ${topic}`, retriable: false, code: "UNKNOWN_TOPIC_OR_PARTITION" })
})

const toMessage = ({ headers, key, timestamp, value }: Message, topic: string, partition: number) => ({
  topic,
  partition,
  timestamp: BigInt(timestamp),
  // The library's types know no null, which it sends all the same as "none".
  key: bufferOf(key) as Buffer,
  value: bufferOf(value) as Buffer,
  headers: new Map(Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)]))
})

const bufferOf = (bytes: Uint8Array | null): Buffer | null =>
  bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const attempt = <A>(send: () => Promise<A>): Effect.Effect<A, KafkaError> => Effect.tryPromise({ try: send, catch: toKafkaError })

const unknownTopic = "Unknown topic "

const toKafkaError = (cause: unknown): KafkaError => {
  const error = cause instanceof Error ? cause : new Error(String(cause))
  // The library's own error for a topic that the broker does not list has no code.
  if (deepest(error).message.startsWith(unknownTopic)) {
    return new KafkaError({ message: deepest(error).message, retriable: true, code: "UNKNOWN_TOPIC_OR_PARTITION", cause })
  }
  const protocol = findErrorBy(error, "code", ProtocolError.code)
  const innermost = protocol ?? deepest(error)
  const code: unknown = protocol?.["apiId"]
  const retriable = protocol === null
    ? findErrorBy(error, "canRetry", true) !== null && !/CERT|_TLS_|_SSL_|SIGNATURE/.test(String("code" in innermost ? innermost.code : ""))
    : protocol["canRetry"] === true
  return new KafkaError({
    message: innermost.message.replaceAll(/\s*\n\s*/g, " "),
    retriable,
    code: typeof code === "string" ? code : null,
    cause
  })
}

const deepest = (error: Error): Error => {
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : error.cause
  return inner instanceof Error ? deepest(inner) : error
}
