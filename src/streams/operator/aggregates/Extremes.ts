/** Aggregates that choose one value: smallest and largest, first and last, by another field. */
import { valueOf } from "../../records/Batch.ts"
import type { Column } from "../../pipeline/Column.ts"
import type { Value } from "../../pipeline/Pane.ts"
import { grown, type Json, type Accumulator, members, type Rows } from "./Accumulator.ts"

type TextOf = (number: number) => string
type NumberOf = (text: string) => number

/** The smallest or largest value of a column. */
export class Extreme implements Accumulator {
  readonly bytesPerSlot = 8
  readonly subtract = null
  readonly #index: number
  readonly #column: Column
  readonly #sign: 1 | -1
  #values = new Float64Array(0)

  /** `sign` is 1 for the largest and -1 for the smallest. */
  constructor(options: { index: number; column: Column; sign: 1 | -1 }) {
    this.#index = options.index
    this.#column = options.column
    this.#sign = options.sign
  }

  grow(capacity: number): void {
    this.#values = grown(this.#values, capacity)
  }

  reset(slot: number): void {
    this.#values[slot] = NaN
  }

  add(rows: Rows, mask: Uint8Array | null): void {
    this.#addColumn(rows, rows.batch.columns[this.#index]!, mask)
  }

  addPreAggregated(rows: Rows, column: Float64Array): void {
    this.#addColumn(rows, column, null)
  }

  #addColumn({ from, slots, to }: Rows, column: Float64Array, mask: Uint8Array | null): void {
    const values = this.#values
    const largest = this.#sign === 1
    for (let i = from; i < to; i++) {
      const slot = slots[i]!
      if (slot < 0 || (mask !== null && mask[i] === 0)) continue
      const value = column[i]!
      const known = values[slot]!
      // A comparison with NaN is false: an absent value never replaces one, and any value replaces the absent one.
      if (largest ? value > known : value < known) values[slot] = value
      else if (known !== known) values[slot] = value
    }
  }

  merge(into: number, from: number): void {
    const value = this.#values[from]!
    const known = this.#values[into]!
    if (Number.isNaN(known) || (value - known) * this.#sign > 0) this.#values[into] = value
  }

  result(slot: number): Value {
    return valueOf(this.#column, this.#values[slot]!, () => "")
  }

  encode(slot: number): Json {
    return finiteOrNull(this.#values[slot]!)
  }

  decode(slot: number, json: Json): void {
    this.#values[slot] = json === null ? NaN : Number(json)
  }
}

/**
 * The value of the row that comes first or last: in event time for `first` and `last`, in
 * another column for `minBy` and `maxBy`. Rows that are equal in it are told apart by event
 * time, partition and offset, so that arrival plays no part.
 */
export class Chosen implements Accumulator {
  readonly bytesPerSlot = 40
  readonly subtract = null
  readonly #index: number
  readonly #column: Column
  readonly #by: number | null
  readonly #bySign: 1 | -1
  readonly #tieSign: 1 | -1
  #keys = new Float64Array(0)
  #times = new Float64Array(0)
  #partitions = new Float64Array(0)
  #offsets = new Float64Array(0)
  #values = new Float64Array(0)

  /**
   * A sign of 1 prefers the larger. `by` is `null` for event time itself; `tieSign` decides
   * among rows that are equal in `by`.
   */
  constructor(options: { index: number; column: Column; by: number | null; bySign: 1 | -1; tieSign: 1 | -1 }) {
    this.#index = options.index
    this.#column = options.column
    this.#by = options.by
    this.#bySign = options.bySign
    this.#tieSign = options.tieSign
  }

  grow(capacity: number): void {
    this.#keys = grown(this.#keys, capacity)
    this.#times = grown(this.#times, capacity)
    this.#partitions = grown(this.#partitions, capacity)
    this.#offsets = grown(this.#offsets, capacity)
    this.#values = grown(this.#values, capacity)
  }

  reset(slot: number): void {
    this.#values[slot] = NaN
  }

  add(rows: Rows, mask: Uint8Array | null): void {
    const { batch } = rows
    const by = this.#by === null ? batch.times : batch.columns[this.#by]!
    this.#addColumn(rows, batch.columns[this.#index]!, by, mask)
  }

  addPreAggregated(rows: Rows, column: Float64Array): void {
    this.#addColumn(rows, column, rows.batch.times, null)
  }

  #addColumn({ batch, from, slots, to }: Rows, column: Float64Array, by: Float64Array, mask: Uint8Array | null): void {
    const { offsets, partition, times } = batch
    const keys = this.#keys
    const values = this.#values
    const sign = this.#bySign
    for (let i = from; i < to; i++) {
      const slot = slots[i]!
      if (slot < 0 || (mask !== null && mask[i] === 0)) continue
      const value = column[i]!
      const key = by[i]!
      if (value !== value || key !== key) continue
      const known = values[slot]!
      if (known === known) {
        const difference = (key - keys[slot]!) * sign
        if (difference < 0 || (difference === 0 && !this.#winsTie(slot, times[i]!, partition, offsets[i]!))) continue
      }
      keys[slot] = key
      values[slot] = value
      this.#times[slot] = times[i]!
      this.#partitions[slot] = partition
      this.#offsets[slot] = offsets[i]!
    }
  }

  #winsTie(slot: number, time: number, partition: number, offset: number): boolean {
    const order = time - this.#times[slot]! || partition - this.#partitions[slot]! || offset - this.#offsets[slot]!
    return order * this.#tieSign > 0
  }

  merge(into: number, from: number): void {
    if (Number.isNaN(this.#values[from]!)) return
    if (!Number.isNaN(this.#values[into]!)) {
      const difference = (this.#keys[from]! - this.#keys[into]!) * this.#bySign
      if (difference < 0) return
      const wins = this.#winsTie(into, this.#times[from]!, this.#partitions[from]!, this.#offsets[from]!)
      if (difference === 0 && !wins) return
    }
    for (const lane of [this.#keys, this.#times, this.#partitions, this.#offsets, this.#values]) {
      lane[into] = lane[from]!
    }
  }

  result(slot: number, textOf: TextOf): Value {
    return valueOf(this.#column, this.#values[slot]!, textOf)
  }

  renumber(slots: number, numberOf: (number: number) => number): void {
    if (this.#column.kind !== "string") return
    for (let slot = 0; slot < slots; slot++) {
      if (!Number.isNaN(this.#values[slot]!)) this.#values[slot] = numberOf(this.#values[slot]!)
    }
  }

  encode(slot: number, textOf: TextOf): Json {
    const value = this.#values[slot]!
    if (Number.isNaN(value)) return null
    return [
      this.#keys[slot]!,
      this.#times[slot]!,
      this.#partitions[slot]!,
      this.#offsets[slot]!,
      this.#column.kind === "string" ? textOf(value) : value
    ]
  }

  decode(slot: number, json: Json, numberOf: NumberOf): void {
    if (json === null) {
      this.#values[slot] = NaN
      return
    }
    const [key, time, partition, offset, value] = members(json, 5)
    this.#keys[slot] = Number(key)
    this.#times[slot] = Number(time)
    this.#partitions[slot] = Number(partition)
    this.#offsets[slot] = Number(offset)
    this.#values[slot] = this.#column.kind === "string" ? numberOf(String(value)) : Number(value)
  }
}

const finiteOrNull = (value: number): number | null => Number.isNaN(value) ? null : value
