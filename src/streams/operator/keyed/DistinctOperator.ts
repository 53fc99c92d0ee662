/**
 * Leaves out rows whose id a row that was kept has already, and recently. It is told when rows leave, in their order: so which
 * of them are kept is the same in whatever order they come.
 */
import type { Distinct, Field } from "../../pipeline/Checked.ts"
import type { Dictionary } from "../../records/Batch.ts"
import { type Ended, type Operator, Outcome, type Rows } from "../Operator.ts"
import type { StateReader } from "../State.ts"
import type { Work } from "../Work.ts"
import { HeldRows, passedBy } from "./HeldRows.ts"
import { KeptIds } from "./KeptIds.ts"
import { OrderedRows } from "./OrderedRows.ts"

export class DistinctOperator implements Operator<Rows, Rows> {
  #dictionary: Dictionary
  readonly #held: HeldRows
  readonly #ids: KeptIds
  readonly #leaving: OrderedRows
  readonly pages: Operator<Rows, Rows>["pages"]
  #rows: Rows | null = null
  #duplicates = 0

  /** Of a row that is held only these fields are kept. */
  constructor(node: Distinct, keeps: ReadonlyArray<Field>, dictionary: Dictionary) {
    this.#dictionary = dictionary
    this.#held = new HeldRows("held", keeps, dictionary)
    this.#ids = new KeptIds(node.by, node.within, dictionary)
    this.#leaving = new OrderedRows(node.definition)
    this.pages = { held: this.#held.table, kept: this.#ids.table }
  }

  get size(): number {
    return this.#held.table.size + this.#ids.table.size
  }

  get ended(): Ended {
    return { late: this.#held.late, duplicate: this.#duplicates, held: this.#held.table.size }
  }

  take(_: number, rows: Rows): Work {
    this.useDictionary(rows.batch.dictionary)
    this.#held.take(rows)
    return []
  }

  *advance(watermark: number): Work {
    const passed = passedBy(watermark)
    while (this.#held.moveTo(this.#leaving, passed)) {
      this.#rows = this.#keepFirsts(this.#leaving.take(this.#dictionary)!)
      yield
    }
    yield* this.#ids.forget(passed)
  }

  #keepFirsts(rows: Rows): Rows {
    const { batch, outcomes } = rows
    const keep = new Uint8Array(batch.length)
    for (let row = 0; row < batch.length; row++) {
      if (this.#ids.keep(batch, row)) keep[row] = 1
      else {
        outcomes[row] = Outcome.duplicate
        this.#duplicates++
      }
    }
    return { ...rows, keep }
  }

  drain(): Rows | null {
    const rows = this.#rows
    this.#rows = null
    return rows
  }

  useDictionary(dictionary: Dictionary): void {
    if (this.#dictionary === dictionary) return
    this.#held.table.useDictionary(dictionary)
    this.#ids.useDictionary(dictionary)
    this.#dictionary = dictionary
  }

  /** The places of the rows that are held. */
  held(): ReturnType<HeldRows["places"]> {
    return this.#held.places()
  }

  /** Nothing beside the pages. */
  save(): void {}

  restore(state: StateReader): void {
    this.#held.restore(state)
    this.#ids.restore(state)
  }
}
