/**
 * Adds fields that are computed from those of a row. A row for which one does not fit goes no further; where rows are no
 * records that could be refused, the field is absent.
 */
import { areRecords, type DeriveFields } from "../../pipeline/Checked.ts"
import type { Use } from "../../pipeline/Uses.ts"
import type { Batch } from "../../records/Batch.ts"
import { valuesOf } from "../expressions/Evaluator.ts"
import type { Evaluator, Vector } from "../expressions/Vector.ts"
import type { Rows } from "../Operator.ts"
import { Refusing } from "./Refusing.ts"
import { RowStep } from "./RowStep.ts"

export class Derivation extends RowStep {
  readonly #node: DeriveFields
  readonly #areRecords: boolean
  readonly #values: ReadonlyArray<{ readonly name: string; readonly evaluator: Evaluator }>

  constructor(node: DeriveFields, useOf: (field: string) => Use) {
    // A text that somebody compares is another one than a text that is only handed on.
    super(JSON.stringify([node.fingerprint, node.values.map(({ name }) => useOf(name))]))
    this.#node = node
    this.#areRecords = areRecords(node)
    this.#values = node.values.map(({ expression, name }) => ({ name, evaluator: valuesOf(node.given, expression, useOf(name)) }))
  }

  protected changed(rows: Rows): Rows {
    const { batch } = rows
    const refusing = new Refusing(rows)
    const computed = this.#values.map(({ evaluator, name }) =>
      this.#areRecords
        ? evaluator.evaluate({
          batch,
          keep: rows.keep,
          refuse: (row, why) => refusing.refuse(row, { reason: "does-not-fit", detail: `"${name}" is ${why}` })
        })
        : fitting(evaluator, rows))
    const hasLarge = batch.large !== null || computed.some(({ large }) => large !== null)
    const wider: Batch = {
      ...batch,
      source: this.#node.definition,
      // What is computed stands where that of the rows before it did.
      absent: new Map(batch.absent),
      masks: new Map(),
      columns: [...batch.columns, ...computed.map(({ values }) => values)],
      large: hasLarge ? [...batch.large ?? batch.columns.map(() => null), ...computed.map(({ large }) => large)] : null
    }
    return refusing.rowsOf(wider)
  }
}

/** What does not fit is no value. */
const fitting = (evaluator: Evaluator, { batch, keep }: Rows): Vector => {
  const refused: Array<number> = []
  const { large, values } = evaluator.evaluate({ batch, keep, refuse: (row) => refused.push(row) })
  if (refused.length === 0) return { values, large }
  const left = values.slice()
  for (const row of refused) left[row] = NaN
  return { values: left, large: large === null ? null : new Map([...large].filter(([row]) => !refused.includes(row))) }
}
