/**
 * What every operator is: a deterministic transition over plain state. It takes what comes in on one of its inputs, in
 * order; learns how far event time has come; and is drained of what that has led to. It knows no clock, no randomness and
 * no Effect, so that resuming, replaying and simulating it need no machinery of their own.
 */
import type { Batch } from "../records/Batch.ts"
import type { Pane } from "../pipeline/Pane.ts"
import type { Values } from "../pipeline/Pane.ts"
import type { Refusal } from "../records/Refusal.ts"
import { PaneBatch } from "../records/PaneBatch.ts"
import type { Paged } from "./Paged.ts"
import type { StateReader, StateWriter } from "./State.ts"
import type { RowGroups } from "./windowed/Grouping.ts"
import type { Work } from "./Work.ts"

export interface Operator<in In, out Out> {
  take(input: number, taken: In): Work
  /** Nothing that is earlier is to be expected any more. It never goes back. */
  advance(watermark: number): Work
  /** What has come out since the last call, in order, in a pause or at the end; `null` where nothing has. */
  drain(): Out | null
  /** Entries of state: 0 after the end of time. */
  readonly size: number
  /** What of the rows that it took has come no further; nothing where all go on, or count as taken. */
  readonly ended?: Ended
  /**
   * What it keeps of keys, every entry with its key and its window or slice, so that any set of keys can be restored. What
   * can be made again from the rest is not among it.
   */
  readonly pages: { readonly [name: string]: Paged }
  /** Writes what it keeps beside the pages, such as how far it has come. */
  save(state: StateWriter): void
  /** Takes up where a snapshot left off. Throws where the state is not what was written. */
  restore(state: StateReader): void
}

/** Rows whose way has ended at an operator since it was made, and those that it holds now. */
export interface Ended {
  readonly late?: number
  readonly refused?: number
  readonly duplicate?: number
  /** Where that is not all that does not come out. */
  readonly filtered?: number
  readonly held?: number
}

/** Rows of one batch on their way through a pipeline. */
export interface Rows {
  readonly batch: Batch
  /** 1 for each row that no condition has left out; all are in without. */
  readonly keep: Uint8Array | null
  /** What becomes of each row, in the order of {@link Outcome}: whoever ends its way says so. */
  readonly outcomes: Uint8Array
  /** How many times each row is held by a node that decides on it later; its outcome is that of the others. */
  readonly holds: Uint8Array
  /** Those among them that a node has refused, and why. */
  readonly refused: Array<Refusal & { readonly row: number }>
  /** The smallest watermark of the other partitions. */
  readonly others: number
  /** What steps have made of these rows, of whatever pipeline; `null` where no other pipeline has them. */
  readonly made: Made | null
}

/** What has been made of the same rows for all pipelines. */
export interface Made {
  /** What steps that keep nothing have made of them, by what such a step does: equal ones work once. */
  readonly steps: Map<unknown, Changed>
  /** For windows, see `Grouping`: nothing where nobody has asked, `null` where it is not worth it. */
  groups?: RowGroups | "later" | null
}

export interface Changed extends Pick<Rows, "batch" | "keep" | "refused"> {
  readonly made: Made
}

/** What became of a row: of several, the larger counts. */
export const Outcome = { filtered: 0, duplicate: 1, aggregated: 2, late: 3, refused: 4 } as const

/** The rows of a batch of which nothing has become yet. */
export const rowsOf = (batch: Batch, others: number, beside: Partial<Pick<Rows, "holds" | "made" | "outcomes">> = {}): Rows => {
  const { holds = new Uint8Array(batch.length), made = null, outcomes = new Uint8Array(batch.length) } = beside
  return { batch, keep: null, outcomes, holds, refused: [], others, made }
}

/** The last instant that a date can name: a watermark here closes every window. */
export const endOfTime = 8_640_000_000_000_000

/** In place of an offset, where no row or decision but the watermark alone has led to a pane. All offsets are larger. */
export const noOffset = -1

/** Panes that have come out of a node together: those of windows as they are, and objects behind what looks at each. */
export type EmittedPanes = PaneBatch | ReadonlyArray<Emitted>

export const emittedOf = (panes: EmittedPanes): ReadonlyArray<Emitted> =>
  panes instanceof PaneBatch ? Array.from({ length: panes.length }, (_, row) => emittedAt(panes, row)) : panes

const emittedAt = (panes: PaneBatch, row: number): Emitted => {
  const emitted = { pane: panes.paneAt(row), rows: panes.changesAt(row), watermark: panes.watermarkAt(row), offset: panes.offsetAt(row) }
  return panes.isLeftOut(row) ? { ...emitted, isLeftOut: true } : emitted
}

/**
 * A pane with what gives all panes of a job one order that does not depend on how the log was cut into batches: the
 * watermark that brought it about, and the offset of the row or decision that did, or {@link noOffset}.
 */
export interface Emitted<P = Pane<Values>> {
  readonly pane: P
  /** Rows of the window itself, of which the pane's changes may count more: those of the windows before, too. */
  readonly rows: number
  readonly watermark: number
  readonly offset: number
  /** A node has left the window out. It counts for what is computed behind it, and is told only where it has to be taken back. */
  readonly isLeftOut?: true
  /** It will be told, and is no pane yet: what is derived from it has to know it before it comes to a later window. */
  readonly isUntold?: true
}
