/**
 * A pool of slots for all aggregates of a pipeline. One integer names the state of one key
 * in one slice, window or session; freed slots are used again, so memory follows what is
 * open and not what has been.
 */
import { partsFor } from "../../pipeline/check/Aggregates.ts"
import type { Op } from "../../pipeline/Aggregate.ts"
import type { Aggregate, Field } from "../../pipeline/Checked.ts"
import type { Column } from "../../pipeline/Column.ts"
import type { Node } from "../../pipeline/Expression.ts"
import type { Values } from "../../pipeline/Pane.ts"
import type { Definition } from "../../pipeline/Source.ts"
import { PaneBatch, type Shape } from "../../records/PaneBatch.ts"
import { Chosen, Extreme } from "./Extremes.ts"
import type { Condition } from "../expressions/Comparison.ts"
import { conditionOf } from "../expressions/Evaluator.ts"
import { CountDistinct } from "./CountDistinct.ts"
import { Custom } from "./Custom.ts"
import type { TableReader, TableWriter } from "../State.ts"
import type { Accumulator, NumberOf, ResultColumn, Rows, TextOf } from "./Accumulator.ts"
import { DoubleSum } from "./DoubleSum.ts"
import { ExactSum } from "./ExactSum.ts"
import type { SlotPages } from "../SlotPages.ts"
import type { RowGroups } from "../windowed/Grouping.ts"
import { Lane, resetAll, storeNumbers } from "./Lane.ts"
import { ProductSum } from "./ProductSum.ts"
import { Runs } from "./Runs.ts"
import { WideChosen, WideExtreme } from "./Wide.ts"
import { Correlation, Covariance, doubles, exact, Spread } from "./Moments.ts"
import { QuantileSketch } from "./QuantileSketch.ts"
import { Count, CountOfCounts, DoubleMean, DoubleTotal, DoubleWeightedMean, ExactMean, ExactTotal, ExactWeightedMean } from "./Totals.ts"

interface Entry {
  readonly name: string
  /** `null` for the plain count, which is the number of rows that every slot has anyway. */
  readonly accumulator: Accumulator | null
  readonly where: Node | null
  /** The condition as a text. */
  readonly condition: string | null
  /** The column of a pre-aggregated record that is this result. */
  readonly preAggregatedColumn: number | null
  /** What such a value is multiplied with, to have as many decimals as the result's field. */
  readonly factor: number
  /** Which aggregate it is, for all that compute it over the same rows; `null` where each has its own. */
  readonly partial: string | null
}

/** What a slot is used for: work that comes and goes, or the state of a key. */
export const working = 1
export const owned = 2

/** Of a condition that holds for no row of a batch: most batches have none of what is unusual. */
const noRows = new Uint8Array(0)

/** What any pipeline has evaluated over a batch. */
const evaluatedOf = ({ masks, source }: Rows["batch"]): Map<string, Uint8Array | null> => {
  const known = masks?.get(source) ?? new Map<string, Uint8Array | null>()
  masks?.set(source, known)
  return known
}

export class AccumulatorTable {
  readonly #entries: ReadonlyArray<Entry>
  /** The conditions of the aggregates over rows of a source, one of each. */
  #masks: { readonly source: Definition; readonly byText: ReadonlyMap<string, Condition> } | null = null
  /** Which aggregates merging and un-merging concern: those with an inverse, those without, or all. */
  readonly invertible: ReadonlyArray<Accumulator>
  readonly others: ReadonlyArray<Accumulator>
  readonly all: ReadonlyArray<Accumulator>
  /** Whether {@link addGroups} comes to the same as adding the rows. */
  readonly isOfPartials: boolean
  #capacity = 0
  #used = 0
  readonly #free: Array<number> = []
  /** For each slot that has been given out and not come back {@link working} or {@link owned}. */
  #inUse = new Uint8Array(0)
  /** How the results of a pane are kept. */
  readonly shape: Shape
  readonly #pipeline: string
  readonly #aggregates: ReadonlyArray<Aggregate>
  /** Learns of each owned slot before it changes. */
  pages: Pick<SlotPages<never>, "renumber" | "touch" | "touchAll"> | null = null
  /** Rows of each slot, whatever the aggregates look at: a slot without rows has no pane. */
  readonly #rows = new Lane(0)
  /** Pre-aggregated records among them, which leave some results unknown. */
  readonly #preAggregated = new Lane(0)
  /** The rows that are added. */
  readonly #runs = new Runs()

  /** Messages name the pipeline. */
  constructor(pipeline: string, aggregates: ReadonlyArray<Aggregate>) {
    this.#pipeline = pipeline
    this.#aggregates = aggregates
    this.#entries = aggregates.map((aggregate) => {
      const { field, name, op, preAggregated, where } = aggregate
      return {
        name,
        accumulator: op === "count" && where === null && preAggregated === null ? null : compile(pipeline, aggregate),
        where,
        condition: where === null ? null : JSON.stringify(where),
        preAggregatedColumn: preAggregated?.index ?? null,
        factor: 10 ** (scaleIn(field) - scaleIn(preAggregated)),
        partial: partialOf(aggregate)
      }
    })
    this.isOfPartials = this.#entries.every(({ partial }) => partial !== null)
    this.shape = {
      pipeline,
      results: this.#entries.map(({ accumulator, name }) => ({ name, form: accumulator?.form ?? { kind: "number" } })),
      blank: Object.fromEntries(aggregates.map(({ name }) => [name, null]))
    }
    this.all = this.#entries.flatMap(({ accumulator }) => accumulator ?? [])
    this.invertible = this.all.filter(({ subtract }) => subtract !== null)
    this.others = this.all.filter(({ subtract }) => subtract === null)
  }

  /** Bytes that a slot takes: what a key costs in an open window. */
  get bytesPerSlot(): number {
    return this.all.reduce((bytes, { bytesPerSlot }) => bytes + bytesPerSlot, 16)
  }

  /** Slots in use. */
  get size(): number {
    return this.#used - this.#free.length
  }

  /** Slots that have ever been used. */
  get used(): number {
    return this.#used
  }

  /** Of an owned slot a checkpoint keeps what is in it; others can be made again from those. */
  allocate(use: typeof working | typeof owned = owned): number {
    const slot = this.#free.pop() ?? this.#used++
    if (slot >= this.#capacity) this.#grow()
    if (use === owned) this.pages?.touch(slot)
    this.#inUse[slot] = use
    return slot
  }

  release(slot: number): void {
    this.reset(slot)
    this.#inUse[slot] = 0
    this.#free.push(slot)
  }

  /** The same of many slots. */
  releaseAll(slots: Int32Array): void {
    for (let i = 0; i < slots.length; i++) this.#touch("reset", slots[i]!)
    resetAll(this.#rows, slots)
    resetAll(this.#preAggregated, slots)
    for (const accumulator of this.all) resetAll(accumulator, slots)
    for (let i = 0; i < slots.length; i++) {
      this.#inUse[slots[i]!] = 0
      this.#free.push(slots[i]!)
    }
  }

  /** Another one for the same aggregates, without slots. */
  like(): AccumulatorTable {
    return new AccumulatorTable(this.#pipeline, this.#aggregates)
  }

  /** A new slot with the state of one of another table for the same aggregates. */
  copyOf(source: AccumulatorTable, slot: number): number {
    const copy = this.allocate(working)
    this.#rows.copy(copy, slot, source.#rows)
    this.#preAggregated.copy(copy, slot, source.#preAggregated)
    for (let i = 0; i < this.all.length; i++) this.all[i]!.copy(copy, slot, source.all[i]!)
    return copy
  }

  /** Strings are kept as numbers of a dictionary: gives them their numbers in another one. */
  renumber(numberOf: (number: number) => number): void {
    for (const accumulator of this.all) accumulator.renumber?.(this.#used, numberOf)
    this.pages?.renumber(numberOf)
  }

  reset(slot: number): void {
    this.#touch("reset", slot)
    this.#rows.reset(slot)
    this.#preAggregated.reset(slot)
    for (const accumulator of this.all) accumulator.reset(slot)
  }

  /** Has to be called before what is known of a slot's owner changes. */
  touch(slot: number): void {
    this.#touch("touched", slot)
  }

  #touch(done: string, slot: number): void {
    const use = this.#inUse[slot]
    if (use === owned) this.pages?.touch(slot)
    else if (use !== working) throw released(done, slot)
  }

  /** One that never was is not. */
  #isInUse(slot: number): boolean {
    return (this.#inUse[slot] ?? 0) !== 0
  }

  #grow(): void {
    // By a quarter: with a million keys a doubling leaves as much memory unused as all of them take.
    this.#capacity = Math.max(64, Math.ceil(this.#capacity * 1.25))
    const inUse = new Uint8Array(this.#capacity)
    inUse.set(this.#inUse)
    this.#inUse = inUse
    for (const part of [this.#rows, this.#preAggregated, this.#runs, ...this.all]) part.grow(this.#capacity)
  }

  rowsOf(slot: number): number {
    return this.#rows.values[slot]!
  }

  /** The masks of the aggregates' conditions over a batch, one condition evaluated once; `null` where all rows are in, and {@link noRows} where none is. */
  masks(batch: Rows["batch"]): ReadonlyArray<Uint8Array | null> {
    const byText = this.#conditionsOf(batch.source)
    if (byText.size === 0) return this.#entries.map(() => null)
    const known = evaluatedOf(batch)
    for (const [text, conditionIn] of byText) {
      if (known.has(text)) continue
      const mask = conditionIn({ batch })
      if (typeof mask === "boolean") known.set(text, mask ? null : noRows)
      else known.set(text, !mask.includes(1) ? noRows : mask.includes(0) ? mask : null)
    }
    return this.#entries.map(({ condition }) => condition === null ? null : known.get(condition) ?? null)
  }

  #conditionsOf(source: Definition): ReadonlyMap<string, Condition> {
    if (this.#masks?.source !== source) {
      const conditions = new Map(this.#entries.flatMap(({ condition, where }) => condition === null || where === null ? [] : [[condition, where] as const]))
      this.#masks = { source, byText: new Map(Array.from(conditions, ([text, where]) => [text, conditionOf(source, where)])) }
    }
    return this.#masks.byText
  }

  add(rows: Rows, masks: ReadonlyArray<Uint8Array | null>): void {
    const runs = this.#runs.of(rows)
    if (runs !== null) return this.#addRuns(runs, masks)
    this.pages?.touchAll(rows.slots, rows.from, rows.to)
    countRows(rows, this.#rows.values)
    for (let i = 0; i < this.#entries.length; i++) if (masks[i] !== noRows) this.#entries[i]!.accumulator?.add(rows, masks[i]!)
  }

  #addRuns(runs: Runs, masks: ReadonlyArray<Uint8Array | null>): void {
    this.pages?.touchAll(runs.owners, 0, runs.length)
    countRuns(runs, this.#rows.values)
    for (const [i, { accumulator }] of this.#entries.entries()) {
      const mask = masks[i]!
      if (accumulator === null || mask === noRows) continue
      if (mask === null && accumulator.addRuns !== undefined) accumulator.addRuns(runs)
      else accumulator.add(runs, mask)
    }
  }

  /** Adds groups of rows to the slot of each: what they are for an aggregate is computed once for all tables that have it. */
  addGroups(groups: RowGroups, slots: Int32Array, masks: ReadonlyArray<Uint8Array | null>): void {
    this.pages?.touchAll(slots, 0, slots.length)
    const rows = this.#rows.values
    for (let group = 0; group < slots.length; group++) rows[slots[group]!]! += groups.sizes[group]!
    const part = this.allocate(working)
    for (const [i, { accumulator, partial }] of this.#entries.entries()) {
      if (accumulator === null || partial === null || masks[i] === noRows) continue
      const made = groups.partial(partial, masks[i]!, () => compile(this.#pipeline, this.#aggregates[i]!))
      for (let group = 0; group < slots.length; group++) {
        accumulator.copy(part, group, made)
        accumulator.merge(slots[group]!, part)
      }
    }
    this.release(part)
  }

  addPreAggregated(rows: Rows): void {
    this.pages?.touchAll(rows.slots, rows.from, rows.to)
    countRows(rows, this.#rows.values)
    countRows(rows, this.#preAggregated.values)
    for (const { accumulator, factor, preAggregatedColumn } of this.#entries) {
      const column = preAggregatedColumn === null ? undefined : rows.batch.columns[preAggregatedColumn]
      const large = preAggregatedColumn === null ? null : rows.batch.large?.[preAggregatedColumn] ?? null
      if (column !== undefined) accumulator?.addPreAggregated(rows, factor === 1 ? column : column.map((value) => value * factor), large)
    }
  }

  /** `accumulators` says which aggregates take part; the counts of rows go with the invertible ones. */
  merge(into: number, from: number, accumulators: ReadonlyArray<Accumulator>): void {
    if (!this.#isInUse(from)) throw released("merged", from)
    this.#touch("merged", into)
    if (accumulators !== this.others) {
      this.#rows.merge(into, from)
      this.#preAggregated.merge(into, from)
    }
    for (const accumulator of accumulators) accumulator.merge(into, from)
  }

  subtract(from: number, slot: number): void {
    if (!this.#isInUse(slot)) throw released("subtracted", slot)
    this.#touch("subtracted", from)
    this.#rows.subtract(from, slot)
    this.#preAggregated.subtract(from, slot)
    for (const accumulator of this.invertible) accumulator.subtract?.(from, slot)
  }

  /** Puts the results of slots into as many rows of panes. */
  store(slots: Int32Array, count: number, panes: PaneBatch, first: number): void {
    const { numbers, others, width: stride } = panes
    const textOf = (number: number) => panes.dictionary.textOf(number)
    for (let result = 0; result < this.#entries.length; result++) {
      const { accumulator } = this.#entries[result]!
      const column = { numbers, others, first: panes.placeOf(first, result), stride }
      if (accumulator === null) storeNumbers(this.#rows.values, slots, count, column)
      else if (accumulator.form != null && accumulator.store !== undefined) accumulator.store(slots, count, column)
      else storeEach(accumulator, slots, count, column, textOf)
    }
    for (let i = 0; i < count; i++) if (this.#preAggregated.values[slots[i]!]! > 0) this.#storeUnknown(panes, first + i)
  }

  /** Pre-aggregated records leave some results unknown. */
  #storeUnknown(panes: PaneBatch, row: number): void {
    for (const [result, { preAggregatedColumn }] of this.#entries.entries()) {
      if (preAggregatedColumn === null) panes.numbers[panes.placeOf(row, result)] = NaN
    }
  }

  result(slot: number, textOf: TextOf): Values {
    const panes = new PaneBatch(this.shape, { textOf }, 1)
    this.store(Int32Array.of(slot), 1, panes, 0)
    return panes.valuesAt(0)
  }

  /** Writes the state of these slots: a part for each result, under its name. */
  save(slots: Int32Array, table: TableWriter, textOf: TextOf): void {
    this.#rows.save("rows", slots, table)
    this.#preAggregated.save("preAggregated", slots, table)
    const results = table.part("results")
    for (const { accumulator, name } of this.#entries) accumulator?.save(slots, results.part(name), textOf)
  }

  /** Gives slots, one an entry, the state that was written; by name, in whatever order. */
  restore(slots: Int32Array, table: TableReader, numberOf: NumberOf): void {
    this.#rows.restore("rows", slots, table)
    this.#preAggregated.restore("preAggregated", slots, table)
    const results = table.part("results")
    for (const { accumulator, name } of this.#entries) {
      if (accumulator === null) continue
      const part = results.part(name)
      accumulator.restore(slots, part, numberOf)
      part.end()
    }
    results.end()
  }
}

/** Results of any kind, of which many are no numbers. */
const storeEach = (accumulator: Accumulator, slots: Int32Array, count: number, { first, numbers, others, stride }: ResultColumn, textOf: TextOf): void => {
  for (let i = 0, place = first; i < count; i++, place += stride) {
    const value = accumulator.result(slots[i]!, textOf)
    const isNumber = typeof value === "number" && Number.isFinite(value)
    numbers[place] = isNumber ? value : value === null ? NaN : Infinity
    if (!isNumber && value !== null) others.set(place, value)
  }
}

/** A user's function is handed each row, and what of doubles is kept depends on what was added to what. */
const partialOf = ({ by, custom, field, op, preAggregated, settings, where }: Aggregate): string | null => {
  const isOfDoubles = field?.column.kind === "double" || by?.column.kind === "double"
  const isExact = op === "count" || chosen.has(op) || (summed.has(op) && !isOfDoubles)
  return custom === null && isExact ? JSON.stringify([op, field?.index, by?.index, preAggregated?.column, settings, where]) : null
}

const chosen: ReadonlySet<Op> = new Set(["min", "max", "first", "last", "minBy", "maxBy"])

const summed: ReadonlySet<Op> = new Set(["sum", "mean", "weightedMean"])

const countRows = ({ from, slots, to }: Rows, lane: Float64Array): void => {
  for (let i = from; i < to; i++) if (slots[i]! >= 0) lane[slots[i]!]! += 1
}

/** Adds to a number of each slot how many rows it has. */
const countRuns = ({ ends, length, owners }: Runs, lane: Float64Array): void => {
  for (let at = 0; at < length; at++) lane[owners[at]!]! += ends[at]! - (at === 0 ? 0 : ends[at - 1]!)
}

const released = (done: string, slot: number): Error =>
  new Error(`a broken invariant: slot ${slot} was ${done} after it had been given back`)

/** Chooses the accumulator of an aggregate from its operation and the columns that it looks at. */
const compile = (pipeline: string, aggregate: Aggregate): Accumulator => {
  const { by, custom, field, name, op, preAggregated } = aggregate
  const isAnyWide = [field, by, preAggregated].some((each) => isWide(each?.column))
  if (op === "count") return preAggregated === null ? new Count() : new CountOfCounts(new ExactSum())
  if (custom !== null) return new Custom({ pipeline, name, spec: custom })
  if (field === null) throw new TypeError(`the aggregate "${name}" has no field`)
  const { column, index } = field
  switch (op) {
    case "sum":
      return column.kind === "double"
        ? new DoubleTotal(index, new DoubleSum())
        : new ExactTotal({ index, scale: scaleOf(column), sum: new ExactSum() })
    case "mean":
      return column.kind === "double"
        ? new DoubleMean(index, new DoubleSum())
        : new ExactMean({ index, scale: scaleOf(column), sum: new ExactSum() })
    case "min":
    case "max":
      return new (isAnyWide ? WideExtreme : Extreme)({ index, column, sign: op === "max" ? 1 : -1 })
    case "last":
      return new (isAnyWide ? WideChosen : Chosen)({ index, column, by: null, bySign: 1, tieSign: 1 })
    case "weightedMean":
      return weightedMean(field, by ?? field)
    case "variance":
    case "standardDeviation":
    case "covariance":
    case "correlation":
      return moments(aggregate, field, by ?? field)
    case "countDistinct":
      return new CountDistinct({ index, column, atMost: aggregate.settings.atMost ?? 0 })
    case "quantile": {
      const { error = 0, quantile = 0 } = aggregate.settings
      const scale = column.kind === "double" ? null : scaleIn(field)
      return new QuantileSketch({ index, quantile, scale, parts: partsFor(error) })
    }
    default:
      // The first is that of the smallest time.
      return new (isAnyWide ? WideChosen : Chosen)({ index, column, by: by?.index ?? null, bySign: op === "maxBy" ? 1 : -1, tieSign: -1 })
  }
}

const weightedMean = (value: Field, weight: Field): Accumulator => {
  const columns = { value: value.index, weight: weight.index }
  if (value.column.kind !== "double" && weight.column.kind !== "double") {
    // A product with a weight of many decimals is mostly beyond what an integer in a double holds.
    const products = scaleIn(weight) === 0 ? new ExactSum() : new ProductSum({ ofIntegers: true })
    const weights = new ExactSum()
    return new ExactWeightedMean({ columns, scale: scaleOf(value.column), products, weights })
  }
  const [products, weights] = [new DoubleSum(), new DoubleSum()]
  return new DoubleWeightedMean({ columns, unit: 10 ** -scaleIn(value), products, weights })
}

const isWide = (column: Column | undefined): boolean => column?.kind === "decimal" && column.isWide === true

const moments = ({ op, settings }: Aggregate, one: Field, other: Field): Accumulator => {
  const isDouble = one.column.kind === "double" || other.column.kind === "double"
  const arithmetic = (isDouble ? doubles : exact)(scaleIn(one) + scaleIn(other))
  const { of = "sample" } = settings
  const pair = { one: one.index, other: other.index }
  if (op === "covariance") return new Covariance({ pair, of, arithmetic })
  if (op === "correlation") return new Correlation({ pair, arithmetic })
  return new Spread({ index: one.index, of, isRoot: op === "standardDeviation", arithmetic })
}

const scaleOf = (column: Column): number | null => column.kind === "decimal" ? column.scale : null

const scaleIn = (field: Field | null): number => field?.column.kind === "decimal" ? field.column.scale : 0
