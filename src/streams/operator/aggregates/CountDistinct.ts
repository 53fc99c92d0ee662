/**
 * How many different values there are, exactly: a set of numbers a slot, strings by their numbers in the dictionary. More
 * than a bound are not kept, and not counted either: one set or several that are merged then say `null`, whatever came
 * first. There is no inverse, since a value may have come from elsewhere too.
 */
import type { Column } from "../../pipeline/Column.ts"
import type { Value } from "../../pipeline/Pane.ts"
import { StateError, type TableReader, type TableWriter } from "../State.ts"
import { compareText } from "../windowed/KeyOrder.ts"
import { type Accumulator, type NumberOf, type Rows, type TextOf } from "./Accumulator.ts"
import { NumberHash, NumberSet } from "./NumberSet.ts"

/** In place of a set that has become too large. */
const tooMany = null

export class CountDistinct implements Accumulator {
  readonly bytesPerSlot: number
  readonly subtract = null
  readonly #index: number
  readonly #isText: boolean
  readonly #atMost: number
  readonly #hash = new NumberHash()
  readonly #sets: Array<NumberSet | typeof tooMany | undefined> = []

  constructor(options: { index: number; column: Column; atMost: number }) {
    this.#index = options.index
    this.#isText = options.column.kind === "string"
    this.#atMost = options.atMost
    this.bytesPerSlot = 8 + 16 * Math.max(8, 2 ** Math.ceil(Math.log2(options.atMost)))
  }

  grow(capacity: number): void {
    while (this.#sets.length < capacity) this.#sets.push(undefined)
  }

  reset(slot: number): void {
    const set = this.#sets[slot]
    if (set === tooMany) this.#sets[slot] = undefined
    else set?.clear()
  }

  add({ batch, from, slots, to }: Rows, mask: Uint8Array | null): void {
    const column = batch.columns[this.#index]!
    for (let i = from; i < to; i++) {
      const slot = slots[i]!
      const value = column[i]!
      if (slot < 0 || (mask !== null && mask[i] === 0) || value !== value) continue
      const set = this.#setOf(slot)
      // Of the two zeros there is one.
      if (set !== tooMany) this.#put(slot, set, value + 0)
    }
  }

  addPreAggregated(): void {
    throw new TypeError("different values cannot be counted from pre-aggregated ones")
  }

  #setOf(slot: number): NumberSet | typeof tooMany {
    const set = this.#sets[slot]
    return set === undefined ? this.#sets[slot] = new NumberSet(this.#hash) : set
  }

  #put(slot: number, set: NumberSet, value: number): void {
    if (set.size < this.#atMost) set.add(value)
    else if (set.find(value) < 0) this.#sets[slot] = tooMany
  }

  merge(into: number, from: number): void {
    const source = this.#sets[from]
    if (source === undefined) return
    if (source === tooMany) this.#sets[into] = tooMany
    for (const value of source?.values ?? []) {
      const set = this.#setOf(into)
      if (set === tooMany) return
      this.#put(into, set, value)
    }
  }

  copy(into: number, from: number, source: this): void {
    this.#fill(into, source.#sets[from]?.values ?? [])
    if (source.#sets[from] === tooMany) this.#sets[into] = tooMany
  }

  #fill(slot: number, values: Iterable<number>): void {
    this.reset(slot)
    for (const value of values) this.#setOf(slot)?.add(value)
  }

  result(slot: number): Value {
    const set = this.#sets[slot]
    return set === tooMany ? null : set?.size ?? 0
  }

  renumber(slots: number, numberOf: (number: number) => number): void {
    if (!this.#isText) return
    for (let slot = 0; slot < slots; slot++) {
      const set = this.#sets[slot]
      if (set != null) this.#fill(slot, Float64Array.from(set.values, numberOf))
    }
  }

  save(slots: Int32Array, table: TableWriter, textOf: TextOf): void {
    table.json("values", Array.from(slots, (slot) => {
      const set = this.#sets[slot]
      if (set === tooMany) return null
      const values = set === undefined ? [] : Array.from(set.values)
      return this.#isText ? values.map(textOf).sort(compareText) : values.sort((a, b) => a - b)
    }))
  }

  restore(slots: Int32Array, table: TableReader, numberOf: NumberOf): void {
    for (const [i, values] of table.json("values").entries()) {
      const numbers = values === null ? [] : this.#numbersOf(values, numberOf)
      this.#fill(slots[i]!, numbers)
      if (values === null) this.#sets[slots[i]!] = tooMany
    }
  }

  #numbersOf(values: unknown, numberOf: NumberOf): ReadonlyArray<number> {
    const given: ReadonlyArray<unknown> = Array.isArray(values) ? values : [values]
    const numbers = given.flatMap((value) => {
      if (this.#isText) return typeof value === "string" ? [numberOf(value)] : []
      return typeof value === "number" ? [value] : []
    })
    const isWhole = Array.isArray(values) && numbers.length === given.length && numbers.length <= this.#atMost
    if (isWhole && new Set(numbers).size === numbers.length) return numbers
    throw new StateError("the snapshot is damaged: what was counted of different values")
  }
}
