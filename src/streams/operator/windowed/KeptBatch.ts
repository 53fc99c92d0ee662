/** Rows that are kept as rows of a batch once more, to be added to a slot. */
import type { Field } from "../../pipeline/Checked.ts"
import type { Definition } from "../../pipeline/Source.ts"
import * as Batch from "../../records/Batch.ts"
import type { AccumulatorTable } from "../aggregates/AccumulatorTable.ts"
import type { RowTable } from "../keyed/RowTable.ts"

/** Rows that are added together at most. */
const most = 256

interface Options {
  readonly table: RowTable
  readonly fields: ReadonlyArray<Field>
  readonly definition: Definition
  readonly isPreAggregated: boolean
  readonly dictionary: Batch.Dictionary
}

export class KeptBatch {
  readonly #table: RowTable
  readonly #fields: ReadonlyArray<Field>
  readonly #isPreAggregated: boolean
  readonly #slots = new Int32Array(most)
  readonly #large: ReadonlyArray<Map<number, bigint>>
  #batch: Batch.Batch

  constructor({ definition, dictionary, fields, isPreAggregated, table }: Options) {
    this.#table = table
    this.#fields = fields
    this.#isPreAggregated = isPreAggregated
    this.#large = definition.columns.map(() => new Map())
    this.#batch = this.#of(definition, dictionary)
  }

  /** Fields that are not kept are absent. */
  #of(definition: Definition, dictionary: Batch.Dictionary): Batch.Batch {
    const made = Batch.make(definition, dictionary, 0, most)
    for (const column of made.columns) column.fill(NaN)
    return { ...made, large: this.#large }
  }

  /** Conditions of aggregates are looked up by the source, which is the same object for all of its batches. */
  useSource(source: Definition): void {
    if (this.#batch.source !== source) this.#batch = this.#of(source, this.#batch.dictionary)
  }

  /** The rows that are kept have its numbers. */
  useDictionary(dictionary: Batch.Dictionary): void {
    this.#batch = this.#of(this.#batch.source, dictionary)
  }

  /** Adds one to those for a slot, and all to it where there is no room for more. */
  add(row: number, slot: number, slots: AccumulatorTable): void {
    const batch = this.#batch
    const table = this.#table
    // A batch is of one partition, by which rows of one time have their order.
    if (batch.length === most || (batch.length > 0 && batch.partition !== table.partitions[row])) this.flush(slot, slots)
    const at = batch.length++
    batch.partition = table.partitions[row]!
    batch.offsets[at] = table.offsets[row]!
    batch.times[at] = table.times[row]!
    batch.keys[at] = table.keys[row]!
    for (let column = 0; column < this.#fields.length; column++) {
      const { index } = this.#fields[column]!
      batch.columns[index]![at] = table.columns[column]![row]!
      const large = table.large[column]!
      if (large.size > 0 && large.has(row)) this.#large[index]!.set(at, large.get(row)!)
    }
  }

  flush(slot: number, slots: AccumulatorTable): void {
    const batch = this.#batch
    if (batch.length === 0) return
    this.#slots.fill(slot, 0, batch.length)
    const rows = { batch, from: 0, to: batch.length, slots: this.#slots }
    if (this.#isPreAggregated) slots.addPreAggregated(rows)
    else slots.add(rows, slots.masks(batch))
    for (const large of this.#large) large.clear()
    batch.length = 0
  }
}
