/** Leaves out the rows for which a condition or a function does not hold. */
import type { Filter, Where } from "../../pipeline/Checked.ts"
import { rowAt } from "../../records/Batch.ts"
import type { Operator, Rows } from "../Operator.ts"
import { evaluate } from "./Condition.ts"

export class Selection implements Operator<Rows, Rows> {
  readonly size = 0
  readonly #node: Where | Filter
  #rows: Rows | null = null

  constructor(node: Where | Filter) {
    this.#node = node
  }

  take(_: number, rows: Rows): void {
    this.#rows = { ...rows, keep: this.#keep(rows) }
  }

  #keep({ batch, keep: before }: Rows): Uint8Array {
    const node = this.#node
    if (node._tag === "where") {
      const mask = evaluate(node.condition, batch)
      if (before !== null) for (let row = 0; row < mask.length; row++) mask[row]! &= before[row]!
      return mask
    }
    const keep = new Uint8Array(batch.length)
    for (let row = 0; row < keep.length; row++) {
      if (before !== null && before[row] === 0) continue
      // The function's row type and the source's columns come from one schema.
      if (node.test(rowAt(batch, row))) keep[row] = 1
    }
    return keep
  }

  advance(): void {}

  drain(): Rows | null {
    const rows = this.#rows
    this.#rows = null
    return rows
  }

  save(): void {}

  restore(): void {}
}
