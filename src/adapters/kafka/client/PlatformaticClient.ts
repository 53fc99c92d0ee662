/**
 * The client over @platformatic/kafka.
 */
import {
  Admin,
  Base,
  type BaseOptions,
  type Broker,
  Connection,
  createAPI,
  findErrorBy,
  ProtocolError,
  type Reader as BytesReader,
  Writer
} from "@platformatic/kafka"
import { Effect, Redacted, Schedule, type Scope } from "effect"
import { isIP } from "node:net"
import { type Client, KafkaError, type Reader, type Topic } from "./Client.ts"
import type { Options, Sasl } from "./Connection.ts"
import * as Fetch from "../wire/Fetch.ts"
import * as ListOffsets from "../wire/ListOffsets.ts"
import type { Request } from "./Group.ts"
import { giveBackChunks, shared } from "./Memory.ts"
import type { RetryPolicy } from "./RetryPolicy.ts"
import * as Producers from "./Producers.ts"
import * as TopicIdentity from "./TopicIdentity.ts"

export const make = Effect.fnUntraced(function*(options: Options, retryPolicy: RetryPolicy) {
  const config = configOf(options)
  const admin = yield* closing(() => new Admin(config))
  const base = yield* closing(() => new Base(config))

  const partitions: Client["partitions"] = (topic) =>
    metadata(base, topic).pipe(
      Effect.map(({ topics }): number | null => topics.get(topic)?.partitionsCount ?? null),
      Effect.catchIf(({ code }) => code === "UNKNOWN_TOPIC_OR_PARTITION", () => Effect.succeed(null))
    )

  const topic: Client["topic"] = (name) => TopicIdentity.find(name, (request) => attempt(() => toAny(base, request)))

  const { produce, takeOver } = yield* Producers.make({
    ...retryPolicy,
    open: (topic) => carrierOf(new Base(config), topic),
    partitions,
    toKafkaError
  })

  const { askCoordinator, configs, create, offsets } = administration(admin, base)

  const reader: Client["reader"] = Effect.fnUntraced(function*(wanted) {
    const client = yield* closing(() => new Base(config))
    return TopicIdentity.guarded(wanted, readerOf(client, wanted), topic)
  })

  const connect = attempt(() => base.metadata({ topics: [], forceUpdate: true }))
  return { askCoordinator, configs, connect, create, offsets, partitions, produce, reader, takeOver, topic } satisfies Client & { readonly connect: unknown }
})

const configOf = ({ brokers, clientId, sasl, tls }: Options): BaseOptions => ({
  clientId: clientId ?? "courant",
  bootstrapBrokers: [...brokers],
  connectTimeout: 3_000,
  requestTimeout: 30_000,
  autocreateTopics: false,
  // How often something is tried again, and what is said of it, is `RetryPolicy`'s.
  retries: 0,
  ...(tls === undefined ? {} : {
    tls: {
      ...(tls.ca === undefined ? {} : { ca: tls.ca }),
      ...(tls.cert === undefined ? {} : { cert: tls.cert }),
      ...(tls.key === undefined ? {} : { key: Redacted.value(tls.key) })
    },
    // An address is no name for a server, and Node.js warns of one.
    tlsServerName: brokers.some((broker) => isIP(broker.replace(/:\d+$/, "").replaceAll(/^\[|\]$/g, "")) === 0)
  }),
  ...(sasl === undefined ? {} : { sasl: saslOf(sasl) })
})

const saslOf = (sasl: Sasl): NonNullable<BaseOptions["sasl"]> =>
  sasl.mechanism === "oauthbearer"
    ? { mechanism: "OAUTHBEARER", token: async () => Redacted.value(await sasl.token()), authBytesValidator: refuseWhatIsSaid }
    : { mechanism: mechanisms[sasl.mechanism], username: sasl.username, password: Redacted.value(sasl.password) }

/** A token that a broker does not take is refused by what it says, and not by an error (https://www.rfc-editor.org/rfc/rfc7628#section-3.2.2). */
const refuseWhatIsSaid = (said: Buffer, done: (error: Error | null, said: Buffer) => void): void =>
  done(said.length === 0 ? null : new KafkaError({ message: "the token is refused", code: "SASL_AUTHENTICATION_FAILED", retriable: false }), said)

const mechanisms = { plain: "PLAIN", "scram-sha-256": "SCRAM-SHA-256", "scram-sha-512": "SCRAM-SHA-512" } as const

const metadata = (client: Base, topic: string) =>
  attempt(() => client.metadata({ topics: [topic], forceUpdate: true, autocreateTopics: false }))

/** The requests of an administrator, over the library's client for them; metadata and connections are those of `base`. */
const administration = (admin: Admin, base: Base): Pick<Client, "askCoordinator" | "configs" | "create" | "offsets"> => {
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
      Effect.catchIf(({ code }) => code === "TOPIC_ALREADY_EXISTS", () => Effect.void),
      Effect.andThen(led(name))
    )

  /** Waits a moment for the leaders of a new topic, so that the first requests need not be repeated, which is told. */
  const led = (topic: string) => Effect.ignore(Effect.retry(Effect.suspend(() => offsets(topic, "latest")), aMoment))

  const offsets: Client["offsets"] = (topic, which) =>
    Effect.flatMap(metadata(base, topic), ({ brokers, topics }) =>
      attempt(async () => {
        const known = topics.get(topic)
        if (known === undefined) throw new ProtocolError("UNKNOWN_TOPIC_OR_PARTITION")
        const led = known.partitions.map(({ leader }, partition) => ({ leader, partition }))
        const found = await Promise.all([...Map.groupBy(led, ({ leader }) => leader)].map(async ([leader, of]) => {
          const broker = brokers.get(leader)
          if (broker === undefined) throw new ProtocolError("LEADER_NOT_AVAILABLE")
          const request = ListOffsets.request(topic, of.map(({ partition }) => partition), ListOffsets.timestamps[which])
          return ListOffsets.offsetsIn(await sendRaw(await base.connections.get(broker), request), topic)
        }))
        return found.flat().sort(([a], [b]) => a - b).map(([, offset]) => offset)
      }))

  const askCoordinator: Client["askCoordinator"] = (group, request) =>
    attempt(async () => {
      const consumerGroup = 0
      const [coordinator] = await admin.findCoordinator({ keyType: consumerGroup, keys: [group] })
      if (coordinator === undefined) throw new ProtocolError("COORDINATOR_NOT_AVAILABLE")
      return await sendRaw(await base.connections.get(coordinator), request)
    })

  return { askCoordinator, configs, create, offsets }
}

const aMoment = { schedule: Schedule.spaced("50 millis"), times: 40 }

const readerOf = (client: Base, { id, name }: Topic): Reader => ({
  leaders: Effect.map(metadata(client, name), ({ topics }) =>
    Map.groupBy((topics.get(name)?.partitions ?? []).map(({ leader }, partition) => ({ leader, partition })), ({ leader }) => leader)
  ).pipe(Effect.map((leaders) =>
    new Map([...leaders].map(([leader, led]) => [leader, led.map(({ partition }) => partition)]))
  )),
  fetch: (leader, places) =>
    attempt(async () => {
      const broker: Broker | undefined = client.currentMetadata?.brokers.get(leader)
      if (broker === undefined) throw new ProtocolError("NOT_LEADER_OR_FOLLOWER")
      const { apiKey, apiVersion } = Fetch
      const body = Fetch.request(id, places)
      const answer = await sendRaw(await client.connections.get(broker), { apiKey, apiName: "Fetch", apiVersion, body })
      const fetched = Fetch.response(answer, places)
      const release = shared(answer, fetched.length)
      return fetched.map((each) => ({ ...each, release }))
    })
})

const toAny = async (client: Base, request: Request): Promise<Buffer> => {
  const { brokers } = await client.metadata({ topics: [], forceUpdate: true })
  return await sendRaw(await client.connections.getFirstAvailable([...brokers.values()]), request)
}

const carrierOf = (client: Base, topic: string): Producers.Carrier => ({
  toAny: (request) => toAny(client, request),
  toLeader: async (partition, request, isLost) => {
    const { brokers, topics } = await client.metadata({ topics: [topic], forceUpdate: isLost, autocreateTopics: false })
    const leader = brokers.get(topics.get(topic)?.partitions[partition]?.leader ?? -1)
    if (leader === undefined) throw new ProtocolError("LEADER_NOT_AVAILABLE")
    return await sendRaw(await client.connections.get(leader), request)
  },
  toBroker: async (number, request) => {
    const { brokers } = await client.metadata({ topics: [], forceUpdate: true })
    const broker = brokers.get(number)
    if (broker === undefined) throw new ProtocolError("COORDINATOR_NOT_AVAILABLE")
    return await sendRaw(await client.connections.get(broker), request)
  },
  close: () => client.close()
})

/**
 * A connection that the broker closes while it asks who we are tells of it several times. Nobody listens any more after
 * the first, and an error event without a listener ends a process.
 */
const originalConnect = Connection.prototype.connect
Connection.prototype.connect = function(...args: Parameters<typeof originalConnect>) {
  this.on("error", () => {})
  return originalConnect.apply(this, args)
}

const closing = <C extends { close: () => Promise<void> }>(open: () => C): Effect.Effect<C, never, Scope.Scope> =>
  Effect.acquireRelease(Effect.sync(open), (client) => Effect.ignore(Effect.tryPromise(() => client.close())))

/** Sends a request of which the library knows nothing: bytes there and bytes back, tagged fields of the header among them. */
const sendRaw = async (connection: Connection, { apiKey, apiVersion, body }: Request): Promise<Buffer> => {
  let received: ReadonlyArray<Buffer> = []
  const send = createAPI<[], Buffer>(
    apiKey,
    apiVersion,
    () => Writer.create().append(body),
    (_correlationId, _apiKey, _apiVersion, { buffer, position }: BytesReader) => {
      received = buffer.buffers
      return Buffer.concat(received).subarray(position)
    },
    false,
    false
  )
  const answer = await send.async(connection)
  giveBackChunks(received)
  return answer
}

const attempt = <A>(send: () => Promise<A>): Effect.Effect<A, KafkaError> =>
  Effect.tryPromise({ try: send, catch: (cause) => cause instanceof KafkaError ? cause : toKafkaError(cause) })

const unknownTopic = "Unknown topic "

const toKafkaError = (cause: unknown): KafkaError => {
  const error = cause instanceof Error ? cause : new Error(String(cause))
  const own = deepest(error)
  if (own instanceof KafkaError) return own
  // The library's own error for a topic that the broker does not list has no code.
  if (deepest(error).message.startsWith(unknownTopic)) {
    return new KafkaError({ message: deepest(error).message, retriable: true, code: "UNKNOWN_TOPIC_OR_PARTITION", cause })
  }
  // The library's pool calls itself while no broker may be tried again yet, until it runs out of stack.
  if (deepest(error) instanceof RangeError) return new KafkaError({ message: "no broker can be reached", retriable: true, code: null, cause })
  // What the library wrapped in an error without a code of its own it does not find.
  const protocol = findErrorBy(error, "code", ProtocolError.code) ?? findErrorBy(deepest(error), "code", ProtocolError.code)
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
