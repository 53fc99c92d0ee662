/** Adds fields that are computed from those of a row. A row for which one does not fit goes no further. */
import type { DeriveFields } from "../../pipeline/Checked.ts"
import type { Batch } from "../../records/Batch.ts"
import { valuesOf } from "../expressions/Evaluator.ts"
import type { Evaluator } from "../expressions/Vector.ts"
import type { Rows } from "../Operator.ts"
import { Refusing } from "./Refusing.ts"
import { RowStep } from "./RowStep.ts"

export class Derivation extends RowStep {
  readonly #node: DeriveFields
  readonly #values: ReadonlyArray<{ readonly name: string; readonly evaluator: Evaluator }>

  constructor(node: DeriveFields) {
    super()
    this.#node = node
    this.#values = node.values.map(({ expression, name }) => ({ name, evaluator: valuesOf(node.given, expression) }))
  }

  protected changed(rows: Rows): Rows {
    const { batch } = rows
    const refusing = new Refusing(rows)
    const computed = this.#values.map(({ evaluator, name }) =>
      evaluator.evaluate({
        batch,
        keep: rows.keep,
        refuse: (row, why) => refusing.refuse(row, { reason: "does-not-fit", detail: `"${name}" is ${why}` })
      }))
    const hasLarge = batch.large !== null || computed.some(({ large }) => large !== null)
    const wider: Batch = {
      ...batch,
      source: this.#node.definition,
      columns: [...batch.columns, ...computed.map(({ values }) => values)],
      large: hasLarge ? [...batch.large ?? batch.columns.map(() => null), ...computed.map(({ large }) => large)] : null
    }
    return refusing.rowsOf(wider)
  }
}
