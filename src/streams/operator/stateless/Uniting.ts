/** The rows of two branches as rows of one: each goes on at once, with its place, and with its fields where the first side has them. */
import type { Union } from "../../pipeline/Checked.ts"
import type { Batch } from "../../records/Batch.ts"
import type { Rows } from "../Operator.ts"
import { RowStep } from "./RowStep.ts"

/** No log has as many partitions. */
const mostPartitions = 2 ** 20

export class Uniting extends RowStep {
  readonly #node: Union
  /** The names of all sources that rows may come from, in their order. */
  readonly #sources: ReadonlyArray<string>

  constructor(node: Union, sources: ReadonlyArray<string>) {
    super(null)
    this.#node = node
    this.#sources = [...sources].sort()
  }

  protected changed(rows: Rows, input: number): Rows {
    const { batch } = rows
    const { definition, places } = this.#node
    const isOther = input === 1
    const united = {
      ...this.#placed(batch),
      source: definition,
      columns: isOther ? places.map((at) => batch.columns[at]!) : batch.columns,
      large: isOther && batch.large !== null ? places.map((at) => batch.large![at]!) : batch.large
    }
    // What the other side has of this batch is still to come.
    return { ...rows, batch: united, others: -Infinity }
  }

  /** Of two rows the one of the earlier source is the earlier, then that of the smaller partition: one number says both. */
  #placed(batch: Batch): Batch {
    if (batch.places !== null) return batch
    const { length, offsets, partition, source: { name } } = batch
    const places = {
      sources: Array.from({ length }, () => name),
      partitions: new Int32Array(length).fill(partition),
      offsets,
      joined: null
    }
    return { ...batch, places, partition: this.#sources.indexOf(name) * mostPartitions + partition }
  }
}
