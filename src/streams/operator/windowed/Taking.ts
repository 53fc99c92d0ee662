/** The rows of one batch on their way into windows of any kind. */
import type { Batch } from "../../records/Batch.ts"
import { noSlot } from "../aggregates/Accumulator.ts"
import type { AccumulatorTable } from "../aggregates/AccumulatorTable.ts"
import type { Work } from "../Work.ts"
import type { EarlyTrigger } from "./EarlyTrigger.ts"
import { Kind } from "./RowKinds.ts"

export interface Input {
  readonly batch: Batch
  readonly preAggregated: boolean
  /** What rows are to others, see {@link Kind}; `null` where all are plain. */
  readonly kinds: Uint8Array | null
  /** Rows that a filter keeps; all without one. */
  readonly keep: Uint8Array | null
  /** The smallest watermark of the other partitions. */
  readonly others: number
  /** Called with each row that is too late for every window it belongs to. */
  readonly onLate: (row: number) => void
}

/**
 * Rows get their slots one by one, and are added to them in runs, since accumulators are quickest over many rows. Before
 * anything is emitted, what is pending has to be added.
 */
export class Taking {
  readonly batch: Batch
  readonly preAggregated: boolean
  readonly kinds: Uint8Array | null
  readonly keep: Uint8Array | null
  readonly others: number
  readonly onLate: (row: number) => void
  /** The slot of each row. */
  readonly slots: Int32Array
  readonly #table: AccumulatorTable
  readonly #masks: ReadonlyArray<Uint8Array | null> | null
  #pending = 0

  constructor({ batch, keep, kinds, onLate, others, preAggregated }: Input, table: AccumulatorTable, slots: Int32Array) {
    this.batch = batch
    this.preAggregated = preAggregated
    this.kinds = kinds
    this.keep = keep
    this.others = others
    this.onLate = onLate
    this.slots = slots
    this.#table = table
    this.#masks = preAggregated ? null : table.masks(batch)
  }

  isLeftOut(row: number): boolean {
    return this.keep !== null && this.keep[row] === 0
  }

  kindOf(row: number): number {
    return this.kinds === null ? Kind.plain : this.kinds[row]!
  }

  /** One that is nothing but the end of another is late for no window. */
  isCancel(row: number): boolean {
    const kind = this.kindOf(row)
    return kind === Kind.cancel || kind === Kind.correction
  }

  /** How far windows are closed by this row: as far as its own partition and all others have come. */
  watermarkAt(row: number): number {
    return Math.min(this.others, this.batch.watermarks[row]!)
  }

  /** Adds the rows before this one that have not been added. */
  apply(to: number): void {
    if (to > this.#pending) this.#add(this.#pending, to)
    this.#pending = to
  }

  /** Adds one row to a slot at once; it is not pending any more. */
  addTo(slot: number, row: number): void {
    this.slots[row] = slot
    this.#add(row, row + 1)
    this.slots[row] = noSlot
    this.#pending = row + 1
  }

  #add(from: number, to: number): void {
    const rows = { batch: this.batch, from, to, slots: this.slots }
    if (this.#masks === null) this.#table.addPreAggregated(rows)
    else this.#table.add(rows, this.#masks)
  }
}

/** What differs between kinds of windows. */
export interface Placement {
  /** Whether a row is too late for every window. */
  isLate(taking: Taking, row: number): boolean
  /**
   * Gives rows their slots as long as none of them makes anything be emitted, and returns the first that might; it is not
   * called where there are early panes.
   */
  placeQuiet(taking: Taking, from: number): number
  /** Gives a row its slot, and emits what it changes that had been emitted: `null` where it has done so at once. */
  place(taking: Taking, row: number): Work | null
  advance(watermark: number): Work
  emitEarly(offset: number): Work
}

/** Row by row: left out, late, or taken, whereupon early panes may be due. A late row leaves no trace. */
export function* takeRows(taking: Taking, windows: Placement, trigger: EarlyTrigger): Generator<void> {
  const { length, offsets, times } = taking.batch
  for (let row = 0; row < length; row++) {
    if (trigger.never) row = windows.placeQuiet(taking, row)
    if (row === length) break
    taking.slots[row] = noSlot
    if (taking.isLeftOut(row)) continue
    if (windows.isLate(taking, row)) {
      taking.onLate(row)
      continue
    }
    const work = windows.place(taking, row)
    if (work !== null) yield* work
    if (!trigger.reach(times[row]!)) continue
    taking.apply(row + 1)
    yield* windows.advance(taking.watermarkAt(row))
    yield* windows.emitEarly(offsets[row]!)
  }
  taking.apply(length)
}
