/** Reading a topic, from an offset of each partition on and for ever: what is there in batches, and then what arrives. */
import { Effect, Stream } from "effect"
import type { Records } from "../../streams/records/Records.ts"
import { type ChunkRow, isDamaged, toBatches } from "./ChunkRow.ts"
import { Database, type DatabaseError } from "./Database.ts"

/** A batch has at most so many records. */
const batchRecords = 4_096
/** Rows are gathered until they reach the records of a batch or these bytes, whichever comes first. */
const batchBytes = 4 * 1_024 * 1_024

/** Reads the topic of this id. */
export const make = Effect.fnUntraced(function*(id: number, partitions: number) {
  const database = yield* Database
  const from = yield* database.prepare<ChunkRow>(`
    select next, length, appended_at as appendedAt, lengths, kinds, bytes, checksum
    from chunks where topic = ? and partition = ? and next > ? order by next
  `)

  /** Offsets that are not told are 0. */
  const read = (offsets: ReadonlyArray<number>): Stream.Stream<Records, DatabaseError> =>
    Stream.suspend(() => {
      const next = Array.from({ length: partitions }, (_, partition) => offsets[partition] ?? 0)
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
    })

  /** Records of one partition from an offset on: about one batch, or none. */
  const lookFrom = (partition: number, offset: number): ReadonlyArray<Records> => {
    const rows: Array<ChunkRow> = []
    let records = 0
    let size = 0
    for (const row of from.iterate(id, partition, offset)) {
      if (isDamaged(row)) throw new Error(damage(partition, row))
      rows.push(row)
      records += row.length
      size += row.bytes.length
      if (records >= batchRecords || size >= batchBytes) break
    }
    return toBatches(rows, partition, offset, batchRecords)
  }

  return { read }
})

const damage = (partition: number, { length, next }: ChunkRow): string =>
  `the records ${next - length} to ${next - 1} of partition ${partition} are not those that were written: their checksum is another`
