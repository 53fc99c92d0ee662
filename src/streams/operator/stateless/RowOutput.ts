/** The end of a pipeline without windows: whatever has come as far as this is put out. */
import type { WindowFields } from "../../pipeline/Checked.ts"
import type { Definition } from "../../pipeline/Source.ts"
import type { Place, Row } from "../../pipeline/Row.ts"
import { type Batch, placeOf } from "../../records/Batch.ts"
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
  readonly #window: WindowFields | null
  #rows: Array<Row> = []

  /** `window` says where a row has its window, which is its place; `null` where that is one in the log. */
  constructor(pipeline: string, definition: Definition, window: WindowFields | null) {
    this.#pipeline = pipeline
    this.#window = window
    this.#reader = new StructReader(definition.columns)
  }

  take(_: number, { batch, keep, outcomes }: Rows): Work {
    for (let row = 0; row < batch.length; row++) {
      if (keep !== null && keep[row] === 0) continue
      if (outcomes[row]! < Outcome.aggregated) outcomes[row] = Outcome.aggregated
      this.#rows.push({
        pipeline: this.#pipeline,
        place: this.#window === null ? placeOf(batch, row) : windowIn(batch, row, this.#window),
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

/** The place of a row that is the result of a window. */
export const windowIn = ({ columns, dictionary, source }: Batch, row: number, { end, key, start }: WindowFields): Place => ({
  source: source.name,
  partition: 0,
  offset: 0,
  window: { start: columns[start]![row]!, end: columns[end]![row]!, key: dictionary.textOf(columns[key]![row]!) }
})
