/**
 * The rows of a batch by slot, where a slot has several: what they add to an aggregate is computed in a loop over values that lie
 * side by side, with nothing looked up, and reaches the slot once.
 */
import type { Batch } from "../../records/Batch.ts"
import { noSlot, type Rows } from "./Accumulator.ts"

/** Rows that a slot has to have on average: those of fewer are added one by one sooner. */
const leastRows = 4

export class Runs implements Rows {
  batch!: Batch
  from = 0
  to = 0
  slots: Int32Array = new Int32Array(0)
  /** Slots that have rows. */
  length = 0
  /** Each of them. */
  owners = new Int32Array(0)
  /** Where its rows end in {@link order}; they begin where those of the slot before end. */
  ends = new Int32Array(0)
  /** The rows by slot, those of a slot as the batch has them. */
  order = new Int32Array(0)
  /** By slot how many rows it has, while they are counted, and where the next of them goes, while they are put in order. */
  #places = new Int32Array(0)
  readonly #columns = new Map<Float64Array, Float64Array>()
  readonly #room: Array<Float64Array> = []

  /** Makes room for more slots. */
  grow(capacity: number): void {
    this.#places = new Int32Array(capacity)
  }

  /** Good until the next call; `null` where slots have few rows. */
  of({ batch, from, slots, to }: Rows): this | null {
    this.#columns.clear()
    if (this.order.length < to - from) this.#makeRoom(to - from)
    this.length = this.#count(slots, from, to)
    if (this.length === 0) return null
    this.batch = batch
    this.from = from
    this.to = to
    this.slots = slots
    this.#put(slots, from, to)
    return this
  }

  #makeRoom(rows: number): void {
    this.order = new Int32Array(rows * 2)
    this.owners = new Int32Array(rows * 2 / leastRows)
    this.ends = new Int32Array(rows * 2 / leastRows)
    this.#room.length = 0
  }

  /** How many slots there are; 0 where they are too many. */
  #count(slots: Int32Array, from: number, to: number): number {
    const [owners, places] = [this.owners, this.#places]
    const most = Math.floor((to - from) / leastRows)
    let length = 0
    for (let row = from; row < to; row++) {
      const slot = slots[row]!
      if (slot < 0) continue
      const before = places[slot]!
      places[slot] = before + 1
      if (before > 0) continue
      if (length < most) {
        owners[length++] = slot
        continue
      }
      places[slot] = 0
      for (let at = 0; at < length; at++) places[owners[at]!] = 0
      return 0
    }
    return length
  }

  #put(slots: Int32Array, from: number, to: number): void {
    const { ends, length, order, owners } = this
    const places = this.#places
    let end = 0
    for (let at = 0; at < length; at++) {
      const owner = owners[at]!
      const rows = places[owner]!
      places[owner] = end
      end += rows
      ends[at] = end
    }
    // An imported constant is looked up each time that it is used.
    const none = noSlot
    for (let row = from; row < to; row++) if (slots[row]! !== none) order[places[slots[row]!]!++] = row
    for (let at = 0; at < length; at++) places[owners[at]!] = 0
  }

  /** The values of a column of the batch in this order. */
  inOrder(column: Float64Array): Float64Array {
    const known = this.#columns.get(column)
    if (known !== undefined) return known
    const { length, order } = this
    const rows = this.ends[length - 1]!
    const values = this.#room[this.#columns.size] ??= new Float64Array(order.length)
    for (let at = 0; at < rows; at++) values[at] = column[order[at]!]!
    this.#columns.set(column, values)
    return values
  }
}
