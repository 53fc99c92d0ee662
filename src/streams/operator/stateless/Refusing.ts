/** Rows of a batch some of which a node refuses: they go no further, and are told with a reason, once. */
import type { Batch } from "../../records/Batch.ts"
import type { Refusal } from "../../records/Refusal.ts"
import { Outcome, type Rows } from "../Operator.ts"

export class Refusing {
  readonly #rows: Rows
  #keep: Uint8Array | null

  constructor(rows: Rows) {
    this.#rows = rows
    this.#keep = rows.keep
  }

  refuse(row: number, refusal: Refusal): void {
    const { outcomes, refused } = this.#rows
    if (!this.leaveOut(row)) return
    outcomes[row] = Outcome.refused
    refused.push({ row, ...refusal })
  }

  /** The row goes no further, and nothing is told of it. False where it has come to its end before. */
  leaveOut(row: number): boolean {
    const { batch, keep } = this.#rows
    if (keep !== null && keep[row] === 0) return false
    if (this.#keep === keep) this.#keep = keep === null ? new Uint8Array(batch.length).fill(1) : keep.slice()
    if (this.#keep?.[row] !== 1) return false
    this.#keep[row] = 0
    return true
  }

  /** The others, in a batch that a node has made of theirs. */
  rowsOf(batch: Batch): Rows {
    return { ...this.#rows, batch, keep: this.#keep }
  }
}
