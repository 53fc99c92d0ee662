/** By slice or window and by key, which rows are kept, and how many have been taken back. */
import { PagedList } from "../PagedList.ts"
import { StateError, type StateReader, type StateWriter } from "../State.ts"
import { none } from "./Chains.ts"
import { byStartAndKey, type KeyedOwner } from "./KeyedState.ts"

/** A slice, or a window that is one. */
export interface Stretch {
  readonly start: number
  readonly end: number
  /** When the last of its windows ends in which a row can be taken back. */
  readonly lastEnd: number
  /** By key. */
  readonly kept: Map<number, Here>
}

/** What there is of a key in a stretch. */
export interface Here {
  key: number
  readonly stretch: Stretch
  /** The first of its rows. */
  first: number
  /** Rows that have been taken back. */
  taken: number
  /** In the pages, where any has been. */
  place: number
}

/** The slice or the window with these bounds. */
export type StretchOf = (start: number, end: number) => Stretch

interface Saved extends KeyedOwner {
  readonly taken: number
}

export class Stretches {
  readonly #byKey = new Map<number, Set<Here>>()
  readonly pages: PagedList<Here, Saved>

  constructor(textOf: (key: number) => string) {
    this.pages = new PagedList({
      saved: ({ key, stretch: { end, start }, taken }) => ({ key: textOf(key), start, end, taken }),
      order: byStartAndKey,
      write
    })
  }

  /** Keys of stretches of which rows have been taken back. */
  get size(): number {
    return this.pages.size
  }

  of(key: number): Iterable<Here> {
    return this.#byKey.get(key) ?? []
  }

  ensure(stretch: Stretch, key: number): Here {
    const known = stretch.kept.get(key)
    if (known !== undefined) return known
    const here: Here = { key, stretch, first: none, taken: 0, place: -1 }
    this.#add(here)
    return here
  }

  #add(here: Here): void {
    here.stretch.kept.set(here.key, here)
    const all = this.#byKey.get(here.key)
    if (all === undefined) this.#byKey.set(here.key, new Set([here]))
    else all.add(here)
  }

  /** One more row has been taken back. */
  take(here: Here): void {
    if (here.place === -1) here.place = this.pages.add(here)
    else this.pages.touch(here.place)
    here.taken++
  }

  remove(here: Here): void {
    here.stretch.kept.delete(here.key)
    const all = this.#byKey.get(here.key)
    if (all?.delete(here) === true && all.size === 0) this.#byKey.delete(here.key)
    if (here.place !== -1) this.pages.remove(here.place)
  }

  /** Before the naming of keys changes. */
  renumber(numberOf: (key: number) => number): void {
    const all = [...this.#byKey.values()].flatMap((here) => [...here])
    this.#byKey.clear()
    for (const { place, stretch } of all) {
      if (place !== -1) this.pages.touch(place)
      stretch.kept.clear()
    }
    for (const here of all) {
      here.key = numberOf(here.key)
      this.#add(here)
    }
  }

  restore(state: StateReader, numberOf: (text: string) => number, stretchOf: StretchOf): void {
    for (const table of state.tables("taken")) {
      const [starts, ends, taken] = [table.wholeNumbers("start"), table.wholeNumbers("end"), table.wholeNumbers("taken")]
      for (const [i, text] of table.texts("key").entries()) {
        const here = this.ensure(stretchOf(starts[i]!, ends[i]!), numberOf(text))
        if (here.place !== -1) throw new StateError("a key has taken rows back from one window twice")
        here.place = this.pages.add(here)
        here.taken = taken[i]!
      }
      table.end()
    }
  }
}

const write = (all: ReadonlyArray<Saved>, state: StateWriter): void => {
  const table = state.table("taken", all.length)
  table.strings("key", all.map(({ key }) => key))
  for (const name of ["start", "end", "taken"] as const) table.numbers(name, Float64Array.from(all, (one) => one[name]))
}
