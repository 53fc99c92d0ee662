/**
 * The event log in SQLite: one row an appended chunk, whose bytes go in and come out as they are.
 * Readers in the writing process are woken by an append; readers in another process poll.
 */
import { Clock, Effect, Layer, Option, Stream } from "effect"
import { EventLog, EventLogError } from "../../streams/ports/EventLog.ts"
import type { Chunk } from "../../streams/records/Records.ts"
import { checksumOf, packed } from "./ChunkRow.ts"
import { Database, type DatabaseError } from "./Database.ts"
import * as LogReader from "./LogReader.ts"

export interface Options {
  readonly topic: string
  /** A new topic gets so many, one unless told; an existing one must have so many, if told. */
  readonly partitions?: number
}

/** Fails where the topic has another number of partitions, or is missing and may not be made. */
export const layer = (options: Options): Layer.Layer<EventLog, EventLogError, Database> =>
  Layer.effect(EventLog, make(options))

export interface Topic {
  readonly name: string
  readonly partitions: number
  readonly records: number
}

/** Every topic of the database, by name. */
export const topics: Effect.Effect<ReadonlyArray<Topic>, EventLogError, Database> = Effect.gen(function*() {
  const database = yield* Database
  const all = yield* database.prepare<{ name: string; partitions: number; records: number }>(`
    select name, partitions, coalesce(sum(length), 0) as records
    from topics left join chunks on chunks.topic = topics.id
    group by topics.id order by name
  `)
  return yield* database.read(() => all.all().map((row) => ({ ...row })))
}).pipe(Effect.mapError(toLogError))

const make = Effect.fnUntraced(function*({ partitions: wanted, topic }: Options) {
  const database = yield* Database
  const { id, identity, partitions } = yield* findOrCreate(topic, wanted)

  const end = yield* database.prepare<{ next: number | null }>(
    "select max(next) as next from chunks where topic = ? and partition = ?"
  )
  const insert = yield* database.prepare("insert into chunks values (?, ?, ?, ?, ?, ?, ?, ?, ?)")
  const setPosition = yield* database.prepare("update topics set position = ? where id = ?")
  const getPosition = yield* database.prepare<{ position: string | null }>("select position from topics where id = ?")
  const reader = yield* LogReader.make({ id, partitions, topic })

  const endOf = (partition: number): number => end.get(id, partition)?.next ?? 0

  const append = Effect.fnUntraced(function*(partition: number, chunk: Chunk) {
    if (!Number.isInteger(partition) || partition < 0 || partition >= partitions) {
      return yield* new EventLogError({ message: `topic ${topic} has no partition ${partition}` })
    }
    const now = yield* Clock.currentTimeMillis
    return yield* database.write(() => {
      const first = endOf(partition)
      const { bytes, lengths } = packed(chunk)
      if (chunk.length > 0) {
        const kinds = chunk.kinds.subarray(0, chunk.length)
        insert.run(id, partition, first + chunk.length, chunk.length, now, lengths, kinds, bytes, checksumOf({ lengths, kinds, bytes }))
      }
      if (chunk.position !== undefined) setPosition.run(chunk.position, id)
      return first
    }).pipe(
      Effect.mapError(toLogError),
      // Also where the caller is interrupted in the turn after the commit.
      Effect.ensuring(Effect.sync(database.arrivals.announce))
    )
  })

  return EventLog.of({
    topic,
    id: identity,
    partitions,
    append,
    read: (offsets) => Stream.mapError(reader.read(offsets), toLogError),
    ends: database.read(() => Array.from({ length: partitions }, (_, partition) => endOf(partition))).pipe(
      Effect.mapError(toLogError)
    ),
    beginnings: Effect.mapError(reader.beginnings, toLogError),
    position: database.read(() => Option.fromNullOr(getPosition.get(id)?.position ?? null)).pipe(
      Effect.mapError(toLogError)
    )
  })
}, Effect.catchTag("DatabaseError", (error) => Effect.fail(toLogError(error))))

const findOrCreate = Effect.fnUntraced(function*(topic: string, wanted: number | undefined) {
  const database = yield* Database
  const find = yield* database.prepare<{ id: number; identity: string; partitions: number }>(
    "select id, identity, partitions from topics where name = ?"
  )
  const create = yield* database.prepare<{ id: number; identity: string; partitions: number }>(
    "insert into topics (name, partitions, identity) values (?, ?, lower(hex(randomblob(16)))) returning id, identity, partitions"
  )
  const existing = yield* database.read(() => find.get(topic))
  if (existing === undefined && database.readOnly) {
    return yield* new EventLogError({ message: `there is no topic ${topic} in the folder ${database.folder}` })
  }
  const found = existing ?? (yield* database.write(() => create.get(topic, wanted ?? 1)))
  if (found === undefined || (wanted !== undefined && wanted !== found.partitions)) {
    return yield* new EventLogError({
      message: `topic ${topic} in the folder ${database.folder} has ${found?.partitions} partitions, not ${wanted}; ` +
        "choose another topic or folder to use another number"
    })
  }
  return found
})

function toLogError(error: DatabaseError): EventLogError {
  return new EventLogError({ message: error.message, cause: error })
}
