/** What the operator asks of a kind of windows, and what it gets back. */
import type { Dictionary } from "../../records/Batch.ts"
import type * as Pane from "../../pipeline/Pane.ts"
import type { Telling } from "../../records/PaneBatch.ts"
import type { Paged } from "../Paged.ts"
import { StateError, type StateReader, type StateWriter } from "../State.ts"
import type { Work } from "../Work.ts"
import type { RowGroups } from "./Grouping.ts"
import type { KeptRows, Row } from "./KeptRows.ts"
import type { StoredPane } from "./StoredSessions.ts"
import type { Taking } from "./Taking.ts"

/**
 * One emission of a window's key. The watermark that brought it about, and the offset of
 * the row or decision that did (or `noOffset`), give all panes of a job one order that does
 * not depend on how the log was cut into batches.
 */
export interface Emission {
  readonly key: number
  readonly start: number
  readonly end: number
  readonly kind: Pane.Kind
  readonly revision: number
  /** Rows that are in it, and those that were and their being taken back; of a retracted one, those of the window that it takes back. */
  readonly changes: number
  /** Holds the window's state, only during the call. */
  readonly slot: number
  readonly watermark: number
  readonly offset: number
}

/** Keys of a window that closes for the first time, with a slot for each. */
export interface Closing {
  readonly window: Telling
  readonly keys: Int32Array
  readonly slots: Int32Array
  readonly count: number
}

/** Where emissions go. */
export interface Emitter {
  /** Says whether so much has come out that it is worth handing on. */
  readonly emit: (emission: Emission) => boolean
  readonly emitAll: (closing: Closing) => void
  /** So many more are worth handing on. */
  readonly room: number
}

/** Is given a window as it stands. */
export type Show = (emission: Emission) => void

/** Which windows are looked at. */
export interface Wanted {
  /** Only those of this key. */
  readonly key?: string
  /** At most about so many: nobody reads a million, and they would be made a few times a second. */
  readonly most: number
}

export interface Windows {
  take(taking: Taking): Work
  /**
   * Gives groups of rows their slots; `null`, with nothing done, where a row might make anything be emitted, or a group is of
   * several slices.
   */
  placeGroups?(groups: RowGroups): Int32Array | null
  /** Closes every window that ends at or before the watermark. */
  advance(watermark: number): Work
  /** Up to where windows have been closed: it never goes back. */
  readonly closedTo: number
  /** Emits windows that are near to closing, as they stand, without counting as an emission. */
  forming(wanted: Wanted, show: Show): void
  /** How many windows and keys hold state. */
  readonly size: number
  /** Slots that these windows know to be theirs. */
  readonly held: number
  /**
   * The earliest start of a window that may have been emitted with bounds that are not its last, so that another run
   * over the same log need not come by them; `null` where bounds do not depend on what came when.
   */
  readonly unsettledSince: number | null
  /** Takes the panes that a former run has left in the sink for its own: what turns out not to be a window is retracted. */
  adopt(stored: Iterable<StoredPane>): Work
  /** Where rows take back others. */
  readonly kept?: KeptRows | null
  /** Of a batch whether a row is in no window, and comes for its id alone, which is remembered. */
  outsideOf?(rows: Omit<Row, "row">): (row: number) => boolean
  useDictionary(dictionary: Dictionary): void
  /** What is kept of keys and windows. */
  readonly pages: { readonly [name: string]: Paged }
  /** Writes how far they have come. */
  save(state: StateWriter): void
  restore(state: StateReader): void
}

/** How far windows have come. */
export interface Progress {
  readonly closedTo: number
  /** Largest event time seen. */
  readonly latest: number
}

export const saveProgress = ({ closedTo, latest }: Progress, state: StateWriter): void => {
  const table = state.table("progress", 1)
  table.numbers("closedTo", Float64Array.of(closedTo))
  table.numbers("latest", Float64Array.of(latest))
}

export const restoreProgress = (state: StateReader): Progress => {
  const table = state.table("progress")
  const [[closedTo], [latest]] = [table.numbers("closedTo"), table.numbers("latest")]
  table.end()
  if (!isTime(closedTo) || !isTime(latest)) throw new StateError("the progress of windows is damaged")
  return { closedTo, latest }
}

const isTime = (value: number | undefined): value is number => Number.isSafeInteger(value) || value === -Infinity
