/**
 * Sums of products without rounding, one a slot. A product of two doubles is itself rounded and an error, both of them
 * doubles (Dekker's product, 1971, after Veltkamp's splitting), and doubles are summed exactly by {@link DoubleSum}. The
 * errors of doubles have a sum of their own, since both together would be too far apart for its quick way; those of
 * integers are integers, and are not.
 *
 * Where a factor is so large or small that the parts of its products would leave the range of doubles, the product is
 * added to a big integer, in units of 2^-2148, of which every product is a whole number.
 */
import type { TableReader, TableWriter } from "../State.ts"
import type { Rows } from "./Accumulator.ts"
import { DoubleSum, unitBits, unitsOf } from "./DoubleSum.ts"
import type { Part } from "./Lane.ts"

/** Up to here and from its reciprocal on, nothing in the product of two overflows, and none of its digits is lost. */
const limit = 2 ** 480

/** Divides the 53 bits of a double in two. */
const splitter = 2 ** 27 + 1

export class ProductSum implements Part {
  readonly bytesPerSlot: number
  readonly #ofIntegers: boolean
  readonly #products = new DoubleSum()
  readonly #errors: DoubleSum
  readonly #far = new Map<number, bigint>()

  constructor({ ofIntegers }: { readonly ofIntegers: boolean }) {
    this.#ofIntegers = ofIntegers
    this.#errors = ofIntegers ? this.#products : new DoubleSum()
    this.bytesPerSlot = this.#sums.reduce((bytes, sum) => bytes + sum.bytesPerSlot, 0)
  }

  get #sums(): ReadonlyArray<DoubleSum> {
    return this.#ofIntegers ? [this.#products] : [this.#products, this.#errors]
  }

  grow(capacity: number): void {
    this.#products.grow(capacity)
    if (!this.#ofIntegers) this.#errors.grow(capacity)
  }

  reset(slot: number): void {
    this.#products.reset(slot)
    if (!this.#ofIntegers) this.#errors.reset(slot)
    if (this.#far.size > 0) this.#far.delete(slot)
  }

  /** Adds the squares of the values of a column that are there. */
  addSquares({ from, slots, to }: Rows, column: Float64Array, mask: Uint8Array | null): void {
    for (let i = from; i < to; i++) {
      const slot = slots[i]!
      const value = column[i]!
      if (slot < 0 || (mask !== null && mask[i] === 0) || value !== value) continue
      this.add(slot, value, value)
    }
  }

  /** Adds a product of values of any size, of which those that no double holds are made of several. */
  addProduct(slot: number, a: number | bigint, b: number | bigint): void {
    if (typeof a === "number" && typeof b === "number") return this.add(slot, a, b)
    for (const x of doublesOf(a)) for (const y of doublesOf(b)) this.add(slot, x, y)
  }

  add(slot: number, a: number, b: number): void {
    if (a === 0 || b === 0) return
    if (!(isNear(a) && isNear(b))) return this.#addFar(slot, unitsOf(a) * unitsOf(b))
    const product = a * b
    const [aTop, bTop] = [splitter * a, splitter * b]
    const aHigh = aTop - (aTop - a)
    const bHigh = bTop - (bTop - b)
    const [aLow, bLow] = [a - aHigh, b - bHigh]
    const error = aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow)
    this.#products.add(slot, product)
    if (error !== 0) this.#errors.add(slot, error)
  }

  #addFar(slot: number, units: bigint): void {
    const far = (this.#far.get(slot) ?? 0n) + units
    if (far === 0n) this.#far.delete(slot)
    else this.#far.set(slot, far)
  }

  merge(into: number, from: number): void {
    this.#products.merge(into, from)
    if (!this.#ofIntegers) this.#errors.merge(into, from)
    if (this.#far.size > 0) this.#addFar(into, this.#far.get(from) ?? 0n)
  }

  copy(into: number, from: number, source: this): void {
    this.#products.copy(into, from, source.#products)
    if (!this.#ofIntegers) this.#errors.copy(into, from, source.#errors)
    const far = source.#far.get(from)
    if (far === undefined) this.#far.delete(into)
    else this.#far.set(into, far)
  }

  subtract(from: number, slot: number): void {
    this.#products.subtract(from, slot)
    if (!this.#ofIntegers) this.#errors.subtract(from, slot)
    if (this.#far.size > 0) this.#addFar(from, -(this.#far.get(slot) ?? 0n))
  }

  /** Of integers the sum itself, else in units of 2^-2148. */
  total(slot: number): bigint {
    if (this.#ofIntegers) return this.#products.whole(slot)
    return ((this.#products.total(slot) + this.#errors.total(slot)) << unitBits) + (this.#far.get(slot) ?? 0n)
  }

  save(name: string, slots: Int32Array, table: TableWriter): void {
    this.#products.save(name, slots, table)
    if (this.#ofIntegers) return
    this.#errors.save(`${name}.errors`, slots, table)
    const far = Array.from(slots, (slot, i) => [i, this.#far.get(slot) ?? 0n] as const).filter(([, units]) => units !== 0n)
    table.integers(`${name}.far`, new Float64Array(slots.length), new Map(far))
  }

  restore(name: string, slots: Int32Array, table: TableReader): void {
    this.#products.restore(name, slots, table)
    if (this.#ofIntegers) return
    this.#errors.restore(`${name}.errors`, slots, table)
    for (const [i, units] of table.integers(`${name}.far`).large) this.#far.set(slots[i]!, units)
  }
}

/** Doubles whose sum is an integer, the nearest one first. */
export const doublesOf = (value: number | bigint): ReadonlyArray<number> => {
  if (typeof value === "number") return [value]
  const doubles: Array<number> = []
  for (let rest = value; rest !== 0n; rest -= BigInt(doubles.at(-1)!)) doubles.push(Number(rest))
  return doubles
}

const isNear = (value: number): boolean => {
  const magnitude = Math.abs(value)
  return magnitude < limit && magnitude > 1 / limit
}
