/**
 * What is said to the coordinator of a transactional id, as bytes (https://kafka.apache.org/protocol): FindCoordinator 1,
 * InitProducerId 4, AddPartitionsToTxn 1 and EndTxn 1, understood by every broker from 2.7 to 4.
 *
 * No records are written in transactions. The id is a name that writers have in turn, each with a higher epoch than the
 * one before; and the end of a transaction leaves its epoch in each partition, which refuses lower ones from then on.
 */
import type { Request } from "../client/Group.ts"
import { check, type Producer } from "./Produce.ts"
import { compactText, FlexibleReader, int16, int32, int64, noTags, text, textAt } from "./Wire.ts"

export const findCoordinator = (name: string): Request => ({
  apiKey: 10,
  apiName: "FindCoordinator",
  apiVersion: 1,
  body: Buffer.concat([text(name), Buffer.of(1)])
})

/** The number of the broker that looks after it. Throws `KafkaError`. */
export const coordinatorIn = (body: Buffer): number => {
  check(body.readInt16BE(4), "the coordinator of transactions was not found")
  const [, afterMessage] = textAt(body, 6)
  return body.readInt32BE(afterMessage)
}

/** Milliseconds after which the coordinator ends what its writer has left open. */
const timeout = 10_000

/** The next epoch: of whoever holds the name, where `holder` is given, else of whoever asks. */
export const begin = (name: string, holder: Producer | null): Request => ({
  apiKey: 22,
  apiName: "InitProducerId",
  apiVersion: 4,
  body: Buffer.concat([
    noTags, // of the header
    compactText(name), int32(timeout), int64(holder?.producerId ?? -1n), int16(holder?.epoch ?? -1), noTags
  ])
})

/** Throws `KafkaError`. */
export const begun = (body: Buffer, name: string): Producer => {
  const reader = new FlexibleReader(body)
  reader.tags() // of the header
  reader.skip(4) // throttling
  check(reader.int16(), `the name ${name} was not given to this writer`)
  return { producerId: reader.int64(), epoch: reader.int16() }
}

const said = (name: string, { epoch, producerId }: Producer): Buffer => Buffer.concat([text(name), int64(producerId), int16(epoch)])

export interface Partitions {
  readonly topic: string
  readonly count: number
}

export const addPartitions = (name: string, producer: Producer, topics: ReadonlyArray<Partitions>): Request => ({
  apiKey: 24,
  apiName: "AddPartitionsToTxn",
  apiVersion: 1,
  body: Buffer.concat([
    said(name, producer), int32(topics.length),
    ...topics.flatMap(({ count, topic }) =>
      [text(topic), int32(count), ...Array.from({ length: count }, (_, partition) => int32(partition))])
  ])
})

/** Throws `KafkaError`. */
export const added = (body: Buffer): void => {
  const topics = body.readInt32BE(4)
  let at = 8
  for (let i = 0; i < topics; i++) {
    const [topic, afterTopic] = textAt(body, at)
    const count = body.readInt32BE(afterTopic)
    for (let j = 0; j < count; j++) check(body.readInt16BE(afterTopic + 4 + 6 * j + 4), `${topic} was not taken over`)
    at = afterTopic + 4 + 6 * count
  }
}

export const end = (name: string, producer: Producer): Request => ({
  apiKey: 26,
  apiName: "EndTxn",
  apiVersion: 1,
  body: Buffer.concat([said(name, producer), Buffer.of(1)])
})

/** Throws `KafkaError`. */
export const ended = (body: Buffer, name: string): void => check(body.readInt16BE(4), `the topics of ${name} were not taken over`)
