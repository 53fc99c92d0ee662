/** Adds fields that are computed from those of a row. A row for which one does not fit goes no further. */
import type { DeriveFields } from "../../pipeline/Checked.ts"
import type { Batch } from "../../records/Batch.ts"
import { valuesOf } from "../expressions/Evaluator.ts"
import type { Evaluator } from "../expressions/Vector.ts"
import { type Operator, type Rows } from "../Operator.ts"
import type { Work } from "../Work.ts"
import { Refusing } from "./Refusing.ts"

export class Derivation implements Operator<Rows, Rows> {
  readonly size = 0
  readonly #node: DeriveFields
  readonly #values: ReadonlyArray<{ readonly name: string; readonly evaluator: Evaluator }>
  #rows: Rows | null = null

  constructor(node: DeriveFields) {
    this.#node = node
    this.#values = node.values.map(({ expression, name }) => ({ name, evaluator: valuesOf(node.given, expression) }))
  }

  take(_: number, rows: Rows): Work {
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
    this.#rows = refusing.rowsOf(wider)
    return []
  }

  advance(): Work {
    return []
  }

  drain(): Rows | null {
    const rows = this.#rows
    this.#rows = null
    return rows
  }

  readonly pages = {}

  save(): void {}

  restore(): void {}
}
