/**
 * The protocol's Produce, version 7, and InitProducerId, version 1, which every broker from 2.3 to 4 understands
 * (https://kafka.apache.org/protocol#The_Messages_Produce). Written here because the libraries number the records
 * of an idempotent producer themselves, and forget or reuse a number when a request fails; see `Producers`.
 */
import { KafkaError } from "../client/Client.ts"
import type { Request } from "../client/Group.ts"

/** A producer as the brokers know it. */
export interface Producer {
  readonly producerId: bigint
  readonly epoch: number
}

export const introduction: Request = (() => {
  const body = Buffer.alloc(6)
  body.writeInt16BE(-1, 0) // no transactions
  body.writeInt32BE(0, 2)
  return { apiKey: 22, apiName: "InitProducerId", apiVersion: 1, body }
})()

/** Throws `KafkaError`. */
export const introduced = (body: Buffer): Producer => {
  check(body.readInt16BE(4), "no producer id was given")
  return { producerId: body.readBigInt64BE(6), epoch: body.readInt16BE(14) }
}

/** Milliseconds that the leader may wait until all replicas in sync have the batch; the libraries wait longer. */
export const acknowledgeWithin = 20_000
const all = -1

export const request = (topic: string, partition: number, batch: Buffer): Request => {
  const name = Buffer.from(topic)
  const head = Buffer.alloc(2 + 2 + 4 + 4 + 2 + name.length + 4 + 4 + 4)
  let at = head.writeInt16BE(-1, 0) // no transactions
  at = head.writeInt16BE(all, at)
  at = head.writeInt32BE(acknowledgeWithin, at)
  at = head.writeInt32BE(1, at)
  at = head.writeInt16BE(name.length, at)
  at += name.copy(head, at)
  at = head.writeInt32BE(1, at)
  at = head.writeInt32BE(partition, at)
  head.writeInt32BE(batch.length, at)
  return { apiKey: 0, apiName: "Produce", apiVersion: 7, body: Buffer.concat([head, batch]) }
}

/** The offset of the batch's first record. Throws `KafkaError`. */
export const offsetIn = (body: Buffer, topic: string, partition: number): number => {
  const at = 4 + 2 + body.readInt16BE(4) + 4 + 4
  check(body.readInt16BE(at), `writing to partition ${partition} of ${topic} failed`)
  return Number(body.readBigInt64BE(at + 2))
}

/** Throws a `KafkaError` where the code is one. */
export const check = (errorCode: number, what: string): void => {
  if (errorCode === 0) return
  const code = names[errorCode] ?? null
  throw new KafkaError({
    message: `${what}: ${code ?? `error ${errorCode}`}`,
    retriable: code !== null && passing.has(code),
    code
  })
}

/** The errors of these requests, https://kafka.apache.org/protocol#protocol_error_codes. */
const names: { readonly [errorCode: number]: string } = {
  [-1]: "UNKNOWN_SERVER_ERROR",
  2: "CORRUPT_MESSAGE",
  3: "UNKNOWN_TOPIC_OR_PARTITION",
  5: "LEADER_NOT_AVAILABLE",
  6: "NOT_LEADER_FOR_PARTITION",
  7: "REQUEST_TIMED_OUT",
  10: "MESSAGE_TOO_LARGE",
  13: "NETWORK_EXCEPTION",
  14: "COORDINATOR_LOAD_IN_PROGRESS",
  15: "COORDINATOR_NOT_AVAILABLE",
  16: "NOT_COORDINATOR",
  17: "INVALID_TOPIC_EXCEPTION",
  18: "RECORD_LIST_TOO_LARGE",
  19: "NOT_ENOUGH_REPLICAS",
  20: "NOT_ENOUGH_REPLICAS_AFTER_APPEND",
  29: "TOPIC_AUTHORIZATION_FAILED",
  31: "CLUSTER_AUTHORIZATION_FAILED",
  32: "INVALID_TIMESTAMP",
  35: "UNSUPPORTED_VERSION",
  42: "INVALID_REQUEST",
  45: "OUT_OF_ORDER_SEQUENCE_NUMBER",
  46: "DUPLICATE_SEQUENCE_NUMBER",
  47: "INVALID_PRODUCER_EPOCH",
  48: "INVALID_TXN_STATE",
  49: "INVALID_PRODUCER_ID_MAPPING",
  51: "CONCURRENT_TRANSACTIONS",
  53: "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
  56: "KAFKA_STORAGE_ERROR",
  59: "UNKNOWN_PRODUCER_ID",
  87: "INVALID_RECORD",
  90: "PRODUCER_FENCED"
}

const passing: ReadonlySet<string> = new Set([
  "CORRUPT_MESSAGE",
  "UNKNOWN_TOPIC_OR_PARTITION",
  "LEADER_NOT_AVAILABLE",
  "NOT_LEADER_FOR_PARTITION",
  "REQUEST_TIMED_OUT",
  "NETWORK_EXCEPTION",
  "COORDINATOR_LOAD_IN_PROGRESS",
  "COORDINATOR_NOT_AVAILABLE",
  "NOT_COORDINATOR",
  "CONCURRENT_TRANSACTIONS",
  "NOT_ENOUGH_REPLICAS",
  "NOT_ENOUGH_REPLICAS_AFTER_APPEND",
  "KAFKA_STORAGE_ERROR"
])

/** Whether another has the writer's name by now. */
export const isFenced = ({ code }: KafkaError): boolean => code === "PRODUCER_FENCED" || code === "INVALID_PRODUCER_EPOCH"

/** Whether the brokers say that they know a producer otherwise than it does: only a new one can go on. */
export const isEstranged = ({ code }: KafkaError): boolean =>
  code === "OUT_OF_ORDER_SEQUENCE_NUMBER" || code === "UNKNOWN_PRODUCER_ID" || code === "INVALID_PRODUCER_EPOCH"
