/**
 * State in pages. A checkpoint takes the pages that have changed since the one before, as they are when it begins; they are
 * written one by one while the work goes on. What changes meanwhile is kept as it was, entry by entry: so nothing waits for
 * a checkpoint, and what it costs in memory is bounded by what there is.
 */
import type { StateWriter } from "./State.ts"

export interface Paged {
  /** A checkpoint begins: all pages, or those that have changed since the last one, are to be written as they are now. */
  begin(all: boolean): void
  /** Pages that the checkpoint has still to write. */
  readonly awaited: ReadonlyArray<number>
  /** Writes a page as it was when the checkpoint began; nothing where nothing was in it. */
  write(page: number, state: StateWriter): void
  /** Writes all that there is now, in one order whatever pages it stands in. */
  writeAll(state: StateWriter): void
}

const bits = 10

/** Entries of a page. */
const pageSize = 1 << bits

/** Which pages have changed, and which the checkpoint that is under way still awaits. Entries are known by their places. */
export class PageMarks {
  #changed = new Uint8Array(16)
  #awaited = new Uint8Array(0)
  #left = 0

  get isUnderWay(): boolean {
    return this.#left > 0
  }

  change(place: number): void {
    const page = place >> bits
    if (page >= this.#changed.length) this.#grow(page)
    this.#changed[page] = 1
  }

  /** Of rows that have no place theirs is negative. */
  changeAll(places: Int32Array, from: number, to: number): void {
    for (let i = from; i < to; i++) if (places[i]! >= 0) this.#changed[places[i]! >> bits] = 1
  }

  #grow(page: number): void {
    const larger = new Uint8Array(Math.max(page + 1, this.#changed.length * 2))
    larger.set(this.#changed)
    this.#changed = larger
  }

  awaits(place: number): boolean {
    return this.#awaited[place >> bits] === 1
  }

  /** `places` is how many places have ever been used. */
  begin(all: boolean, places: number): void {
    const pages = Math.ceil(places / pageSize)
    if (pages > this.#changed.length) this.#grow(pages - 1)
    this.#awaited = all ? new Uint8Array(pages).fill(1) : this.#changed.slice(0, pages)
    this.#left = this.#awaited.reduce((sum, mark) => sum + mark, 0)
    this.#changed.fill(0)
  }

  get awaited(): ReadonlyArray<number> {
    return [...this.#awaited.keys()].filter((page) => this.#awaited[page] === 1)
  }

  written(page: number): void {
    this.#awaited[page] = 0
    this.#left--
  }
}

/** The places of a page. */
export const placesOf = (page: number): readonly [from: number, to: number] => [page * pageSize, (page + 1) * pageSize]
