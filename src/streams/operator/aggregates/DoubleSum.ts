/**
 * Sums of doubles without rounding, one a slot: they are rounded once, when they are looked at. So a sum does not depend
 * on the order of the rows, on partitions, batches or restarts, and what was added can be taken away again.
 *
 * The value of a slot is `high + low + rest`. Adding a number to `high` rounds, and what is lost goes into `low` (Knuth's
 * TwoSum gives it exactly); that has room for numbers some 2^50 apart. What `low` would lose, or `high` could not hold, is
 * added to `rest`, a big integer in units of the smallest double, 2^-1074, of which every double is a whole number.
 */
import type { TableReader, TableWriter } from "../State.ts"
import type { Rows } from "./Accumulator.ts"
import { grown, type Part } from "./Lane.ts"
import type { Runs } from "./Runs.ts"

/** Up to here nothing in TwoSum overflows. */
const limit = 2 ** 1_000

/** Up to here a sum of integers that is rounded is not. */
const most = Number.MAX_SAFE_INTEGER

/** Divides the 53 bits of a double in two. */
const splitter = 2 ** 27 + 1

/** What the product of two doubles loses by being one. */
export const errorOf = (a: number, b: number): number => {
  const aTop = splitter * a
  const bTop = splitter * b
  const aHigh = aTop - (aTop - a)
  const bHigh = bTop - (bTop - b)
  const aLow = a - aHigh
  const bLow = b - bHigh
  return aLow * bLow - (a * b - aHigh * bHigh - aLow * bHigh - aHigh * bLow)
}

/** Two columns whose values belong together, row by row. */
export type Factors = readonly [Float64Array, Float64Array]

export class DoubleSum implements Part {
  readonly bytesPerSlot = 16
  #high = new Float64Array(0)
  #low = new Float64Array(0)
  readonly #rests = new Map<number, bigint>()

  grow(capacity: number): void {
    this.#high = grown(this.#high, capacity)
    this.#low = grown(this.#low, capacity)
  }

  reset(slot: number): void {
    this.#high[slot] = 0
    this.#low[slot] = 0
    if (this.#rests.size > 0) this.#rests.delete(slot)
  }

  /** Adds the values of a column that are there, and counts them where somebody wants to know. */
  addColumn({ from, slots, to }: Rows, column: Float64Array, mask: Uint8Array | null, counts: Float64Array | null): void {
    const [highs, lows] = [this.#high, this.#low]
    for (let i = from; i < to; i++) {
      const slot = slots[i]!
      const value = column[i]!
      if (slot < 0 || (mask !== null && mask[i] === 0) || value !== value) continue
      if (counts !== null) counts[slot]! += 1
      // The lines of `add`, with the arrays at hand: nothing in the loop is called as long as all goes well.
      const high = highs[slot]!
      const sum = high + value
      const added = sum - high
      const error = (high - (sum - added)) + (value - added)
      const low = lows[slot]!
      const errors = low + error
      const addedError = errors - low
      const lost = (low - (errors - addedError)) + (error - addedError)
      if (lost === 0 && sum <= limit && sum >= -limit) {
        highs[slot] = sum
        lows[slot] = errors
      } else this.#addWide(slot, value)
    }
  }

  add(slot: number, value: number): void {
    const high = this.#high[slot]!
    const sum = high + value
    const added = sum - high
    const error = (high - (sum - added)) + (value - added)
    const low = this.#low[slot]!
    const errors = low + error
    const addedError = errors - low
    const lost = (low - (errors - addedError)) + (error - addedError)
    if (lost === 0 && sum <= limit && sum >= -limit) {
      this.#high[slot] = sum
      this.#low[slot] = errors
    } else this.#addWide(slot, value)
  }

  /** The way for numbers that are too far apart, or too large: `low` makes room, and what does not fit goes to the rest. */
  #addWide(slot: number, value: number): void {
    const high = this.#high[slot]!
    const sum = high + value
    if (!(sum <= limit && sum >= -limit)) return this.#addToRest(slot, unitsOf(value))
    const added = sum - high
    this.#addToRest(slot, unitsOf(this.#low[slot]!))
    this.#high[slot] = sum
    this.#low[slot] = (high - (sum - added)) + (value - added)
  }

  /** Adds the products of two columns' values where both are there. */
  addProducts({ from, slots, to }: Rows, [left, right]: Factors, mask: Uint8Array | null): void {
    for (let i = from; i < to; i++) {
      const slot = slots[i]!
      const a = left[i]!
      const b = right[i]!
      if (slot < 0 || (mask !== null && mask[i] === 0) || a !== a || b !== b) continue
      this.addProduct(slot, a, b)
    }
  }

  /**
   * Adds the exact products of two columns of integers, in the order of the runs, where both are there. What they and their sums
   * lose are integers as well: as long as a double holds the sum of those, nothing is lost of it.
   */
  addRunsOfProducts({ ends, length, owners }: Runs, [left, right]: Factors): void {
    for (let run = 0, at = 0; run < length; run++) {
      const end = ends[run]!
      const slot = owners[run]!
      let high = this.#high[slot]!
      let low = this.#low[slot]!
      for (; at < end; at++) {
        const a = left[at]!
        const b = right[at]!
        const product = a * b
        const sum = high + product
        const added = sum - high
        const error = errorOf(a, b)
        const errors = error + ((high - (sum - added)) + (product - added))
        const lows = low + errors
        if (errors <= most && errors >= -most && lows <= most && lows >= -most) {
          high = sum
          low = lows
        } else if (a === a && b === b) {
          this.#high[slot] = high
          this.#low[slot] = low
          this.add(slot, product)
          this.add(slot, error)
          high = this.#high[slot]!
          low = this.#low[slot]!
        }
      }
      this.#high[slot] = high
      this.#low[slot] = low
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

  /** Adds a product, rounded as one of doubles is; one beyond their range is added as what it is. */
  addProduct(slot: number, a: number, b: number): void {
    const product = a * b
    if (Number.isFinite(product)) this.add(slot, product)
    else this.#addToRest(slot, (unitsOf(a) * unitsOf(b)) >> unitBits)
  }

  #addToRest(slot: number, units: bigint): void {
    const rest = (this.#rests.get(slot) ?? 0n) + units
    if (rest === 0n) this.#rests.delete(slot)
    else this.#rests.set(slot, rest)
  }

  merge(into: number, from: number): void {
    this.add(into, this.#high[from]!)
    this.add(into, this.#low[from]!)
    if (this.#rests.size > 0) this.#addToRest(into, this.#rests.get(from) ?? 0n)
  }

  copy(into: number, from: number, source: this): void {
    this.#high[into] = source.#high[from]!
    this.#low[into] = source.#low[from]!
    const rest = source.#rests.size === 0 ? undefined : source.#rests.get(from)
    if (rest !== undefined) this.#rests.set(into, rest)
    else if (this.#rests.size > 0) this.#rests.delete(into)
  }

  subtract(from: number, slot: number): void {
    this.add(from, -this.#high[slot]!)
    this.add(from, -this.#low[slot]!)
    if (this.#rests.size > 0) this.#addToRest(from, -(this.#rests.get(slot) ?? 0n))
  }

  /** The double that is nearest to the sum, infinite beyond their range. */
  rounded(slot: number): number {
    if (this.#rests.size === 0 || !this.#rests.has(slot)) return this.#high[slot]! + this.#low[slot]!
    return nearest(this.total(slot))
  }

  /** In units of the smallest double, 2^-1074. */
  total(slot: number): bigint {
    return unitsOf(this.#high[slot]!) + unitsOf(this.#low[slot]!) + (this.#rests.get(slot) ?? 0n)
  }

  /** Of a sum of integers. */
  whole(slot: number): bigint {
    const rest = this.#rests.size === 0 ? 0n : this.#rests.get(slot) ?? 0n
    return BigInt(this.#high[slot]!) + BigInt(this.#low[slot]!) + (rest >> unitBits)
  }

  save(name: string, slots: Int32Array, table: TableWriter): void {
    const [high, low] = [new Float64Array(slots.length), new Float64Array(slots.length)]
    const rests = new Map<number, bigint>()
    for (let i = 0; i < slots.length; i++) {
      const { rest, ...split } = this.#rests.has(slots[i]!) ? splitUnits(this.total(slots[i]!)) : this.#split(slots[i]!)
      high[i] = split.high
      low[i] = split.low
      if (rest !== 0n) rests.set(i, rest)
    }
    table.numbers(`${name}.high`, high)
    table.numbers(`${name}.low`, low)
    table.integers(`${name}.rest`, new Float64Array(slots.length), rests)
  }

  /** The same sum is always split in the same way, however it has come about: the nearest double first. */
  #split(slot: number): Split {
    const [one, other] = [this.#high[slot]!, this.#low[slot]!]
    const high = one + other
    const low = Math.abs(one) < Math.abs(other) ? other - high + one : one - high + other
    return { high, low, rest: 0n }
  }

  restore(name: string, slots: Int32Array, table: TableReader): void {
    const [high, low] = [table.finiteNumbers(`${name}.high`), table.finiteNumbers(`${name}.low`)]
    const { large } = table.integers(`${name}.rest`)
    for (let i = 0; i < slots.length; i++) {
      this.#high[slots[i]!] = high[i]!
      this.#low[slots[i]!] = low[i]!
    }
    for (const [i, rest] of large) this.#rests.set(slots[i]!, rest)
  }
}

interface Split {
  readonly high: number
  readonly low: number
  readonly rest: bigint
}

const splitUnits = (total: bigint): Split => {
  const high = finiteOr0(nearest(total))
  const low = finiteOr0(nearest(total - unitsOf(high)))
  return { high, low, rest: total - unitsOf(high) - unitsOf(low) }
}

const finiteOr0 = (value: number): number => Number.isFinite(value) ? value : 0

/** The smallest double is 2 to the minus this. */
export const unitBits = 1_074n

/** How many of the smallest double a double is. */
export const unitsOf = (value: number): bigint => {
  const bits = new DataView(new ArrayBuffer(8))
  bits.setFloat64(0, value)
  const exponent = (bits.getUint16(0) >> 4) & 0x7ff
  const fraction = bits.getBigUint64(0) & 0xfffffffffffffn
  const units = exponent === 0 ? fraction : (fraction | 0x10000000000000n) << BigInt(exponent - 1)
  return value < 0 ? -units : units
}

/** The nearest double to a number of units; of two that are equally near the even one. */
const nearest = (units: bigint): number => {
  const magnitude = units < 0n ? -units : units
  // Two bits more than a double has, and in the last of them whether anything lies below: so the conversion rounds right.
  const excess = BigInt(Math.max(0, magnitude.toString(16).length * 4 - 60))
  const top = magnitude >> excess
  const sticky = top << excess === magnitude ? top : top | 1n
  const value = Number(sticky) * 2 ** (Number(excess) - 1_074)
  return units < 0n ? -value : value
}
