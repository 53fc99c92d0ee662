/** What has been said of windows that may be emitted again: which kind, which revision, over how many rows. */
import type { Kind } from "../../pipeline/Pane.ts"
import { PagedList } from "../PagedList.ts"
import { StateError, type StateReader, type StateWriter } from "../State.ts"
import { isTired } from "../Work.ts"
import { Heap } from "./Heap.ts"
import { compareText } from "./KeyOrder.ts"

export interface Last {
  readonly kind: Exclude<Kind, "retracted">
  readonly revision: number
  readonly rows: number
}

/**
 * Whether there is something new to say: rows have come since, or the window is closing and
 * has been shown only early.
 */
export const isNews = (last: Last | null | undefined, kind: Last["kind"], rows: number): boolean =>
  last?.rows !== rows || (kind === "on-time" && last.kind !== "on-time")

/** The last emission of a window of a key, as it is written. */
export interface EmittedEntry extends Last {
  readonly key: string
  readonly start: number
  readonly end: number
}

const byEndAndKey = (a: EmittedEntry, b: EmittedEntry): number => a.end - b.end || a.start - b.start || compareText(a.key, b.key)

export const saveEmitted = (entries: ReadonlyArray<EmittedEntry>, state: StateWriter): void => {
  const table = state.table("emitted", entries.length)
  table.strings("key", entries.map(({ key }) => key))
  table.strings("kind", entries.map(({ kind }) => kind))
  for (const name of ["start", "end", "revision", "rows"] as const) {
    table.numbers(name, Float64Array.from(entries, (entry) => entry[name]))
  }
}

export const restoreEmitted = (state: StateReader): ReadonlyArray<EmittedEntry> =>
  Array.from(state.tables("emitted"), (table) => {
    const [keys, kinds] = [table.texts("key"), table.texts("kind")]
    const [starts, ends] = [table.wholeNumbers("start"), table.wholeNumbers("end")]
    const [revisions, rows] = [table.wholeNumbers("revision"), table.wholeNumbers("rows")]
    table.end()
    return keys.map((key, i) => ({
      key,
      start: starts[i]!,
      end: ends[i]!,
      kind: kindOf(kinds[i]!),
      revision: revisions[i]!,
      rows: rows[i]!
    }))
  }).flat()

const kindOf = (text: string): Last["kind"] => {
  if (text === "early" || text === "on-time" || text === "late") return text
  throw new StateError(`no pane that is still open is "${text}"`)
}

interface Emitted {
  readonly last: Last
  readonly window: number
  readonly key: number
}

export interface Bounds {
  readonly start: number
  readonly end: number
}

/** How windows and keys are known outside. */
export interface Naming {
  /** Windows have numbers of their owner's. */
  readonly boundsOf: (window: number) => Bounds
  /** `null` where there is no such window. */
  readonly windowOf: (bounds: Bounds) => number | null
  readonly textOf: (key: number) => string
}

/** By window and key. */
export class EmittedPanes {
  readonly #places = new Map<number, Map<number, number>>()
  /** Most of them may be emitted again for a long time: those that are gone are not looked for among all. */
  readonly #ends = new Heap<{ readonly window: number; readonly end: number }>((a, b) => a.end - b.end)
  readonly #naming: Naming
  readonly pages: PagedList<Emitted, EmittedEntry>

  constructor(naming: Naming) {
    this.#naming = naming
    this.pages = new PagedList({
      saved: ({ key, last, window }) => ({ ...last, key: naming.textOf(key), ...naming.boundsOf(window) }),
      order: byEndAndKey,
      write: saveEmitted
    })
  }

  /** Whether any key of a window has been emitted. */
  has(window: number): boolean {
    return this.#places.has(window)
  }

  get(window: number, key: number): Last | undefined {
    const place = this.#places.get(window)?.get(key)
    return place === undefined ? undefined : this.pages.at(place).last
  }

  set(window: number, key: number, last: Last): void {
    let places = this.#places.get(window)
    if (places === undefined) {
      this.#places.set(window, places = new Map())
      this.#ends.push({ window, end: this.#naming.boundsOf(window).end })
    }
    const known = places.get(key)
    if (known === undefined) places.set(key, this.pages.add({ window, key, last }))
    else this.pages.set(known, { window, key, last })
  }

  /** Of windows that end at `until` at the latest nothing is emitted any more. */
  *forget(until: number): Generator<void> {
    for (let first = this.#ends.smallest; first !== undefined && first.end <= until; first = this.#ends.smallest) {
      const { window } = first
      this.#ends.pop()
      let done = 0
      for (const place of this.#places.get(window)!.values()) {
        this.pages.remove(place)
        if (isTired(++done)) yield
      }
      this.#places.delete(window)
    }
  }

  /** Before the naming of keys changes. */
  renumber(numberOf: (key: number) => number): void {
    for (const [window, places] of this.#places) {
      const renumbered = [...places].map(([key, place]) => {
        this.pages.set(place, { ...this.pages.at(place), key: numberOf(key) })
        return [numberOf(key), place] as const
      })
      this.#places.set(window, new Map(renumbered))
    }
  }

  restore(state: StateReader, numberOf: (text: string) => number): void {
    for (const { end, key, kind, revision, rows, start } of restoreEmitted(state)) {
      const window = this.#naming.windowOf({ start, end })
      if (window === null) throw new StateError(`no window is from ${start} to ${end}`)
      this.set(window, numberOf(key), { kind, revision, rows })
    }
  }
}
