/**
 * What is known of the windows in the store, pipeline by pipeline, and so which panes are due there. The store is asked
 * only of those windows that it may hold without our knowing, see `RevisionCache`.
 */
import { Effect } from "effect"
import * as Pane from "../../streams/pipeline/Pane.ts"
import type { Connection } from "./Connection.ts"
import * as Point from "./Point.ts"
import { type Known, RevisionCache } from "./RevisionCache.ts"
import * as Store from "./Store.ts"

/** A pane that is to be written. */
export interface Due {
  readonly pane: Pane.Pane
  /** What is known of its pipeline. */
  readonly cache: RevisionCache
  /** What is known to be there. */
  readonly stored: Known | undefined
  /** The fields that show its values, once it has been written. */
  shown: string
}

/** So many windows of a pipeline are remembered, and up to twice as many. */
export const make = (connection: Connection["Service"], remembered: number) => {
  const { retryPolicy } = connection
  const caches = new Map<string, RevisionCache>()

  /** The newest pane of each window, where the store has no newer one. */
  const due = Effect.fnUntraced(function*(panes: ReadonlyArray<Pane.Pane>) {
    const all: Array<Due> = []
    for (const [pipeline, ofPipeline] of Map.groupBy(panes, (pane) => pane.pipeline)) {
      const cache = yield* cacheOf(pipeline)
      const newest = newestOf(ofPipeline, cache)
      const told = yield* ask(pipeline, cache, newest)
      for (const pane of newest) {
        const stored = cache.get(pane) ?? (told.size === 0 ? undefined : told.get(cache.idOf(pane))?.known)
        if (stored === undefined || Pane.replaces(pane, stored)) all.push({ pane, cache, stored, shown: "" })
      }
      // Only when each has been compared: what is remembered now may drive out what was remembered of another.
      for (const stored of told.values()) cache.set(stored.window, stored.known)
    }
    return all
  })

  const cacheOf = Effect.fnUntraced(function*(pipeline: string) {
    const already = caches.get(pipeline)
    if (already !== undefined) return already
    const newest = yield* retryPolicy.retry(Store.newestStart(connection, pipeline))
    const cache = new RevisionCache(remembered, newest ?? -Infinity)
    caches.set(pipeline, cache)
    return cache
  })

  /** What the store says of the windows that it may hold without our knowing. */
  const ask = Effect.fnUntraced(function*(pipeline: string, cache: RevisionCache, panes: ReadonlyArray<Pane.Pane>) {
    const told = new Map<string, Stored>()
    const unsure = panes.filter((pane) => cache.isUnsure(pane))
    if (unsure.length === 0) return told
    const found = yield* Effect.forEach(
      spans(unsure),
      (span) => retryPolicy.retry(Store.panes(connection, { pipeline, ...span })),
      { concurrency: 2 }
    )
    const wanted = new Set(unsure.map((pane) => cache.idOf(pane)))
    for (const pane of found.flat()) {
      const id = cache.idOf(pane)
      const known = { changes: pane.changes, pane: pane.pane, shown: Point.shownBy(pane) }
      if (wanted.has(id)) told.set(id, { window: pane, known })
    }
    return told
  })

  /** Notes that nothing of a pipeline is left in the store. */
  const removed = (pipeline: string): void => void caches.set(pipeline, new RevisionCache(remembered, -Infinity))

  return { due, removed }
}

/** Notes that a pane is in the store. */
export const written = ({ cache, pane, shown }: Due): void =>
  cache.set(pane, { changes: pane.changes, pane: pane.pane, shown })

/** What the store has told of a window. */
interface Stored {
  readonly window: Pane.Encoded
  readonly known: Known
}

/** The newest pane of each window. Panes that are in order are of different windows. */
const newestOf = (panes: ReadonlyArray<Pane.Pane>, cache: RevisionCache): ReadonlyArray<Pane.Pane> => {
  if (panes.every((pane, i) => i === 0 || Pane.order(panes[i - 1]!, pane) < 0)) return panes
  const newest = new Map<string, Pane.Pane>()
  for (const pane of panes) {
    const id = cache.idOf(pane)
    const before = newest.get(id)
    if (before === undefined || Pane.replaces(pane, before)) newest.set(id, pane)
  }
  return [...newest.values()]
}

/** Windows as a few selections that hold them all: a late one of last week must not make us fetch the whole week. */
const spans = (panes: ReadonlyArray<Pane.Pane>): ReadonlyArray<Store.Selection> => {
  const found: Array<{ from: number; to: number; keys: Set<string> }> = []
  for (const { key, start } of panes.toSorted((a, b) => a.start - b.start)) {
    const last = found.at(-1)
    if (last === undefined || start - last.to > hour) found.push({ from: start, to: start + 1, keys: new Set([key]) })
    else {
      last.to = start + 1
      last.keys.add(key)
    }
  }
  return found.map(({ from, keys, to }) => ({ from, to, ...(keys.size > namedKeys ? {} : { keys: [...keys] }) }))
}

const hour = 3_600_000

/** So many keys are named in a query; where there are more, those of all keys are fetched. */
const namedKeys = 50
