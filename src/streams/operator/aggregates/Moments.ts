/**
 * Variance, standard deviation, covariance and correlation, from how many rows there are and the sums of their values and
 * of the products of these. The sums are exact and have an inverse, and of n rows `n * sum(xy) - sum(x) * sum(y)` is an
 * integer, so that nothing is lost however large the values are beside what they differ by. What is a double in the end
 * is made of these integers in one way.
 */
import { storedAt } from "../../records/Batch.ts"
import type { Value } from "../../pipeline/Pane.ts"
import type { Population } from "../../pipeline/Aggregate.ts"
import { type Accumulator, type Rows } from "./Accumulator.ts"
import { DoubleSum } from "./DoubleSum.ts"
import { ExactSum } from "./ExactSum.ts"
import { Lane, Sums } from "./Lane.ts"
import { nearestQuotient, nearestRoot } from "./Nearest.ts"
import { doublesOf, ProductSum } from "./ProductSum.ts"
import { finiteOrNull } from "./Totals.ts"

/** Sums of one kind of numbers, and how integers made of them become doubles. */
export interface Arithmetic {
  readonly sum: () => ExactSum | DoubleSum
  readonly products: () => ProductSum
  readonly quotient: (dividend: bigint, divisor: number) => number
  readonly root: (dividend: bigint, divisor: number) => number
  readonly correlation: (both: bigint, one: bigint, other: bigint) => number
}

/**
 * Of integers and unscaled decimals, whose products have so many decimals. A quotient is read from its digits as SQL can
 * have them too: 40 more decimals, and one that says whether anything is left over. Of those a double has 17.
 */
export const exact = (scale: number): Arithmetic => {
  const quotient = (dividend: bigint, divisor: number) => {
    const [sign, magnitude] = dividend < 0n ? ["-", -dividend] : ["", dividend]
    const [over, under] = [magnitude * moreDecimals, BigInt(divisor)]
    return Number(`${sign}${over / under}${over % under === 0n ? 0 : 1}e-${41 + scale}`)
  }
  return {
    sum: () => new ExactSum(),
    products: () => new ProductSum({ ofIntegers: true }),
    quotient,
    root: (dividend, divisor) => Math.sqrt(quotient(dividend, divisor)),
    correlation: (both, one, other) => {
      const quotient = Number(both) / Math.sqrt(Number(one) * Number(other))
      return Math.min(1, Math.max(-1, quotient))
    }
  }
}

const moreDecimals = 10n ** 40n

/** Where there are doubles: the nearest double to what is true. The scale is that of decimals among them. */
export const doubles = (scale: number): Arithmetic => {
  const unit = 10n ** BigInt(scale) << 2_148n
  return {
    sum: () => new DoubleSum(),
    products: () => new ProductSum({ ofIntegers: false }),
    quotient: (dividend, divisor) => nearestQuotient(dividend, unit * BigInt(divisor)),
    root: (dividend, divisor) => nearestRoot(dividend, unit * BigInt(divisor)),
    correlation: (both, one, other) => {
      const size = nearestRoot(both * both, one * other)
      return both < 0n ? -size : size
    }
  }
}

/** What a sum of products about the means is divided by; `null` where that says nothing. */
const divisorOf = (rows: number, of: Population): number | null => {
  const divisor = of === "population" ? rows * rows : rows * (rows - 1)
  return divisor === 0 ? null : divisor
}

/** The variance of a column, or its root. */
export class Spread extends Sums implements Accumulator {
  readonly #index: number
  readonly #of: Population
  readonly #finish: Arithmetic["quotient"]
  readonly #rows: Lane
  readonly #sum: ExactSum | DoubleSum
  readonly #squares: ProductSum

  constructor(options: { index: number; of: Population; isRoot: boolean; arithmetic: Arithmetic }) {
    const { arithmetic, index, isRoot, of } = options
    const [rows, sum, squares] = [new Lane(0), arithmetic.sum(), arithmetic.products()]
    super({ rows, sum, squares })
    this.#index = index
    this.#of = of
    this.#finish = isRoot ? arithmetic.root : arithmetic.quotient
    this.#rows = rows
    this.#sum = sum
    this.#squares = squares
  }

  add(rows: Rows, mask: Uint8Array | null): void {
    if (rows.batch.large?.[this.#index] != null) return this.#addWide(rows, mask)
    const column = rows.batch.columns[this.#index]!
    this.#sum.addColumn(rows, column, mask, this.#rows.values)
    this.#squares.addProducts(rows, [column, column], mask)
  }

  /** A value that no double holds is the sum of several, and its square is that of their products. */
  #addWide({ batch, from, slots, to }: Rows, mask: Uint8Array | null): void {
    for (let i = from; i < to; i++) {
      const slot = slots[i]!
      const value = storedAt(batch, this.#index, i)
      if (slot < 0 || (mask !== null && mask[i] === 0) || value !== value) continue
      this.#rows.values[slot]! += 1
      for (const part of doublesOf(value)) this.#sum.add(slot, part)
      this.#squares.addProduct(slot, value, value)
    }
  }

  addPreAggregated(): void {
    throw new TypeError("a variance cannot be made from pre-aggregated values")
  }

  result(slot: number): Value {
    const rows = this.#rows.values[slot]!
    const divisor = divisorOf(rows, this.#of)
    if (divisor === null) return null
    const sum = this.#sum.total(slot)
    return finiteOrNull(this.#finish(BigInt(rows) * this.#squares.total(slot) - sum * sum, divisor))
  }
}

/** The columns that are held against each other. */
export interface Pair {
  readonly one: number
  readonly other: number
}

/** What covariance and correlation have in common: the rows that have both values. */
abstract class Pairs extends Sums {
  readonly #pair: Pair
  readonly #rows: Lane
  protected readonly sums: { readonly one: ExactSum | DoubleSum; readonly other: ExactSum | DoubleSum; readonly both: ProductSum }

  constructor(pair: Pair, arithmetic: Arithmetic, squares: { readonly [name: string]: ProductSum }) {
    const [rows, one, other, both] = [new Lane(0), arithmetic.sum(), arithmetic.sum(), arithmetic.products()]
    super({ rows, one, other, both, ...squares })
    this.#pair = pair
    this.#rows = rows
    this.sums = { one, other, both }
  }

  add(added: Rows, mask: Uint8Array | null): void {
    const { batch, from, slots, to } = added
    if (batch.large?.[this.#pair.one] != null || batch.large?.[this.#pair.other] != null) return this.#addWide(added, mask)
    const [ones, others] = [batch.columns[this.#pair.one]!, batch.columns[this.#pair.other]!]
    const rows = this.#rows.values
    const { both, one, other } = this.sums
    for (let i = from; i < to; i++) {
      const slot = slots[i]!
      const [x, y] = [ones[i]!, others[i]!]
      if (slot < 0 || (mask !== null && mask[i] === 0) || x !== x || y !== y) continue
      rows[slot]! += 1
      one.add(slot, x)
      other.add(slot, y)
      both.add(slot, x, y)
      this.addSquares(slot, x, y)
    }
  }

  #addWide({ batch, from, slots, to }: Rows, mask: Uint8Array | null): void {
    const { both, one, other } = this.sums
    for (let i = from; i < to; i++) {
      const slot = slots[i]!
      const [x, y] = [storedAt(batch, this.#pair.one, i), storedAt(batch, this.#pair.other, i)]
      if (slot < 0 || (mask !== null && mask[i] === 0) || y !== y || x !== x) continue
      this.#rows.values[slot]! += 1
      for (const part of doublesOf(x)) one.add(slot, part)
      for (const part of doublesOf(y)) other.add(slot, part)
      both.addProduct(slot, x, y)
      this.addSquares(slot, x, y)
    }
  }

  protected abstract addSquares(slot: number, x: number | bigint, y: number | bigint): void

  addPreAggregated(): void {
    throw new TypeError("what two fields have in common cannot be made from pre-aggregated values")
  }

  protected rowsOf(slot: number): number {
    return this.#rows.values[slot]!
  }

  /** How they vary together, times the square of the number of rows. */
  protected together(slot: number): bigint {
    const { both, one, other } = this.sums
    return BigInt(this.rowsOf(slot)) * both.total(slot) - one.total(slot) * other.total(slot)
  }
}

export class Covariance extends Pairs implements Accumulator {
  readonly #of: Population
  readonly #arithmetic: Arithmetic

  constructor(options: { pair: Pair; of: Population; arithmetic: Arithmetic }) {
    super(options.pair, options.arithmetic, {})
    this.#of = options.of
    this.#arithmetic = options.arithmetic
  }

  protected addSquares(): void {}

  result(slot: number): Value {
    const divisor = divisorOf(this.rowsOf(slot), this.#of)
    return divisor === null ? null : finiteOrNull(this.#arithmetic.quotient(this.together(slot), divisor))
  }
}

export class Correlation extends Pairs implements Accumulator {
  readonly #arithmetic: Arithmetic
  readonly #squares: { readonly ones: ProductSum; readonly others: ProductSum }

  constructor(options: { pair: Pair; arithmetic: Arithmetic }) {
    const squares = { ones: options.arithmetic.products(), others: options.arithmetic.products() }
    super(options.pair, options.arithmetic, squares)
    this.#arithmetic = options.arithmetic
    this.#squares = squares
  }

  protected addSquares(slot: number, x: number | bigint, y: number | bigint): void {
    this.#squares.ones.addProduct(slot, x, x)
    this.#squares.others.addProduct(slot, y, y)
  }

  result(slot: number): Value {
    const rows = BigInt(this.rowsOf(slot))
    const [one, other] = [this.sums.one.total(slot), this.sums.other.total(slot)]
    const spreadOfOne = rows * this.#squares.ones.total(slot) - one * one
    const spreadOfOther = rows * this.#squares.others.total(slot) - other * other
    if (spreadOfOne === 0n || spreadOfOther === 0n) return null
    return finiteOrNull(this.#arithmetic.correlation(this.together(slot), spreadOfOne, spreadOfOther))
  }
}
