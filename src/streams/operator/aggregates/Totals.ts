/** Aggregates that add up: count, sum, mean and weighted mean. Exact ones have an inverse. */
import { divideHalfUp, fromUnscaled, meanExtraScale } from "../../../domain/Decimal.ts"
import type { Value } from "../../pipeline/Pane.ts"
import { ExactSum } from "./ExactSum.ts"
import { grown, type Json, type Accumulator, members, type Rows } from "./Accumulator.ts"

export class Count implements Accumulator {
  readonly bytesPerSlot = 8
  #rows = new Float64Array(0)

  grow(capacity: number): void {
    this.#rows = grown(this.#rows, capacity)
  }

  reset(slot: number): void {
    this.#rows[slot] = 0
  }

  add({ from, slots, to }: Rows, mask: Uint8Array | null): void {
    const rows = this.#rows
    for (let i = from; i < to; i++) {
      const slot = slots[i]!
      if (slot >= 0 && (mask === null || mask[i] !== 0)) rows[slot]! += 1
    }
  }

  addPreAggregated({ from, slots, to }: Rows, column: Float64Array): void {
    for (let i = from; i < to; i++) {
      const slot = slots[i]!
      if (slot >= 0 && !Number.isNaN(column[i]!)) this.#rows[slot]! += column[i]!
    }
  }

  merge(into: number, from: number): void {
    this.#rows[into]! += this.#rows[from]!
  }

  subtract = (from: number, slot: number): void => {
    this.#rows[from]! -= this.#rows[slot]!
  }

  result(slot: number): Value {
    return this.#rows[slot]!
  }

  encode(slot: number): Json {
    return this.#rows[slot]!
  }

  decode(slot: number, json: Json): void {
    this.#rows[slot] = Number(json)
  }
}

/** Sum or mean of a column of integers or unscaled decimals. */
export class ExactTotal implements Accumulator {
  readonly bytesPerSlot = 16
  readonly #index: number
  readonly #scale: number | null
  readonly #mean: boolean
  readonly #name: string
  readonly #sum = new ExactSum()
  #rows = new Float64Array(0)

  /** `scale` is that of a decimal column, `null` for integers. */
  constructor(options: { name: string; index: number; scale: number | null; mean: boolean }) {
    this.#index = options.index
    this.#scale = options.scale
    this.#mean = options.mean
    this.#name = options.name
  }

  grow(capacity: number): void {
    this.#sum.grow(capacity)
    this.#rows = grown(this.#rows, capacity)
  }

  reset(slot: number): void {
    this.#sum.reset(slot)
    this.#rows[slot] = 0
  }

  add(rows: Rows, mask: Uint8Array | null): void {
    this.#addColumn(rows, rows.batch.columns[this.#index]!, mask)
  }

  addPreAggregated(rows: Rows, column: Float64Array): void {
    this.#addColumn(rows, column, null)
  }

  #addColumn({ from, slots, to }: Rows, column: Float64Array, mask: Uint8Array | null): void {
    const sum = this.#sum
    const lane = sum.lane
    const counts = this.#rows
    for (let i = from; i < to; i++) {
      const slot = slots[i]!
      if (slot < 0 || (mask !== null && mask[i] === 0)) continue
      const value = column[i]!
      const total = lane[slot]! + value
      if (total <= Number.MAX_SAFE_INTEGER && total >= -Number.MAX_SAFE_INTEGER) lane[slot] = total
      // Only an absent value makes the total NaN; it is neither added nor counted.
      else if (value !== value) continue
      else sum.add(slot, value)
      counts[slot]! += 1
    }
  }

  merge(into: number, from: number): void {
    this.#sum.merge(into, from)
    this.#rows[into]! += this.#rows[from]!
  }

  subtract = (from: number, slot: number): void => {
    this.#sum.subtract(from, slot)
    this.#rows[from]! -= this.#rows[slot]!
  }

  result(slot: number): Value {
    const rows = this.#rows[slot]!
    if (rows === 0) return null
    if (!this.#mean) {
      if (this.#scale !== null) return fromUnscaled(this.#sum.total(slot), this.#scale)
      const total = this.#sum.small(slot)
      if (total === undefined) throw new RangeError(`the sum "${this.#name}" is beyond what an integer can hold`)
      return total
    }
    const total = this.#sum.total(slot)
    if (this.#scale === null) return Number(total) / rows
    return fromUnscaled(divideHalfUp(total * meanFactor, BigInt(rows)), this.#scale + meanExtraScale)
  }

  encode(slot: number): Json {
    return [this.#rows[slot]!, this.#sum.encode(slot)]
  }

  decode(slot: number, json: Json): void {
    const [rows, sum] = members(json, 2)
    this.#rows[slot] = Number(rows)
    this.#sum.decode(slot, String(sum))
  }
}

const meanFactor = 10n ** BigInt(meanExtraScale)

/** Sum or mean of doubles. Subtracting what was added does not give the former double back, so there is no inverse. */
export class DoubleTotal implements Accumulator {
  readonly bytesPerSlot = 16
  readonly subtract = null
  readonly #index: number
  readonly #mean: boolean
  #sum = new Float64Array(0)
  #rows = new Float64Array(0)

  constructor(options: { index: number; mean: boolean }) {
    this.#index = options.index
    this.#mean = options.mean
  }

  grow(capacity: number): void {
    this.#sum = grown(this.#sum, capacity)
    this.#rows = grown(this.#rows, capacity)
  }

  reset(slot: number): void {
    this.#sum[slot] = 0
    this.#rows[slot] = 0
  }

  add(rows: Rows, mask: Uint8Array | null): void {
    this.#addColumn(rows, rows.batch.columns[this.#index]!, mask)
  }

  addPreAggregated(rows: Rows, column: Float64Array): void {
    this.#addColumn(rows, column, null)
  }

  #addColumn({ from, slots, to }: Rows, column: Float64Array, mask: Uint8Array | null): void {
    for (let i = from; i < to; i++) {
      const slot = slots[i]!
      const value = column[i]!
      if (slot < 0 || (mask !== null && mask[i] === 0) || value !== value) continue
      this.#sum[slot]! += value
      this.#rows[slot]! += 1
    }
  }

  merge(into: number, from: number): void {
    this.#sum[into]! += this.#sum[from]!
    this.#rows[into]! += this.#rows[from]!
  }

  result(slot: number): Value {
    const rows = this.#rows[slot]!
    if (rows === 0) return null
    return finiteOrNull(this.#mean ? this.#sum[slot]! / rows : this.#sum[slot]!)
  }

  encode(slot: number): Json {
    return [this.#rows[slot]!, written(this.#sum[slot]!)]
  }

  decode(slot: number, json: Json): void {
    const [rows, sum] = members(json, 2)
    this.#rows[slot] = Number(rows)
    this.#sum[slot] = Number(sum)
  }
}

/** The weighted mean of a column of integers or unscaled decimals with weights of the same kind. */
export class ExactWeightedMean implements Accumulator {
  readonly bytesPerSlot = 24
  readonly #value: number
  readonly #weight: number
  readonly #scale: number | null
  readonly #products = new ExactSum()
  readonly #weights = new ExactSum()
  #rows = new Float64Array(0)

  constructor(options: { value: number; weight: number; scale: number | null }) {
    this.#value = options.value
    this.#weight = options.weight
    this.#scale = options.scale
  }

  grow(capacity: number): void {
    this.#products.grow(capacity)
    this.#weights.grow(capacity)
    this.#rows = grown(this.#rows, capacity)
  }

  reset(slot: number): void {
    this.#products.reset(slot)
    this.#weights.reset(slot)
    this.#rows[slot] = 0
  }

  add({ batch, from, slots, to }: Rows, mask: Uint8Array | null): void {
    const values = batch.columns[this.#value]!
    const weights = batch.columns[this.#weight]!
    for (let i = from; i < to; i++) {
      const slot = slots[i]!
      const value = values[i]!
      const weight = weights[i]!
      if (slot < 0 || (mask !== null && mask[i] === 0) || value !== value || weight !== weight) continue
      this.#products.addProduct(slot, value, weight)
      this.#weights.add(slot, weight)
      this.#rows[slot]! += 1
    }
  }

  addPreAggregated(): void {
    throw new TypeError("a weighted mean cannot be made from pre-aggregated values")
  }

  merge(into: number, from: number): void {
    this.#products.merge(into, from)
    this.#weights.merge(into, from)
    this.#rows[into]! += this.#rows[from]!
  }

  subtract = (from: number, slot: number): void => {
    this.#products.subtract(from, slot)
    this.#weights.subtract(from, slot)
    this.#rows[from]! -= this.#rows[slot]!
  }

  /** The weights' scale cancels out of products over weights, so that only the value's scale is left. */
  result(slot: number): Value {
    const weight = this.#weights.total(slot)
    if (weight === 0n) return null
    const products = this.#products.total(slot)
    if (this.#scale === null) return Number(products) / Number(weight)
    const mean = weight > 0n
      ? divideHalfUp(products * meanFactor, weight)
      : divideHalfUp(-products * meanFactor, -weight)
    return fromUnscaled(mean, this.#scale + meanExtraScale)
  }

  encode(slot: number): Json {
    return [this.#rows[slot]!, this.#products.encode(slot), this.#weights.encode(slot)]
  }

  decode(slot: number, json: Json): void {
    const [rows, products, weights] = members(json, 3)
    this.#rows[slot] = Number(rows)
    this.#products.decode(slot, String(products))
    this.#weights.decode(slot, String(weights))
  }
}

/** The weighted mean where values or weights are doubles. */
export class DoubleWeightedMean implements Accumulator {
  readonly bytesPerSlot = 16
  readonly subtract = null
  readonly #value: number
  readonly #weight: number
  readonly #unit: number
  #products = new Float64Array(0)
  #weights = new Float64Array(0)

  /** `unit` turns a stored value into a number: 10 to the minus scale for a decimal. */
  constructor(options: { value: number; weight: number; unit: number }) {
    this.#value = options.value
    this.#weight = options.weight
    this.#unit = options.unit
  }

  grow(capacity: number): void {
    this.#products = grown(this.#products, capacity)
    this.#weights = grown(this.#weights, capacity)
  }

  reset(slot: number): void {
    this.#products[slot] = 0
    this.#weights[slot] = 0
  }

  add({ batch, from, slots, to }: Rows, mask: Uint8Array | null): void {
    const values = batch.columns[this.#value]!
    const weights = batch.columns[this.#weight]!
    for (let i = from; i < to; i++) {
      const slot = slots[i]!
      const product = values[i]! * weights[i]!
      if (slot < 0 || (mask !== null && mask[i] === 0) || product !== product) continue
      this.#products[slot]! += product
      this.#weights[slot]! += weights[i]!
    }
  }

  addPreAggregated(): void {
    throw new TypeError("a weighted mean cannot be made from pre-aggregated values")
  }

  merge(into: number, from: number): void {
    this.#products[into]! += this.#products[from]!
    this.#weights[into]! += this.#weights[from]!
  }

  result(slot: number): Value {
    const weight = this.#weights[slot]!
    return weight === 0 ? null : finiteOrNull(this.#products[slot]! / weight * this.#unit)
  }

  encode(slot: number): Json {
    return [written(this.#products[slot]!), written(this.#weights[slot]!)]
  }

  decode(slot: number, json: Json): void {
    const [products, weights] = members(json, 2)
    this.#products[slot] = Number(products)
    this.#weights[slot] = Number(weights)
  }
}

/** A sum that has left the range of doubles says nothing any more. */
const finiteOrNull = (value: number): number | null => Number.isFinite(value) ? value : null

/** JSON knows no infinity: one is written as a text. */
const written = (sum: number): Json => Number.isFinite(sum) ? sum : String(sum)
