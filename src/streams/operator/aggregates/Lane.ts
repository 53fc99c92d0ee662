/** A number for each slot, and what accumulators made of such pieces have in common. */
import type { TableReader, TableWriter } from "../State.ts"
import type { ResultColumn } from "./Accumulator.ts"

/** A piece of an accumulator's state, with a value for each slot. */
export interface Part {
  readonly bytesPerSlot: number
  /** Makes room for more slots, which are as {@link reset} leaves them. */
  grow(capacity: number): void
  reset(slot: number): void
  /** The same of many slots, where that takes less than one by one. */
  resetAll?(slots: Int32Array): void
  merge(into: number, from: number): void
  copy(into: number, from: number, source: this): void
  subtract(from: number, slot: number): void
  /** Writes the values of these slots under a name: the same ones for the same rows, in whatever order these came. */
  save(name: string, slots: Int32Array, table: TableWriter): void
  restore(name: string, slots: Int32Array, table: TableReader): void
}

/** Numbers that start from an initial one. Merging adds them up. */
export class Lane implements Part {
  readonly bytesPerSlot = 8
  readonly #initial: number
  #values = new Float64Array(0)

  constructor(initial: number) {
    this.#initial = initial
  }

  /** The numbers by slot, for loops over rows; {@link grow} replaces the array. */
  get values(): Float64Array {
    return this.#values
  }

  grow(capacity: number): void {
    const before = this.#values.length
    this.#values = grown(this.#values, capacity)
    if (this.#initial !== 0) this.#values.fill(this.#initial, before)
  }

  reset(slot: number): void {
    this.#values[slot] = this.#initial
  }

  resetAll(slots: Int32Array): void {
    const [values, initial] = [this.#values, this.#initial]
    for (let i = 0; i < slots.length; i++) values[slots[i]!] = initial
  }

  merge(into: number, from: number): void {
    this.#values[into]! += this.#values[from]!
  }

  copy(into: number, from: number, source: this): void {
    this.#values[into] = source.#values[from]!
  }

  subtract(from: number, slot: number): void {
    this.#values[from]! -= this.#values[slot]!
  }

  save(name: string, slots: Int32Array, table: TableWriter): void {
    table.numbers(name, valuesAt(slots, this.#values))
  }

  restore(name: string, slots: Int32Array, table: TableReader): void {
    put(table.numbers(name), slots, this.#values)
  }
}

/** The pieces of an accumulator by the names that they have in a snapshot. */
export abstract class Parts {
  readonly #byName: { readonly [name: string]: Part }
  protected readonly parts: ReadonlyArray<Part>

  constructor(parts: { readonly [name: string]: Part }) {
    this.#byName = parts
    this.parts = Object.values(parts)
  }

  get bytesPerSlot(): number {
    return this.parts.reduce((bytes, part) => bytes + part.bytesPerSlot, 0)
  }

  grow(capacity: number): void {
    for (const part of this.parts) part.grow(capacity)
  }

  reset(slot: number): void {
    for (const part of this.parts) part.reset(slot)
  }

  resetAll(slots: Int32Array): void {
    for (const part of this.parts) resetAll(part, slots)
  }

  copy(into: number, from: number, source: this): void {
    for (let i = 0; i < this.parts.length; i++) this.parts[i]!.copy(into, from, source.parts[i]!)
  }

  save(slots: Int32Array, table: TableWriter): void {
    for (const [name, part] of Object.entries(this.#byName)) part.save(name, slots, table)
  }

  restore(slots: Int32Array, table: TableReader): void {
    for (const [name, part] of Object.entries(this.#byName)) part.restore(name, slots, table)
  }
}

/** Pieces that add up: what was merged can be taken away again. */
export abstract class Sums extends Parts {
  merge(into: number, from: number): void {
    for (const sum of this.parts) sum.merge(into, from)
  }

  subtract = (from: number, slot: number): void => {
    for (const sum of this.parts) sum.subtract(from, slot)
  }
}

export const resetAll = (part: Pick<Part, "reset" | "resetAll">, slots: Int32Array): void => {
  if (part.resetAll !== undefined) return part.resetAll(slots)
  for (let i = 0; i < slots.length; i++) part.reset(slots[i]!)
}

/** Numbers of slots as they are, see `ResultColumn`. */
export const storeNumbers = (lane: Float64Array, slots: Int32Array, count: number, { first, numbers, stride }: Omit<ResultColumn, "others">): void => {
  for (let i = 0, place = first; i < count; i++, place += stride) numbers[place] = lane[slots[i]!]!
}

/** A copy of a lane with room for more slots. */
export const grown = (lane: Float64Array, capacity: number): Float64Array<ArrayBuffer> => {
  const larger = new Float64Array(capacity)
  larger.set(lane)
  return larger
}

export const valuesAt = (slots: Int32Array, lane: Float64Array): Float64Array => {
  const values = new Float64Array(slots.length)
  for (let i = 0; i < slots.length; i++) values[i] = lane[slots[i]!]!
  return values
}

const put = (values: Float64Array, slots: Int32Array, lane: Float64Array): void => {
  for (let i = 0; i < slots.length; i++) lane[slots[i]!] = values[i]!
}
