/** The whole engine over some events, with everything in memory: what a test of pipelines needs, in a line. */
import { Deferred, type Duration, Effect, Layer, Predicate, Stream } from "effect"
import { CheckpointStore } from "../ports/CheckpointStore.ts"
import { type DeadLetter, DeadLetters } from "../ports/DeadLetters.ts"
import { Decisions } from "../ports/Decisions.ts"
import { Engine, type EngineError, type Report } from "../ports/Engine.ts"
import { EventLog, type EventLogError } from "../ports/EventLog.ts"
import { Feed, type FeedError } from "../ports/Feed.ts"
import { Monitor } from "../ports/Monitor.ts"
import { ResultSink } from "../ports/ResultSink.ts"
import { RowSink } from "../ports/RowSink.ts"
import * as TransientLog from "../ports/TransientLog.ts"
import type { Pane } from "../pipeline/Pane.ts"
import type { Any, AnyOfPanes, AnyOfRows, OfRows, Pipeline, ValuesOf } from "../pipeline/Pipeline.ts"
import type { Row } from "../pipeline/Row.ts"
import type { Portability } from "../pipeline/Source.ts"
import type { RowsIn, StreamRow } from "../pipeline/StreamRow.ts"
import * as Ingest from "./Ingest.ts"
import * as InProcess from "./InProcess.ts"

/** What came of the events. */
export interface Outcome<P> {
  /** Every pane in the order in which it was written. */
  readonly panes: ReadonlyArray<P extends AnyOfPanes ? Pane<ValuesOf<P>> : never>
  /** Of pipelines that end in events. */
  readonly rows: ReadonlyArray<P extends AnyOfRows ? Row<ValuesOf<P>> : never>
  /** Events that were late or refused, with the reason. */
  readonly deadLetters: ReadonlyArray<DeadLetter>
  readonly report: Report
}

/** A row of the source of one of the pipelines. */
type RowIn<P> = P extends Pipeline<unknown, Portability, infer S> | OfRows<unknown, Portability, infer S> ? StreamRow<RowsIn<S>> : never

export interface MemoryOptions {
  /** As of `Engine.run`: by Effect's clock, which is a test's where there is a `TestClock`. */
  readonly idleTimeout?: Duration.Input
  readonly maxTimeAhead?: Duration.Input
}

/**
 * Runs pipelines over events until these end: rows of their source, or lines as they would be in a log, which may be
 * anything. They come from a list or a stream. Whatever is open at the end is emitted as it stands. The clock is Effect's,
 * and nothing is kept.
 */
export const runMemory = <P extends Any, A extends RowIn<P> | string, E = never, R = never>(
  pipelines: P | ReadonlyArray<P>,
  events: Iterable<A> | Stream.Stream<A, E, R>,
  options: MemoryOptions = {}
): Effect.Effect<Outcome<P>, EngineError | EventLogError | FeedError, R> => {
  const panes: Array<Pane> = []
  const rows: Array<Row> = []
  const stream: Stream.Stream<A, E, R> = Stream.isStream(events) ? events : Stream.fromIterable(events)
  // What is neither a line nor an object becomes one that says what it is, and is refused.
  const records = Stream.map(stream, (event) => Predicate.isString(event) || Predicate.isObject(event) ? event : JSON.stringify(event) ?? "null")
  const stores = Layer.mergeAll(
    TransientLog.layer("memory"),
    CheckpointStore.layerMemory,
    DeadLetters.layerMemory,
    Decisions.layerMemory,
    Monitor.layer,
    Feed.fromStream(records, { name: "memory" }),
    ResultSink.fromFunction(addTo(panes)),
    RowSink.fromFunction(addTo(rows))
  )
  return run([pipelines].flat() as ReadonlyArray<Any>, options).pipe(
    // The values are of the types that the pipelines have, which the compiler does not follow.
    Effect.map((ran) => ({ ...ran, panes, rows }) as unknown as Outcome<P>),
    Effect.provide(Layer.provideMerge(InProcess.layer, stores), { local: true })
  )
}

const run = Effect.fnUntraced(function*(pipelines: ReadonlyArray<Any>, options: MemoryOptions) {
  const engine = yield* Engine
  const log = yield* EventLog
  const deadLetters = yield* DeadLetters
  const { isQuiet, run } = yield* Ingest.whole
  const ended = yield* Deferred.make<ReadonlyArray<number>>()
  const ingest = Effect.andThen(run, Effect.flatMap(log.ends, (ends) => Deferred.succeed(ended, ends)))
  const report = yield* Effect.raceFirst(
    engine.run({ ...options, name: "memory", pipelines, isQuiet, stopAt: Deferred.await(ended) }),
    Effect.andThen(ingest, Effect.never)
  )
  return { report, deadLetters: yield* deadLetters.read({}) }
})

const addTo = <A>(all: Array<A>) => (more: ReadonlyArray<A>) =>
  Effect.sync(() => {
    for (const one of more) all.push(one)
  })
