/**
 * What every node that keeps state over events does with its rows: it takes those that are not late, holds them until the
 * watermark is past them, and lets them go in the order of (event time, place). So what comes behind it depends neither on
 * how partitions are interleaved nor on how the log is cut.
 */
import type { Field } from "../../pipeline/Checked.ts"
import type { Place } from "../../pipeline/Row.ts"
import type { Dictionary } from "../../records/Batch.ts"
import { endOfTime, Outcome, type Rows } from "../Operator.ts"
import type { StateReader } from "../State.ts"
import type { OrderedRows } from "./OrderedRows.ts"
import { RowTable } from "./RowTable.ts"
import { TimeOrder } from "./TimeOrder.ts"

/** What a watermark is past: at the end of time of everything, since nothing comes any more. */
export const passedBy = (watermark: number): number => watermark === endOfTime ? Infinity : watermark

export class HeldRows {
  readonly table: RowTable
  readonly #fields: ReadonlyArray<Field>
  readonly #order: TimeOrder
  /** How many rows were late here. */
  late = 0

  constructor(name: string, fields: ReadonlyArray<Field>, dictionary: Dictionary) {
    this.#fields = fields
    this.table = new RowTable(name, fields, dictionary)
    this.#order = new TimeOrder(this.table)
  }

  /**
   * What is behind its own partition's watermark is late here, once; the rest waits. Rows that only others are looked up by
   * have come to their end; of the others it is not known yet what becomes.
   */
  take({ batch, holds, keep, outcomes }: Rows, isEnd = false): void {
    const { length, times, watermarks } = batch
    for (let row = 0; row < length; row++) {
      if (keep !== null && keep[row] === 0) continue
      if (times[row]! < watermarks[row]!) {
        this.late++
        if (outcomes[row]! < Outcome.late) outcomes[row] = Outcome.late
        continue
      }
      if (!isEnd) holds[row]!++
      else if (outcomes[row]! < Outcome.aggregated) outcomes[row] = Outcome.aggregated
      this.#order.add(this.table.add(batch, row))
    }
  }

  /**
   * The first row in order that the watermark is past, -1 where there is none. One at exactly the watermark stays: another of
   * its time may come, from an earlier place.
   */
  first(watermark: number): number {
    return this.#order.before(watermark)
  }

  /** Moves the first rows that the watermark is past, as many as there is room for; false where there are none. */
  moveTo(leaving: OrderedRows, watermark: number): boolean {
    let slot = this.first(watermark)
    if (slot === -1) return false
    for (; slot !== -1 && !leaving.isFull; slot = this.first(watermark)) {
      const row = leaving.add(this.table, slot)
      for (let column = 0; column < this.#fields.length; column++) leaving.fill(row, this.#fields[column]!.index, this.table, column, slot)
      this.drop()
    }
    return true
  }

  /** Lets go of the first row. */
  drop(): void {
    this.table.release(this.pop())
  }

  /** Takes the first row out of the order, and leaves it in its slot. */
  pop(): number {
    return this.#order.shift()
  }

  slots(): Generator<number> {
    return this.#order.values()
  }

  *places(): Generator<Place> {
    for (const slot of this.slots()) yield this.table.placeOf(slot)
  }

  restore(state: StateReader): void {
    this.table.restore(state, (slot) => this.#order.add(slot))
  }
}
