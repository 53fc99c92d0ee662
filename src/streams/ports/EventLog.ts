/**
 * Port: the ordered, replayable record of everything that came in. It is the only truth;
 * panes, checkpoints and dashboards are functions of it.
 */
import { Clock, Context, Deferred, Effect, Layer, Option, Schema, Stream } from "effect"
import { randomUUID } from "node:crypto"
import { type Chunk, type Records, slice } from "../records/Records.ts"

export class EventLogError extends Schema.TaggedError<EventLogError>()("EventLogError", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/** The log of one source. */
export interface SourceLog {
  /** As `Source.make` calls it. */
  readonly name: string
  readonly log: EventLog["Service"]
}

export class EventLog extends Context.Service<EventLog, {
  readonly topic: string
  /** What tells it from every other log, one that has had its name before among them. It stays as long as the log does. */
  readonly id: string
  /** How many partitions the topic has. Offsets count up from 0 within each. */
  readonly partitions: number
  /**
   * Where each partition has the records of one source: the sources, in the order of their names; see `SourceLogs`. Without it
   * every record is one of whatever source reads the log.
   */
  readonly sources?: ReadonlyArray<SourceLog>
  /**
   * Appends a chunk, whole or not at all, with its position, and returns the offset of its
   * first record. When it returns the records are durable. A chunk without records only sets
   * the position. Fails for a partition that the topic does not have.
   */
  readonly append: (partition: number, chunk: Chunk) => Effect.Effect<number, EventLogError>
  /**
   * All records from the given offsets on (one a partition) and then those that are still
   * to come: the stream never ends by itself. Within a partition in order and without gaps; a
   * batch holds records of one partition. From an offset past the end it waits for that offset.
   */
  readonly read: (from: ReadonlyArray<number>) => Stream.Stream<Records, EventLogError>
  /**
   * The offset that the next record of each partition will get. The store is asked anew each time: a record is counted as
   * soon as its append has returned, whoever appended it, and what has been read is never beyond.
   */
  readonly ends: Effect.Effect<ReadonlyArray<number>, EventLogError>
  /** The first offset of each partition that can be read; without it all that was appended is still there. */
  readonly beginnings?: Effect.Effect<ReadonlyArray<number>, EventLogError>
  /** The position of the last chunk that had one. */
  readonly position: Effect.Effect<Option.Option<string>, EventLogError>
}>()("courant/EventLog") {
  /** A log that lives and dies with the process and keeps every chunk as it came, uncopied. */
  static readonly layerMemory = (options?: {
    readonly topic?: string
    readonly partitions?: number
  }): Layer.Layer<EventLog> =>
    Layer.sync(EventLog, () => makeMemory(options?.topic ?? "memory", options?.partitions ?? 1))
}

const makeMemory = (topic: string, partitionCount: number): EventLog["Service"] => {
  const partitions = Array.from({ length: partitionCount }, (): { end: number; batches: Array<Records> } => ({
    end: 0,
    batches: []
  }))
  let arrival = Deferred.makeUnsafe<void>()
  let position = Option.none<string>()

  const partitionAt = (index: number) =>
    Option.match(Option.fromUndefinedOr(partitions[index]), {
      onNone: () => Effect.fail(new EventLogError({ message: `topic ${topic} has no partition ${index}` })),
      onSome: Effect.succeed
    })

  const append = Effect.fnUntraced(function*(index: number, chunk: Chunk) {
    const partition = yield* partitionAt(index)
    const now = yield* Clock.currentTimeMillis
    // Nothing is yielded from here on, so that of two appends at a time each gets offsets of its own.
    const first = partition.end
    partition.batches.push({
      ...chunk,
      partition: index,
      offsets: Float64Array.from({ length: chunk.length }, (_, i) => first + i),
      appendedAt: new Float64Array(chunk.length).fill(now)
    })
    partition.end += chunk.length
    if (chunk.position !== undefined) position = Option.some(chunk.position)
    const past = arrival
    arrival = Deferred.makeUnsafe<void>()
    yield* Deferred.succeed(past, undefined)
    return first
  })

  const read = (from: ReadonlyArray<number>): Stream.Stream<Records, EventLogError> =>
    Stream.suspend(() => {
      const next = partitions.map((_, index) => batchAt(partitions[index]?.batches ?? [], from[index] ?? 0))
      const pull = Effect.gen(function*() {
        while (true) {
          // The place in the queue is taken before the look, so that an append in between is not missed.
          const later = Deferred.await(arrival)
          const ready: Array<Records> = []
          partitions.forEach(({ batches }, index) => {
            for (let at = next[index] ?? 0; at < batches.length; at++) {
              const batch = batches[at]
              const rest = batch === undefined ? undefined : tail(batch, from[index] ?? 0)
              if (rest !== undefined && rest.length > 0) ready.push(rest)
            }
            next[index] = batches.length
          })
          if (ready.length > 0) return ready
          yield* later
        }
      })
      return Stream.fromEffectRepeat(pull).pipe(Stream.flattenIterable)
    })

  return EventLog.of({
    topic,
    id: randomUUID(),
    partitions: partitionCount,
    append,
    read,
    ends: Effect.sync(() => partitions.map(({ end }) => end)),
    position: Effect.sync(() => position)
  })
}

const batchAt = (batches: ReadonlyArray<Records>, offset: number): number => {
  const index = batches.findIndex((batch) => (batch.offsets[batch.length - 1] ?? -1) >= offset)
  return index === -1 ? batches.length : index
}

/** The part of a batch from an offset on; nothing of it where the offset comes later. */
const tail = (batch: Records, from: number): Records =>
  slice(batch, Math.max(0, Math.min(batch.length, from - (batch.offsets[0] ?? 0))), batch.length)
