/**
 * What whoever looks after brokers wants to know of them, asked as bytes (https://kafka.apache.org/protocol):
 * ApiVersions 0 and OffsetFetch 3, understood by every broker from 0.11 to 4.
 */
import { Effect } from "effect"
import { KafkaError } from "./Client.ts"
import { Connection } from "./Connection.ts"
import { int32, text } from "../wire/Wire.ts"

export interface Brokers {
  readonly version: "4 or later" | "3 or earlier"
  /** What keeps the metadata of the cluster. */
  readonly metadata: "KRaft" | "ZooKeeper"
}

/**
 * Told from what the broker that looks after the group understands: brokers under ZooKeeper are told by it who leads
 * which partition (LeaderAndIsr), and 4.0 dropped the first versions of Fetch (KIP-896).
 */
export const brokersOf = Effect.fnUntraced(function*(group: string): Effect.fn.Return<Brokers, KafkaError, Connection> {
  const { client, retryPolicy: { retry } } = yield* Connection
  const request = { apiKey: 18, apiName: "ApiVersions", apiVersion: 0, body: Buffer.alloc(0) }
  const body = yield* retry(client.askCoordinator(group, request))
  const oldest = oldestVersions(body)
  return {
    version: (oldest.get(fetch) ?? 0) >= 4 ? "4 or later" : "3 or earlier",
    metadata: oldest.has(leaderAndIsr) ? "ZooKeeper" : "KRaft"
  }
})

const fetch = 1
const leaderAndIsr = 4

/** The first version of each request that is understood: an error code, then of each request number, first and last version. */
const oldestVersions = (body: Buffer): ReadonlyMap<number, number> =>
  new Map(Array.from({ length: body.readInt32BE(2) }, (_, i) => [body.readInt16BE(6 + 6 * i), body.readInt16BE(8 + 6 * i)]))

/** The offsets that a group has committed, one a partition; `null` where it has committed none. */
export const committed = Effect.fnUntraced(function*(group: string, topic: string, partitions: number) {
  const { client, retryPolicy: { retry } } = yield* Connection
  const body = Buffer.concat([
    text(group), int32(1), text(topic), int32(partitions),
    ...Array.from({ length: partitions }, (_, partition) => int32(partition))
  ])
  const ask = Effect.tap(
    client.askCoordinator(group, { apiKey: 9, apiName: "OffsetFetch", apiVersion: 3, body }),
    (answer) => refused(group, answer.readInt16BE(answer.length - 2))
  )
  return offsetsIn(yield* retry(ask), partitions)
})

/** A coordinator that is just taking over the group (14 to 16) will answer soon. */
const refused = (group: string, errorCode: number): Effect.Effect<void, KafkaError> =>
  errorCode === 0 ? Effect.void : Effect.fail(
    new KafkaError({
      message: `the offsets of the group ${group} cannot be read: error ${errorCode}`,
      retriable: errorCode >= 14 && errorCode <= 16,
      code: null
    })
  )

/** The time that the broker throttled, the one topic's name, then of each partition number, offset, a text and an error. */
const offsetsIn = (body: Buffer, partitions: number): ReadonlyArray<number | null> => {
  const offsets = Array.from({ length: partitions }, (): number | null => null)
  let at = 8 + 2 + body.readInt16BE(8)
  const count = body.readInt32BE(at)
  at += 4
  for (let i = 0; i < count; i++) {
    const offset = Number(body.readBigInt64BE(at + 4))
    if (offset >= 0) offsets[body.readInt32BE(at)] = offset
    at += 12 + 2 + Math.max(0, body.readInt16BE(at + 12)) + 2
  }
  return offsets
}
