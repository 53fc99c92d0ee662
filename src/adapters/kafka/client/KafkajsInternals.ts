/**
 * The parts of kafkajs 2.2.4 that it does not export: its cluster, which keeps connections and metadata, for
 * requests that its consumer cannot make (fetch these offsets, without a group). The library has been frozen since
 * 2023, so these paths do not move; the version is pinned all the same.
 *
 * Its request queue is mended on the way: after the first request it re-armed a timer of 1 ms for ever
 * (issue 1751), which took 5 % of a core and made Node.js warn of a negative time-out.
 */
import type { KafkaConfig, Logger } from "kafkajs"
import { createRequire } from "node:module"

interface Request {
  readonly request: {
    readonly apiKey: number
    readonly apiVersion: number
    readonly apiName: string
    readonly encode: () => Promise<unknown>
  }
  readonly response: {
    readonly decode: (payload: Buffer) => Promise<object>
    readonly parse: (decoded: object) => Promise<unknown>
  }
  readonly requestTimeout: number
}

interface Broker {
  readonly connectionPool: { readonly send: (request: Request) => Promise<unknown> }
  readonly disconnect: () => Promise<void>
  readonly metadata: (topics: ReadonlyArray<string>) => Promise<{
    readonly topicMetadata: ReadonlyArray<{ readonly topic: string; readonly partitionMetadata: ReadonlyArray<Partition> }>
  }>
  readonly listOffsets: (request: object) => Promise<{
    readonly responses: ReadonlyArray<{
      readonly partitions: ReadonlyArray<{ readonly partition: number; readonly offset: string }>
    }>
  }>
}

interface Partition {
  readonly partitionId: number
  readonly leader: number
}

export interface Cluster {
  readonly connect: () => Promise<void>
  readonly disconnect: () => Promise<void>
  readonly isConnected: () => boolean
  readonly refreshMetadata: () => Promise<void>
  readonly addTargetTopic: (topic: string) => Promise<void>
  readonly findBroker: (broker: { readonly nodeId: number }) => Promise<Broker>
  readonly findGroupCoordinator: (group: { readonly groupId: string }) => Promise<Broker>
  readonly findControllerBroker: () => Promise<Broker>
  readonly findTopicPartitionMetadata: (topic: string) => ReadonlyArray<Partition>
}

interface RequestQueue {
  readonly pending: ReadonlyArray<unknown>
  throttledUntil: number
}

// What these paths give is not typed by the library; the shapes above were read in its source.
const load = createRequire(import.meta.url)
const ClusterOf = load("kafkajs/src/cluster") as new(options: object) => Cluster
const Encoder = load("kafkajs/src/protocol/encoder") as new() => { writeBuffer: (bytes: Buffer) => unknown }
const socketFactory = load("kafkajs/src/network/socketFactory") as () => unknown
const Queue = load("kafkajs/src/network/requestQueue") as {
  readonly prototype: { scheduleCheckPendingRequests: (this: RequestQueue) => void }
}

const schedule = Queue.prototype.scheduleCheckPendingRequests
Queue.prototype.scheduleCheckPendingRequests = function() {
  if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this)
}

export const makeCluster = (config: KafkaConfig, logger: Logger): Cluster =>
  new ClusterOf({ ...config, logger, socketFactory: socketFactory(), allowAutoTopicCreation: false })

/** Sends a request of which the library knows nothing: bytes there and bytes back. */
export const sendRaw = async (
  broker: Broker,
  { apiKey, apiName, apiVersion, body }: {
    readonly apiKey: number
    readonly apiVersion: number
    readonly apiName: string
    readonly body: Buffer
  },
  requestTimeout: number
): Promise<Buffer> => {
  let answer: Buffer = Buffer.alloc(0)
  const request: Request = {
    request: { apiKey, apiVersion, apiName, encode: async () => new Encoder().writeBuffer(body) },
    response: {
      decode: async (payload) => {
        answer = payload
        return {}
      },
      parse: async (decoded) => decoded
    },
    requestTimeout
  }
  try {
    await broker.connectionPool.send(request)
    return answer
  } catch (error) {
    // As the library itself does: a connection that was closed is of no more use.
    if (error instanceof Error && error.name === "KafkaJSConnectionClosedError") await broker.disconnect()
    throw error
  }
}
