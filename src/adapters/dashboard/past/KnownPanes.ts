/**
 * The panes that a replay has come by, each with when it became known: what was known at any time up to there can be asked
 * for. Of a long log the windows that were told first are forgotten.
 */
import { Effect } from "effect"
import * as Pane from "../../../streams/pipeline/Pane.ts"
import { newestAmong, type Query, ResultSink, select } from "../../../streams/ports/ResultSink.ts"

/** Panes that a replay keeps. */
const usualBound = 200_000

export interface Version {
  readonly knownAt: number
  readonly pane: Pane.Pane
}

/** Versions that were told one after another. Those of several replays may be the same ones. */
export type Told = ReadonlyArray<Version>

/** Versions that are kept together. */
const together = 1_000

interface Window {
  readonly id: string
  /** Whose window it is. */
  readonly windows: Map<string, Window>
  /** In the order in which they became known, each in the place of the one before. */
  readonly versions: Array<Version>
}

export class KnownPanes {
  readonly #bound: number
  readonly #byPipeline = new Map<string, Map<string, Map<string, Window>>>()
  /** All of them, those that were told first at the beginning. */
  readonly #all = new Set<Window>()
  #count = 0
  /** The same in the order in which they were told, the last part of which grows. */
  #told: Array<Told>
  #tellable: number
  #newest: Array<Version> = []

  /** What was told before counts as told. */
  constructor(before: ReadonlyArray<Told> = [], bound = usualBound) {
    this.#bound = bound
    this.#told = [...before]
    this.#tellable = before.reduce((sum, { length }) => sum + length, 0)
    for (const versions of before) this.#keep(versions)
  }

  write(panes: ReadonlyArray<Pane.Pane>, knownAt: number): void {
    const versions = panes.map((pane) => ({ knownAt, pane }))
    this.#newest.push(...versions)
    if (this.#newest.length >= together) this.#seal()
    this.#keep(versions)
  }

  /** All that another one has to have been told to know the same. */
  told(): ReadonlyArray<Told> {
    this.#seal()
    return [...this.#told]
  }

  #seal(): void {
    if (this.#newest.length === 0) return
    this.#told.push(this.#newest)
    this.#tellable += this.#newest.length
    this.#newest = []
    while (this.#tellable - this.#told[0]!.length >= this.#bound) this.#tellable -= this.#told.shift()!.length
  }

  #keep(told: Told): void {
    for (const version of told) {
      const { id, versions, windows } = this.#windowOf(version.pane)
      const last = versions.at(-1)
      if (last !== undefined && !Pane.replaces(version.pane, last.pane)) continue
      versions.push(version)
      if (versions.length === 1) windows.set(id, this.#added({ id, windows, versions }))
      this.#count++
    }
    for (const oldest of this.#all) {
      if (this.#count <= this.#bound) return
      this.#all.delete(oldest)
      oldest.windows.delete(oldest.id)
      this.#count -= oldest.versions.length
    }
  }

  #windowOf({ end, key, pipeline, start }: Pane.Pane): Window {
    const windows = entry(entry(this.#byPipeline, pipeline), key)
    const id = `${start} ${end}`
    return windows.get(id) ?? { id, windows, versions: [] }
  }

  #added(window: Window): Window {
    this.#all.add(window)
    return window
  }

  /** As a sink had it at a time. */
  at(time: number): ResultSink["Service"] {
    const known = (query: Pick<Query, "key" | "pipeline">) => Array.from(this.#known(query, time), Pane.encode)
    return ResultSink.of({
      read: (query) => Effect.sync(() => select(known(query), query)),
      newest: (query) => Effect.sync(() => newestAmong(known({ pipeline: query.pipeline }), query)),
      write: () => Effect.void,
      remove: () => Effect.void
    })
  }

  *#known({ key, pipeline }: Pick<Query, "key" | "pipeline">, time: number): Generator<Pane.Pane> {
    for (const { versions } of this.#windows(pipeline, key)) {
      const version = versions.findLast(({ knownAt }) => knownAt <= time)
      if (version !== undefined) yield version.pane
    }
  }

  *#windows(pipeline: string | undefined, key: string | undefined): Generator<Window> {
    for (const keys of chosen(this.#byPipeline, pipeline)) for (const windows of chosen(keys, key)) yield* windows.values()
  }

  /** When something of a key became known before and after a time, as far as the replay has come; `null` where nothing did. */
  changesOf(pipeline: string, key: string, time: number): { readonly before: number | null; readonly after: number | null } {
    let [before, after] = [-Infinity, Infinity]
    for (const { versions } of this.#windows(pipeline, key)) {
      for (const { knownAt } of versions) {
        if (knownAt < time) before = Math.max(before, knownAt)
        else if (knownAt > time) after = Math.min(after, knownAt)
      }
    }
    return { before: finite(before), after: finite(after) }
  }
}

const finite = (time: number): number | null => Number.isFinite(time) ? time : null

const entry = <V>(map: Map<string, Map<string, V>>, key: string): Map<string, V> => {
  const known = map.get(key) ?? new Map<string, V>()
  map.set(key, known)
  return known
}

/** One of them, or all. */
const chosen = <V>(map: ReadonlyMap<string, V>, key: string | undefined): Iterable<V> => {
  if (key === undefined) return map.values()
  const one = map.get(key)
  return one === undefined ? [] : [one]
}
