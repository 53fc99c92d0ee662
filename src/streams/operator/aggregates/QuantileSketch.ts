/**
 * Quantiles within a share of the value, from how many values are in each bucket. The sketch is DDSketch (Masson, Rim and
 * Lee, VLDB 2019) with its linearly interpolated mapping: each power of two is cut into as many equal buckets as the error
 * asks for, of which a value's own is in the top bits of its double, and a quantile is the middle of its bucket. As the
 * parts are a power of two, no logarithm and no rounding is in it, on whatever machine.
 *
 * Buckets are never collapsed, as the range of numbers bounds them. So counts add up in any order, and can be taken away
 * again. An exact column has buckets of integers (unscaled decimals), and those that hold one integer only are exact.
 */
import { StateError, type TableReader, type TableWriter } from "../State.ts"
import type { Value } from "../../pipeline/Pane.ts"
import { type Accumulator, type Rows } from "./Accumulator.ts"
import { NumberHash } from "./NumberSet.ts"
import { Tally } from "./Tally.ts"

/** How many bits of a double the upper half of it has behind sign and exponent. */
const upperBits = 20

interface Options {
  readonly index: number
  readonly quantile: number
  /** Buckets of a power of two: two to the power of some number below 20. */
  readonly parts: number
  /** Of an exact column; `null` for doubles. */
  readonly scale: number | null
}

export class QuantileSketch implements Accumulator {
  readonly bytesPerSlot: number
  readonly #index: number
  readonly #scale: number | null
  readonly #share: { readonly over: bigint; readonly under: bigint }
  /** Bits of the upper half of a double that say nothing of its bucket. */
  readonly #below: number
  readonly #hash = new NumberHash()
  readonly #tallies: Array<Tally | undefined> = []
  readonly #double = new Float64Array(1)
  // The upper half comes second wherever Node runs.
  readonly #halves = new Int32Array(this.#double.buffer)

  constructor({ index, parts, quantile, scale }: Options) {
    this.#index = index
    this.#scale = scale
    this.#share = fractionOf(quantile)
    this.#below = upperBits - Math.log2(parts)
    const buckets = 2 * (scale === null ? 2_047 : 53) * parts + 1
    this.bytesPerSlot = 8 + 24 * 2 ** Math.ceil(Math.log2(buckets))
  }

  grow(capacity: number): void {
    while (this.#tallies.length < capacity) this.#tallies.push(undefined)
  }

  reset(slot: number): void {
    this.#tallies[slot]?.clear()
  }

  add({ batch, from, slots, to }: Rows, mask: Uint8Array | null): void {
    const column = batch.columns[this.#index]!
    const large = batch.large?.[this.#index] ?? null
    for (let i = from; i < to; i++) {
      const slot = slots[i]!
      const value = column[i]!
      if (slot < 0 || (mask !== null && mask[i] === 0) || value !== value) continue
      // The nearest double to one that is infinite here is in its bucket, or in the next at its very edge.
      this.#tallyOf(slot).add(this.#bucketOf(Number(large?.get(i) ?? value)), 1)
    }
  }

  addPreAggregated(): void {
    throw new TypeError("a quantile cannot be made from pre-aggregated values")
  }

  #tallyOf(slot: number): Tally {
    return this.#tallies[slot] ??= new Tally(this.#hash)
  }

  /** In the order of the values; 0 is that of zero. */
  #bucketOf(value: number): number {
    if (value === 0) return 0
    this.#double[0] = value
    const bucket = ((this.#halves[1]! & 0x7fffffff) >>> this.#below) + 1
    return value < 0 ? -bucket : bucket
  }

  merge(into: number, from: number): void {
    this.#addAll(into, this.#tallies[from], 1)
  }

  subtract = (from: number, slot: number): void => this.#addAll(from, this.#tallies[slot], -1)

  copy(into: number, from: number, source: this): void {
    this.reset(into)
    this.#addAll(into, source.#tallies[from], 1)
  }

  #addAll(into: number, tally: Tally | undefined, sign: 1 | -1): void {
    if (tally === undefined || tally.size === 0) return
    const target = this.#tallyOf(into)
    for (let i = 0; i < tally.size; i++) target.add(tally.numberAt(i), sign * tally.countAt(i))
  }

  result(slot: number): Value {
    const tally = this.#tallies[slot]
    if (tally === undefined) return null
    const rows = tally.total
    let rank = Number(this.#share.over * BigInt(Math.max(0, rows - 1)) / this.#share.under)
    for (const bucket of tally.counted()) {
      const count = tally.countOf(bucket)
      if (rank < count) return this.#middleOf(bucket)
      rank -= count
    }
    return null
  }

  #middleOf(bucket: number): number {
    if (bucket < 0) return -this.#middleOf(-bucket)
    if (bucket === 0) return 0
    if (this.#scale === null) return this.#doubleAt(bucket - 1, 2 ** (this.#below - 1))
    const [first, beyond] = [Math.ceil(this.#doubleAt(bucket - 1, 0)), Math.ceil(this.#doubleAt(bucket, 0))]
    return Number(`${first / 2 + (beyond - 1) / 2}e-${this.#scale}`)
  }

  #doubleAt(bucket: number, more: number): number {
    this.#halves[1] = bucket * 2 ** this.#below + more
    this.#halves[0] = 0
    return this.#double[0]!
  }

  save(slots: Int32Array, table: TableWriter): void {
    table.json("buckets", Array.from(slots, (slot) => {
      const tally = this.#tallies[slot]
      return tally === undefined ? [] : Array.from(tally.counted()).flatMap((bucket) => [bucket, tally.countOf(bucket)])
    }))
  }

  restore(slots: Int32Array, table: TableReader): void {
    for (const [i, pairs] of table.json("buckets").entries()) {
      this.reset(slots[i]!)
      const tally = this.#tallyOf(slots[i]!)
      if (!Array.isArray(pairs) || pairs.length % 2 !== 0 || !pairs.every(Number.isSafeInteger)) throw damaged()
      for (let at = 0; at < pairs.length; at += 2) {
        const [bucket, count] = [pairs[at], pairs[at + 1]]
        // Each once, in their order, and with values in it.
        if ((at > 0 && bucket <= pairs[at - 2]) || Math.abs(bucket) > this.#buckets || count < 1) throw damaged()
        tally.add(bucket, count)
      }
    }
  }

  /** Of one sign. */
  get #buckets(): number {
    return 2_047 * 2 ** (upperBits - this.#below)
  }
}

const damaged = (): Error => new StateError("the snapshot is damaged: the buckets of a quantile")

/** A share as the decimal that it is written as: 0.29 of 100 is 29, and not a little less. */
const fractionOf = (share: number): { readonly over: bigint; readonly under: bigint } => {
  const [digits = "0", exponent = "0"] = String(share).split("e")
  const [whole = "0", fraction = ""] = digits.split(".")
  return { over: BigInt(whole + fraction), under: 10n ** BigInt(fraction.length - Number(exponent)) }
}
