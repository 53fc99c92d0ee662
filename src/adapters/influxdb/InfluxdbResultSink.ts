/**
 * Panes in InfluxDB, one point a window and key; see `Point` for how they look there.
 *
 * A point is overwritten by whatever is written last, field by field. So that the newest pane wins, older ones are
 * left out (see `RevisionCache`), and a point that shows a value which its new pane lacks is deleted before it is
 * written. A line that InfluxDB refuses becomes a dead letter with the server's words; everything else that goes wrong is
 * waited for, or stops the run.
 */
import { Effect, Layer, Semaphore } from "effect"
import { DeadLetters, type DeadLetter } from "../../streams/ports/DeadLetters.ts"
import * as Pane from "../../streams/pipeline/Pane.ts"
import { type Query, ResultSink, ResultSinkError, select } from "../../streams/ports/ResultSink.ts"
import { Connection } from "./Connection.ts"
import { type Known, RevisionCache } from "./RevisionCache.ts"
import * as Point from "./Point.ts"
import * as Store from "./Store.ts"
import * as Writer from "./Writer.ts"

export interface Options extends Writer.Options {
  /** So many windows of a pipeline are remembered, and up to twice as many, at some 250 bytes each; 50,000 unless told. */
  readonly rememberedWindows?: number | undefined
}

/** Fails where InfluxDB does not answer in time, does not let the token read and write, or has no such bucket. */
export const layer = (options: Options = {}): Layer.Layer<ResultSink, ResultSinkError, Connection | DeadLetters> =>
  Layer.effect(ResultSink, make(options).pipe(Effect.mapError(toSinkError)))

const make = Effect.fnUntraced(function*(options: Options) {
  const connection = yield* Connection
  const { connectTimeout, retryPolicy } = connection
  yield* retryPolicy.within(connectTimeout)(connection.probe)
  const deadLetters = yield* DeadLetters
  const writer = Writer.make(connection, options)
  const toPoint = Point.encoder()
  const { rememberedWindows = 50_000 } = options
  const caches = new Map<string, RevisionCache>()
  // Two writes at once could each find the other's window missing.
  const oneAtATime = Semaphore.makeUnsafe(1).withPermits(1)

  const cacheOf = Effect.fnUntraced(function*(pipeline: string) {
    const already = caches.get(pipeline)
    if (already !== undefined) return already
    const newest = yield* retryPolicy.retry(Store.newestStart(connection, pipeline))
    const cache = new RevisionCache(rememberedWindows, newest ?? -Infinity)
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

  const writeNewest = Effect.fnUntraced(function*(panes: ReadonlyArray<Pane.Pane>) {
    const due: Array<Due> = []
    for (const [pipeline, ofPipeline] of Map.groupBy(panes, (pane) => pane.pipeline)) {
      const cache = yield* cacheOf(pipeline)
      const newest = newestOf(ofPipeline, cache)
      const told = yield* ask(pipeline, cache, newest)
      for (const pane of newest) {
        const stored = cache.get(pane) ?? (told.size === 0 ? undefined : told.get(cache.idOf(pane))?.known)
        if (stored === undefined || Pane.replaces(pane, stored)) due.push({ pane, cache, stored, shown: "" })
      }
      // Only when each has been compared: what is remembered now may drive out what was remembered of another.
      for (const stored of told.values()) cache.set(stored.window, stored.known)
    }
    yield* Effect.forEach(due.filter(isStale(toPoint)), ({ pane }) => retryPolicy.retry(Store.deleteOne(connection, pane)), {
      concurrency: 4,
      discard: true
    })
    const lineAt = (index: number): string => {
      const { line, shown } = toPoint(due[index]!.pane)
      due[index]!.shown = shown
      return line
    }
    const remember = (from: number, to: number): void => {
      for (const { cache, pane, shown } of due.slice(from, to)) {
        cache.set(pane, { changes: pane.changes, pane: pane.pane, shown })
      }
    }
    const refused = yield* writer.write(due.length, lineAt, remember)
    if (refused.length > 0) {
      const letters = refused.map(({ index, message }) => toLetter(connection.bucket, due[index]!.pane, message))
      yield* deadLetters.write(letters)
    }
    for (const { revision } of panes) if (revision > 0) connection.statistics.revisions++
  })

  const read = Effect.fnUntraced(function*({ key, limit, ...query }: Query) {
    if (limit !== undefined && limit <= 0) return []
    const selection = { ...query, keys: key === undefined ? undefined : [key] }
    // Only as far back as the limit reaches.
    const from = limit === undefined ? null : yield* Store.startOfNewest(connection, selection, limit)
    return yield* Store.panes(connection, from === null ? selection : { ...selection, from })
  })

  const { bucket, describeBucket, org, url } = connection
  /** A token for one bucket may not list it, and 1.x has no ids: there a bucket that was made again is not told from the former one. */
  const id = retryPolicy.within(connectTimeout)(describeBucket).pipe(
    Effect.map((found) => found?.id ?? ""),
    Effect.orElseSucceed(() => "")
  )

  return ResultSink.of({
    stores: Effect.map(id, (id) => [{ name: `the bucket ${bucket} at ${url}`, id: JSON.stringify([url, org, bucket, id]) }]),
    write: (panes) => panes.length === 0 ? Effect.void : oneAtATime(writeNewest(panes)).pipe(Effect.mapError(toSinkError)),
    read: (query) =>
      retryPolicy.within(connectTimeout)(read(query)).pipe(
        Effect.map((panes) => select(panes, query)),
        Effect.mapError(toSinkError)
      ),
    remove: (pipeline) =>
      retryPolicy.retry(Store.deleteAll(connection, pipeline)).pipe(
        Effect.andThen(Effect.sync(() => caches.set(pipeline, new RevisionCache(rememberedWindows, -Infinity)))),
        Effect.asVoid,
        oneAtATime,
        Effect.mapError(toSinkError)
      )
  })
})

/** What the store has told of a window. */
interface Stored {
  readonly window: Pane.Encoded
  readonly known: Known
}

/** A pane that is to be written. */
interface Due {
  readonly pane: Pane.Pane
  readonly cache: RevisionCache
  /** What is known to be there. */
  readonly stored: Known | undefined
  /** The fields that show its values, once it has been written. */
  shown: string
}

/** Whether the store shows a value of this window which the pane has not. */
const isStale = (toPoint: (pane: Pane.Pane) => Point.Point) => ({ pane, stored }: Due): boolean =>
  stored !== undefined && stored.shown !== "" && !covers(toPoint(pane).shown, stored.shown)

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

const covers = (shown: string, stored: string): boolean => {
  if (shown === stored) return true
  const fields = new Set(shown.split(","))
  return stored.split(",").every((field) => fields.has(field))
}

const hour = 3_600_000

/** So many keys are named in a query; where there are more, those of all keys are fetched. */
const namedKeys = 50

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

const toLetter = (bucket: string, pane: Pane.Pane, detail: string): DeadLetter => ({
  topic: `influxdb:${[bucket, pane.pipeline, pane.key].map(escape).join("|")}|${pane.start}|${pane.end}`,
  partition: 0,
  offset: pane.revision,
  pipeline: pane.pipeline,
  reason: "refused",
  detail,
  bytes: new TextEncoder().encode(Pane.toJson(pane))
})

/** The parts are separated by bars; one within a part is escaped, so that no two windows share a name. */
const escape = (text: string): string => text.replaceAll(/[\\|]/g, "\\$&")

function toSinkError(error: { readonly message: string }): ResultSinkError {
  return error instanceof ResultSinkError ? error : new ResultSinkError({ message: error.message, cause: error })
}
