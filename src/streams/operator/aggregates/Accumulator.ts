/**
 * A accumulator computes one aggregate for many slots. A slot is the state of one key in one
 * slice, window or session; its numbers stand in typed arrays, one lane a number.
 *
 * The five verbs are those of a commutative monoid with a result: a slot starts as the
 * identity (`reset`), takes rows (`add`), takes another slot (`merge`), gives one back
 * where the aggregate has an inverse (`subtract`), and is looked at (`result`). From
 * `subtract` being there or not the operator chooses its algorithm.
 */
import type { Schema } from "effect"
import type { Batch } from "../../records/Batch.ts"
import type { Value } from "../../pipeline/Pane.ts"

/** The rows `from` to `to` of a batch and the slot of each; a row with slot -1 takes no part. */
export interface Rows {
  readonly batch: Batch
  readonly from: number
  readonly to: number
  readonly slots: Int32Array
}

/** What a slot's state is in a snapshot. */
export type Json = Schema.Json

export interface Accumulator {
  readonly bytesPerSlot: number
  grow(capacity: number): void
  reset(slot: number): void
  /** Adds the rows whose `mask` is not 0; all of them without a mask. */
  add(rows: Rows, mask: Uint8Array | null): void
  /** Adds pre-aggregated values: the column holds the aggregate of many rows. */
  addPreAggregated(rows: Rows, column: Float64Array): void
  merge(into: number, from: number): void
  readonly subtract: ((from: number, slot: number) => void) | null
  result(slot: number, textOf: (number: number) => string): Value
  /** Present where slots hold texts: gives those of the first slots other numbers. */
  renumber?(slots: number, numberOf: (number: number) => number): void
  encode(slot: number, textOf: (number: number) => string): Json
  decode(slot: number, json: Json, numberOf: (text: string) => number): void
}

/** A copy of a lane with room for more slots. */
export const grown = (lane: Float64Array, capacity: number): Float64Array<ArrayBuffer> => {
  const larger = new Float64Array(capacity)
  larger.set(lane)
  return larger
}

/** The members of an encoded state; a damaged one is refused, never guessed at. */
export const members = (json: Json, count: number): ReadonlyArray<Json> => {
  if (!Array.isArray(json) || json.length !== count) throw new TypeError("the snapshot of an aggregate is damaged")
  return json
}
