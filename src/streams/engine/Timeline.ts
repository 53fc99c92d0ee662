/**
 * Event time as one input of a job has it: the watermark of each partition and of all together.
 *
 * A partition's watermark is its largest event time less the bound of disorder, or what an `idle` decision said, whichever
 * is more. It never goes back. The overall watermark is the minimum over all partitions; it is undefined, which is
 * `-Infinity` here, until every partition has had an event or been marked idle.
 */
import { Schema } from "effect"
import type { Batch } from "../records/Batch.ts"

const Moment = Schema.NullOr(Schema.Int)

export const State = Schema.Array(Schema.Struct({
  /** `null` before the first event. */
  watermark: Moment,
  latest: Moment
}))
export type State = typeof State.Type

interface Partition {
  watermark: number
  latest: number
}

export class Timeline {
  readonly #slack: number
  readonly #partitions: Array<Partition>
  #watermarks = new Float64Array(0)

  /** `slack` is the bound of disorder in milliseconds. */
  constructor(slack: number, partitions: number) {
    this.#slack = slack
    this.#partitions = Array.from({ length: partitions }, () => ({ watermark: -Infinity, latest: -Infinity }))
  }

  get partitions(): ReadonlyArray<Readonly<Partition>> {
    return this.#partitions
  }

  get watermark(): number {
    return this.watermarkBeside(-1)
  }

  /** The smallest watermark of the other partitions, up to which a partition's own may carry the overall one. */
  watermarkBeside(partition: number): number {
    let smallest = this.#partitions.length === 0 ? -Infinity : Infinity
    this.#partitions.forEach(({ watermark }, index) => {
      if (index !== partition) smallest = Math.min(smallest, watermark)
    })
    return smallest
  }

  /**
   * The batch with the watermark of each row's partition when the row came, with which this moves on. It is used again for the
   * next one.
   */
  stamp(batch: Batch): Batch {
    const { length, partition, times } = batch
    if (this.#watermarks.length < length) this.#watermarks = new Float64Array(length * 2)
    const watermarks = this.#watermarks
    const state = this.#partitions[partition]!
    const slack = this.#slack
    let { latest, watermark } = state
    for (let row = 0; row < length; row++) {
      watermarks[row] = watermark
      const time = times[row]!
      if (time <= latest) continue
      latest = time
      if (time - slack > watermark) watermark = time - slack
    }
    if (watermark < state.watermark) throw new Error(`the watermark of partition ${partition} went back`)
    state.latest = latest
    state.watermark = watermark
    return { ...batch, watermarks, absent: new Map(), masks: new Map() }
  }

  /** Nothing before this time is to be expected in the partition any more. */
  raise(partition: number, watermark: number): void {
    const state = this.#partitions[partition]!
    state.watermark = Math.max(state.watermark, watermark)
  }

  snapshot(): State {
    return this.#partitions.map(({ latest, watermark }) => ({
      watermark: finiteOrNull(watermark),
      latest: finiteOrNull(latest)
    }))
  }

  restore(state: State): void {
    state.forEach(({ latest, watermark }, index) => {
      this.#partitions[index] = { watermark: watermark ?? -Infinity, latest: latest ?? -Infinity }
    })
  }
}

const finiteOrNull = (value: number): number | null => Number.isFinite(value) ? value : null
