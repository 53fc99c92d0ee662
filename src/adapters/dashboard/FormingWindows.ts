/** The windows that are open, as they stand: of a window the newest state, and no other. */
import { containing } from "../../streams/ports/ResultSink.ts"
import type { Pane } from "../../streams/pipeline/Pane.ts"
import type { Followed } from "./Interest.ts"

export class FormingWindows {
  readonly #byPipeline = new Map<string, Map<string, Map<string, Pane>>>()

  set(pane: Pane): void {
    entry(entry(this.#byPipeline, pane.pipeline, newMap<Map<string, Pane>>), pane.key, newMap<Pane>).set(windowOf(pane), pane)
  }

  clear(): void {
    this.#byPipeline.clear()
  }

  /** It has become a pane. */
  delete(pane: Pane): void {
    this.#remove(pane)
  }

  /** A window that never became a pane (a session merged into another) would otherwise stay for ever. */
  forgetClosed(watermark: number | null): void {
    if (watermark === null) return
    for (const pane of this.all()) if (pane.end <= watermark) this.#remove(pane)
  }

  #remove(pane: Pane): void {
    const keys = this.#byPipeline.get(pane.pipeline)
    const windows = keys?.get(pane.key)
    windows?.delete(windowOf(pane))
    if (windows?.size === 0) keys?.delete(pane.key)
  }

  /** Whether a window still stands as it did. */
  isNewest(pane: Pane): boolean {
    return this.#byPipeline.get(pane.pipeline)?.get(pane.key)?.get(windowOf(pane)) === pane
  }

  of({ key, pipeline }: Followed): ReadonlyArray<Pane> {
    return [...this.#byPipeline.get(pipeline)?.get(key)?.values() ?? []]
  }

  *all(): Generator<Pane> {
    for (const pipeline of this.#byPipeline.keys()) yield* this.ofPipeline(pipeline)
  }

  *ofPipeline(pipeline: string): Generator<Pane> {
    for (const windows of this.#byPipeline.get(pipeline)?.values() ?? []) yield* windows.values()
  }

  /** Of each key that contains a text the newest of its windows. */
  newest(pipeline: string, contains?: string): ReadonlyMap<string, Pane> {
    const isWanted = containing(contains)
    const newest = new Map<string, Pane>()
    for (const pane of this.ofPipeline(pipeline)) {
      const known = newest.get(pane.key)
      if (isWanted(pane.key) && (known === undefined || isNewer(pane, known))) newest.set(pane.key, pane)
    }
    return newest
  }
}

/** Which of two windows of a key is the newer. */
export const isNewer = (a: Pick<Pane, "end" | "start">, b: Pick<Pane, "end" | "start">): boolean =>
  a.start > b.start || (a.start === b.start && a.end > b.end)

const windowOf = ({ end, start }: Pane): string => `${start} ${end}`

const newMap = <V>() => new Map<string, V>()

const entry = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
