/**
 * The protocol's Fetch, version 13, which every broker from 3.1 to 4 understands
 * (https://kafka.apache.org/protocol#The_Messages_Fetch): the first that names a topic by its id, so that nothing is
 * ever read of another topic of its name. Written here because the libraries decode each record into an object,
 * which costs more than all the rest of a pipeline.
 */
import type { Fetched, Place } from "../client/Client.ts"
import { FlexibleReader, int32, int64, noTags, topicId, unsignedVarint } from "./Wire.ts"

export const apiKey = 1
export const apiVersion = 13

/** Bytes of one answer, and of one partition in it; a batch that is larger comes whole and alone. */
export const maxBytes = 4 * 1_024 * 1_024
const maxBytesOfPartition = 1_024 * 1_024

/** Milliseconds that the broker may wait for the first byte. */
export const maxWait = 500

const readCommitted = 1

/** The body of the request, for a topic of this id. */
export const request = (topic: string, places: ReadonlyArray<Place>): Buffer =>
  Buffer.concat([
    noTags, // of the header
    int32(-1), // no replica
    int32(maxWait),
    int32(1), // byte at least
    int32(maxBytes),
    Buffer.of(readCommitted),
    int32(0), // no session
    int32(-1),
    unsignedVarint(2), // one topic
    topicId(topic),
    unsignedVarint(places.length + 1),
    ...places.map(wanted),
    noTags,
    unsignedVarint(1), // nothing forgotten
    unsignedVarint(1), // no rack
    noTags
  ])

const wanted = ({ offset, partition }: Place): Buffer =>
  Buffer.concat([
    int32(partition),
    int32(-1), // whatever the leader's epoch
    int64(offset),
    int32(-1), // nothing fetched before, of any epoch
    int64(-1), // no log of our own
    int32(maxBytesOfPartition),
    noTags
  ])

/** Reads the body of the response. An error of the whole is given as that of each partition asked for. */
export const response = (body: Buffer, places: ReadonlyArray<Place>): ReadonlyArray<Fetched> => {
  const reader = new FlexibleReader(body)
  reader.tags() // of the header
  reader.skip(4) // throttling
  const errorCode = reader.int16()
  if (errorCode !== 0) {
    return places.map(({ partition }) =>
      ({ partition, errorCode, lastStableOffset: -1, aborted: [], batches: Buffer.alloc(0) }))
  }
  reader.skip(4) // session
  const found: Array<Fetched> = []
  reader.forEach(() => {
    reader.topicId()
    reader.forEach(() => found.push(partitionOf(reader)))
    reader.tags()
  })
  return found
}

const partitionOf = (reader: FlexibleReader): Fetched => {
  const partition = reader.int32()
  const errorCode = reader.int16()
  reader.skip(8) // high watermark
  const lastStableOffset = Number(reader.int64())
  reader.skip(8) // log start
  const aborted: Array<Fetched["aborted"][number]> = []
  reader.forEach(() => {
    aborted.push({ producerId: reader.int64(), firstOffset: Number(reader.int64()) })
    reader.tags()
  })
  reader.skip(4) // preferred replica
  const batches = reader.bytes()
  reader.tags()
  return { partition, errorCode, lastStableOffset, aborted, batches }
}
