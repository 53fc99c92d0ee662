/**
 * When a row of each id was last kept, until that is so long ago that a row of the id is no duplicate any more. An id counts
 * within its key; it is known by the values of its fields, as columns hold them.
 */
import type { Field } from "../../pipeline/Checked.ts"
import type { Batch, Dictionary } from "../../records/Batch.ts"
import type { StateReader } from "../State.ts"
import { isTired, type Work } from "../Work.ts"
import { RowTable } from "./RowTable.ts"
import { SlotQueue } from "./SlotQueue.ts"

type Level = Map<number, Level | number>

export class KeptIds {
  readonly table: RowTable
  readonly #within: number
  readonly #indexes: ReadonlyArray<number>
  /** From the key through the values of the fields to a slot of the table. */
  #known: Level = new Map()
  /** Slots in the order in which they were kept, which is that of time. */
  readonly #queue = new SlotQueue()

  constructor(by: ReadonlyArray<Field>, within: number, dictionary: Dictionary) {
    this.table = new RowTable("kept", by, dictionary)
    this.#within = within
    this.#indexes = by.map(({ index }) => index)
  }

  /** Whether a row is the first of its id for so long; it is kept then. One without an id is like no other. */
  keep(batch: Batch, row: number): boolean {
    for (const index of this.#indexes) if (Number.isNaN(batch.columns[index]![row]!)) return true
    let level = levelIn(this.#known, batch.keys[row]!)
    const last = this.#indexes.length - 1
    for (let part = 0; part < last; part++) level = levelIn(level, batch.columns[this.#indexes[part]!]![row]!)
    const value = batch.columns[this.#indexes[last]!]![row]!
    const known = level.get(value)
    if (typeof known === "number" && this.table.times[known]! >= batch.times[row]! - this.#within) return false
    const slot = this.table.add(batch, row)
    level.set(value, slot)
    this.#queue.add(slot)
    return true
  }

  /** Forgets what no row can be a duplicate of that is still to come. */
  *forget(watermark: number): Work {
    let done = 0
    while (this.#queue.length > 0) {
      const slot = this.#queue.head
      if (this.table.times[slot]! + this.#within >= watermark) break
      this.#queue.shift()
      this.#remove(slot)
      this.table.release(slot)
      if (isTired(++done)) yield
    }
  }

  /** The id may have been kept again since: that stays. */
  #remove(slot: number): void {
    this.#removeIn(this.#known, this.table.keys[slot]!, 0, slot)
  }

  /** Whatever is empty goes as well. */
  #removeIn(level: Level, value: number, part: number, slot: number): void {
    const inner = level.get(value)
    if (inner === slot) level.delete(value)
    if (!(inner instanceof Map)) return
    this.#removeIn(inner, this.table.columns[part]![slot]!, part + 1, slot)
    if (inner.size === 0) level.delete(value)
  }

  useDictionary(dictionary: Dictionary): void {
    this.table.useDictionary(dictionary)
    this.#index(this.#queue.values())
  }

  restore(state: StateReader): void {
    const slots: Array<number> = []
    this.table.restore(state, (slot) => slots.push(slot))
    const inOrder = Int32Array.from(slots).sort(this.table.order)
    for (const slot of inOrder) this.#queue.add(slot)
    this.#index(inOrder)
  }

  /** Of an id that was kept more than once the last counts. */
  #index(slots: Int32Array): void {
    this.#known = new Map()
    for (const slot of slots) {
      let level = levelIn(this.#known, this.table.keys[slot]!)
      const values = this.table.columns.map((column) => column[slot]!)
      const last = values.pop()!
      for (const value of values) level = levelIn(level, value)
      level.set(last, slot)
    }
  }
}

const levelIn = (levels: Level, value: number): Level => {
  const known = levels.get(value)
  if (known instanceof Map) return known
  const level: Level = new Map()
  levels.set(value, level)
  return level
}
