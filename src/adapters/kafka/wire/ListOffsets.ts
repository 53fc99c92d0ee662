/**
 * The protocol's ListOffsets, version 2, which every broker from 0.11 to 4 understands
 * (https://kafka.apache.org/protocol#The_Messages_ListOffsets). Written here because the library's request never comes back
 * where a partition has no leader, as that of a new topic for a moment.
 */
import type { Request } from "../client/Group.ts"
import { check } from "./Produce.ts"
import { int32, int64, text, textAt } from "./Wire.ts"

const readCommitted = 1

/** The first, or the next offset. */
export const timestamps = { earliest: -2, latest: -1 }

/** To the broker that leads these partitions. */
export const request = (topic: string, partitions: ReadonlyArray<number>, timestamp: number): Request => ({
  apiKey: 2,
  apiName: "ListOffsets",
  apiVersion: 2,
  body: Buffer.concat([
    int32(-1), // no replica
    Buffer.of(readCommitted),
    int32(1), text(topic), int32(partitions.length),
    ...partitions.map((partition) => Buffer.concat([int32(partition), int64(timestamp)]))
  ])
})

/** Of each partition its number and its offset. Throws `KafkaError`. */
export const offsetsIn = (body: Buffer, topic: string): ReadonlyArray<readonly [partition: number, offset: number]> => {
  const [, afterTopic] = textAt(body, 8)
  return Array.from({ length: body.readInt32BE(afterTopic) }, (_, index) => {
    const at = afterTopic + 4 + 22 * index
    check(body.readInt16BE(at + 4), `asking for the offsets of ${topic} failed`)
    return [body.readInt32BE(at), Number(body.readBigInt64BE(at + 14))] as const
  })
}
