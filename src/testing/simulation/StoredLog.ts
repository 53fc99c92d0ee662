/** The records of a simulated log, by partition; each reader takes what is there in an order and in batches of its own. */
import type { Kind, Records } from "../../streams/records/Records.ts"
import type { Process } from "./Process.ts"

export interface Stored {
  readonly bytes: Uint8Array
  readonly kind: Kind
  readonly appendedAt: number
}

export class StoredLog {
  readonly partitions: Array<Array<Stored>>
  /** Where the feed stands, as the log has it. */
  position: string | undefined
  /** Who asked last where the feed stands, and goes on from there. */
  fedBy: Process | null = null
  /** Called when the log has grown. */
  #waiting: Array<() => void> = []

  constructor(partitions: number) {
    this.partitions = Array.from({ length: partitions }, () => [])
  }

  append(partition: number, records: ReadonlyArray<Stored>): number {
    const first = this.partitions[partition]!.length
    this.partitions[partition]!.push(...records)
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
    return first
  }

  onAppend(wake: () => void): void {
    this.#waiting.push(wake)
  }

  get ends(): ReadonlyArray<number> {
    return this.partitions.map(({ length }) => length)
  }

  get length(): number {
    return this.partitions.reduce((sum, { length }) => sum + length, 0)
  }

  /** Records of one partition as an engine reads them. */
  records(partition: number, from = 0, to = Infinity): Records {
    const stored = this.partitions[partition]!.slice(from, to)
    const bytes = Buffer.concat(stored.map(({ bytes }) => bytes))
    const starts = new Int32Array(stored.length)
    const ends = new Int32Array(stored.length)
    let at = 0
    stored.forEach(({ bytes }, index) => {
      starts[index] = at
      at += bytes.length
      ends[index] = at
    })
    return {
      partition,
      length: stored.length,
      bytes,
      starts,
      ends,
      kinds: Uint8Array.from(stored, ({ kind }) => kind),
      offsets: Float64Array.from(stored, (_, index) => from + index),
      appendedAt: Float64Array.from(stored, ({ appendedAt }) => appendedAt)
    }
  }
}
