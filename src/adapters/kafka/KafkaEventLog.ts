/**
 * The event log as a topic of Kafka. What its messages look like says `LogRecords`.
 *
 * Reading goes by the offsets that the caller names: they belong to the checkpoint, and no consumer group has a
 * say. Compaction, transactions and retention leave gaps between offsets, which are no loss. Records that retention
 * deleted before they were read are one: see `Options.onGap`.
 *
 * An append that failed is looked for in the topic before it is sent again. The broker's own memory of producers
 * (idempotence) does not do: event times are the timestamps, and a broker that starts forgets each producer whose newest
 * record is older than a day (`producer.id.expiration.ms`), so that a repetition would be stored twice.
 *
 * While a broker is away, everything here waits and tries again, see `RetryPolicy`.
 */
import { Clock, Effect, Layer, Metric, Option, Queue, Stream } from "effect"
import { randomUUID } from "node:crypto"
import type { Gap } from "../../streams/records/Decision.ts"
import { EventLog, EventLogError } from "../../streams/ports/EventLog.ts"
import type { Chunk, Records } from "../../streams/records/Records.ts"
import { type Append, Appends } from "./Appends.ts"
import { type Client, type Fetched, KafkaError, type Reader, type Topic } from "./client/Client.ts"
import { Connection } from "./client/Connection.ts"
import { giveBack, once } from "./client/Memory.ts"
import * as LogRecords from "./wire/LogRecords.ts"
import { Parts } from "./Parts.ts"
import * as Positions from "./Positions.ts"
import { UnreadableBatch } from "./wire/RecordBatches.ts"
import * as Topics from "./client/Topics.ts"

export interface Options extends LogRecords.Sources {
  readonly topic: string
  /** A new topic gets so many, one unless told; an existing one must have so many, if told. */
  readonly partitions?: number | undefined
  /** Whether to make the topic where it is missing; true unless told. */
  readonly create?: boolean | undefined
  /**
   * What to do where records were deleted before they were read: `stop` (unless told) ends the reading with an error
   * that names the gap; otherwise the gap is handed over, to be written down, and the reading goes on behind it.
   */
  readonly onGap?: "stop" | ((gap: Gap) => Effect.Effect<void, EventLogError>) | undefined
}

/** Fails where the topic is not as it has to be: other partitions, or compacted, which loses all events but each key's last. */
export const layer = (options: Options): Layer.Layer<EventLog, EventLogError, Connection> =>
  Layer.effect(EventLog, make(options).pipe(Effect.mapError(toLogError)))

export interface CompactedOptions {
  readonly topic: string
  /** A new topic gets so many, one unless told; an existing one must have so many, if told. */
  readonly partitions?: number | undefined
  /** What is to be read in the place of a record that takes its key away. Such a record has no value unless told. */
  readonly tombstone?: LogRecords.Tombstone | undefined
}

/**
 * A compacted topic, made where it is missing. It is a log that is only read: of each key the newest record is in it, and of
 * those before it as many as compaction has left.
 */
export const layerCompacted = (options: CompactedOptions): Layer.Layer<EventLog, EventLogError, Connection> =>
  Layer.effect(EventLog, makeCompacted(options).pipe(Effect.mapError(toLogError)))

/**
 * A topic that we make keeps its records for ever, like every log: event times are the messages' timestamps, so a
 * retention of days would delete a replayed session as soon as it is there.
 */
const configs = { "cleanup.policy": "delete" }
const initially = { "retention.ms": "-1", ...Topics.largeBatches }

/**
 * How many batches wait for whoever reads, beside one answer of each broker; see `Fetch.maxBytes`. What comes while they wait
 * is in one larger batch after them: of many small ones each would be written for itself.
 */
const readAhead = 1

const make = Effect.fnUntraced(function*(options: Options) {
  const { create, onGap = "stop", topic } = options
  const { brokers, client, retryPolicy: { retry } } = yield* Connection
  const partitions = yield* Topics.ensure({ name: topic, partitions: options.partitions, configs, initially, create })
  const identity = yield* retry(client.topic(topic))
  const writer = new LogRecords.Writer(options)
  const positions = yield* Positions.make(topic)
  const ends = retry(client.offsets(topic, "latest"))

  const name = randomUUID()
  let appends = 0
  /** Offsets at which a partition once ended: what is appended from now on comes behind. */
  const tails: Array<number> = []

  const parts = new Parts(topic, brokers)
  /** In one batch, which is there when the last of its appends is. */
  const send = Effect.fnUntraced(function*(partition: number, together: ReadonlyArray<Append>) {
    const named = together.map((append) => ({ ...append, id: `${name}/${appends++}` }))
    const messages = named.flatMap(({ chunk, ...append }) => writer.messages(chunk, append))
    const from = tails[partition] ??= (yield* ends)[partition] ?? 0
    const landed = findAppend(client, identity, { partition, from, id: named.at(-1)?.id ?? "" }).pipe(
      Effect.map((last) => last === null ? null : last - messages.length + 1)
    )
    const first = yield* client.produce(topic, partition, messages, landed)
    tails[partition] = Math.max(tails[partition] ?? 0, first + messages.length)
    return first
  })
  const scope = yield* Effect.scope
  const lines = Array.from({ length: partitions }, (_, partition) =>
    new Appends({
      alone: ({ chunk, ...at }) => parts.append(chunk, (part) => send(partition, [{ ...at, chunk: part }])),
      together: (appends) => send(partition, appends)
    }, scope))

  const append = Effect.fnUntraced(function*(partition: number, chunk: Chunk) {
    const line = lines[partition]
    if (line === undefined) {
      return yield* new EventLogError({ message: `topic ${topic} has no partition ${partition}` })
    }
    const sequence = chunk.position === undefined ? 0 : yield* positions.nextSequence
    if (chunk.length === 0) {
      if (chunk.position !== undefined) yield* positions.set({ sequence, position: chunk.position })
      return (yield* ends)[partition] ?? 0
    }
    const now = yield* Clock.currentTimeMillis
    return yield* line.append({ chunk, now, sequence })
  }, Effect.mapError(toLogError))

  const read = yield* readerOf({ ...identity, partitions }, (gap) =>
    onGap === "stop"
      ? Effect.fail(toLogError(gapError(topic, gap, { isSkippable: true })))
      : onGap(gap))

  return EventLog.of({
    topic,
    id: identity.id,
    partitions,
    append,
    read,
    beginnings: Effect.mapError(retry(client.offsets(topic, "earliest")), toLogError),
    ends: ends.pipe(Effect.tap((all) => assertKnown(topic, partitions, all.length)), Effect.mapError(toLogError)),
    position: positions.newest.pipe(Effect.map(Option.map(({ position }) => position)), Effect.mapError(toLogError))
  })
})

/** Whoever reads asks for the ends of the log again and again, and has to know of records that it does not read. */
const assertKnown = (topic: string, known: number, existing: number): Effect.Effect<void, KafkaError> =>
  existing <= known ? Effect.void : Effect.fail(
    new KafkaError({
      message: `the topic ${topic} has ${existing} partitions by now, and had ${known} when this run began: what is in the others is not read`,
      reason: { _tag: "partitions-added" },
      retriable: false,
      code: null
    })
  )

const makeCompacted = Effect.fnUntraced(function*({ tombstone, topic, ...options }: CompactedOptions) {
  const { client, retryPolicy: { retry } } = yield* Connection
  const wanted = { name: topic, partitions: options.partitions, configs: Topics.compacted, initially: Topics.largeBatches }
  const partitions = yield* Topics.ensure(wanted)
  const identity = yield* retry(client.topic(topic))
  const read = yield* readerOf({ ...identity, partitions, tombstone }, (gap) =>
    Effect.fail(toLogError(gapError(topic, gap, { isSkippable: false }))))
  return EventLog.of({
    topic,
    id: identity.id,
    partitions,
    append: () => Effect.fail(new EventLogError({ message: `the topic ${topic} is compacted: as a log it is only read` })),
    read,
    beginnings: Effect.mapError(retry(client.offsets(topic, "earliest")), toLogError),
    ends: Effect.mapError(retry(client.offsets(topic, "latest")), toLogError),
    position: Effect.succeed(Option.none())
  })
})

/** What is read, and how. */
interface Source extends Topic {
  readonly partitions: number
  readonly tombstone?: LogRecords.Tombstone | undefined
}

/** Reads a topic from the offsets that are asked for; `close` is called where there is a gap behind one of them. */
const readerOf = Effect.fnUntraced(function*(source: Source, close: (gap: Gap) => Effect.Effect<unknown, EventLogError>) {
  const { client, retryPolicy: { retry } } = yield* Connection
  yield* held(0)
  return (from: ReadonlyArray<number>): Stream.Stream<Records, EventLogError> =>
    Stream.callback<Records, EventLogError>((queue) =>
      Effect.gen(function*() {
        const reader = yield* client.reader(source)
        const reading = new Reading(source, from)
        return yield* Effect.forever(retry(follow(client, reader, reading, emit(queue), close)))
      }).pipe(Effect.mapError(toLogError)), { bufferSize: readAhead }).pipe(
        Stream.tap((records) => held(-sizeOf(records)))
      )
})

const heldBytes = Metric.gauge("courant_kafka_held_bytes", {
  description: "Bytes of records that were fetched and wait to be processed."
})

const held = (change: number): Effect.Effect<void> => Metric.modify(heldBytes, change)

const sizeOf = ({ ends, length, starts }: Records): number => Math.max(0, ends[length - 1]! - starts[0]!)

/** Where the last record of an append is, behind an offset; `null` if it was not stored. */
const findAppend = (client: Client, topic: Topic, { from, id, partition }: {
  readonly partition: number
  readonly from: number
  readonly id: string
}) =>
  Effect.scoped(Effect.gen(function*() {
    const reader = yield* client.reader(topic)
    const leaders = yield* reader.leaders
    const leader = [...leaders].find(([, partitions]) => partitions.includes(partition))?.[0] ?? -1
    const end = (yield* client.offsets(topic.name, "latest"))[partition] ?? 0
    for (let at = from; at < end;) {
      const [fetched] = yield* reader.fetch(leader, [{ partition, offset: at }])
      if (fetched === undefined || fetched.errorCode !== 0) {
        return yield* fetchError(topic.name, partition, fetched?.errorCode ?? leaderNotAvailable)
      }
      const { next, offset } = yield* Effect.try({
        try: () => LogRecords.findAppend(fetched, at, id),
        catch: (cause) => new KafkaError({ message: String(cause), retriable: false, code: null, cause })
      })
      if (offset !== null) return offset
      at = next
    }
    return null
  }))

/** Waits while the queue is full: so whoever reads slows the fetching down. */
const emit = (queue: Queue.Enqueue<Records>) => (records: Records): Effect.Effect<unknown> =>
  Effect.andThen(held(sizeOf(records)), Queue.offer(queue, records))

/** Where the reading of a topic stands. */
class Reading {
  readonly topic: string
  readonly tombstone: LogRecords.Tombstone | undefined
  readonly next: Array<number>
  /** Whether nothing at all had been read where reading began: then the beginning is whatever is there. */
  readonly #isFresh: boolean
  /** Partitions of which the broker has given something, or said that there is nothing yet. */
  readonly #known = new Set<number>()

  constructor({ name, partitions, tombstone }: Source, from: ReadonlyArray<number>) {
    this.topic = name
    this.tombstone = tombstone
    this.next = Array.from({ length: partitions }, (_, partition) => from[partition] ?? 0)
    this.#isFresh = this.next.every((offset) => offset === 0)
  }

  advance(partition: number, next: number): void {
    this.next[partition] = next
    this.#known.add(partition)
  }

  /** What an offset out of range means. */
  judge(partition: number, earliest: number, latest: number): "wait" | "begin" | "shrunk" | Gap {
    const from = this.next[partition]!
    if (from > latest) return this.#known.has(partition) ? "shrunk" : "wait"
    if (from >= earliest) return "wait"
    return this.#isFresh && from === 0 && !this.#known.has(partition) ? "begin" : { _tag: "gap", partition, at: from, to: earliest }
  }
}

/**
 * Fetches from every leader at once until something about them has changed, and then ends: with an error if
 * nothing came of it, so that the retry policy slows the next attempt down.
 */
const follow = Effect.fnUntraced(function*<E>(
  client: Client,
  reader: Reader,
  reading: Reading,
  emit: (records: Records) => Effect.Effect<unknown>,
  close: (gap: Gap) => Effect.Effect<unknown, E>
): Effect.fn.Return<void, KafkaError | E> {
  const leaders = yield* reader.leaders
  let hasFetched = false
  const fetchFrom = Effect.fnUntraced(function*(leader: number, partitions: ReadonlyArray<number>) {
    // Each fetch begins with another partition, so that a busy one does not starve the others.
    for (let turn = 0;; turn = (turn + 1) % partitions.length) {
      const places = [...partitions.slice(turn), ...partitions.slice(0, turn)]
        .map((partition) => ({ partition, offset: reading.next[partition] ?? 0 }))
      for (const fetched of yield* reader.fetch(leader, places)) {
        const { errorCode, partition } = fetched
        if (errorCode === outOfRange) {
          yield* mendRange(client, reading, partition, close)
          continue
        }
        if (errorCode !== 0) return yield* fetchError(reading.topic, partition, errorCode)
        hasFetched = true
        const { next, records } = yield* unpack(reading, fetched)
        if (records === null) fetched.release?.()
        else yield* emit({ ...records, release: releaseOf(records, fetched) })
        reading.advance(partition, next)
      }
    }
  })
  const loops = [...leaders].map(([leader, partitions]) => fetchFrom(leader, partitions))
  yield* Effect.all(loops, { concurrency: "unbounded", discard: true }).pipe(
    Effect.catchIf((error) => error instanceof KafkaError && error.retriable && hasFetched, () => Effect.void)
  )
})

/** Of compressed batches the records have bytes of their own. */
const releaseOf = ({ appendedAt, bytes, ends, kinds, offsets, starts }: Records, { batches, release }: Fetched): () => void =>
  once(() => {
    for (const own of [appendedAt, ends, kinds, offsets, starts]) giveBack(own)
    if (bytes.buffer !== batches.buffer) giveBack(bytes)
    release?.()
  })

const unpack = Effect.fnUntraced(function*(reading: Reading, fetched: Fetched) {
  const now = yield* Clock.currentTimeMillis
  return yield* Effect.try({
    try: () => LogRecords.fromFetched(fetched, { from: reading.next[fetched.partition] ?? 0, now, tombstone: reading.tombstone }),
    catch: (cause) =>
      new KafkaError({
        message: `partition ${fetched.partition} of ${reading.topic}: ${cause instanceof UnreadableBatch ? cause.message : String(cause)}`,
        retriable: false,
        code: null,
        cause
      })
  })
})

const mendRange = Effect.fnUntraced(function*<E>(
  client: Client,
  reading: Reading,
  partition: number,
  close: (gap: Gap) => Effect.Effect<unknown, E>
): Effect.fn.Return<void, KafkaError | E> {
  const [earliest, latest] = yield* Effect.all([
    client.offsets(reading.topic, "earliest"),
    client.offsets(reading.topic, "latest")
  ])
  const first = earliest[partition] ?? 0
  const verdict = reading.judge(partition, first, latest[partition] ?? 0)
  if (verdict === "wait") return yield* Effect.sleep("50 millis")
  if (verdict === "shrunk") {
    return yield* new KafkaError({
      message: `partition ${partition} of ${reading.topic} now ends at offset ${latest[partition]}, before ` +
        `${reading.next[partition]}, which was read: the brokers lost records`,
      reason: { _tag: "log-shrunk" },
      retriable: false,
      code: null
    })
  }
  if (verdict === "begin") {
    yield* Effect.logWarning(`partition ${partition} of ${reading.topic} begins at offset ${first}: what was before is deleted`)
  } else {
    yield* close(verdict)
    yield* Effect.logWarning(gapMessage(reading.topic, verdict))
  }
  reading.advance(partition, first)
})

const gapMessage = (topic: string, { at, partition, to }: Gap): string =>
  `partition ${partition} of ${topic} lacks the offsets ${at} to ${to - 1} (${to - at}): they were deleted before they were read`

const gapError = (topic: string, gap: Gap, { isSkippable }: { readonly isSkippable: boolean }): KafkaError =>
  new KafkaError({
    message: gapMessage(topic, gap),
    reason: { _tag: "records-deleted", isSkippable },
    retriable: false,
    code: null
  })

const outOfRange = 1
const leaderNotAvailable = 5

/** Errors that pass when the metadata is up to date, and the names of these and others that are to be expected. */
const fetchErrors: { readonly [code: number]: string } = {
  3: "UNKNOWN_TOPIC_OR_PARTITION",
  5: "LEADER_NOT_AVAILABLE",
  6: "NOT_LEADER_FOR_PARTITION",
  9: "REPLICA_NOT_AVAILABLE",
  56: "KAFKA_STORAGE_ERROR",
  74: "FENCED_LEADER_EPOCH",
  75: "UNKNOWN_LEADER_EPOCH",
  78: "OFFSET_NOT_AVAILABLE",
  100: "UNKNOWN_TOPIC_ID",
  103: "INCONSISTENT_TOPIC_ID"
}

const fetchError = (topic: string, partition: number, errorCode: number): KafkaError => {
  const code = fetchErrors[errorCode] ?? null
  return new KafkaError({
    message: `reading partition ${partition} of ${topic} failed: ${code ?? `error ${errorCode}`}`,
    retriable: code !== null,
    code
  })
}

function toLogError(error: KafkaError | EventLogError): EventLogError {
  if (error._tag === "EventLogError") return error
  const message = error.code === "UNKNOWN_TOPIC_OR_PARTITION" ? `the topic is gone from the Kafka brokers (${error.message})` : error.message
  return new EventLogError({ message, cause: error })
}

