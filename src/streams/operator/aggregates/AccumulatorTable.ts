/**
 * A pool of slots for all aggregates of a pipeline. One integer names the state of one key
 * in one slice, window or session; freed slots are used again, so memory follows what is
 * open and not what has been.
 */
import type { Aggregate, Field } from "../../pipeline/Checked.ts"
import type { Column } from "../../pipeline/Column.ts"
import type { Node } from "../../pipeline/Expr.ts"
import type { Values } from "../../pipeline/Pane.ts"
import { Chosen, Extreme } from "./Extremes.ts"
import { evaluate } from "../stateless/Condition.ts"
import { Custom } from "./Custom.ts"
import { grown, type Json, type Accumulator, members, type Rows } from "./Accumulator.ts"
import { Count, DoubleTotal, DoubleWeightedMean, ExactTotal, ExactWeightedMean } from "./Totals.ts"

interface Entry {
  readonly name: string
  /** `null` for the plain count, which is the number of rows that every slot has anyway. */
  readonly accumulator: Accumulator | null
  readonly where: Node | null
  /** The column of a pre-aggregated record that is this result; -1 where there is none. */
  readonly preAggregatedColumn: number
  /** What such a value is multiplied with, to have as many decimals as the result's field. */
  readonly factor: number
}

type TextOf = (number: number) => string
type NumberOf = (text: string) => number

export class AccumulatorTable {
  readonly #entries: ReadonlyArray<Entry>
  /** Which aggregates merging and un-merging concern: those with an inverse, those without, or all. */
  readonly invertible: ReadonlyArray<Accumulator>
  readonly others: ReadonlyArray<Accumulator>
  readonly all: ReadonlyArray<Accumulator>
  #capacity = 0
  #used = 0
  readonly #free: Array<number> = []
  /** Rows of each slot, whatever the aggregates look at: a slot without rows has no pane. */
  #rows = new Float64Array(0)
  /** Pre-aggregated records among them, which leave some results unknown. */
  #preAggregated = new Float64Array(0)

  constructor(aggregates: ReadonlyArray<Aggregate>) {
    this.#entries = aggregates.map((aggregate) => {
      const { field, name, op, preAggregated, where } = aggregate
      return {
        name,
        accumulator: op === "count" && where === null && preAggregated === null ? null : compile(aggregate),
        where,
        preAggregatedColumn: preAggregated?.index ?? -1,
        factor: 10 ** (scaleIn(field) - scaleIn(preAggregated))
      }
    })
    this.all = this.#entries.flatMap(({ accumulator }) => accumulator ?? [])
    this.invertible = this.all.filter(({ subtract }) => subtract !== null)
    this.others = this.all.filter(({ subtract }) => subtract === null)
  }

  /** Bytes that a slot takes: what a key costs in an open window. */
  get bytesPerSlot(): number {
    return this.all.reduce((bytes, { bytesPerSlot }) => bytes + bytesPerSlot, 16)
  }

  /** AccumulatorTable in use. */
  get size(): number {
    return this.#used - this.#free.length
  }

  allocate(): number {
    const free = this.#free.pop()
    if (free !== undefined) return free
    const slot = this.#used++
    if (slot >= this.#capacity) this.#grow()
    this.reset(slot)
    return slot
  }

  release(slot: number): void {
    this.reset(slot)
    this.#free.push(slot)
  }

  /** Texts are kept as numbers of a dictionary: gives them their numbers in another one. */
  renumber(numberOf: (number: number) => number): void {
    for (const accumulator of this.all) accumulator.renumber?.(this.#used, numberOf)
  }

  reset(slot: number): void {
    this.#rows[slot] = 0
    this.#preAggregated[slot] = 0
    for (const accumulator of this.all) accumulator.reset(slot)
  }

  #grow(): void {
    this.#capacity = Math.max(64, this.#capacity * 2)
    this.#rows = grown(this.#rows, this.#capacity)
    this.#preAggregated = grown(this.#preAggregated, this.#capacity)
    for (const accumulator of this.all) accumulator.grow(this.#capacity)
  }

  rowsOf(slot: number): number {
    return this.#rows[slot]!
  }

  /** The masks of the aggregates' conditions over a batch, one condition evaluated once. */
  masks(batch: Rows["batch"]): ReadonlyArray<Uint8Array | null> {
    const evaluated = new Map<string, Uint8Array>()
    return this.#entries.map(({ where }) => {
      if (where === null) return null
      const text = JSON.stringify(where)
      const mask = evaluated.get(text) ?? evaluate(where, batch)
      evaluated.set(text, mask)
      return mask
    })
  }

  add(rows: Rows, masks: ReadonlyArray<Uint8Array | null>): void {
    this.#countRows(rows, this.#rows)
    for (let i = 0; i < this.#entries.length; i++) this.#entries[i]!.accumulator?.add(rows, masks[i]!)
  }

  addPreAggregated(rows: Rows): void {
    this.#countRows(rows, this.#rows)
    this.#countRows(rows, this.#preAggregated)
    for (const { accumulator, factor, preAggregatedColumn } of this.#entries) {
      const column = rows.batch.columns[preAggregatedColumn]
      if (column !== undefined) accumulator?.addPreAggregated(rows, factor === 1 ? column : column.map((value) => value * factor))
    }
  }

  #countRows({ from, slots, to }: Rows, lane: Float64Array): void {
    for (let i = from; i < to; i++) if (slots[i]! >= 0) lane[slots[i]!]! += 1
  }

  /** `accumulators` says which aggregates take part; the counts of rows go with the invertible ones. */
  merge(into: number, from: number, accumulators: ReadonlyArray<Accumulator>): void {
    if (accumulators !== this.others) {
      this.#rows[into]! += this.#rows[from]!
      this.#preAggregated[into]! += this.#preAggregated[from]!
    }
    for (const accumulator of accumulators) accumulator.merge(into, from)
  }

  subtract(from: number, slot: number): void {
    this.#rows[from]! -= this.#rows[slot]!
    this.#preAggregated[from]! -= this.#preAggregated[slot]!
    for (const accumulator of this.invertible) accumulator.subtract!(from, slot)
  }

  result(slot: number, textOf: TextOf): Values {
    const values: Record<string, Values[string]> = {}
    const preAggregated = this.#preAggregated[slot]! > 0
    for (const { accumulator, name, preAggregatedColumn } of this.#entries) {
      const known = !preAggregated || preAggregatedColumn !== -1
      values[name] = known ? accumulator === null ? this.#rows[slot]! : accumulator.result(slot, textOf) : null
    }
    return values
  }

  encode(slot: number, textOf: TextOf): Json {
    return [this.#rows[slot]!, this.#preAggregated[slot]!, ...this.all.map((accumulator) => accumulator.encode(slot, textOf))]
  }

  decode(slot: number, json: Json, numberOf: NumberOf): void {
    const [rows, preAggregated, ...states] = members(json, this.all.length + 2)
    this.#rows[slot] = Number(rows)
    this.#preAggregated[slot] = Number(preAggregated)
    this.all.forEach((accumulator, index) => accumulator.decode(slot, states[index] ?? null, numberOf))
  }
}

/** Chooses the accumulator of an aggregate from its operation and the columns that it looks at. */
const compile = ({ by, custom, field, name, op }: Aggregate): Accumulator => {
  if (op === "count") return new Count()
  if (custom !== null) return new Custom(custom)
  if (field === null) throw new TypeError(`the aggregate "${name}" has no field`)
  const { column, index } = field
  switch (op) {
    case "mean":
    case "sum":
      return column.kind === "double"
        ? new DoubleTotal({ index, mean: op === "mean" })
        : new ExactTotal({ name, index, scale: scaleOf(column), mean: op === "mean" })
    case "min":
    case "max":
      return new Extreme({ index, column, sign: op === "max" ? 1 : -1 })
    case "first":
      return new Chosen({ index, column, by: null, bySign: -1, tieSign: -1 })
    case "last":
      return new Chosen({ index, column, by: null, bySign: 1, tieSign: 1 })
    case "weightedMean":
      return weightedMean(field, by ?? field)
    default:
      return new Chosen({ index, column, by: by?.index ?? null, bySign: op === "maxBy" ? 1 : -1, tieSign: -1 })
  }
}

const weightedMean = (value: Field, weight: Field): Accumulator => {
  const options = { value: value.index, weight: weight.index }
  return value.column.kind === "double" || weight.column.kind === "double"
    ? new DoubleWeightedMean({ ...options, unit: 10 ** -scaleIn(value) })
    : new ExactWeightedMean({ ...options, scale: scaleOf(value.column) })
}

const scaleOf = (column: Column): number | null => column.kind === "decimal" ? column.scale : null

const scaleIn = (field: Field | null): number => field?.column.kind === "decimal" ? field.column.scale : 0
