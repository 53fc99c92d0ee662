/** The newest row of each key, as time goes on, until it is too old to be of use. */
import type { Field } from "../../pipeline/Checked.ts"
import type { Dictionary } from "../../records/Batch.ts"
import type { Rows } from "../Operator.ts"
import type { StateReader } from "../State.ts"
import { isTired, type Work } from "../Work.ts"
import { HeldRows } from "./HeldRows.ts"

export class NewestRows {
  /** Those that time has not come to, and in its table the newest, too. */
  readonly #coming: HeldRows
  readonly #within: number
  /** By key the slot of its newest row. */
  #newest = new Map<number, number>()
  /** Slots of rows that were the newest, in the order of time, with the time of each: a slot may be another row's by now. */
  #queue: Array<{ readonly slot: number; readonly time: number }> = []
  #from = 0

  constructor(fields: ReadonlyArray<Field>, within: number, dictionary: Dictionary) {
    this.#coming = new HeldRows("other", fields, dictionary)
    this.#within = within
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

  /** Time comes to all rows that are earlier than this. */
  moveTo(time: number): void {
    const { table } = this
    for (let slot = this.#coming.first(time); slot !== -1; slot = this.#coming.first(time)) {
      this.#coming.pop()
      const key = table.keys[slot]!
      const before = this.#newest.get(key)
      if (before !== undefined) table.release(before)
      this.#newest.set(key, slot)
      this.#queue.push({ slot, time: table.times[slot]! })
    }
  }

  /** The slot of a key's newest row that is not too old at a time; -1 where there is none. */
  at(key: number, time: number): number {
    const slot = this.#newest.get(key)
    return slot !== undefined && this.table.times[slot]! >= time - this.#within ? slot : -1
  }

  /** Lets go of what is too old for all that comes. */
  *forget(watermark: number): Work {
    const { table } = this
    let done = 0
    for (let next = this.#queue[this.#from]; next !== undefined; next = this.#queue[++this.#from]) {
      const { slot, time } = next
      if (time + this.#within >= watermark) break
      const key = table.keys[slot]!
      if (this.#newest.get(key) === slot && table.times[slot] === time) {
        this.#newest.delete(key)
        table.release(slot)
      }
      if (isTired(++done)) yield
    }
    if (this.#from * 2 <= this.#queue.length) return
    this.#queue = this.#queue.slice(this.#from)
    this.#from = 0
  }

  useDictionary(dictionary: Dictionary): void {
    this.table.useDictionary(dictionary)
    this.#newest = new Map([...this.#newest.values()].map((slot) => [this.table.keys[slot]!, slot]))
  }

  /** Which were the newest is seen when time moves on: they come before all others. */
  restore(state: StateReader): void {
    this.#coming.restore(state)
  }
}
