/**
 * Port: where the rows of pipelines that end in events go. Writing is an upsert by pipeline and place: a row written
 * twice is there once. What is written again after a crash has the same place and the same values.
 */
import { Context, Effect, Layer, Schema } from "effect"
import * as Row from "../pipeline/Row.ts"
import { randomUUID } from "node:crypto"
import { byCodePoints } from "../records/StringOrder.ts"
import { messageOf } from "./Cause.ts"
import type { Store } from "./Store.ts"

export interface Query {
  readonly pipeline?: string
  readonly key?: string
  /** Rows whose event time is in `[from, to)`, in milliseconds since the epoch. */
  readonly from?: number
  readonly to?: number
  /** The newest so many, by event time. */
  readonly limit?: number
}

export class RowSinkError extends Schema.TaggedError<RowSinkError>()("RowSinkError", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

export class RowSink extends Context.Service<RowSink, {
  /** When it returns the rows are durable. */
  readonly write: (rows: ReadonlyArray<Row.Row>) => Effect.Effect<void, RowSinkError>
  /**
   * One row for each place, ordered by event time, then source, partition, offset, the written form of what is joined to it
   * or of its window, and pipeline (texts by code points).
   * Fails where a sink can only be written, such as a function.
   */
  readonly read: (query: Query) => Effect.Effect<ReadonlyArray<Row.Encoded>, RowSinkError>
  /** Forgets every row of a pipeline, before it is computed anew. */
  readonly remove: (pipeline: string) => Effect.Effect<void, RowSinkError>
  /**
   * The stores behind the sink that keep what is written. An engine notes them with its checkpoint, so that one which has not
   * got what was written before (it was added, or deleted and made again) is filled from the log. Without it a sink is
   * taken to have whatever it should have, as standard output and functions are.
   */
  readonly stores?: Effect.Effect<ReadonlyArray<Store>, RowSinkError>
}>()("courant/RowSink") {
  static readonly layerMemory: Layer.Layer<RowSink> = Layer.sync(RowSink, () => {
    const rows = new Map<string, Row.Encoded>()
    const id = randomUUID()
    return RowSink.of({
      stores: Effect.succeed([{ name: "the memory", id }]),
      write: (added) =>
        Effect.sync(() => {
          for (const row of added) rows.set(Row.identityOf(row), Row.encode(row))
        }),
      read: (query) => Effect.sync(() => select([...rows.values()], query)),
      remove: (pipeline) =>
        Effect.sync(() => {
          for (const [identity, row] of rows) if (row.pipeline === pipeline) rows.delete(identity)
        })
    })
  })

  /**
   * Hands rows to a function, batch by batch, in the order of the log; the next batch waits until it is done, and a
   * failure ends the run. After a crash it is called again with rows that it has had: by pipeline and place they are the
   * same ones, so that whoever stores them by these has each once.
   */
  static readonly fromFunction = <E, R>(
    write: (rows: ReadonlyArray<Row.Row>) => Effect.Effect<void, E, R>
  ): Layer.Layer<RowSink, never, R> =>
    Layer.effect(
      RowSink,
      Effect.gen(function*() {
        const context = yield* Effect.context<R>()
        return RowSink.of({
          write: (rows) =>
            rows.length === 0 ? Effect.void : write(rows).pipe(
              Effect.provideContext(context),
              Effect.mapError((cause) => new RowSinkError({ message: `the function that takes rows failed: ${messageOf(cause)}`, cause }))
            ),
          read: () => Effect.fail(new RowSinkError({ message: "rows that a function has taken cannot be read back" })),
          // What the function has made of them is not ours to forget.
          remove: () => Effect.void
        })
      })
    )
}

const order = (a: Row.Encoded, b: Row.Encoded): number =>
  a.time - b.time || byCodePoints(a.place.source, b.place.source) || a.place.partition - b.place.partition ||
  a.place.offset - b.place.offset || byCodePoints(Row.besideToJson(a.place), Row.besideToJson(b.place)) ||
  byCodePoints(a.pipeline, b.pipeline)

/** What a query gives, of one row for each place. */
export const select = (rows: ReadonlyArray<Row.Encoded>, query: Query): ReadonlyArray<Row.Encoded> => {
  const chosen = rows
    .filter(({ key, pipeline, time }) =>
      (query.pipeline === undefined || pipeline === query.pipeline) &&
      (query.key === undefined || key === query.key) &&
      (query.from === undefined || time >= query.from) &&
      (query.to === undefined || time < query.to)
    )
    .sort(order)
  return query.limit === undefined ? chosen : chosen.slice(Math.max(0, chosen.length - query.limit))
}
