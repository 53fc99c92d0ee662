/** When how many records were appended to the log. What was counted once is not read again. */
import { Effect, Schema, Semaphore, Stream } from "effect"
import type { EventLog, EventLogError } from "../../../streams/ports/EventLog.ts"
import type { Records } from "../../../streams/records/Records.ts"

export const LogTimes = Schema.Struct({
  /** When the first and the last record were appended, in milliseconds since the epoch; `null` where there is none. */
  from: Schema.NullOr(Schema.Int),
  to: Schema.NullOr(Schema.Int),
  records: Schema.Int,
  /** From which time on how many: those until the time that is `width` later. */
  counts: Schema.Array(Schema.Tuple([Schema.Int, Schema.Int])),
  width: Schema.Int
})
export type LogTimes = typeof LogTimes.Type

/** At most so many counts. */
const most = 500

export const make = Effect.fnUntraced(function*(log: EventLog["Service"]) {
  const counts = new Counts()
  const turn = yield* Semaphore.make(1)
  const next: Array<number> = []

  const count = (records: Records, end: number) =>
    Effect.sync(() => {
      counts.add(records, end)
      next[records.partition] = Math.min(end, records.offsets[records.length - 1]! + 1)
    })
  const readAll = Effect.fnUntraced(function*(partition: number, beginning: number, ends: ReadonlyArray<number>) {
    const end = ends[partition]!
    const from = Math.max(next[partition] ?? 0, beginning)
    if (from >= end) return
    // The others have nothing to read before their ends.
    yield* log.read(ends.with(partition, from)).pipe(
      Stream.filter((records) => records.partition === partition && records.length > 0),
      Stream.tap((records) => Effect.andThen(count(records, end), Effect.yieldNow)),
      Stream.takeUntil((records) => records.offsets[records.length - 1]! >= end - 1),
      Stream.runDrain
    )
  })
  const read: Effect.Effect<LogTimes, EventLogError> = turn.withPermit(Effect.gen(function*() {
    const ends = yield* log.ends
    const beginnings = yield* log.beginnings ?? Effect.succeed([])
    for (let partition = 0; partition < ends.length; partition++) yield* readAll(partition, beginnings[partition] ?? 0, ends)
    return counts.all
  }))
  return read
})

class Counts {
  #width = 1
  #counts = new Map<number, number>()
  #from = Infinity
  #to = -Infinity
  #records = 0

  /** Those before an offset. */
  add({ appendedAt, length, offsets }: Records, end: number): void {
    for (let record = 0; record < length && offsets[record]! < end; record++) {
      const time = appendedAt[record]!
      this.#from = Math.min(this.#from, time)
      this.#to = Math.max(this.#to, time)
      this.#records++
      const at = Math.floor(time / this.#width)
      this.#counts.set(at, (this.#counts.get(at) ?? 0) + 1)
      while (this.#counts.size > most) this.#widen()
    }
  }

  #widen(): void {
    const wider = new Map<number, number>()
    for (const [at, count] of this.#counts) wider.set(Math.floor(at / 2), (wider.get(Math.floor(at / 2)) ?? 0) + count)
    this.#width *= 2
    this.#counts = wider
  }

  get all(): LogTimes {
    const isEmpty = this.#records === 0
    return {
      from: isEmpty ? null : this.#from,
      to: isEmpty ? null : this.#to,
      records: this.#records,
      counts: [...this.#counts].map(([at, count]) => [at * this.#width, count] as const).sort(([a], [b]) => a - b),
      width: this.#width
    }
  }
}
