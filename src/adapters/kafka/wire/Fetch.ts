/**
 * The protocol's Fetch, version 11, which every broker from 2.3 to 4 understands
 * (https://kafka.apache.org/protocol#The_Messages_Fetch). Written here because the libraries decode each record
 * into an object, which costs more than all the rest of a pipeline.
 */
import type { Fetched, Place } from "../client/Client.ts"

export const apiKey = 1
export const apiVersion = 11

/** Bytes of one answer, and of one partition in it; a batch that is larger comes whole and alone. */
export const maxBytes = 4 * 1_024 * 1_024
const maxBytesOfPartition = 1_024 * 1_024

/** Milliseconds that the broker may wait for the first byte. */
export const maxWait = 500

const readCommitted = 1

/** The body of the request. */
export const request = (topic: string, places: ReadonlyArray<Place>): Buffer => {
  const name = Buffer.from(topic)
  const body = Buffer.alloc(29 + 2 + name.length + 4 + places.length * 28 + 4 + 2)
  let at = 0
  const int32 = (value: number) => { at = body.writeInt32BE(value, at) }
  const int64 = (value: number) => { at = body.writeBigInt64BE(BigInt(value), at) }
  int32(-1) // no replica
  int32(maxWait)
  int32(1)
  int32(maxBytes)
  at = body.writeInt8(readCommitted, at)
  int32(0) // no session
  int32(-1)
  int32(1)
  at = body.writeInt16BE(name.length, at)
  at += name.copy(body, at)
  int32(places.length)
  for (const { offset, partition } of places) {
    int32(partition)
    int32(-1) // whatever the leader's epoch
    int64(offset)
    int64(-1)
    int32(maxBytesOfPartition)
  }
  int32(0) // nothing forgotten
  at = body.writeInt16BE(0, at) // no rack
  return body
}

/** Reads the body of the response. An error of the whole is given as that of each partition asked for. */
export const response = (body: Buffer, places: ReadonlyArray<Place>): ReadonlyArray<Fetched> => {
  let at = 4 // throttling
  const int16 = () => body.readInt16BE((at += 2) - 2)
  const int32 = () => body.readInt32BE((at += 4) - 4)
  const int64 = () => body.readBigInt64BE((at += 8) - 8)
  const errorCode = int16()
  if (errorCode !== 0) {
    return places.map(({ partition }) =>
      ({ partition, errorCode, lastStableOffset: -1, aborted: [], batches: Buffer.alloc(0) }))
  }
  at += 4 // session
  const found: Array<Fetched> = []
  for (let topics = int32(); topics > 0; topics--) {
    const length = int16()
    at += length
    for (let partitions = int32(); partitions > 0; partitions--) {
      const partition = int32()
      const errorCode = int16()
      at += 8 // high watermark
      const lastStableOffset = Number(int64())
      at += 8 // log start
      const aborted: Array<Fetched["aborted"][number]> = []
      for (let count = int32(); count > 0; count--) aborted.push({ producerId: int64(), firstOffset: Number(int64()) })
      at += 4 // preferred replica
      const size = Math.max(0, int32())
      found.push({ partition, errorCode, lastStableOffset, aborted, batches: body.subarray(at, at + size) })
      at += size
    }
  }
  return found
}
