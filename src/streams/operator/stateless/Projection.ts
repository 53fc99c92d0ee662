/** Keeps some of the fields of rows, in the order and under the names of the node. */
import type { Select } from "../../pipeline/Checked.ts"
import type { Rows } from "../Operator.ts"
import { RowStep } from "./RowStep.ts"

export class Projection extends RowStep {
  readonly #node: Select

  constructor(node: Select) {
    super(node.fingerprint)
    this.#node = node
  }

  protected changed(rows: Rows): Rows {
    const { batch } = rows
    const { definition, fields } = this.#node
    return {
      ...rows,
      batch: {
        ...batch,
        source: definition,
        columns: fields.map(({ field }) => batch.columns[field.index]!),
        large: batch.large === null ? null : fields.map(({ field }) => batch.large![field.index]!)
      }
    }
  }
}
