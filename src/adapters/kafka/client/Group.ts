/**
 * What is said to the coordinator of a consumer group, as bytes (https://kafka.apache.org/protocol): JoinGroup 5,
 * SyncGroup 3, Heartbeat 3 and OffsetCommit 7, the first versions with static members (KIP-345), understood by
 * every broker from 2.3 to 4. The libraries have no static members, or no way to commit without reading as a group.
 */
import { bytes, int16, int32, int64, text, textAt } from "../wire/Wire.ts"

export interface Request {
  readonly apiKey: number
  readonly apiName: string
  readonly apiVersion: number
  readonly body: Buffer
}

/** A member as the group knows it. `instance` is its own name, the others are given by the coordinator. */
export interface Member {
  readonly group: string
  readonly instance: string
  readonly id: string
  readonly generation: number
}

/** The one protocol of our groups: whoever is a member reads everything. */
const protocol = "courant"

export const join = (
  { group, id, instance }: Omit<Member, "generation">,
  topics: ReadonlyArray<string>,
  timeouts: { readonly session: number; readonly rebalance: number }
): Request => ({
  apiKey: 11,
  apiName: "JoinGroup",
  apiVersion: 5,
  body: Buffer.concat([
    text(group), int32(timeouts.session), int32(timeouts.rebalance), text(id), text(instance), text("consumer"),
    // What tools show of a member: version 0, its topics, no data of its own.
    int32(1), text(protocol), bytes(Buffer.concat([int16(0), int32(topics.length), ...topics.map(text), bytes(none)]))
  ])
})

export interface Joined {
  readonly errorCode: number
  readonly generation: number
  readonly memberId: string
}

export const joined = (body: Buffer): Joined => {
  const errorCode = body.readInt16BE(4)
  const generation = body.readInt32BE(6)
  const [, afterProtocol] = textAt(body, 10)
  const [, afterLeader] = textAt(body, afterProtocol)
  const [memberId] = textAt(body, afterLeader)
  return { errorCode, generation, memberId }
}

/** Every partition is the member's. The coordinator heeds this where the member is the leader. */
export const sync = (member: Member, topics: ReadonlyArray<Assigned>): Request => ({
  apiKey: 14,
  apiName: "SyncGroup",
  apiVersion: 3,
  body: Buffer.concat([
    text(member.group), int32(member.generation), text(member.id), text(member.instance),
    int32(1), text(member.id), bytes(assignment(topics))
  ])
})

/** A topic of which all partitions are the member's. */
export interface Assigned {
  readonly topic: string
  readonly partitions: number
}

const assignment = (topics: ReadonlyArray<Assigned>): Buffer =>
  Buffer.concat([
    int16(0), int32(topics.length),
    ...topics.map(({ partitions, topic }) =>
      Buffer.concat([text(topic), int32(partitions), ...Array.from({ length: partitions }, (_, partition) => int32(partition))])),
    bytes(none)
  ])

export const heartbeat = ({ generation, group, id, instance }: Member): Request => ({
  apiKey: 12,
  apiName: "Heartbeat",
  apiVersion: 3,
  body: Buffer.concat([text(group), int32(generation), text(id), text(instance)])
})

export const commit = ({ generation, group, id, instance }: Member, topic: string, offsets: ReadonlyArray<number>): Request => ({
  apiKey: 8,
  apiName: "OffsetCommit",
  apiVersion: 7,
  body: Buffer.concat([
    text(group), int32(generation), text(id), text(instance),
    int32(1), text(topic), int32(offsets.length),
    // The leader's epoch is not known, and there is no text beside the offset.
    ...offsets.map((offset, partition) => Buffer.concat([int32(partition), int64(offset), int32(-1), int16(-1)]))
  ])
})

/** The error of a SyncGroup or a Heartbeat. */
export const errorOf = (body: Buffer): number => body.readInt16BE(4)

/** The first error of a commit's partitions. */
export const commitErrorOf = (body: Buffer): number => {
  const [, afterTopic] = textAt(body, 8)
  const count = body.readInt32BE(afterTopic)
  for (let partition = 0; partition < count; partition++) {
    const error = body.readInt16BE(afterTopic + 4 + partition * 6 + 4)
    if (error !== 0) return error
  }
  return 0
}

const none = Buffer.alloc(0)
