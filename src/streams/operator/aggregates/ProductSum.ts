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
import { DoubleSum, errorOf, type Factors, unitBits, unitsOf } from "./DoubleSum.ts"
import type { Part } from "./Lane.ts"
import type { Runs } from "./Runs.ts"

/** Up to here and from its reciprocal on, nothing in the product of two overflows, and none of its digits is lost. */
const limit = 2 ** 480

export class ProductSum implements Part {
  readonly bytesPerSlot: number
  readonly #ofIntegers: boolean
  readonly #products = new DoubleSum()
  readonly #errors: DoubleSum
  readonly #far = new Map<number, bigint>()
  /** Of the rows of a batch what is added, used again for the next one. */
  #columns: Factors = [new Float64Array(0), new Float64Array(0)]

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

  /**
   * Adds the products of two columns' values where both are there; of a column with itself they are its squares. They are
   * columns for a moment: a number that is given to a function is an object as long as that is not compiled into the loop.
   */
  addProducts(rows: Rows, [left, right]: Factors, mask: Uint8Array | null): void {
    const { from, slots, to } = rows
    if (this.#columns[0].length < to) this.#columns = [new Float64Array(to * 2), new Float64Array(to * 2)]
    const [products, errors] = this.#columns
    for (let i = from; i < to; i++) {
      const a = left[i]!
      const b = right[i]!
      products[i] = errors[i] = NaN
      if (isNear(a) && isNear(b)) {
        products[i] = a * b
        errors[i] = errorOf(a, b)
      } else if (slots[i]! >= 0 && (mask === null || mask[i] !== 0) && a === a && b === b) this.add(slots[i]!, a, b)
    }
    this.#products.addColumn(rows, products, mask, null)
    this.#errors.addColumn(rows, errors, mask, null)
  }

  /** The same as {@link addProducts} of integers, in one loop: the sum of their errors needs no error of its own. */
  addRuns(runs: Runs, [allLeft, allRight]: Factors): void {
    this.#products.addRunsOfProducts(runs, [runs.inOrder(allLeft), runs.inOrder(allRight)])
  }

  /** Adds a product of values of any size, of which those that no double holds are made of several. */
  addProduct(slot: number, a: number | bigint, b: number | bigint): void {
    if (typeof a === "number" && typeof b === "number") return this.add(slot, a, b)
    for (const x of doublesOf(a)) for (const y of doublesOf(b)) this.add(slot, x, y)
  }

  add(slot: number, a: number, b: number): void {
    if (a === 0 || b === 0) return
    if (!(isNear(a) && isNear(b))) return this.#addFar(slot, unitsOf(a) * unitsOf(b))
    this.#products.add(slot, a * b)
    this.#errors.add(slot, errorOf(a, b))
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
