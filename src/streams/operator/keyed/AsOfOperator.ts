/**
 * Rows with fields of the newest row of the other side. A row leaves when both sides are past its time, so that whatever the
 * other side has at that time or before is there.
 */
import { type AsOf, definitionOf, type Field } from "../../pipeline/Checked.ts"
import type { Dictionary } from "../../records/Batch.ts"
import type { Ended, Operator, Rows } from "../Operator.ts"
import type { StateReader } from "../State.ts"
import type { Work } from "../Work.ts"
import { HeldRows, passedBy } from "./HeldRows.ts"
import { NewestRows } from "./NewestRows.ts"
import { OrderedRows } from "./OrderedRows.ts"

/** The inputs of a join. */
export const Side = { left: 0, right: 1 } as const

export class AsOfOperator implements Operator<Rows, Rows> {
  readonly #keeps: ReadonlyArray<Field>
  readonly #held: HeldRows
  readonly #others: NewestRows
  readonly #leaving: OrderedRows
  /** Of each selected field where it stands in the rows that leave. */
  readonly #selected: ReadonlyArray<number>
  #dictionary: Dictionary
  readonly pages: Operator<Rows, Rows>["pages"]
  #rows: Rows | null = null

  /** Of a row that is held only these fields are kept. */
  constructor(node: AsOf, keeps: ReadonlyArray<Field>, dictionary: Dictionary) {
    this.#keeps = keeps
    this.#dictionary = dictionary
    this.#held = new HeldRows("held", keeps, dictionary)
    this.#others = new NewestRows(node.select.map(({ field }) => field), node.within, dictionary)
    this.#leaving = new OrderedRows(node.definition)
    this.#selected = node.select.map((_, at) => definitionOf(node.input).columns.length + at)
    this.pages = { held: this.#held.table, other: this.#others.table }
  }

  get size(): number {
    return this.#held.table.size + this.#others.table.size
  }

  get ended(): Ended {
    return { late: this.#held.late + this.#others.late, held: this.#held.table.size }
  }

  take(input: number, rows: Rows): Work {
    this.useDictionary(rows.batch.dictionary)
    if (input === Side.left) this.#held.take(rows)
    else this.#others.take(rows)
    return []
  }

  *advance(watermark: number): Work {
    const passed = passedBy(watermark)
    while (this.#fill(passed)) {
      this.#rows = this.#leaving.take(this.#dictionary)
      yield
    }
    this.#others.moveTo(passed)
    yield* this.#others.forget(passed)
  }

  /** The next rows that the watermark is past. */
  #fill(watermark: number): boolean {
    const { table } = this.#held
    let slot = this.#held.first(watermark)
    if (slot === -1) return false
    for (; slot !== -1 && !this.#leaving.isFull; slot = this.#held.first(watermark)) {
      const row = this.#leaving.add(table, slot)
      for (let column = 0; column < this.#keeps.length; column++) this.#leaving.fill(row, this.#keeps[column]!.index, table, column, slot)
      this.#select(row, table.keys[slot]!, table.times[slot]!)
      this.#held.drop()
    }
    return true
  }

  /** One of the same time is there already. */
  #select(row: number, key: number, time: number): void {
    this.#others.moveTo(time + 1)
    const other = this.#others.at(key, time)
    for (let column = 0; column < this.#selected.length; column++) {
      const index = this.#selected[column]!
      if (other === -1) this.#leaving.setAbsent(row, index)
      else this.#leaving.fill(row, index, this.#others.table, column, other)
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
    this.#others.useDictionary(dictionary)
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
    this.#others.restore(state)
  }
}
