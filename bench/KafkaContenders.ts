/** What courant over Kafka is compared with: each library's own consumer, doing nothing, and its own producer. */
import { Consumer, Producer } from "@platformatic/kafka"
import { Kafka as Library, logLevel } from "kafkajs"
import { randomUUID } from "node:crypto"
import { stopwatch, type Took } from "./Measure.ts"

export const libraries = ["kafkajs", "platformatic"] as const
export type LibraryName = typeof libraries[number]

/**
 * Reads so many records of a topic from its beginning as a member of a new group, and throws them away. Timed
 * from the first record on, so that joining the group does not count.
 */
export const consume = {
  kafkajs: async (brokers: string, topic: string, records: number): Promise<Took> => {
    const library = new Library({ brokers: [brokers], logLevel: logLevel.NOTHING })
    const consumer = library.consumer({ groupId: randomUUID(), maxBytesPerPartition, maxBytes })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    try {
      return await new Promise<Took>((resolve, reject) => {
        let seen = 0
        let stop: (() => Took) | null = null
        consumer.run({
          eachBatch: async ({ batch }) => {
            stop ??= stopwatch()
            seen += batch.messages.length
            if (seen >= records) resolve(stop())
          }
        }).catch(reject)
      })
    } finally {
      await consumer.disconnect()
    }
  },
  platformatic: async (brokers: string, topic: string, records: number): Promise<Took> => {
    const consumer = new Consumer({ clientId: "bench", groupId: randomUUID(), bootstrapBrokers: [brokers], maxBytes })
    const stream = await consumer.consume({ topics: [topic], mode: "earliest", autocommit: false })
    try {
      return await new Promise<Took>((resolve, reject) => {
        let seen = 0
        let stop: (() => Took) | null = null
        stream.on("error", reject)
        stream.on("data", () => {
          stop ??= stopwatch()
          if (++seen === records) resolve(stop())
        })
      })
    } finally {
      await stream.close()
      await consumer.close(true)
    }
  }
} satisfies { readonly [L in LibraryName]: unknown }

/** As much in one answer as courant asks for. */
const maxBytes = 4 * 1_024 * 1_024
const maxBytesPerPartition = 1_024 * 1_024

/** Sends values, so many in one request and one request after the other, idempotently and to all replicas, and no more. */
export const produce = {
  kafkajs: async (brokers: string, topic: string, values: ReadonlyArray<Buffer>, perRequest: number): Promise<Took> => {
    const producer = new Library({ brokers: [brokers], logLevel: logLevel.NOTHING }).producer({ idempotent: true })
    await producer.connect()
    try {
      const stop = stopwatch()
      for (let at = 0; at < values.length; at += perRequest) {
        const messages = values.slice(at, at + perRequest).map((value) => ({ value, partition: 0 }))
        await producer.send({ topic, acks: -1, messages })
      }
      return stop()
    } finally {
      await producer.disconnect()
    }
  },
  platformatic: async (brokers: string, topic: string, values: ReadonlyArray<Buffer>, perRequest: number): Promise<Took> => {
    const producer = new Producer({ clientId: "bench", bootstrapBrokers: [brokers], idempotent: true })
    try {
      const stop = stopwatch()
      for (let at = 0; at < values.length; at += perRequest) {
        await producer.send({
          messages: values.slice(at, at + perRequest).map((value) => ({ topic, value, key: none, partition: 0 }))
        })
      }
      return stop()
    } finally {
      await producer.close()
    }
  }
} satisfies { readonly [L in LibraryName]: unknown }

const none = Buffer.alloc(0)
