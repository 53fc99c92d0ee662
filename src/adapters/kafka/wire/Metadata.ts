/**
 * The protocol's Metadata, version 12, understood by every broker from 3.1 to 4
 * (https://kafka.apache.org/protocol#The_Messages_Metadata): asked only for the id of a topic (KIP-516), which the
 * libraries do not tell. A topic that was deleted and made again has its name and another id.
 */
import type { Request } from "../client/Group.ts"
import { compactText, FlexibleReader, noTags, topicId, unsignedVarint } from "./Wire.ts"

export const request = (topic: string): Request => ({
  apiKey: 3,
  apiName: "Metadata",
  apiVersion: 12,
  body: Buffer.concat([
    noTags, // of the header
    unsignedVarint(2), // one topic, by its name
    topicId(null), compactText(topic), noTags,
    Buffer.of(0), // not to be made where it is missing
    Buffer.of(0), // whatever we are allowed to
    noTags
  ])
})

export interface Found {
  readonly errorCode: number
  /** 32 hexadecimal digits. */
  readonly id: string
}

/** What the answer says of the one topic. */
export const response = (body: Buffer): Found => {
  const reader = new FlexibleReader(body)
  reader.tags() // of the header
  reader.skip(4) // throttling
  reader.forEach(() => {
    reader.skip(4) // number of a broker
    reader.text() // its host
    reader.skip(4) // its port
    reader.text() // its rack
    reader.tags()
  })
  reader.text() // the cluster's id
  reader.skip(4) // the controller
  if (reader.count() === 0) return { errorCode: unknownTopic, id: "" }
  // The first of the topics is the only one.
  const errorCode = reader.int16()
  reader.text() // its name
  return { errorCode, id: reader.topicId() }
}

const unknownTopic = 3
