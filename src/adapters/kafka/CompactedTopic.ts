/**
 * A table in a topic: of the records with one key the newest stands, one without a value takes the key away.
 * It is read from its beginning once and then from where reading ended; what is kept in memory is up to the caller.
 */
import { Effect, Semaphore } from "effect"
import { KafkaError, type Message, type Reader } from "./client/Client.ts"
import { Connection } from "./client/Connection.ts"
import { isTooLarge } from "./Parts.ts"
import type { Store } from "../../streams/ports/Store.ts"
import * as Partitioner from "../../streams/records/Partitioner.ts"
import { Cursor, sections, UnreadableBatch } from "./wire/RecordBatches.ts"
import * as Topics from "./client/Topics.ts"

/** A record as it is read; its bytes are valid only during the call. */
export interface Row {
  readonly key: string
  readonly value: Buffer | null
  readonly header: (name: string) => string | null
}

export interface NewRow {
  readonly key: string | null
  readonly value: Uint8Array | null
  /** That of its key, unless told. */
  readonly partition?: number
  readonly headers?: Message["headers"]
}

export interface Table {
  /** Durable when it returns. Rows of one partition go out in their order, cut into batches of bounded size. */
  readonly put: (rows: ReadonlyArray<NewRow>) => Effect.Effect<void, KafkaError>
  /** Reads what has come since the last time. */
  readonly catchUp: Effect.Effect<void, KafkaError>
  /** Waits up to half a second for what comes next, and reads it. Nobody catches up at the same time. */
  readonly follow: Effect.Effect<void, KafkaError>
  readonly partitions: number
  readonly store: Store
}

/** Bytes after which a batch is sent; a larger row goes alone. */
const batchBytes = 512 * 1_024

export const open = Effect.fnUntraced(function*(options: {
  readonly topic: string
  readonly partitions?: number | undefined
  /** What the topic has to be: compacted, unless what is kept of it is told by something else than its keys. */
  readonly configs?: { readonly [name: string]: string }
  /** What else a new topic gets. */
  readonly initially?: { readonly [name: string]: string }
  readonly onRow: (row: Row) => void
}) {
  const { topic } = options
  const { brokers, client, retryPolicy } = yield* Connection
  const partitions = yield* Topics.ensure({
    name: topic,
    partitions: options.partitions,
    configs: options.configs ?? Topics.compacted,
    initially: { ...Topics.largeBatches, ...options.initially }
  })

  /** What the topic does not take at once goes in halves: each row stands for itself. */
  const send = (partition: number, batch: ReadonlyArray<Message>): Effect.Effect<void, KafkaError> =>
    Effect.catchIf(Effect.asVoid(client.produce(topic, partition, batch)), isTooLarge, (error) => {
      const half = batch.length >> 1
      if (half === 0) return Effect.fail(tooLarge({ topic, brokers }, batch, error))
      return Effect.andThen(send(partition, batch.slice(0, half)), send(partition, batch.slice(half)))
    })

  const put = Effect.fnUntraced(function*(rows: ReadonlyArray<NewRow>) {
    const timestamp = Date.now()
    const messages = rows.map(({ headers, key, partition, value }): readonly [partition: number, Message] => {
      const bytes = key === null ? null : Buffer.from(key)
      const message = { key: bytes, value, timestamp, headers: headers ?? {} }
      return [partition ?? Partitioner.partitionOf(bytes ?? empty, partitions), message]
    })
    const byPartition = Map.groupBy(messages, ([partition]) => partition)
    yield* Effect.forEach(byPartition, ([partition, messages]) =>
      Effect.forEach(inBatches(messages.map(([, message]) => message)), (batch) => send(partition, batch), { discard: true }), {
      concurrency: 4,
      discard: true
    })
  })

  const identity = yield* retryPolicy.retry(client.topic(topic))
  const reader = yield* client.reader(identity)
  const next = Array.from({ length: partitions }, () => 0)
  const catchUp = Effect.gen(function*() {
    const [first, ends] = yield* Effect.all([client.offsets(topic, "earliest"), client.offsets(topic, "latest")])
    next.forEach((offset, partition) => { next[partition] = Math.max(offset, first[partition] ?? 0) })
    if (next.every((offset, partition) => offset >= (ends[partition] ?? 0))) return
    yield* readTo(reader, topic, { next, ends, onRow: options.onRow })
  }).pipe(retryPolicy.retry, Semaphore.makeUnsafe(1).withPermit)

  let leaders: Effect.Success<Reader["leaders"]> | null = null
  const follow = Effect.gen(function*() {
    leaders ??= yield* reader.leaders
    yield* Effect.forEach(leaders, ([leader, partitions]) =>
      fetchInto(reader, topic, leader, partitions, { next, onRow: options.onRow }), { concurrency: "unbounded", discard: true })
  }).pipe(
    // Whoever leads now is asked for before the next attempt.
    Effect.tapError(() => Effect.sync(() => { leaders = null })),
    retryPolicy.retry
  )

  return { catchUp, follow, put, partitions, store: { name: `the topic ${topic}`, id: identity.id } } satisfies Table
})

const empty = new Uint8Array(0)

const tooLarge = (place: { readonly topic: string; readonly brokers: string }, [message]: ReadonlyArray<Message>, cause: KafkaError): KafkaError =>
  new KafkaError({
    message: `a record of ${message?.value?.length ?? 0} bytes is larger than the topic ${place.topic} takes; its key is ` +
      JSON.stringify(message?.key == null ? null : Buffer.from(message.key).toString().slice(0, 200)),
    reason: { _tag: "record-too-large", ...place, settings: Topics.largeBatches },
    retriable: false,
    code: cause.code,
    cause
  })

const inBatches = (messages: ReadonlyArray<Message>): ReadonlyArray<ReadonlyArray<Message>> => {
  const batches: Array<Array<Message>> = []
  let size = Infinity
  for (const message of messages) {
    const bytes = (message.key?.length ?? 0) + (message.value?.length ?? 0)
    if (size + bytes > batchBytes) {
      batches.push([])
      size = 0
    }
    batches.at(-1)?.push(message)
    size += bytes
  }
  return batches
}

/** Where the reading stands, and what hears of each record. */
interface Progress {
  readonly next: Array<number>
  readonly onRow: (row: Row) => void
}

/** Advances `next` to `ends`. */
const readTo = Effect.fnUntraced(function*(reader: Reader, topic: string, { ends, ...progress }: Progress & {
  readonly ends: ReadonlyArray<number>
}) {
  const leaders = yield* reader.leaders
  const isBehind = (partition: number) => progress.next[partition]! < (ends[partition] ?? 0)
  for (const [leader, partitions] of leaders) {
    while (partitions.some(isBehind)) yield* fetchInto(reader, topic, leader, partitions.filter(isBehind), progress)
  }
})

/** Takes what one answer of a broker has of some partitions. */
const fetchInto = Effect.fnUntraced(function*(
  reader: Reader,
  topic: string,
  leader: number,
  partitions: ReadonlyArray<number>,
  { next, onRow }: Progress
) {
  const places = partitions.map((partition) => ({ partition, offset: next[partition]! }))
  for (const fetched of yield* reader.fetch(leader, places)) {
    if (fetched.errorCode !== 0) {
      return yield* new KafkaError({ message: `reading ${topic} failed`, retriable: true, code: null })
    }
    next[fetched.partition] = yield* Effect.try({
      try: () => {
        const found = sections(fetched, next[fetched.partition]!)
        const cursor = new Cursor()
        for (const section of found.sections) {
          cursor.begin(section)
          while (cursor.next()) if (cursor.offset >= next[fetched.partition]!) onRow(rowAt(section.bytes, cursor))
        }
        return found.next
      },
      catch: (cause) => {
        const message = cause instanceof UnreadableBatch ? `the topic ${topic}: ${cause.message}` : String(cause)
        return new KafkaError({ message, retriable: false, code: null, cause })
      }
    })
  }
})

/** The record under a cursor. */
export const rowAt = (bytes: Buffer, cursor: Cursor): Row => ({
  key: bytes.toString("utf8", cursor.keyStart, cursor.keyStart + Math.max(0, cursor.keyLength)),
  value: cursor.valueLength < 0 ? null : bytes.subarray(cursor.valueStart, cursor.valueStart + cursor.valueLength),
  header: (name) => {
    let found: string | null = null
    cursor.headers((nameStart, nameEnd, valueStart, valueEnd) => {
      if (bytes.toString("utf8", nameStart, nameEnd) === name) found = bytes.toString("utf8", valueStart, valueEnd)
    })
    return found
  }
})
