/** Aggregates that add up: count, sum, mean and weighted mean. All are exact until they are looked at, and have an inverse. */
import { divideHalfUp, fromUnscaled, meanExtraScale } from "../../../domain/Decimal.ts"
import type { Value } from "../../pipeline/Pane.ts"
import { storedAt } from "../../records/Batch.ts"
import type { Form } from "../../records/PaneBatch.ts"
import type { Accumulator, ResultColumn, Rows } from "./Accumulator.ts"
import type { DoubleSum } from "./DoubleSum.ts"
import type { ExactSum, Large } from "./ExactSum.ts"
import { Lane, storeNumbers, Sums } from "./Lane.ts"
import { ProductSum } from "./ProductSum.ts"
import type { Runs } from "./Runs.ts"

export class Count extends Sums implements Accumulator {
  readonly #rows: Lane

  constructor() {
    const rows = new Lane(0)
    super({ rows })
    this.#rows = rows
  }

  add({ from, slots, to }: Rows, mask: Uint8Array | null): void {
    const rows = this.#rows.values
    for (let i = from; i < to; i++) {
      const slot = slots[i]!
      if (slot >= 0 && (mask === null || mask[i] !== 0)) rows[slot]! += 1
    }
  }

  addRuns({ ends, length, owners }: Runs): void {
    const rows = this.#rows.values
    for (let run = 0; run < length; run++) rows[owners[run]!]! += ends[run]! - (run === 0 ? 0 : ends[run - 1]!)
  }

  addPreAggregated(): void {
    throw new TypeError("rows alone are counted here")
  }

  readonly form = { kind: "number" } as const

  result(slot: number): Value {
    return this.#rows.values[slot]!
  }

  store(slots: Int32Array, count: number, column: ResultColumn): void {
    storeNumbers(this.#rows.values, slots, count, column)
  }
}

/** Counts that somebody else has made, added to the rows: their sum is any integer. */
export class CountOfCounts extends Sums implements Accumulator {
  readonly #rows: ExactSum

  constructor(rows: ExactSum) {
    super({ rows })
    this.#rows = rows
  }

  add({ from, slots, to }: Rows, mask: Uint8Array | null): void {
    for (let i = from; i < to; i++) {
      if (slots[i]! >= 0 && (mask === null || mask[i] !== 0)) this.#rows.add(slots[i]!, 1)
    }
  }

  addRuns({ ends, length, owners }: Runs): void {
    for (let run = 0; run < length; run++) this.#rows.add(owners[run]!, ends[run]! - (run === 0 ? 0 : ends[run - 1]!))
  }

  addPreAggregated({ from, slots, to }: Rows, column: Float64Array): void {
    for (let i = from; i < to; i++) {
      if (slots[i]! >= 0 && !Number.isNaN(column[i]!)) this.#rows.add(slots[i]!, column[i]!)
    }
  }

  result(slot: number): Value {
    return this.#rows.small(slot) ?? this.#rows.total(slot)
  }
}

/** The sum of a column, and how many values went into it. */
export abstract class Total<Sum extends ExactSum | DoubleSum> extends Sums implements Accumulator {
  protected readonly sum: Sum
  protected readonly rows: Lane
  protected readonly index: number

  constructor(index: number, sum: Sum) {
    const rows = new Lane(0)
    super({ sum, rows })
    this.sum = sum
    this.rows = rows
    this.index = index
  }

  add(rows: Rows, mask: Uint8Array | null): void {
    this.sum.addColumn(rows, rows.batch.columns[this.index]!, mask, this.rows.values, rows.batch.large?.[this.index] ?? null)
  }

  addPreAggregated(rows: Rows, column: Float64Array, large: Large | null): void {
    this.sum.addColumn(rows, column, null, this.rows.values, large)
  }

  result(slot: number): Value {
    const rows = this.rows.values[slot]!
    return rows === 0 ? null : this.resultOf(slot, rows)
  }

  /** Of a slot that has values, so many. */
  protected abstract resultOf(slot: number, rows: number): Value
}

abstract class TotalOfIntegers extends Total<ExactSum> {
  addRuns(runs: Runs): void {
    const { columns, large } = runs.batch
    this.sum.addRuns(runs, columns[this.index]!, this.rows.values, large?.[this.index] ?? null)
  }
}

/** The exact sum of a column of integers (`scale` is `null`) or unscaled decimals. */
export class ExactTotal extends TotalOfIntegers {
  readonly #scale: number | null

  readonly form: Form

  constructor(options: { index: number; scale: number | null; sum: ExactSum }) {
    super(options.index, options.sum)
    this.#scale = options.scale
    this.form = options.scale === null ? { kind: "number" } : { kind: "decimal", scale: options.scale }
  }

  store(slots: Int32Array, count: number, { first, numbers, others, stride }: ResultColumn): void {
    const rows = this.rows.values
    for (let i = 0, place = first; i < count; i++, place += stride) {
      const slot = slots[i]!
      const total = rows[slot] === 0 ? NaN : this.sum.small(slot) ?? Infinity
      numbers[place] = total
      if (total === Infinity) others.set(place, this.resultOf(slot))
    }
  }

  protected resultOf(slot: number): Value {
    if (this.#scale !== null) return fromUnscaled(this.sum.total(slot), this.#scale)
    return this.sum.small(slot) ?? this.sum.total(slot)
  }
}

/** The mean of a column of integers (`scale` is `null`) or unscaled decimals. */
export class ExactMean extends TotalOfIntegers {
  readonly #scale: number | null

  readonly form: Form

  constructor(options: { index: number; scale: number | null; sum: ExactSum }) {
    super(options.index, options.sum)
    this.#scale = options.scale
    this.form = options.scale === null ? { kind: "number" } : { kind: "decimal", scale: options.scale + meanExtraScale }
  }

  store(slots: Int32Array, count: number, { first, numbers, others, stride }: ResultColumn): void {
    const counts = this.rows.values
    for (let i = 0, place = first; i < count; i++, place += stride) {
      const slot = slots[i]!
      const rows = counts[slot]!
      const total = this.sum.small(slot)
      const mean = rows === 0 ? NaN : total === undefined ? Infinity : this.#scale === null ? total / rows : smallMean(total, rows) ?? Infinity
      numbers[place] = mean
      if (mean === Infinity) others.set(place, this.resultOf(slot, rows))
    }
  }

  protected resultOf(slot: number, rows: number): Value {
    if (this.#scale === null) return Number(this.sum.total(slot)) / rows
    const small = this.sum.small(slot)
    const mean = (small === undefined ? undefined : smallMean(small, rows)) ?? divideHalfUp(this.sum.total(slot) * meanFactor, BigInt(rows))
    return fromUnscaled(mean, this.#scale + meanExtraScale)
  }
}

/** The same in doubles, where they hold all that is on the way exactly. */
const smallMean = (total: number, rows: number): number | undefined => {
  const magnitude = Math.abs(total)
  const whole = wholeQuotient(magnitude, rows)
  const rest = (magnitude - whole * rows) * doubledFactor + rows
  const mean = whole * smallFactor + wholeQuotient(rest, 2 * rows)
  if (mean > Number.MAX_SAFE_INTEGER || rows * doubledFactor > Number.MAX_SAFE_INTEGER / 2) return undefined
  return total < 0 ? -mean : mean
}

/** Of integers that doubles hold exactly. The quotient of doubles may be rounded up to the next one. */
const wholeQuotient = (dividend: number, divisor: number): number => {
  const quotient = Math.floor(dividend / divisor)
  return quotient * divisor > dividend ? quotient - 1 : quotient
}

const smallFactor = 10 ** meanExtraScale
const doubledFactor = 2 * smallFactor

const meanFactor = 10n ** BigInt(meanExtraScale)

/** The sum of a column of doubles, rounded once. */
export class DoubleTotal extends Total<DoubleSum> {
  protected resultOf(slot: number): Value {
    return finiteOrNull(this.sum.rounded(slot))
  }
}

/** The rounded sum of a column of doubles divided by the number of them. */
export class DoubleMean extends Total<DoubleSum> {
  protected resultOf(slot: number, rows: number): Value {
    return finiteOrNull(this.sum.rounded(slot) / rows)
  }
}

/** The columns of values and of their weights. */
export interface Weighted {
  readonly value: number
  readonly weight: number
}

/** The sums of a column's values times their weights, and of the weights. */
abstract class WeightedMean<Sum extends ExactSum | DoubleSum, Products extends Sum | ProductSum = Sum> extends Sums implements Accumulator {
  protected readonly products: Products
  protected readonly weights: Sum
  protected readonly columns: Weighted

  constructor(columns: Weighted, products: Products, weights: Sum) {
    super({ products, weights })
    this.products = products
    this.weights = weights
    this.columns = columns
  }

  add(rows: Rows, mask: Uint8Array | null): void {
    const { columns, large } = rows.batch
    const { value, weight } = this.columns
    if (large?.[value] != null || large?.[weight] != null) return this.#addLarge(rows, mask)
    const [values, weights] = [columns[value]!, columns[weight]!]
    this.products.addProducts(rows, [values, weights], mask)
    this.weights.addBeside(rows, [weights, values], mask)
  }

  #addLarge({ batch, from, slots, to }: Rows, mask: Uint8Array | null): void {
    for (let i = from; i < to; i++) {
      const slot = slots[i]!
      const [value, weight] = [storedAt(batch, this.columns.value, i), storedAt(batch, this.columns.weight, i)]
      if (slot < 0 || (mask !== null && mask[i] === 0) || value !== value || weight !== weight) continue
      this.addWeighted(slot, value, weight)
    }
  }

  addPreAggregated(): void {
    throw new TypeError("a weighted mean cannot be made from pre-aggregated values")
  }

  /** Of a row that has both; those that a double does not hold exactly are big integers. */
  protected abstract addWeighted(slot: number, value: number | bigint, weight: number | bigint): void

  abstract result(slot: number): Value
}

/** Of integers (`scale` is `null`) or unscaled decimals with weights of the same kind. */
export class ExactWeightedMean extends WeightedMean<ExactSum, ExactSum | ProductSum> {
  readonly #scale: number | null

  constructor(options: { columns: Weighted; scale: number | null; products: ExactSum | ProductSum; weights: ExactSum }) {
    super(options.columns, options.products, options.weights)
    this.#scale = options.scale
  }

  addRuns(runs: Runs): void {
    const { columns, large } = runs.batch
    const { value, weight } = this.columns
    if (!(this.products instanceof ProductSum) || large?.[value] != null || large?.[weight] != null) return this.add(runs, null)
    this.products.addRuns(runs, [columns[value]!, columns[weight]!])
    this.weights.addRunsBeside(runs, [columns[weight]!, columns[value]!])
  }

  protected addWeighted(slot: number, value: number | bigint, weight: number | bigint): void {
    this.products.addProduct(slot, value, weight)
    if (typeof weight === "number") this.weights.add(slot, weight)
    else this.weights.addBig(slot, weight)
  }

  /** The weights' scale cancels out of products over weights, so that only the value's scale is left. */
  result(slot: number): Value {
    const weight = this.weights.total(slot)
    if (weight === 0n) return null
    const products = this.products.total(slot)
    if (this.#scale === null) return Number(products) / Number(weight) + 0
    const mean = weight > 0n
      ? divideHalfUp(products * meanFactor, weight)
      : divideHalfUp(-products * meanFactor, -weight)
    return fromUnscaled(mean, this.#scale + meanExtraScale)
  }
}

/** Where values or weights are doubles. */
export class DoubleWeightedMean extends WeightedMean<DoubleSum> {
  readonly #unit: number

  /** `unit` turns a stored value into a number: 10 to the minus scale for a decimal. */
  constructor(options: { columns: Weighted; unit: number; products: DoubleSum; weights: DoubleSum }) {
    super(options.columns, options.products, options.weights)
    this.#unit = options.unit
  }

  protected addWeighted(slot: number, value: number | bigint, weight: number | bigint): void {
    this.products.addProduct(slot, Number(value), Number(weight))
    this.weights.add(slot, Number(weight))
  }

  result(slot: number): Value {
    const weight = this.weights.rounded(slot)
    return weight === 0 ? null : finiteOrNull(this.products.rounded(slot) / weight * this.#unit)
  }
}

/** What has left the range of doubles says nothing any more. There is one zero, as in JSON. */
export const finiteOrNull = (value: number): number | null => Number.isFinite(value) ? value + 0 : null
