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

/** Which of the keys of a pipeline that have windows. */
export interface KeysQuery {
  readonly pipeline: string
  /** Only those that contain this text, in which A to Z and a to z are the same. */
  readonly contains?: string
  /** Only those behind this one, by code points. */
  readonly after?: string
  /** Only these. */
  readonly keys?: ReadonlyArray<string>
  /** The first so many. */
  readonly limit?: number
}

export interface Newest {
  /** Of each key that is asked for the pane of its newest window, in the order of keys by code points. */
  readonly panes: ReadonlyArray<Pane.Encoded>
  /** How many keys there are, those before `after` and beyond the limit among them. */
  readonly total: number
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
  /**
   * The newest window of each key: that with the latest start, of several the one with the latest end. Without it
   * {@link newestOf} finds those of the newest 10,000 windows.
   */
  readonly newest?: (query: KeysQuery) => Effect.Effect<Newest, ResultSinkError>
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
      newest: (query) => Effect.sync(() => newestAmong([...panes.values()], query)),
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

/** The newest window of each key, of a sink that knows how to find them, or of the newest windows that it has. */
export const newestOf = (sink: ResultSink["Service"], query: KeysQuery): Effect.Effect<Newest, ResultSinkError> =>
  sink.newest === undefined
    ? Effect.map(sink.read({ pipeline: query.pipeline, limit: mostLookedAt }), (panes) => newestAmong(panes, query))
    : sink.newest(query)

/** Windows of a sink that cannot tell its keys. */
const mostLookedAt = 10_000

/** What a query gives, of the newest pane of each window. */
export const newestAmong = (panes: ReadonlyArray<Pane.Encoded>, query: KeysQuery): Newest => {
  const found = new Map(select(panes, { pipeline: query.pipeline }).map((pane) => [pane.key, pane]))
  const asked = query.keys === undefined ? found : new Map(query.keys.flatMap((key) => found.has(key) ? [[key, found.get(key)!]] : []))
  const all = [...asked.values()].filter(({ key }) => containing(query.contains)(key)).sort((a, b) => byCodePoints(a.key, b.key))
  const behind = query.after === undefined ? all : all.filter(({ key }) => byCodePoints(key, query.after!) > 0)
  return { panes: query.limit === undefined ? behind : behind.slice(0, Math.max(0, query.limit)), total: all.length }
}

/** Whether a key contains a text, in which A to Z and a to z are the same. */
export const containing = (text: string | undefined): (key: string) => boolean => {
  if (text === undefined) return () => true
  const wanted = asciiLowerCase(text)
  return (key) => asciiLowerCase(key).includes(wanted)
}

/** As databases have it, to which other letters have no case. */
const asciiLowerCase = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
