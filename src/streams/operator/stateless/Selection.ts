/** Leaves out the rows for which a condition or a function does not hold. */
import { shown } from "../../pipeline/check/Declarations.ts"
import { definitionOf, type Filter, originOf, type Where } from "../../pipeline/Checked.ts"
import { type Batch, rowAt } from "../../records/Batch.ts"
import type { Rows } from "../Operator.ts"
import { maskOf } from "../expressions/Evaluator.ts"
import type { Mask } from "../expressions/Comparison.ts"
import { rowIn, thrownBy } from "../UserFunction.ts"
import { RowStep } from "./RowStep.ts"

export class Selection extends RowStep {
  readonly #pipeline: string
  readonly #node: Where | Filter
  readonly #mask: Mask | null

  constructor(pipeline: string, node: Where | Filter) {
    // Functions of one text may differ in what they refer to.
    super(node._tag === "filter" ? node.test : node.fingerprint)
    this.#pipeline = pipeline
    this.#node = node
    this.#mask = node._tag === "where" ? maskOf(definitionOf(node.input), node.condition) : null
  }

  protected changed(rows: Rows): Rows {
    return { ...rows, keep: this.#keep(rows) }
  }

  #keep({ batch, keep: before }: Rows): Uint8Array | null {
    const node = this.#node
    if (node._tag === "where") {
      const mask = this.#mask!({ batch })
      if (!mask.includes(0)) return before
      if (before !== null) for (let row = 0; row < mask.length; row++) mask[row]! &= before[row]!
      return mask
    }
    const keep = new Uint8Array(batch.length)
    for (let row = 0; row < keep.length; row++) {
      if (before !== null && before[row] === 0) continue
      const kept = this.#test(node, batch, row)
      if (kept === true) keep[row] = 1
      // A promise would keep every row, and nothing at all none: whoever wrote the function has meant neither.
      else if (kept !== false) throw new TypeError(`${this.#nameOf(node)} has to return true or false, and returned ${shown(kept)} for ${rowIn(batch, row)}`)
    }
    return keep
  }

  #test(node: Filter, batch: Batch, row: number): unknown {
    try {
      // The function's row type and the source's columns come from one schema.
      return node.test(rowAt(batch, row))
    } catch (cause) {
      throw thrownBy(this.#nameOf(node), rowIn(batch, row), cause)
    }
  }

  #nameOf(node: Filter): string {
    return `the pipeline "${this.#pipeline}": a filter of the source "${originOf(node).source.definition.name}"`
  }
}
