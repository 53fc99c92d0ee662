/** What the operator asks of a kind of windows, and what it gets back. */
import { Schema } from "effect"
import type { Batch, Dictionary } from "../../records/Batch.ts"
import type * as Pane from "../../pipeline/Pane.ts"

/**
 * One emission of a window's key. The watermark that brought it about, and the offset of
 * the row or decision that did (-1 where the watermark alone did), give all panes of a job
 * one order that does not depend on how the log was cut into batches.
 */
export interface Emission {
  readonly key: number
  readonly start: number
  readonly end: number
  readonly kind: Pane.Kind
  readonly revision: number
  /** Rows that are in it; of a retracted one, those of the window that it takes back. */
  readonly changes: number
  /** Holds the window's state, only during the call. */
  readonly slot: number
  readonly watermark: number
  readonly offset: number
}

export type Emit = (emission: Emission) => void

/** The rows of one batch on their way into windows. */
export interface Input {
  readonly batch: Batch
  readonly preAggregated: boolean
  /** Rows that a filter keeps; all without one. */
  readonly keep: Uint8Array | null
  /** The smallest watermark of the other partitions. */
  readonly others: number
  /** Called with each row that is too late for every window it belongs to. */
  readonly onLate: (row: number) => void
}

export interface Windows {
  take(input: Input): void
  /** Closes every window that ends at or before the watermark. */
  advance(watermark: number): void
  /** Emits every open window as it stands, as if its end had been reached, and keeps it open. */
  end(offset: number): void
  /** Emits the windows that are nearest to closing, as they stand, without counting as an emission. */
  forming(emit: Emit): void
  /** How many windows and keys hold state. */
  readonly size: number
  /**
   * The earliest start of a window that may have been emitted with bounds that are not its last, so that another run
   * over the same log need not come by them; `null` where bounds do not depend on what came when.
   */
  readonly unsettledSince: number | null
  /** Takes the panes that a former run has left in the sink for its own: what turns out not to be a window is retracted. */
  adopt(stored: ReadonlyArray<Pane.Encoded>): void
  useDictionary(dictionary: Dictionary): void
  snapshot(): State
  restore(state: State): void
}

const Json = Schema.Json

/** A key's last emission of a window that may be emitted again: which kind, which revision, over how many rows. */
const Emitted = Schema.Tuple([Schema.String, Schema.Literals(["early", "on-time", "late"]), Schema.Int, Schema.Int])

export const State = Schema.Struct({
  /** Ends up to which windows have been closed; `null` before the first. */
  closedTo: Schema.NullOr(Schema.Int),
  /** Largest event time seen. */
  latest: Schema.NullOr(Schema.Int),
  /** State by window or slice: its start, its end, and each key with its encoded slot. */
  slices: Schema.Array(Schema.Struct({
    start: Schema.Int,
    end: Schema.Int,
    keys: Schema.Array(Schema.Tuple([Schema.String, Json]))
  })),
  /** Late rows of windows by the window's end. */
  extras: Schema.Array(Schema.Struct({
    end: Schema.Int,
    keys: Schema.Array(Schema.Tuple([Schema.String, Json]))
  })),
  emitted: Schema.Array(Schema.Struct({
    start: Schema.Int,
    end: Schema.Int,
    keys: Schema.Array(Emitted)
  }))
})
export type State = typeof State.Type

/** The keys of a dictionary in the order of their texts, sorted again only when a key was added. */
export class KeyOrder {
  #dictionary: Dictionary | null = null
  #ranks = new Int32Array(0)

  sort(keys: ReadonlyArray<number>, dictionary: Dictionary): ReadonlyArray<number> {
    if (keys.length < 2) return keys
    if (dictionary !== this.#dictionary || dictionary.texts.length !== this.#ranks.length) this.#rank(dictionary)
    const ranks = this.#ranks
    return [...keys].sort((a, b) => ranks[a]! - ranks[b]!)
  }

  #rank(dictionary: Dictionary): void {
    this.#dictionary = dictionary
    const { texts } = dictionary
    this.#ranks = new Int32Array(texts.length)
    const order = texts.map((_, number) => number).sort((a, b) => compareText(texts[a]!, texts[b]!))
    order.forEach((number, rank) => {
      this.#ranks[number] = rank
    })
  }
}

/** By UTF-16 code units, like every comparison of texts here: no locale has a say in the order of panes. */
export const compareText = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0

export const finiteOrNull = (value: number): number | null => Number.isFinite(value) ? value : null
