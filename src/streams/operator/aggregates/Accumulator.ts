/**
 * An accumulator computes one aggregate for many slots. A slot is the state of one key in one
 * slice, window or session; its numbers stand in typed arrays, one lane a number.
 *
 * The five verbs are those of a commutative monoid with a result: a slot starts as the
 * identity (`reset`), takes rows (`add`), takes another slot (`merge`), gives one back
 * where the aggregate has an inverse (`subtract`), and is looked at (`result`). From
 * `subtract` being there or not the operator chooses its algorithm.
 */
import type { Batch } from "../../records/Batch.ts"
import type { Value } from "../../pipeline/Pane.ts"
import type { Form } from "../../records/PaneBatch.ts"
import type { Large } from "./ExactSum.ts"
import type { Runs } from "./Runs.ts"
import type { TableReader, TableWriter } from "../State.ts"

/** In place of a slot's number, where there is none. No slot is negative, and loops over rows ask for no more than that. */
export const noSlot = -1

/** The rows `from` to `to` of a batch and the slot of each; a row with {@link noSlot} takes no part. */
export interface Rows {
  readonly batch: Batch
  readonly from: number
  readonly to: number
  readonly slots: Int32Array
}

/** The string of a dictionary's number. */
export type TextOf = (number: number) => string
export type NumberOf = (text: string) => number

/** Where the results of slots go, one after the other: from a place on, each so far behind the one before. */
export interface ResultColumn {
  readonly numbers: Float64Array
  readonly first: number
  readonly stride: number
  /** By place the results that are no numbers, see {@link Form}: these are infinite. */
  readonly others: Map<number, Value>
}

export interface Accumulator {
  readonly bytesPerSlot: number
  /** Makes room for more slots, which are as {@link reset} leaves them. */
  grow(capacity: number): void
  reset(slot: number): void
  /** The same of many slots, where that takes less than one by one. */
  resetAll?(slots: Int32Array): void
  /** Adds the rows whose `mask` is not 0; all of them without a mask. */
  add(rows: Rows, mask: Uint8Array | null): void
  /** The same as {@link add} of all rows, where it is quicker to take those of a slot together. */
  addRuns?(runs: Runs): void
  /** Adds pre-aggregated values: the column holds the aggregate of many rows; `large` are those that are infinite in it. */
  addPreAggregated(rows: Rows, column: Float64Array, large: Large | null): void
  merge(into: number, from: number): void
  /** Makes a slot the same as one of another accumulator of the same aggregate, with which it shares nothing. */
  copy(into: number, from: number, source: this): void
  readonly subtract: ((from: number, slot: number) => void) | null
  result(slot: number, textOf: TextOf): Value
  /** Present where results are numbers, mostly: what these stand for, and they themselves, for many slots at once. */
  readonly form?: Form | null
  store?(slots: Int32Array, count: number, column: ResultColumn): void
  /** Present where slots hold strings: gives those of the first slots other numbers. */
  renumber?(slots: number, numberOf: (number: number) => number): void
  /** Writes the state of these slots, in columns of its own. */
  save(slots: Int32Array, table: TableWriter, textOf: TextOf): void
  /** Throws where a column is not what was written. */
  restore(slots: Int32Array, table: TableReader, numberOf: NumberOf): void
}
