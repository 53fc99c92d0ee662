/**
 * Port: where panes go. Writing is an upsert by pipeline, key and window: a pane written
 * twice, or one that is older than what is stored (`Pane.replaces`), changes nothing.
 */
import { Context, Effect, Layer, Schema } from "effect"
import * as Pane from "../pipeline/Pane.ts"
import { randomUUID } from "node:crypto"
import { byCodePoints } from "../records/StringOrder.ts"
import { messageOf } from "./Cause.ts"
import type { Store } from "./Store.ts"

export interface Query {
  readonly pipeline?: string
  readonly key?: string
  /** Windows whose start is in `[from, to)`, in milliseconds since the epoch. */
  readonly from?: number
  readonly to?: number
  /** The newest so many. */
  readonly limit?: number
}

export class ResultSinkError extends Schema.TaggedError<ResultSinkError>()("ResultSinkError", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

export class ResultSink extends Context.Service<ResultSink, {
  /** When it returns the panes are durable. */
  readonly write: (panes: ReadonlyArray<Pane.Pane>) => Effect.Effect<void, ResultSinkError>
  /**
   * The newest pane of each window, ordered by start, then end, pipeline and key (texts by code
   * points). Retracted windows are gone. Fails where a sink can only be written, such as standard output.
   */
  readonly read: (query: Query) => Effect.Effect<ReadonlyArray<Pane.Encoded>, ResultSinkError>
  /** Forgets every pane of a pipeline, retracted ones too, before it is computed anew. */
  readonly remove: (pipeline: string) => Effect.Effect<void, ResultSinkError>
  /**
   * For an engine that goes on after a crash: what any store behind the sink holds, so that it can take back what a
   * former run has written and this one will not. Without it `read` is asked. A sink of several stores gives the panes
   * of all of them, and one that can only be written gives none.
   */
  readonly recall?: (query: Query) => Effect.Effect<ReadonlyArray<Pane.Encoded>, ResultSinkError>
  /**
   * The stores behind the sink that keep what is written. An engine notes them with its checkpoint, so that one which has not
   * got what was written before (it was added, or deleted and made again) is filled from the log. Without it a sink is
   * taken to have whatever it should have, as standard output and functions are.
   */
  readonly stores?: Effect.Effect<ReadonlyArray<Store>, ResultSinkError>
}>()("courant/ResultSink") {
  static readonly layerMemory: Layer.Layer<ResultSink> = Layer.sync(ResultSink, () => {
    const panes = new Map<string, Pane.Encoded>()
    const id = randomUUID()
    return ResultSink.of({
      stores: Effect.succeed([{ name: "the memory", id }]),
      write: (added) =>
        Effect.sync(() => {
          for (const pane of added) {
            const identity = JSON.stringify([pane.pipeline, pane.key, pane.start, pane.end])
            const stored = panes.get(identity)
            if (stored === undefined || Pane.replaces(pane, stored)) panes.set(identity, Pane.encode(pane))
          }
        }),
      read: (query) => Effect.sync(() => select([...panes.values()], query)),
      remove: (pipeline) =>
        Effect.sync(() => {
          for (const [identity, pane] of panes) if (pane.pipeline === pipeline) panes.delete(identity)
        })
    })
  })

  /**
   * Hands panes to a function, batch by batch, in their order; the next batch waits until it is done, and a failure ends the
   * run. After a crash it is called again with panes that it has had: whoever stores them keeps of each pipeline, key and
   * window the one that `Pane.replaces` says is the newer.
   */
  static readonly fromFunction = <E, R>(
    write: (panes: ReadonlyArray<Pane.Pane>) => Effect.Effect<void, E, R>
  ): Layer.Layer<ResultSink, never, R> =>
    Layer.effect(
      ResultSink,
      Effect.gen(function*() {
        const context = yield* Effect.context<R>()
        return ResultSink.of({
          write: (panes) =>
            panes.length === 0 ? Effect.void : write(panes).pipe(
              Effect.provideContext(context),
              Effect.mapError((cause) => new ResultSinkError({ message: `the function that takes panes failed: ${messageOf(cause)}`, cause }))
            ),
          read: () => Effect.fail(new ResultSinkError({ message: "panes that a function has taken cannot be read back" })),
          recall: () => Effect.succeed([]),
          // What the function has made of them is not ours to forget.
          remove: () => Effect.void
        })
      })
    )
}

const order = (a: Pane.Encoded, b: Pane.Encoded): number =>
  a.start - b.start || a.end - b.end || byCodePoints(a.pipeline, b.pipeline) || byCodePoints(a.key, b.key)

/** What a query gives, of the newest pane of each window. */
export const select = (panes: ReadonlyArray<Pane.Encoded>, query: Query): ReadonlyArray<Pane.Encoded> => {
  const chosen = panes
    .filter((pane) =>
      pane.pane !== "retracted" &&
      (query.pipeline === undefined || pane.pipeline === query.pipeline) &&
      (query.key === undefined || pane.key === query.key) &&
      (query.from === undefined || pane.start >= query.from) &&
      (query.to === undefined || pane.start < query.to)
    )
    .sort(order)
  return query.limit === undefined ? chosen : chosen.slice(Math.max(0, chosen.length - query.limit))
}
