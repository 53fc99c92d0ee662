/** The end of a pipeline without windows: whatever has come as far as this is put out. */
import type { Definition } from "../../pipeline/Source.ts"
import type { Row } from "../../pipeline/Row.ts"
import { placeOf } from "../../records/Batch.ts"
import { StructReader } from "../../records/StructReader.ts"
import { type Operator, Outcome, type Rows } from "../Operator.ts"
import type { Work } from "../Work.ts"

/**
 * Rows leave as they come, at once: nothing here waits for a watermark, so that no row is late, and a row's place says all
 * that has to be known of it.
 */
export class RowOutput implements Operator<Rows, ReadonlyArray<Row>> {
  readonly size = 0
  readonly #pipeline: string
  readonly #reader: StructReader
  #rows: Array<Row> = []

  constructor(pipeline: string, definition: Definition) {
    this.#pipeline = pipeline
    this.#reader = new StructReader(definition.columns)
  }

  take(_: number, { batch, keep, outcomes }: Rows): Work {
    for (let row = 0; row < batch.length; row++) {
      if (keep !== null && keep[row] === 0) continue
      if (outcomes[row]! < Outcome.aggregated) outcomes[row] = Outcome.aggregated
      this.#rows.push({
        pipeline: this.#pipeline,
        place: placeOf(batch, row),
        key: batch.dictionary.textOf(batch.keys[row]!),
        time: batch.times[row]!,
        values: this.#reader.read(batch, row)
      })
    }
    return []
  }

  advance(): Work {
    return []
  }

  drain(): ReadonlyArray<Row> | null {
    const rows = this.#rows
    if (rows.length === 0) return null
    this.#rows = []
    return rows
  }

  readonly pages = {}

  save(): void {}

  restore(): void {}
}
