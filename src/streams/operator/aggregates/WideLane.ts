/**
 * An integer of any size for each slot, or none. Nearly all are exact in a double; those that are not stand beside it, and
 * are infinite in it, as in the columns that they come from.
 */
import type { TableReader, TableWriter } from "../State.ts"
import { grown, type Part } from "./Lane.ts"

export class WideLane implements Part {
  readonly bytesPerSlot = 8
  #lane = new Float64Array(0)
  readonly #large = new Map<number, bigint>()

  /** NaN where there is none. */
  get(slot: number): number | bigint {
    return this.#large.get(slot) ?? this.#lane[slot]!
  }

  set(slot: number, value: number | bigint): void {
    if (typeof value === "number") {
      this.#lane[slot] = value
      if (this.#large.size > 0) this.#large.delete(slot)
    } else {
      this.#lane[slot] = value > 0n ? Infinity : -Infinity
      this.#large.set(slot, value)
    }
  }

  grow(capacity: number): void {
    const before = this.#lane.length
    this.#lane = grown(this.#lane, capacity)
    this.#lane.fill(NaN, before)
  }

  reset(slot: number): void {
    this.set(slot, NaN)
  }

  merge(into: number, from: number): void {
    this.set(into, this.get(from))
  }

  copy(into: number, from: number, source: this): void {
    this.set(into, source.get(from))
  }

  subtract(): void {
    throw new TypeError("a value that was chosen cannot be taken back")
  }

  save(name: string, slots: Int32Array, table: TableWriter): void {
    const large = new Map<number, bigint>()
    for (let i = 0; i < slots.length; i++) {
      const value = this.#large.get(slots[i]!)
      if (value !== undefined) large.set(i, value)
    }
    table.integers(name, Float64Array.from(slots, (slot) => this.#large.has(slot) ? 0 : this.#lane[slot]!), large)
  }

  restore(name: string, slots: Int32Array, table: TableReader): void {
    const { large, small } = table.optionalIntegers(name)
    for (let i = 0; i < slots.length; i++) this.set(slots[i]!, large.get(i) ?? small[i]!)
  }
}
