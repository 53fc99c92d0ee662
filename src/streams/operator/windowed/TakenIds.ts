/** Ids of which rows have been taken back: what takes them back once more is a duplicate, as long as their windows may change. */
import { PagedList } from "../PagedList.ts"
import type { StateReader, StateWriter } from "../State.ts"
import { isTired, type Work } from "../Work.ts"
import { compareText } from "./KeyOrder.ts"
import type { Stretch, StretchOf } from "./Stretches.ts"

interface Taken {
  key: number
  id: number
  /** The last of those that its rows were in. */
  readonly stretch: Stretch
  readonly place: number
}

interface Saved {
  readonly key: string
  readonly id: string
  readonly start: number
  readonly end: number
}

const order = (a: Saved, b: Saved): number => a.start - b.start || a.end - b.end || compareText(a.key, b.key) || compareText(a.id, b.id)

export class TakenIds {
  #byKey = new Map<number, Map<number, Taken>>()
  readonly #byStretch = new Map<Stretch, Set<Taken>>()
  /** Whether ids are numbers of texts. */
  readonly #areTexts: boolean
  readonly pages: PagedList<Omit<Taken, "place">, Saved>

  constructor(areTexts: boolean, textOf: (number: number) => string) {
    this.#areTexts = areTexts
    const saved = ({ id, key, stretch: { end, start } }: Omit<Taken, "place">) => ({ key: textOf(key), id: areTexts ? textOf(id) : String(id), start, end })
    this.pages = new PagedList({ saved, order, write })
  }

  get size(): number {
    return this.pages.size
  }

  /** When the last window of its rows ends. */
  lastEndOf(key: number, id: number): number {
    return this.#byKey.get(key)?.get(id)?.stretch.lastEnd ?? -Infinity
  }

  set(key: number, id: number, stretch: Stretch): void {
    const before = this.#byKey.get(key)?.get(id)
    if (before !== undefined) {
      this.#byStretch.get(before.stretch)?.delete(before)
      this.pages.remove(before.place)
    }
    this.#add({ key, id, stretch, place: this.pages.add({ key, id, stretch }) })
  }

  #add(taken: Taken): void {
    const ids = this.#byKey.get(taken.key)
    if (ids === undefined) this.#byKey.set(taken.key, new Map([[taken.id, taken]]))
    else ids.set(taken.id, taken)
    const those = this.#byStretch.get(taken.stretch)
    if (those === undefined) this.#byStretch.set(taken.stretch, new Set([taken]))
    else those.add(taken)
  }

  /** Nothing can be taken back from a stretch any more. */
  *forget(stretch: Stretch): Work {
    let done = 0
    for (const { id, key, place } of this.#byStretch.get(stretch) ?? []) {
      const ids = this.#byKey.get(key)!
      ids.delete(id)
      if (ids.size === 0) this.#byKey.delete(key)
      this.pages.remove(place)
      if (isTired(++done)) yield
    }
    this.#byStretch.delete(stretch)
  }

  /** Before the naming of keys changes. */
  renumber(numberOf: (number: number) => number): void {
    const all = [...this.#byStretch.values()].flatMap((those) => [...those])
    this.#byKey = new Map()
    this.#byStretch.clear()
    for (const { id, key, place, stretch } of all) {
      const renumbered = { key: numberOf(key), id: this.#areTexts ? numberOf(id) : id, stretch }
      this.pages.set(place, renumbered)
      this.#add({ ...renumbered, place })
    }
  }

  restore(state: StateReader, numberOf: (text: string) => number, stretchOf: StretchOf): void {
    for (const table of state.tables("takenIds")) {
      const [starts, ends, ids] = [table.wholeNumbers("start"), table.wholeNumbers("end"), table.texts("id")]
      for (const [i, text] of table.texts("key").entries()) {
        this.set(numberOf(text), this.#areTexts ? numberOf(ids[i]!) : Number(ids[i]!), stretchOf(starts[i]!, ends[i]!))
      }
      table.end()
    }
  }
}

const write = (all: ReadonlyArray<Saved>, state: StateWriter): void => {
  const table = state.table("takenIds", all.length)
  table.strings("key", all.map(({ key }) => key))
  table.strings("id", all.map(({ id }) => id))
  for (const name of ["start", "end"] as const) table.numbers(name, Float64Array.from(all, (one) => one[name]))
}
