/** The topics that the layers of this adapter use: made where they are missing, checked where they are there. */
import { Effect, Schedule } from "effect"
import { KafkaError } from "./Client.ts"
import { Connection } from "./Connection.ts"
import type { Reason } from "./Reason.ts"

export interface Wanted {
  readonly name: string
  /** An existing topic must have so many, if told; a new one gets so many, 1 unless told. */
  readonly partitions?: number | undefined
  /** Checked on an existing topic too. */
  readonly configs: { readonly [name: string]: string }
  /** For a new topic only: whoever made the other knew why. */
  readonly initially?: { readonly [name: string]: string }
  /** Whether to make it where it is missing; true unless told. */
  readonly create?: boolean | undefined
}

/** Batches of up to so many bytes: a record that a feed, a checkpoint or a dead letter may need. */
export const largeBatches = { "max.message.bytes": String(64 * 1_024 * 1_024) }

/** The newest record of each key is kept, for ever. */
export const compacted = { "cleanup.policy": "compact" }

/** The number of partitions of a topic that is as wanted, or was made so. */
export const ensure = Effect.fnUntraced(function*(wanted: Wanted) {
  const { brokers, client, retryPolicy } = yield* Connection
  const existing = yield* retryPolicy.retry(client.partitions(wanted.name))
  if (existing !== null) {
    yield* check(wanted, existing)
    return existing
  }
  if (wanted.create === false) {
    return yield* problem(
      `there is no topic ${wanted.name} on the Kafka brokers at ${brokers}`,
      { _tag: "topic-missing", topic: wanted.name, brokers }
    )
  }
  const partitions = wanted.partitions ?? 1
  const configs = { ...wanted.configs, ...wanted.initially }
  // Asked for again until it is there: brokers with ZooKeeper say of a topic that is still being deleted that it exists.
  const make = Effect.andThen(client.create({ name: wanted.name, partitions, configs }), visible(wanted.name))
  const made = yield* retryPolicy.retry(untilSettled(make))
  // Another may have made it in the same moment, with other settings.
  yield* check(wanted, made)
  return made
})

/** What a broker says whose session with ZooKeeper has just run out; it has another in a moment. */
const untilSettled = <A, R>(request: Effect.Effect<A, KafkaError, R>) =>
  Effect.retry(request, { while: ({ code }) => code === "UNKNOWN_SERVER_ERROR", schedule: Schedule.spaced("500 millis"), times: 20 })

/** A new topic is known to each broker only after a while. */
const visible = Effect.fnUntraced(function*(name: string) {
  const { client } = yield* Connection
  const partitions = yield* client.partitions(name)
  if (partitions !== null && partitions > 0) return partitions
  return yield* new KafkaError({ message: `the topic ${name} is being made`, retriable: true, code: null })
})

const check = Effect.fnUntraced(function*({ configs, name, partitions }: Wanted, existing: number) {
  const { brokers, client, retryPolicy } = yield* Connection
  if (partitions !== undefined && partitions !== existing) {
    return yield* problem(
      `the topic ${name} has ${existing} partitions, not ${partitions}`,
      { _tag: "other-partitions", topic: name, brokers, existing, wanted: partitions }
    )
  }
  if (Object.keys(configs).length === 0) return
  const actual = yield* retryPolicy.retry(untilSettled(client.configs(name)))
  const wrong = Object.entries(configs).filter(([config, value]) => actual.get(config) !== value)
  if (wrong.length === 0) return
  const have = wrong.map(([config]) => `${config}=${actual.get(config)}`).join(", ")
  return yield* problem(
    `the topic ${name} has ${have}`,
    { _tag: "other-settings", topic: name, brokers, settings: Object.fromEntries(wrong) }
  )
})

const problem = (message: string, reason: Reason): KafkaError =>
  new KafkaError({ message, reason, retriable: false, code: null })
