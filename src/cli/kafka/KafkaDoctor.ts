/** What `courant doctor` looks at where the log is a topic of Kafka, or several. It changes nothing. */
import { Effect } from "effect"
import { KafkaError } from "../../adapters/kafka/client/Client.ts"
import { Connection, type Options } from "../../adapters/kafka/client/Connection.ts"
import * as Inspection from "../../adapters/kafka/client/Inspection.ts"
import { isLoopbackAddress } from "../../adapters/Loopback.ts"
import * as Topics from "../../adapters/kafka/client/Topics.ts"
import { DeadLetters } from "../../streams/ports/DeadLetters.ts"
import * as Advice from "../terminal/Advice.ts"
import { bad, type Finding, note, ok } from "../terminal/Finding.ts"
import type { SourceTopic } from "../Topics.ts"
import { alter } from "./KafkaAdvice.ts"
import { letters as lettersOf, topicsOf } from "./KafkaStores.ts"

export interface Choice {
  readonly connection: Options
  readonly topic: string
  /** Those of several sources, of which `topic` names what is made of them; `null` for the one topic. */
  readonly topics: ReadonlyArray<SourceTopic> | null
  readonly partitions: number | undefined
  /** Of the processor whose lag is asked for. */
  readonly group: string
}

export const findings = (choice: Choice): Effect.Effect<ReadonlyArray<Finding>> =>
  lookAt(choice).pipe(
    Effect.timeoutOrElse({ duration: timeLimit, orElse: () => Effect.fail(unreachable(choice)) }),
    Effect.provide(Connection.layer(choice.connection)),
    Effect.catch((error) => Effect.succeed([bad("kafka", Advice.sentence(error))])),
    Effect.map(([kafka, ...others]) => [...(kafka === undefined ? [] : [kafka]), security(choice.connection), ...others])
  )

/** For how long brokers that were reached may take for all answers together. */
const timeLimit = "20 seconds"

const unreachable = ({ connection }: Choice) =>
  new KafkaError({
    message: `the brokers at ${connection.brokers.join(",")} answer, but not every request: a broker is down, or clients ` +
      "cannot reach the addresses that the brokers advertise (advertised.listeners)",
    retriable: false,
    code: null
  })

const lookAt = Effect.fnUntraced(function*(choice: Choice) {
  const { brokers } = yield* Connection
  const { metadata, version } = yield* Inspection.brokersOf(choice.group)
  const logs = yield* Effect.forEach(topicsIn(choice), (topic) => logOf(topic, choice.partitions))
  const others = yield* Effect.forEach(besides(choice), (wanted) => found("topic", aside(wanted)))
  const read = logs.flatMap(({ partitions, topic }) => partitions === null ? [] : [{ topic, partitions }])
  const lags = yield* Effect.forEach(read, (log) => found("lag", lag(choice, log)))
  const rest = read.length === 0 ? [] : [...lags, yield* found("letters", letters(choice))]
  return [ok("kafka", `${brokers}: Kafka ${version}, ${metadata}`), ...logs.flatMap(({ findings }) => findings), ...others, ...rest]
})

const topicsIn = ({ topic, topics }: Pick<Choice, "topic" | "topics">): ReadonlyArray<string> => topics?.map(({ topic }) => topic) ?? [topic]

/** A finding, or that it could not be had. */
const found = <E extends Error, R>(what: string, finding: Effect.Effect<Finding, E, R>) =>
  Effect.catch(finding, (error) => Effect.succeed(bad(what, Advice.sentence(error))))

/** What the connection is secured with; never a value of it. */
const security = ({ brokers, sasl, tls }: Options): Finding => {
  const isLocal = brokers.every(isLoopbackAddress)
  const authority = tls?.ca === undefined ? "the authorities of Node.js" : "COURANT_KAFKA_CA"
  const parts = [
    tls === undefined ? "no TLS" : `TLS checked against ${authority}${tls.cert === undefined ? "" : ", with a client certificate"}`,
    sasl === undefined ? "no user and password" : `${sasl.mechanism === "oauthbearer" ? "a token is set" : "user and password are set"} (${sasl.mechanism})`
  ]
  if (isLocal || tls !== undefined) return ok("security", parts.join("; "))
  return note("security", `${parts.join("; ")}: the connection is not encrypted; see COURANT_KAFKA_TLS`)
}

/** The topic of events: it has to be there. Whoever made it chose its retention. */
const logOf = Effect.fnUntraced(function*(topic: string, partitions: number | undefined) {
  const { brokers, client, retryPolicy: { retry } } = yield* Connection
  const wanted: Topics.Wanted = { name: topic, partitions, configs: { "cleanup.policy": "delete" }, create: false }
  const checked = yield* found("topic", Effect.map(Topics.ensure(wanted), (count) =>
    ok("topic", `${topic}: ${count} ${count === 1 ? "partition" : "partitions"}, cleanup.policy=delete`)))
  const count = yield* retry(client.partitions(topic))
  if (count === null) return { topic, findings: [checked], partitions: null }
  const configs = yield* retry(client.configs(topic))
  const limits = ["retention.ms", "retention.bytes"].filter((name) => configs.get(name) !== "-1")
  const retention = limits.length === 0
    ? ok("retention", `${topic} keeps everything`)
    : note(
      "retention",
      `${topic} has ${limits.map((name) => `${name}=${configs.get(name)}`).join(", ")}: events that are older are deleted; ` +
        `keep them with: ${alter(brokers, topic, Object.fromEntries(limits.map((name) => [name, "-1"])))}`
    )
  return { topic, findings: [checked, retention], partitions: count }
})

/** The topics beside those of events, which are made when they are needed. */
const besides = (choice: Choice) => {
  const { topic } = choice
  const { checkpoints, deadLetters, panes, rows } = topicsOf(topic)
  const [compact, remove] = ["compact", "delete"] as const
  return [
    { name: panes, made: "with --sink kafka", policy: compact },
    { name: rows, made: "with --sink kafka, for a pipeline that ends in events", policy: remove },
    { name: deadLetters, made: "by the first process", policy: compact },
    { name: checkpoints, made: "with --checkpoints kafka", policy: compact },
    { name: `${topic}-leases`, made: "by the first process", policy: compact },
    ...topicsIn(choice).map((each) => ({ name: `${each}-positions`, made: "when a feed advances without a record", policy: compact }))
  ]
}

const aside = Effect.fnUntraced(function*({ made, name, policy }: ReturnType<typeof besides>[number]) {
  const { brokers, client, retryPolicy: { retry } } = yield* Connection
  if ((yield* retry(client.partitions(name))) === null) return ok("topic", `${name} does not exist yet; it will be created ${made}`)
  const configs = yield* retry(client.configs(name))
  const isKept = configs.get("cleanup.policy") === policy
  const takesAll = Number(configs.get("max.message.bytes")) >= Number(Topics.largeBatches["max.message.bytes"])
  if (isKept && takesAll) return ok("topic", `${name}: cleanup.policy=${policy}`)
  const wanted = { ...(isKept ? {} : { "cleanup.policy": policy }), ...(takesAll ? {} : Topics.largeBatches) }
  const has = Object.keys(wanted).map((config) => `${config}=${configs.get(config)}`).join(", ")
  const command = alter(brokers, name, wanted)
  return isKept
    ? note("topic", `${name} has ${has}: a large record may be refused; fix it with: ${command}`)
    : bad("topic", `${name} has ${has}; fix it with: ${command}`)
})

/** How far the offsets that the processor has committed are from the end. */
const lag = Effect.fnUntraced(function*({ group, topics }: Choice, { partitions, topic }: { readonly topic: string; readonly partitions: number }) {
  const { client, retryPolicy: { retry } } = yield* Connection
  const offsets = yield* Inspection.committed(group, topic, partitions)
  const over = topics === null ? "" : ` over ${topic}`
  if (offsets.every((offset) => offset === null)) {
    return note("lag", `no offsets are committed for the group ${group}${over}: start courant process, or name the pipelines of the running one with --pipelines`)
  }
  const [first, ends] = yield* Effect.all([
    retry(client.offsets(topic, "earliest")),
    retry(client.offsets(topic, "latest"))
  ])
  const lags = ends.map((end, partition) => Math.max(0, end - (offsets[partition] ?? first[partition] ?? 0)))
  const total = lags.reduce((sum, lag) => sum + lag, 0)
  return ok("lag", `${group}${over}: ${total} records${partitions === 1 ? "" : ` (by partition: ${lags.join(", ")})`}`)
})

const letters = Effect.fnUntraced(function*(choice: Choice) {
  const { connection, topic } = choice
  const kept = yield* Effect.flatMap(DeadLetters, (store) => store.read({})).pipe(
    Effect.provide(lettersOf({ connection, topic, of: topicsIn(choice) }))
  )
  if (kept.length === 0) return ok("letters", "no dead letters")
  const counts = [...Map.groupBy(kept, ({ reason }) => reason)].map(([reason, of]) => `${of.length} ${reason}`)
  return note("letters", `${kept.length} dead letters (${counts.join(", ")}); see: courant dead-letters list --log kafka --topic ${topic}`)
})
