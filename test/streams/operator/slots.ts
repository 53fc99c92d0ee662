/** Slots of an accumulator table that rows are put into as columns have them. */
import { AccumulatorTable } from "../../../src/streams/operator/aggregates/AccumulatorTable.ts"
import { StateReader, StateWriter } from "../../../src/streams/operator/State.ts"
import { windowOf } from "../../../src/streams/pipeline/Checked.ts"
import * as Aggregate from "../../../src/streams/pipeline/Aggregate.ts"
import { Pipeline, Source } from "../../../src/streams/pipeline/index.ts"
import type { Values } from "../../../src/streams/pipeline/Pane.ts"
import * as Batch from "../../../src/streams/records/Batch.ts"

type AnySource = Pick<Source.Source<unknown>, "definition" | "plan">

type Specs = { readonly [name: string]: Aggregate.Any }

/** By field: numbers, unscaled ones of decimals, and strings. */
export type Row = { readonly [field: string]: number | string }

export class Slots {
  readonly table: AccumulatorTable
  readonly #dictionary = new Batch.Dictionary()
  readonly #definition: Source.Definition

  constructor(source: AnySource, specs: Specs) {
    this.#definition = source.definition
    const pipeline = Aggregate.make({
      _tag: "window",
      input: source.plan,
      preAggregated: null,
      window: { kind: "tumbling", size: 1, offset: 0 },
      aggregates: Object.fromEntries(Object.entries(specs).map(([name, { spec }]) => [name, spec])),
      trigger: { on: "close" },
      allowedLateness: 0
    }).pipe(Pipeline.named("slots"))
    this.table = new AccumulatorTable("slots", windowOf(pipeline.checked).aggregates)
  }

  /** A new slot with these rows. */
  of(rows: ReadonlyArray<Row>): number {
    const slot = this.table.allocate()
    const batch = Batch.make(this.#definition, this.#dictionary, 0, rows.length)
    batch.length = rows.length
    this.#definition.columns.forEach(({ name }, index) =>
      rows.forEach(({ [name]: value = NaN }, i) => {
        batch.columns[index]![i] = typeof value === "string" ? this.#dictionary.numberOf(value) : value
      }))
    this.table.add({ batch, from: 0, to: rows.length, slots: new Int32Array(rows.length).fill(slot) }, this.table.masks(batch))
    return slot
  }

  values(slot: number): Values {
    return this.table.result(slot, (number) => this.#dictionary.textOf(number))
  }

  saved(slot: number): Uint8Array {
    const writer = new StateWriter()
    this.table.save(Int32Array.of(slot), writer.table("slots", 1), (number) => this.#dictionary.textOf(number))
    return writer.bytes!
  }

  restored(bytes: Uint8Array): number {
    const slot = this.table.allocate()
    const table = new StateReader([bytes]).table("slots")
    this.table.restore(Int32Array.of(slot), table, (text) => this.#dictionary.numberOf(text))
    table.end()
    return slot
  }
}

export const resultsOf = (source: AnySource, specs: Specs, rows: ReadonlyArray<Row>): Values => {
  const slots = new Slots(source, specs)
  return slots.values(slots.of(rows))
}
