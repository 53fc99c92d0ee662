/**
 * Panes that wait until all windows which end by a watermark are known to be there: of each window the newest. They come in
 * any order, some of them again, and leave in that of their ends, starts and keys.
 */
import * as Pane from "../pipeline/Pane.ts"
import { PagedList } from "../operator/PagedList.ts"
import { membersOf, valuesIn } from "../operator/results/StoredValues.ts"
import { StateError, type StateReader, type StateWriter } from "../operator/State.ts"
import { Heap } from "../operator/windowed/Heap.ts"

/** It leaves as the only pane of its window: with all the rows that the window has, or as none. */
interface Kept extends Pick<Pane.Pane, "changes" | "end" | "key" | "start" | "values"> {
  readonly pane: "on-time" | "retracted"
}

type Window = Pick<Pane.Pane, "end" | "key" | "start">

/** Panes that leave together at most. */
const most = 512

export class AwaitedPanes {
  /** Of each window its place in the pages. */
  readonly #places = new Map<string, number>()
  readonly pages = new PagedList<Kept>({ saved: (kept) => kept, order: Pane.order, write })
  /** One that has been taken back stands here for nothing. */
  readonly #order = new Heap<Window>(Pane.order)

  get size(): number {
    return this.pages.size
  }

  take({ changes, end, key, pane, start, values }: Pane.Pane): void {
    const kept: Kept = { changes, end, key, pane: pane === "retracted" ? pane : "on-time", start, values }
    const window = windowOf(kept)
    const known = this.#places.get(window)
    if (known === undefined) return this.#add(window, kept)
    if (Pane.replaces(kept, this.pages.at(known))) this.pages.set(known, kept)
  }

  #add(window: string, kept: Kept): void {
    this.#places.set(window, this.pages.add(kept))
    this.#order.push(kept)
  }

  /** The next panes that end at the same time, at most at this one. They are gone from here. */
  leaving(until: number): ReadonlyArray<Kept> {
    const end = this.#order.smallest?.end ?? Infinity
    const leaving: Array<Kept> = []
    if (end > until) return leaving
    for (let next = this.#order.smallest; next?.end === end && leaving.length < most; next = this.#order.smallest) {
      this.#order.pop()
      leaving.push(this.#remove(next))
    }
    return leaving
  }

  #remove(window: Window): Kept {
    const name = windowOf(window)
    const place = this.#places.get(name)!
    const kept = this.pages.at(place)
    this.pages.remove(place)
    this.#places.delete(name)
    return kept
  }

  /** Values are of these names, in their order. */
  restore(state: StateReader, names: ReadonlyArray<string>): void {
    for (const table of state.tables("panes")) {
      const [keys, kinds] = [table.texts("key"), table.texts("pane")]
      const [starts, ends, changes] = numbers.map((name) => table.wholeNumbers(name))
      const members = table.json("values")
      table.end()
      keys.forEach((key, i) => {
        const pane = kinds[i] === "retracted" ? "retracted" : "on-time"
        const values = pane === "retracted" ? {} : valuesIn(members[i], names)
        const kept = { key, pane, start: starts![i]!, end: ends![i]!, changes: changes![i]!, values } as const
        const window = windowOf(kept)
        if (this.#places.has(window)) throw new StateError(`the snapshot has a window of "${key}" twice`)
        this.#add(window, kept)
      })
    }
  }
}

const numbers = ["start", "end", "changes"] as const

const write = (all: ReadonlyArray<Kept>, state: StateWriter): void => {
  const table = state.table("panes", all.length)
  table.strings("key", all.map(({ key }) => key))
  table.strings("pane", all.map(({ pane }) => pane))
  for (const name of numbers) table.numbers(name, Float64Array.from(all, (kept) => kept[name]))
  table.json("values", all.map(({ values }) => membersOf(values)))
}

const windowOf = ({ end, key, start }: Window): string => `${start}:${end}:${key}`
