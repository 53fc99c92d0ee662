/**
 * Panes in InfluxDB, one point a window and key; see `Point` for how they look there.
 *
 * A point is overwritten by whatever is written last, field by field. So that the newest pane wins, older ones are
 * left out (see `KnownWindows`), and a point that shows a value which its new pane lacks is deleted before it is
 * written. A line that InfluxDB refuses becomes a dead letter with the server's words; everything else that goes wrong is
 * waited for, or stops the run.
 */
import { Effect, Layer, Semaphore } from "effect"
import { DeadLetters, type DeadLetter } from "../../streams/ports/DeadLetters.ts"
import * as Pane from "../../streams/pipeline/Pane.ts"
import { type Query, ResultSink, ResultSinkError, select } from "../../streams/ports/ResultSink.ts"
import { Connection } from "./Connection.ts"
import * as KnownWindows from "./KnownWindows.ts"
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
  const known = KnownWindows.make(connection, rememberedWindows)
  // Two writes at once could each find the other's window missing.
  const oneAtATime = Semaphore.makeUnsafe(1).withPermits(1)

  const writeNewest = Effect.fnUntraced(function*(panes: ReadonlyArray<Pane.Pane>) {
    const due = yield* known.due(panes)
    yield* Effect.forEach(due.filter(isStale(toPoint)), ({ pane }) => retryPolicy.retry(Store.deleteOne(connection, pane)), {
      concurrency: 4,
      discard: true
    })
    const lineAt = (index: number): string => {
      const { line, shown } = toPoint(due[index]!.pane)
      due[index]!.shown = shown
      return line
    }
    const stored = (from: number, to: number): void => due.slice(from, to).forEach(KnownWindows.written)
    const refused = yield* writer.write(due.length, lineAt, stored)
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
        Effect.andThen(Effect.sync(() => known.removed(pipeline))),
        oneAtATime,
        Effect.mapError(toSinkError)
      )
  })
})

/** Whether the store shows a value of this window which the pane has not. */
const isStale = (toPoint: (pane: Pane.Pane) => Point.Point) => ({ pane, stored }: KnownWindows.Due): boolean =>
  stored !== undefined && stored.shown !== "" && !covers(toPoint(pane).shown, stored.shown)

const covers = (shown: string, stored: string): boolean => {
  if (shown === stored) return true
  const fields = new Set(shown.split(","))
  return stored.split(",").every((field) => fields.has(field))
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
