/** Puts rows in the order of event time and place: it holds each until the watermark is past it. */
import type { Field, InOrder } from "../../pipeline/Checked.ts"
import type { Dictionary } from "../../records/Batch.ts"
import type { Ended, Operator, Rows } from "../Operator.ts"
import type { StateReader } from "../State.ts"
import type { Work } from "../Work.ts"
import { HeldRows, passedBy } from "./HeldRows.ts"
import { OrderedRows } from "./OrderedRows.ts"

export class InOrderOperator implements Operator<Rows, Rows> {
  #dictionary: Dictionary
  readonly #held: HeldRows
  readonly #leaving: OrderedRows
  readonly pages: Operator<Rows, Rows>["pages"]
  #rows: Rows | null = null

  /** Of a row that is held only these fields are kept. */
  constructor(node: InOrder, keeps: ReadonlyArray<Field>, dictionary: Dictionary) {
    this.#dictionary = dictionary
    this.#held = new HeldRows("held", keeps, dictionary)
    this.#leaving = new OrderedRows(node.definition)
    this.pages = { held: this.#held.table }
  }

  get size(): number {
    return this.#held.table.size
  }

  get ended(): Ended {
    return { late: this.#held.late, held: this.#held.table.size }
  }

  take(_: number, rows: Rows): Work {
    this.useDictionary(rows.batch.dictionary)
    this.#held.take(rows)
    return []
  }

  *advance(watermark: number): Work {
    const passed = passedBy(watermark)
    while (this.#held.moveTo(this.#leaving, passed)) {
      this.#rows = this.#leaving.take(this.#dictionary)
      yield
    }
  }

  drain(): Rows | null {
    const rows = this.#rows
    this.#rows = null
    return rows
  }

  useDictionary(dictionary: Dictionary): void {
    if (this.#dictionary === dictionary) return
    this.#held.table.useDictionary(dictionary)
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
  }
}
