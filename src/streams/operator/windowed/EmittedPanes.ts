/** What has been said of windows that may be emitted again: which kind, which revision, over how many rows. */
import type { Dictionary } from "../../records/Batch.ts"
import type { Kind } from "../../pipeline/Pane.ts"
import { StateError, type StateReader, type StateWriter } from "../State.ts"
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

/** The last emission of a window of a key. */
export interface EmittedEntry extends Last {
  readonly key: string
  readonly start: number
  readonly end: number
}

export const saveEmitted = (entries: ReadonlyArray<EmittedEntry>, state: StateWriter): void => {
  const table = state.table("emitted", entries.length)
  table.strings("key", entries.map(({ key }) => key))
  table.strings("kind", entries.map(({ kind }) => kind))
  for (const name of ["start", "end", "revision", "rows"] as const) {
    table.numbers(name, Float64Array.from(entries, (entry) => entry[name]))
  }
}

export const restoreEmitted = (state: StateReader): ReadonlyArray<EmittedEntry> => {
  const table = state.table("emitted")
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
}

const kindOf = (text: string): Last["kind"] => {
  if (text === "early" || text === "on-time" || text === "late") return text
  throw new StateError(`no pane that is still open is "${text}"`)
}

/** By window, named by its end, and key. */
export class EmittedPanes {
  readonly #byEnd = new Map<number, Map<number, Last>>()

  get(end: number, key: number): Last | undefined {
    return this.#byEnd.get(end)?.get(key)
  }

  set(end: number, key: number, emission: Last): void {
    let emissions = this.#byEnd.get(end)
    if (emissions === undefined) this.#byEnd.set(end, emissions = new Map())
    emissions.set(key, emission)
  }

  forget(isGone: (end: number) => boolean): void {
    for (const end of this.#byEnd.keys()) if (isGone(end)) this.#byEnd.delete(end)
  }

  renumber(numberOf: (key: number) => number): void {
    for (const [end, emissions] of this.#byEnd) {
      this.#byEnd.set(end, new Map([...emissions].map(([key, emission]) => [numberOf(key), emission])))
    }
  }

  /** By end, then key. */
  save(state: StateWriter, startOf: (end: number) => number, dictionary: Dictionary): void {
    const entries = [...this.#byEnd].sort(([a], [b]) => a - b).flatMap(([end, emissions]) =>
      [...emissions]
        .map(([key, last]) => ({ ...last, key: dictionary.textOf(key), start: startOf(end), end }))
        .sort((a, b) => compareText(a.key, b.key))
    )
    saveEmitted(entries, state)
  }

  restore(state: StateReader, startOf: (end: number) => number, dictionary: Dictionary): void {
    for (const { end, key, kind, revision, rows, start } of restoreEmitted(state)) {
      if (startOf(end) !== start) throw new StateError(`no window is from ${start} to ${end}`)
      this.set(end, dictionary.numberOf(key), { kind, revision, rows })
    }
  }
}
