/** Aggregates that choose one value: smallest and largest, first and last, by another field. */
import { type Batch, isAbsent, valueOf } from "../../records/Batch.ts"
import type { Column } from "../../pipeline/Column.ts"
import type { Value } from "../../pipeline/Pane.ts"
import type { TableReader, TableWriter } from "../State.ts"
import type { Form } from "../../records/PaneBatch.ts"
import type { Accumulator, NumberOf, ResultColumn, Rows, TextOf } from "./Accumulator.ts"
import { Lane, Parts, storeNumbers } from "./Lane.ts"
import type { Runs } from "./Runs.ts"

/** The smallest or largest value of a column. */
export class Extreme extends Parts implements Accumulator {
  readonly subtract = null
  readonly #index: number
  readonly #column: Column
  readonly #sign: 1 | -1
  readonly #value: Lane

  /** `sign` is 1 for the largest and -1 for the smallest. */
  constructor(options: { index: number; column: Column; sign: 1 | -1 }) {
    const value = new Lane(NaN)
    super({ value })
    this.#value = value
    this.#index = options.index
    this.#column = options.column
    this.#sign = options.sign
  }

  add(rows: Rows, mask: Uint8Array | null): void {
    const column = rows.batch.columns[this.#index]!
    if (!isAbsent(rows.batch, column)) this.#addColumn(rows, column, mask)
  }

  addPreAggregated(rows: Rows, column: Float64Array): void {
    this.#addColumn(rows, column, null)
  }

  #addColumn({ from, slots, to }: Rows, column: Float64Array, mask: Uint8Array | null): void {
    const values = this.#value.values
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

  addRuns(runs: Runs): void {
    const { batch, ends, length, owners } = runs
    const all = batch.columns[this.#index]!
    if (isAbsent(batch, all)) return
    const column = runs.inOrder(all)
    const values = this.#value.values
    const largest = this.#sign === 1
    for (let run = 0, at = 0; run < length; run++) {
      const end = ends[run]!
      let known = values[owners[run]!]!
      while (known !== known && at < end) known = column[at++]!
      if (largest) for (; at < end; at++) known = column[at]! > known ? column[at]! : known
      else for (; at < end; at++) known = column[at]! < known ? column[at]! : known
      values[owners[run]!] = known
    }
  }

  merge(into: number, from: number): void {
    const { values } = this.#value
    const value = values[from]!
    const known = values[into]!
    if (Number.isNaN(known) || (value - known) * this.#sign > 0) values[into] = value
  }

  get form(): Form | null {
    return formOf(this.#column)
  }

  result(slot: number): Value {
    return valueOf(this.#column, this.#value.values[slot]!, () => "")
  }

  store(slots: Int32Array, count: number, column: ResultColumn): void {
    storeNumbers(this.#value.values, slots, count, column)
  }
}

/**
 * The value of the row that comes first or last: in event time for `first` and `last`, in
 * another column for `minBy` and `maxBy`. Rows that are equal in it are told apart by event
 * time and place (source, partition, offset), so that arrival plays no part. Where rows of
 * several sources are united, a batch's partition says the source, too.
 */
export class Chosen implements Accumulator {
  readonly subtract = null
  readonly #index: number
  readonly #column: Column
  readonly #by: number | null
  readonly #bySign: 1 | -1
  readonly #tieSign: 1 | -1
  readonly #row = new RowLanes()

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

  get bytesPerSlot(): number {
    return this.#row.bytesPerSlot
  }

  grow(capacity: number): void {
    this.#row.grow(capacity)
  }

  reset(slot: number): void {
    this.#row.reset(slot)
  }

  resetAll(slots: Int32Array): void {
    this.#row.resetAll(slots)
  }

  add(rows: Rows, mask: Uint8Array | null): void {
    const { batch } = rows
    const column = batch.columns[this.#index]!
    if (isAbsent(batch, column)) return
    this.#addColumn(rows, column, this.#by === null ? batch.times : batch.columns[this.#by]!, mask)
  }

  addPreAggregated(rows: Rows, column: Float64Array): void {
    this.#addColumn(rows, column, rows.batch.times, null)
  }

  #addColumn({ batch, from, slots, to }: Rows, column: Float64Array, by: Float64Array, mask: Uint8Array | null): void {
    const { offsets, partition, times } = batch
    const row = this.#row
    const keys = row.key.values
    const values = row.value.values
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
      row.time.values[slot] = times[i]!
      row.partition.values[slot] = partition
      row.offset.values[slot] = offsets[i]!
    }
  }

  /** Of the rows of a slot the best one is added alone. */
  addRuns(runs: Runs): void {
    const { batch, ends, length, order, slots } = runs
    const all = batch.columns[this.#index]!
    if (isAbsent(batch, all)) return
    const allBy = this.#by === null ? batch.times : batch.columns[this.#by]!
    const [column, by] = [runs.inOrder(all), runs.inOrder(allBy)]
    const sign = this.#bySign
    for (let run = 0, at = 0; run < length; run++) {
      const end = ends[run]!
      while (at < end && (column[at] !== column[at] || by[at] !== by[at])) at++
      let best = at
      let key = by[at]! * sign
      for (; at < end; at++) {
        const other = by[at]! * sign
        if (column[at] !== column[at] || !(other >= key) || (other === key && !this.#isPreferred(batch, order[at]!, order[best]!))) continue
        best = at
        key = other
      }
      if (best < end) this.#addColumn({ batch, from: order[best]!, to: order[best]! + 1, slots }, all, allBy, null)
    }
  }

  /** Of two rows of a batch that are equal in what they are chosen by. */
  #isPreferred({ offsets, times }: Batch, row: number, other: number): boolean {
    return (times[row]! - times[other]! || offsets[row]! - offsets[other]!) * this.#tieSign > 0
  }

  #winsTie(slot: number, time: number, partition: number, offset: number): boolean {
    const row = this.#row
    const order = time - row.time.values[slot]! || partition - row.partition.values[slot]! || offset - row.offset.values[slot]!
    return order * this.#tieSign > 0
  }

  merge(into: number, from: number): void {
    const { key, offset, partition, time, value } = this.#row
    if (Number.isNaN(value.values[from]!)) return
    if (!Number.isNaN(value.values[into]!)) {
      const difference = (key.values[from]! - key.values[into]!) * this.#bySign
      if (difference < 0) return
      const wins = this.#winsTie(into, time.values[from]!, partition.values[from]!, offset.values[from]!)
      if (difference === 0 && !wins) return
    }
    this.#row.copy(into, from, this.#row)
  }

  copy(into: number, from: number, source: this): void {
    this.#row.copy(into, from, source.#row)
  }

  get form(): Form | null {
    return formOf(this.#column)
  }

  result(slot: number, textOf: TextOf): Value {
    return valueOf(this.#column, this.#row.value.values[slot]!, textOf)
  }

  store(slots: Int32Array, count: number, column: ResultColumn): void {
    storeNumbers(this.#row.value.values, slots, count, column)
  }

  renumber(slots: number, numberOf: (number: number) => number): void {
    if (this.#column.kind !== "string") return
    const { values } = this.#row.value
    for (let slot = 0; slot < slots; slot++) {
      if (!Number.isNaN(values[slot]!)) values[slot] = numberOf(values[slot]!)
    }
  }

  save(slots: Int32Array, table: TableWriter, textOf: TextOf): void {
    this.#row.savePlace(slots, table)
    const { values } = this.#row.value
    if (this.#column.kind !== "string") this.#row.value.save("value", slots, table)
    else table.strings("value", Array.from(slots, (slot) => Number.isNaN(values[slot]!) ? null : textOf(values[slot]!)))
  }

  restore(slots: Int32Array, table: TableReader, numberOf: NumberOf): void {
    this.#row.restorePlace(slots, table)
    if (this.#column.kind !== "string") return this.#row.value.restore("value", slots, table)
    const { values } = this.#row.value
    for (const [i, text] of table.strings("value").entries()) values[slots[i]!] = text === null ? NaN : numberOf(text)
  }
}

/** What the numbers of a column stand for; `null` where that is not for everybody to know, as with those of texts. */
const formOf = (column: Column): Form | null => {
  if (column.kind === "string") return null
  if (column.kind === "decimal") return { kind: "decimal", scale: column.scale }
  return { kind: column.kind === "boolean" ? "boolean" : "number" }
}

/** A row that was chosen: what it was chosen by, its time and place, and its value; all are NaN where there is none. */
class RowLanes {
  readonly key = new Lane(NaN)
  readonly time = new Lane(NaN)
  readonly partition = new Lane(NaN)
  readonly offset = new Lane(NaN)
  readonly value = new Lane(NaN)
  readonly #place = { key: this.key, time: this.time, partition: this.partition, offset: this.offset }
  readonly #all = [this.key, this.time, this.partition, this.offset, this.value]

  get bytesPerSlot(): number {
    return this.#all.length * this.value.bytesPerSlot
  }

  grow(capacity: number): void {
    for (const lane of this.#all) lane.grow(capacity)
  }

  reset(slot: number): void {
    for (const lane of this.#all) lane.reset(slot)
  }

  resetAll(slots: Int32Array): void {
    for (const lane of this.#all) lane.resetAll(slots)
  }

  copy(into: number, from: number, source: this): void {
    for (let i = 0; i < this.#all.length; i++) this.#all[i]!.copy(into, from, source.#all[i]!)
  }

  savePlace(slots: Int32Array, table: TableWriter): void {
    for (const [name, lane] of Object.entries(this.#place)) lane.save(name, slots, table)
  }

  restorePlace(slots: Int32Array, table: TableReader): void {
    for (const [name, lane] of Object.entries(this.#place)) lane.restore(name, slots, table)
  }
}
