/**
 * Sums of integers that never round and never overflow, one a slot.
 *
 * A sum lives in a double as long as it is an exact integer there, which market data nearly
 * always is; what goes beyond 2^53 is carried over into a big integer beside it. The value
 * of a slot is `lane + carry`.
 */
import type { TableReader, TableWriter } from "../State.ts"
import type { Rows } from "./Accumulator.ts"
import type { Factors } from "./DoubleSum.ts"
import { grown, type Part } from "./Lane.ts"
import type { Runs } from "./Runs.ts"

/** By row. */
export type Large = ReadonlyMap<number, bigint>

const limit = Number.MAX_SAFE_INTEGER

export class ExactSum implements Part {
  readonly bytesPerSlot = 8
  #lane = new Float64Array(0)
  readonly #carries = new Map<number, bigint>()

  grow(capacity: number): void {
    this.#lane = grown(this.#lane, capacity)
  }

  reset(slot: number): void {
    this.#lane[slot] = 0
    if (this.#carries.size > 0) this.#carries.delete(slot)
  }

  resetAll(slots: Int32Array): void {
    const lane = this.#lane
    for (let i = 0; i < slots.length; i++) lane[slots[i]!] = 0
    if (this.#carries.size > 0) for (const slot of slots) this.#carries.delete(slot)
  }

  /** Adds the values of a column that are there, and counts them; `large` are those that are infinite in it. */
  addColumn({ from, slots, to }: Rows, column: Float64Array, mask: Uint8Array | null, counts: Float64Array, large: Large | null = null): void {
    const lane = this.#lane
    for (let i = from; i < to; i++) {
      const slot = slots[i]!
      if (slot < 0 || (mask !== null && mask[i] === 0)) continue
      const value = column[i]!
      const total = lane[slot]! + value
      if (total <= limit && total >= -limit) lane[slot] = total
      // Only an absent value makes the total NaN; it is neither added nor counted.
      else if (value !== value) continue
      else this.addBig(slot, large?.get(i) ?? BigInt(value))
      counts[slot]! += 1
    }
  }

  /** The same as {@link addColumn}. */
  addRuns(runs: Runs, all: Float64Array, counts: Float64Array, large: Large | null): void {
    const { ends, length, order, owners } = runs
    const column = runs.inOrder(all)
    const lane = this.#lane
    for (let run = 0, at = 0; run < length; run++) {
      const end = ends[run]!
      const slot = owners[run]!
      let count = end - at
      let total = lane[slot]!
      for (; at < end; at++) {
        const sum = total + column[at]!
        if (sum <= limit && sum >= -limit) total = sum
        else if (column[at] !== column[at]) count--
        else {
          lane[slot] = total
          this.addBig(slot, large?.get(order[at]!) ?? BigInt(column[at]!))
          total = lane[slot]!
        }
      }
      lane[slot] = total
      counts[slot]! += count
    }
  }

  /** The same as {@link addBeside}. */
  addRunsBeside(runs: Runs, [all, allOther]: Factors): void {
    const { ends, length, owners } = runs
    const [column, other] = [runs.inOrder(all), runs.inOrder(allOther)]
    const lane = this.#lane
    for (let run = 0, at = 0; run < length; run++) {
      const end = ends[run]!
      const slot = owners[run]!
      let total = lane[slot]!
      for (; at < end; at++) {
        if (column[at] !== column[at] || other[at] !== other[at]) continue
        const sum = total + column[at]!
        if (sum <= limit && sum >= -limit) total = sum
        else {
          lane[slot] = total
          this.addBig(slot, BigInt(column[at]!))
          total = lane[slot]!
        }
      }
      lane[slot] = total
    }
  }

  add(slot: number, value: number): void {
    const sum = this.#lane[slot]! + value
    if (sum <= limit && sum >= -limit) this.#lane[slot] = sum
    else this.addBig(slot, BigInt(value))
  }

  /** Adds the products of two columns' values where both are there. */
  addProducts({ from, slots, to }: Rows, [left, right]: Factors, mask: Uint8Array | null): void {
    for (let i = from; i < to; i++) {
      const slot = slots[i]!
      const a = left[i]!
      const b = right[i]!
      if (slot < 0 || (mask !== null && mask[i] === 0) || a !== a || b !== b) continue
      const product = a * b
      if (product <= limit && product >= -limit) this.add(slot, product)
      else this.addBig(slot, BigInt(a) * BigInt(b))
    }
  }

  /** Adds the first of two where both are there. */
  addBeside({ from, slots, to }: Rows, [column, other]: Factors, mask: Uint8Array | null): void {
    for (let i = from; i < to; i++) {
      const slot = slots[i]!
      const value = column[i]!
      if (slot < 0 || (mask !== null && mask[i] === 0) || value !== value || other[i] !== other[i]) continue
      this.add(slot, value)
    }
  }

  addProduct(slot: number, a: number | bigint, b: number | bigint): void {
    const product = typeof a === "number" && typeof b === "number" ? a * b : Infinity
    if (product <= limit && product >= -limit) this.add(slot, product)
    else this.addBig(slot, BigInt(a) * BigInt(b))
  }

  addBig(slot: number, value: bigint): void {
    this.#set(slot, this.total(slot) + value)
  }

  merge(into: number, from: number): void {
    const carry = this.#carries.size === 0 ? undefined : this.#carries.get(from)
    if (carry === undefined) this.add(into, this.#lane[from]!)
    else this.addBig(into, this.total(from))
  }

  copy(into: number, from: number, source: this): void {
    this.#lane[into] = source.#lane[from]!
    const carry = source.#carries.size === 0 ? undefined : source.#carries.get(from)
    if (carry !== undefined) this.#carries.set(into, carry)
    else if (this.#carries.size > 0) this.#carries.delete(into)
  }

  subtract(from: number, slot: number): void {
    const carry = this.#carries.size === 0 ? undefined : this.#carries.get(slot)
    if (carry === undefined) this.add(from, -this.#lane[slot]!)
    else this.addBig(from, -this.total(slot))
  }

  total(slot: number): bigint {
    const whole = BigInt(this.#lane[slot]!)
    return this.#carries.size === 0 ? whole : whole + (this.#carries.get(slot) ?? 0n)
  }

  /** The sum as a double where it is an exact one, else `undefined`. */
  small(slot: number): number | undefined {
    if (this.#carries.size === 0 || !this.#carries.has(slot)) return this.#lane[slot]!
    const total = this.total(slot)
    return isSmall(total) ? Number(total) : undefined
  }

  save(name: string, slots: Int32Array, table: TableWriter): void {
    const small = new Float64Array(slots.length)
    const large = new Map<number, bigint>()
    for (let i = 0; i < slots.length; i++) {
      const value = this.small(slots[i]!)
      if (value === undefined) large.set(i, this.total(slots[i]!))
      else small[i] = value
    }
    table.integers(name, small, large)
  }

  restore(name: string, slots: Int32Array, table: TableReader): void {
    const { large, small } = table.integers(name)
    for (let i = 0; i < slots.length; i++) this.#lane[slots[i]!] = small[i]!
    for (const [i, total] of large) this.#set(slots[i]!, total)
  }

  #set(slot: number, total: bigint): void {
    if (isSmall(total)) {
      this.#lane[slot] = Number(total)
      this.#carries.delete(slot)
    } else {
      this.#lane[slot] = 0
      this.#carries.set(slot, total)
    }
  }
}

const isSmall = (total: bigint): boolean => total <= BigInt(limit) && total >= -BigInt(limit)
