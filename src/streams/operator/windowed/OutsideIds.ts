/**
 * Ids of rows that are in no session: what names one of them takes back nothing, and had nothing to take back. They are known as long
 * as the row could be taken back if it were in the window behind it.
 */
import { PagedList } from "../PagedList.ts"
import type { StateReader, StateWriter } from "../State.ts"
import { isTired, type Work } from "../Work.ts"
import { compareText } from "./KeyOrder.ts"
import type { Stretch, StretchOf } from "./Stretches.ts"

interface Outside {
  readonly key: number
  readonly id: number
  /** The window behind it. */
  readonly stretch: Stretch
  /** From when on what takes back others sees one of its rows. */
  readonly since: number
}

interface Saved {
  readonly key: string
  readonly id: string
  readonly start: number
  readonly end: number
  readonly since: number
}

const order = (a: Saved, b: Saved): number => a.start - b.start || a.end - b.end || compareText(a.key, b.key) || compareText(a.id, b.id)

export class OutsideIds {
  /** By window, key and id the place of each: few windows have a time without trading before them. */
  #places = new Map<Stretch, Map<number, Map<number, number>>>()
  /** Whether ids are numbers of texts. */
  readonly #areTexts: boolean
  readonly pages: PagedList<Outside, Saved>

  constructor(areTexts: boolean, textOf: (number: number) => string) {
    this.#areTexts = areTexts
    const saved = ({ id, key, since, stretch: { end, start } }: Outside) => ({ key: textOf(key), id: areTexts ? textOf(id) : String(id), start, end, since })
    this.pages = new PagedList({ saved, order, write })
  }

  get size(): number {
    return this.pages.size
  }

  /** Of several rows of an id before one window the first counts. */
  add(outside: Outside): void {
    const { id, key, since, stretch } = outside
    const place = this.#places.get(stretch)?.get(key)?.get(id)
    if (place === undefined) this.#set(outside, this.pages.add(outside))
    else if (since < this.pages.at(place).since) this.pages.set(place, outside)
  }

  #set({ id, key, stretch }: Outside, place: number): void {
    let keys = this.#places.get(stretch)
    if (keys === undefined) this.#places.set(stretch, keys = new Map())
    const ids = keys.get(key)
    if (ids === undefined) keys.set(key, new Map([[id, place]]))
    else ids.set(id, place)
  }

  /** Whether what takes back others at this time sees a row of this id. */
  has(key: number, id: number, { at, lateness }: { readonly at: number; readonly lateness: number }): boolean {
    for (const [{ lastEnd }, keys] of this.#places) {
      const place = lastEnd + lateness > at ? keys.get(key)?.get(id) : undefined
      if (place !== undefined && this.pages.at(place).since <= at) return true
    }
    return false
  }

  /** Nothing can be taken back from a window any more. */
  *forget(stretch: Stretch): Work {
    let done = 0
    for (const ids of this.#places.get(stretch)?.values() ?? []) {
      for (const place of ids.values()) {
        this.pages.remove(place)
        if (isTired(++done)) yield
      }
    }
    this.#places.delete(stretch)
  }

  /** Before the naming of keys changes. */
  renumber(numberOf: (number: number) => number): void {
    const all = [...this.#places.values()].flatMap((keys) => [...keys.values()].flatMap((ids) => [...ids.values()]))
    this.#places = new Map()
    for (const place of all) {
      const { id, key, ...rest } = this.pages.at(place)
      const renumbered = { ...rest, key: numberOf(key), id: this.#areTexts ? numberOf(id) : id }
      this.pages.set(place, renumbered)
      this.#set(renumbered, place)
    }
  }

  restore(state: StateReader, numberOf: (text: string) => number, stretchOf: StretchOf): void {
    for (const table of state.tables("outsideIds")) {
      const [starts, ends, since, ids] = [table.wholeNumbers("start"), table.wholeNumbers("end"), table.wholeNumbers("since"), table.texts("id")]
      for (const [i, text] of table.texts("key").entries()) {
        const id = this.#areTexts ? numberOf(ids[i]!) : Number(ids[i]!)
        this.add({ key: numberOf(text), id, since: since[i]!, stretch: stretchOf(starts[i]!, ends[i]!) })
      }
      table.end()
    }
  }
}

const write = (all: ReadonlyArray<Saved>, state: StateWriter): void => {
  const table = state.table("outsideIds", all.length)
  table.strings("key", all.map(({ key }) => key))
  table.strings("id", all.map(({ id }) => id))
  for (const name of ["start", "end", "since"] as const) table.numbers(name, Float64Array.from(all, (one) => one[name]))
}
