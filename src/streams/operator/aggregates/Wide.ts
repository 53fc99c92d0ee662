/**
 * The aggregates that choose a value, over columns whose integers may be larger than a double holds: as `Extremes` has them, one
 * value after the other.
 */
import { type Batch, storedAt, valueOf } from "../../records/Batch.ts"
import type { Column } from "../../pipeline/Column.ts"
import type { Value } from "../../pipeline/Pane.ts"
import type { TableReader, TableWriter } from "../State.ts"
import type { Accumulator, NumberOf, Rows, TextOf } from "./Accumulator.ts"
import type { Large } from "./ExactSum.ts"
import { Lane, Parts } from "./Lane.ts"
import { WideLane } from "./WideLane.ts"

type Stored = number | bigint

const isAbsent = (value: Stored): boolean => value !== value

/** The smallest or largest value of a column. */
export class WideExtreme extends Parts implements Accumulator {
  readonly subtract = null
  readonly #index: number
  readonly #column: Column
  readonly #sign: 1 | -1
  readonly #value: WideLane

  /** `sign` is 1 for the largest and -1 for the smallest. */
  constructor(options: { index: number; column: Column; sign: 1 | -1 }) {
    const value = new WideLane()
    super({ value })
    this.#value = value
    this.#index = options.index
    this.#column = options.column
    this.#sign = options.sign
  }

  add({ batch, from, slots, to }: Rows, mask: Uint8Array | null): void {
    for (let row = from; row < to; row++) {
      if (slots[row]! >= 0 && (mask === null || mask[row] !== 0)) this.#take(slots[row]!, storedAt(batch, this.#index, row))
    }
  }

  addPreAggregated({ from, slots, to }: Rows, column: Float64Array, large: Large | null): void {
    for (let row = from; row < to; row++) if (slots[row]! >= 0) this.#take(slots[row]!, large?.get(row) ?? column[row]!)
  }

  #take(slot: number, value: Stored): void {
    if (isAbsent(value)) return
    const known = this.#value.get(slot)
    if (isAbsent(known) || (this.#sign === 1 ? value > known : value < known)) this.#value.set(slot, value)
  }

  merge(into: number, from: number): void {
    this.#take(into, this.#value.get(from))
  }

  result(slot: number): Value {
    return valueOf(this.#column, this.#value.get(slot), () => "")
  }
}

/** The value of the row that comes first or last in event time, or in another column; see `Chosen`. */
export class WideChosen implements Accumulator {
  readonly subtract = null
  readonly #index: number
  readonly #column: Column
  readonly #by: number | null
  readonly #bySign: 1 | -1
  readonly #tieSign: 1 | -1
  readonly #key = new WideLane()
  readonly #value = new WideLane()
  readonly #place = { time: new Lane(NaN), partition: new Lane(NaN), offset: new Lane(NaN) }
  readonly #parts = { key: this.#key, value: this.#value, ...this.#place }
  readonly #all = Object.values(this.#parts)

  constructor(options: { index: number; column: Column; by: number | null; bySign: 1 | -1; tieSign: 1 | -1 }) {
    this.#index = options.index
    this.#column = options.column
    this.#by = options.by
    this.#bySign = options.bySign
    this.#tieSign = options.tieSign
  }

  get bytesPerSlot(): number {
    return this.#all.reduce((bytes, part) => bytes + part.bytesPerSlot, 0)
  }

  grow(capacity: number): void {
    for (const part of this.#all) part.grow(capacity)
  }

  reset(slot: number): void {
    for (const part of this.#all) part.reset(slot)
  }

  add({ batch, from, slots, to }: Rows, mask: Uint8Array | null): void {
    for (let row = from; row < to; row++) {
      const slot = slots[row]!
      if (slot < 0 || (mask !== null && mask[row] === 0)) continue
      const key = this.#by === null ? batch.times[row]! : storedAt(batch, this.#by, row)
      this.#take(slot, key, storedAt(batch, this.#index, row), placeOf(batch, row))
    }
  }

  addPreAggregated({ batch, from, slots, to }: Rows, column: Float64Array, large: Large | null): void {
    for (let row = from; row < to; row++) {
      if (slots[row]! >= 0) this.#take(slots[row]!, batch.times[row]!, large?.get(row) ?? column[row]!, placeOf(batch, row))
    }
  }

  #take(slot: number, key: Stored, value: Stored, place: Place): void {
    if (isAbsent(key) || isAbsent(value)) return
    const known = this.#key.get(slot)
    if (!isAbsent(known)) {
      const order = key > known ? this.#bySign : key < known ? -this.#bySign : this.#tie(slot, place)
      if (order <= 0) return
    }
    this.#key.set(slot, key)
    this.#value.set(slot, value)
    for (const [name, lane] of Object.entries(this.#place)) lane.values[slot] = place[name as keyof Place]
  }

  #tie(slot: number, place: Place): number {
    const known = this.#placeAt(slot)
    return (place.time - known.time || place.partition - known.partition || place.offset - known.offset) * this.#tieSign
  }

  #placeAt(slot: number): Place {
    const { offset, partition, time } = this.#place
    return { time: time.values[slot]!, partition: partition.values[slot]!, offset: offset.values[slot]! }
  }

  merge(into: number, from: number): void {
    this.#take(into, this.#key.get(from), this.#value.get(from), this.#placeAt(from))
  }

  copy(into: number, from: number, source: this): void {
    this.#key.copy(into, from, source.#key)
    this.#value.copy(into, from, source.#value)
    for (const name of ["time", "partition", "offset"] as const) this.#place[name].copy(into, from, source.#place[name])
  }

  result(slot: number, textOf: TextOf): Value {
    return valueOf(this.#column, this.#value.get(slot), textOf)
  }

  renumber(slots: number, numberOf: (number: number) => number): void {
    if (this.#column.kind !== "string") return
    for (let slot = 0; slot < slots; slot++) {
      const text = Number(this.#value.get(slot))
      if (!Number.isNaN(text)) this.#value.set(slot, numberOf(text))
    }
  }

  save(slots: Int32Array, table: TableWriter, textOf: TextOf): void {
    for (const [name, part] of Object.entries(this.#parts)) if (part !== this.#value) part.save(name, slots, table)
    if (this.#column.kind !== "string") return this.#value.save("value", slots, table)
    table.strings("value", Array.from(slots, (slot) => isAbsent(this.#value.get(slot)) ? null : textOf(Number(this.#value.get(slot)))))
  }

  restore(slots: Int32Array, table: TableReader, numberOf: NumberOf): void {
    for (const [name, part] of Object.entries(this.#parts)) if (part !== this.#value) part.restore(name, slots, table)
    if (this.#column.kind !== "string") return this.#value.restore("value", slots, table)
    for (const [i, text] of table.strings("value").entries()) this.#value.set(slots[i]!, text === null ? NaN : numberOf(text))
  }
}

interface Place {
  readonly time: number
  readonly partition: number
  readonly offset: number
}

const placeOf = ({ offsets, partition, times }: Batch, row: number): Place => ({ time: times[row]!, partition, offset: offsets[row]! })
