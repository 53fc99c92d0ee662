/** What has been said of windows that may be emitted again: which kind, which revision, over how many rows. */
import type { Dictionary } from "../../records/Batch.ts"
import type { Kind } from "../../pipeline/Pane.ts"
import { compareText, type State } from "./Windows.ts"

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

  snapshot(startOf: (end: number) => number, dictionary: Dictionary): State["emitted"] {
    return [...this.#byEnd].sort(([a], [b]) => a - b).map(([end, emissions]) => ({
      start: startOf(end),
      end,
      keys: [...emissions]
        .map(([key, { kind, revision, rows }]) => [dictionary.textOf(key), kind, revision, rows] as const)
        .sort(([a], [b]) => compareText(a, b))
    }))
  }

  restore(state: State["emitted"], dictionary: Dictionary): void {
    for (const { end, keys } of state) {
      for (const [key, kind, revision, rows] of keys) this.set(end, dictionary.numberOf(key), { kind, revision, rows })
    }
  }
}
