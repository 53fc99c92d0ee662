/** Rows of one side of a join in the order of (event time, place), and those of each key, until nothing is to come that they could be joined to. */
import type { Field } from "../../pipeline/Checked.ts"
import type { Dictionary } from "../../records/Batch.ts"
import type { Rows } from "../Operator.ts"
import type { StateReader } from "../State.ts"
import { isTired, type Work } from "../Work.ts"
import { HeldRows } from "./HeldRows.ts"
import { SlotQueue } from "./SlotQueue.ts"

const none = new Int32Array(0)

export class SideRows {
  /** Those that time has not come to, and in its table all others, too. */
  readonly #coming: HeldRows
  /** Those that time has come to, but whose turn has not come; then those whose turn is over. */
  readonly #ahead = new SlotQueue()
  readonly #over = new SlotQueue()
  /** Of all that time has come to. */
  #byKey = new Map<number, SlotQueue>()

  constructor(name: string, fields: ReadonlyArray<Field>, dictionary: Dictionary) {
    this.#coming = new HeldRows(name, fields, dictionary)
  }

  get table(): HeldRows["table"] {
    return this.#coming.table
  }

  get late(): number {
    return this.#coming.late
  }

  take(rows: Rows): void {
    this.#coming.take(rows, true)
  }

  /** Time comes to all rows that are earlier than this. The turn of those that are earlier than `over` is over, from before a restart. */
  *moveTo(time: number, over: number): Work {
    const { table } = this
    let done = 0
    for (let slot = this.#coming.first(time); slot !== -1; slot = this.#coming.first(time)) {
      this.#coming.pop()
      const key = table.keys[slot]!
      const known = this.#byKey.get(key) ?? new SlotQueue()
      if (known.length === 0) this.#byKey.set(key, known)
      known.add(slot)
      if (table.times[slot]! < over) this.#over.add(slot)
      else this.#ahead.add(slot)
      if (isTired(++done)) yield
    }
  }

  /** The time of the row whose turn is next; infinite where time has come to none. */
  get nextTime(): number {
    return this.#ahead.length === 0 ? Infinity : this.table.times[this.#ahead.head]!
  }

  /** It is the turn of all rows of a time, in the order of their places. */
  takeAt(time: number): ReadonlyArray<number> {
    const slots: Array<number> = []
    while (this.nextTime === time) {
      const slot = this.#ahead.shift()
      this.#over.add(slot)
      slots.push(slot)
    }
    return slots
  }

  /** Rows of a key whose times lie between these or are one of them, in the order of time. */
  between(key: number, from: number, to: number): Int32Array {
    const slots = this.#byKey.get(key)?.values() ?? none
    return slots.subarray(this.#firstFrom(slots, from, false), this.#firstFrom(slots, to, true))
  }

  #firstFrom(slots: Int32Array, time: number, isLater: boolean): number {
    let [low, high] = [0, slots.length]
    while (low < high) {
      const middle = (low + high) >> 1
      const at = this.table.times[slots[middle]!]!
      if (at < time || (isLater && at === time)) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Lets go of rows that are earlier than this. */
  *forget(time: number): Work {
    const { table } = this
    let done = 0
    while (this.#over.length > 0 && table.times[this.#over.head]! < time) {
      const slot = this.#over.shift()
      const ofKey = this.#byKey.get(table.keys[slot]!)!
      // The first of all is the first of its key.
      ofKey.shift()
      if (ofKey.length === 0) this.#byKey.delete(table.keys[slot]!)
      table.release(slot)
      if (isTired(++done)) yield
    }
  }

  *slots(): Generator<number> {
    yield* this.#coming.slots()
    yield* this.#ahead.values()
    yield* this.#over.values()
  }

  useDictionary(dictionary: Dictionary): void {
    this.table.useDictionary(dictionary)
    this.#byKey = new Map([...this.#byKey.values()].map((slots) => [this.table.keys[slots.head]!, slots]))
  }

  /** When time moves on it comes to all that it had come to. */
  restore(state: StateReader): void {
    this.#coming.restore(state)
  }
}
