/**
 * What is kept of a key's windows, so that those without events can be filled.
 *
 * Windows that may still change are kept one by one, in the order of their ends, whether they have events or were filled. Of
 * those that are final the last one with events is enough: it is what is carried on. A window counts the rows of those with
 * events before it among its changes, as far as they follow on one another. So a window that was filled is newer each time that
 * one before it changes, and one with events that comes in its place is newer still.
 */
import type { Pane, Values } from "../../pipeline/Pane.ts"

/** A window with events, as far as those behind it need to know. */
export interface Reached {
  readonly end: number
  /** In all windows of its chain, its own among them. */
  readonly rows: number
  readonly values: Values
}

/** A window with events by itself. */
export type Own = Pick<Reached, "rows" | "values">

/** A window that may still change. */
export interface Entry {
  readonly start: number
  readonly end: number
  /** What its events have come to; `null` where it was filled. */
  own: Own | null
  /** The last window with events up to it, itself among them. */
  after: Reached
  /** Of the pane that was told last; -1 where none was. */
  changes: number
  /** How many panes were told. */
  revision: number
}

export class Filling {
  readonly key: string
  readonly #within: number
  /** Where its operator keeps it. */
  place = -1
  /** In the order of their ends. */
  readonly entries: Array<Entry> = []
  /** Of the windows that are final the last with events; `null` before the first. */
  anchor: Reached | null = null
  /** End of the window that is the next to be filled; NaN where there is none. */
  next = NaN

  constructor(key: string, within: number) {
    this.key = key
    this.#within = within
  }

  /** The last window with events. */
  get last(): Reached | null {
    return this.entries.at(-1)?.after ?? this.anchor
  }

  /** What a window with events comes to behind those that end before it. Looking changes nothing. */
  reachedBy(window: Pick<Pane, "end" | "start">, own: Own): Reached {
    const before = this.entries.findLast(({ end }) => end < window.end)
    return this.#behind(before?.after ?? this.anchor, window, own)
  }

  #behind(before: Reached | null, { end, start }: Pick<Pane, "end" | "start">, { rows, values }: Own): Reached {
    const follows = before !== null && start - before.end <= this.#within
    return { end, rows: rows + (follows ? before.rows : 0), values }
  }

  /** Whether a window that ends then is filled from one with events. */
  isInReach(end: number, last: Reached | null): boolean {
    return last !== null && end <= last.end + this.#within
  }

  /** Puts a window where its end belongs. */
  insert(entry: Entry): void {
    this.entries.splice(this.entries.findLastIndex(({ end }) => end < entry.end) + 1, 0, entry)
  }

  /** What windows come to is made anew from those before them. */
  recompute(): void {
    let before = this.anchor
    for (const entry of this.entries) {
      if (entry.own !== null) before = this.#behind(before, entry, entry.own)
      if (before === null) throw new Error(`a broken invariant: a window of "${this.key}" was filled without one before it`)
      entry.after = before
    }
  }

  /** Lets go of what is final but for what is carried on. */
  settle(isFinal: (end: number) => boolean): void {
    while (this.entries.length > 0 && isFinal(this.entries[0]!.end)) this.anchor = this.entries.shift()!.after
  }
}
