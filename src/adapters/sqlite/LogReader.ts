/** Reading a topic, from an offset of each partition on and for ever: what is there in batches, and then what arrives. */
import { Effect, Stream } from "effect"
import type { Records } from "../../streams/records/Records.ts"
import { type ChunkRow, isDamaged, toBatches } from "./ChunkRow.ts"
import { Database, DatabaseError } from "./Database.ts"

/** A batch has at most so many records. */
const batchRecords = 4_096
/** Rows are gathered until they reach the records of a batch or these bytes, whichever comes first. */
const batchBytes = 4 * 1_024 * 1_024

/** Reads the topic of this id. */
export const make = Effect.fnUntraced(function*({ id, partitions, topic }: { readonly id: number; readonly partitions: number; readonly topic: string }) {
  const database = yield* Database
  const from = yield* database.prepare<ChunkRow>(`
    select next, length, appended_at as appendedAt, lengths, kinds, bytes, checksum
    from chunks where topic = ? and partition = ? and next > ? order by next
  `)
  const beginnings = yield* database.prepare<{ partition: number; offset: number }>(
    "select \"partition\", \"offset\" from beginnings where topic = ?"
  )

  /** Where reading begins: at the beginning of what is left, if that is what was asked for, and nowhere behind a gap. */
  const beginAt = Effect.fnUntraced(function*(offsets: ReadonlyArray<number>) {
    const next = Array.from({ length: partitions }, (_, partition) => offsets[partition] ?? 0)
    for (const { offset, partition } of yield* database.read(() => beginnings.all(id))) {
      const wanted = next[partition] ?? 0
      if (wanted >= offset) continue
      if (wanted > 0) return yield* new DatabaseError({ message: gap(partition, wanted, offset) })
      yield* Effect.logWarning(`partition ${partition} of ${topic} begins at offset ${offset}: what came before was removed, and windows that began before lack it`)
      next[partition] = offset
    }
    return next
  })

  /** Offsets that are not told are 0. */
  const read = (offsets: ReadonlyArray<number>): Stream.Stream<Records, DatabaseError> =>
    Stream.unwrap(Effect.map(beginAt(offsets), (next) => {
      const pull = Effect.gen(function*() {
        while (true) {
          // The place in the queue is taken before the look, so that an append in between is not missed.
          const arrival = database.arrivals.next()
          const found = yield* database.read(() => next.flatMap((offset, partition) => lookFrom(partition, offset)))
          for (const batch of found) next[batch.partition] = (batch.offsets[batch.length - 1] ?? 0) + 1
          if (found.length === 0) {
            yield* arrival
          } else {
            yield* Effect.yieldNow
            return found
          }
        }
      })
      return Stream.fromIterableEffectRepeat(pull)
    }))

  /** Records of one partition from an offset on: about one batch, or none. */
  const lookFrom = (partition: number, offset: number): ReadonlyArray<Records> => {
    const rows: Array<ChunkRow> = []
    let records = 0
    let size = 0
    for (const row of from.iterate(id, partition, offset)) {
      if (isDamaged(row)) throw new Error(damage(partition, row))
      // Offsets count up without gaps: what is missing was removed under this reader.
      if (rows.length === 0 && row.next - row.length > offset) throw new Error(gap(partition, offset, row.next - row.length))
      rows.push(row)
      records += row.length
      size += row.bytes.length
      if (records >= batchRecords || size >= batchBytes) break
    }
    return toBatches(rows, partition, offset, batchRecords)
  }

  return {
    read,
    beginnings: database.read(() => {
      const known = new Map(beginnings.all(id).map(({ offset, partition }) => [partition, offset]))
      return Array.from({ length: partitions }, (_, partition) => known.get(partition) ?? 0)
    })
  }
})

const gap = (partition: number, from: number, to: number): string =>
  `partition ${partition} lacks the offsets ${from} to ${to - 1}: they were removed before they were read`

const damage = (partition: number, { length, next }: ChunkRow): string =>
  `the records ${next - length} to ${next - 1} of partition ${partition} are not those that were written: their checksum is another`
