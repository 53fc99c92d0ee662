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

const messages = (topic: string, values: ReadonlyArray<Buffer>) => values.map((value) => ({ topic, value, key: none, partition: 0 }))

export interface Exchange {
  /** What is sent to the loop, a request each. */
  readonly chunks: ReadonlyArray<ReadonlyArray<Buffer>>
  /** Milliseconds from one of them to the next. */
  readonly every: number
  /** What the loop sends when it has read the first record of every second chunk. */
  readonly results: ReadonlyArray<Buffer>
}

/**
 * The least that a program does which consumes records and produces results, over `@platformatic/kafka`: milliseconds from the
 * moment at which each second chunk is given to a producer to that at which the broker has the results, one request of these
 * after the other.
 */
export const respond = async (brokers: string, topics: { readonly from: string; readonly to: string }, { chunks, every, results }: Exchange): Promise<ReadonlyArray<number>> => {
  const [giving, answering] = [0, 1].map(() => new Producer({ clientId: "bench", bootstrapBrokers: [brokers], idempotent: true }))
  const consumer = new Consumer({ clientId: "bench", groupId: randomUUID(), bootstrapBrokers: [brokers], maxBytes })
  const stream = await consumer.consume({ topics: [topics.from], mode: "earliest", autocommit: false })
  const perChunk = chunks[0]!.length
  const givenAt: Array<number> = []
  const waits: Array<number> = []
  let seen = 0
  let answered: Promise<unknown> = Promise.resolve()
  stream.on("data", () => {
    if (seen++ % (2 * perChunk) !== 0) return
    const number = waits.push(NaN) - 1
    answered = answered.then(() => answering!.send({ messages: messages(topics.to, results) })).then(() => void (waits[number] = performance.now() - givenAt[number]!))
  })
  const given: Array<Promise<unknown>> = []
  const began = performance.now()
  for (const [number, chunk] of chunks.entries()) {
    await new Promise((resolve) => void setTimeout(resolve, Math.max(0, began + number * every - performance.now())))
    if (number % 2 === 0) givenAt.push(performance.now())
    given.push(giving!.send({ messages: messages(topics.from, chunk) }))
  }
  await Promise.all(given)
  while (seen < chunks.length * perChunk) await new Promise((resolve) => void setTimeout(resolve, 10))
  await answered
  await stream.close()
  await consumer.close(true)
  await Promise.all([giving!.close(), answering!.close()])
  return waits
}
