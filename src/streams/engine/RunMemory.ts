/** The whole engine over some events, with everything in memory: what a test of pipelines needs, in a line. */
import { Context, Deferred, type Duration, Effect, Layer, Predicate, Stream } from "effect"
import { CheckpointStore } from "../ports/CheckpointStore.ts"
import { type DeadLetter, DeadLetters } from "../ports/DeadLetters.ts"
import { Decisions } from "../ports/Decisions.ts"
import { Engine, type EngineError, type Report } from "../ports/Engine.ts"
import { EventLog, type EventLogError } from "../ports/EventLog.ts"
import { Feed, type FeedError } from "../ports/Feed.ts"
import { Monitor } from "../ports/Monitor.ts"
import { ResultSink } from "../ports/ResultSink.ts"
import { RowSink } from "../ports/RowSink.ts"
import * as SourceLogs from "../ports/SourceLogs.ts"
import * as TransientLog from "../ports/TransientLog.ts"
import { inputsOf } from "../pipeline/Checked.ts"
import { needsNamed, shown } from "../pipeline/check/Declarations.ts"
import type { Pane } from "../pipeline/Pane.ts"
import type { Any, AnyOfPanes, AnyOfRows, OfRows, Pipeline, ValuesOf } from "../pipeline/Pipeline.ts"
import type { Row } from "../pipeline/Row.ts"
import type { Portability } from "../pipeline/Source.ts"
import type { FitsSource, RowsIn, StreamRow } from "../pipeline/StreamRow.ts"
import { byCodePoints } from "../records/StringOrder.ts"
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

/** Events of a source: its rows, or lines as they would be in a log, which may be anything. */
type Events<A, E = never, R = never> = Iterable<A> | Stream.Stream<A, E, R>

type SourcesOf<P> = P extends Pipeline<unknown, Portability, infer S> | OfRows<unknown, Portability, infer S> ? S : never

/** A row of the source of one of the pipelines. */
type RowIn<P> = P extends Any ? StreamRow<RowsIn<SourcesOf<P>>> : never

/** The names of the sources of all pipelines, and the rows of one. */
type NamesOf<P> = P extends Any ? keyof SourcesOf<P> : never
type RowsOf<P, N> = P extends Any ? SourcesOf<P> extends infer S ? N extends keyof S ? S[N] : never : never : never

type EventOf<Given> = Given extends Stream.Stream<infer A, unknown, unknown> ? A : Given extends Iterable<infer A> ? A : never

/** Nothing where each source has its events, else at each name what is wrong, in words that end the compiler's complaint. */
type FitsEvents<Given, P> =
  & { readonly [N in NamesOf<P>]: N extends keyof Given ? FitsSource<Exclude<EventOf<Given[N]>, string>, RowsOf<P, N>> : `a pipeline reads the source "${N & string}"` }
  & { readonly [N in Exclude<keyof Given, NamesOf<P>>]: `no pipeline reads a source "${N & string}"` }

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
  events: Events<A, E, R>,
  options: MemoryOptions = {}
): Effect.Effect<Outcome<P>, EngineError | EventLogError | FeedError, R> =>
  run(pipelines, Ingest.whole, options).pipe(
    Effect.provide(Layer.merge(TransientLog.layer("memory"), feedOf("memory", events)), { local: true })
  )

/**
 * {@link runMemory} over the events of several sources, by their names. They are read side by side, as sources of a log are: the
 * next ones are those of the source whose event time has come least far.
 */
export const runMemoryOf = <P extends Any, const Given extends { readonly [source: string]: Events<unknown, unknown, unknown> }>(
  pipelines: P | ReadonlyArray<P>,
  events: Given & FitsEvents<Given, P>,
  options: MemoryOptions = {}
): Effect.Effect<Outcome<P>, EngineError | EventLogError | FeedError, Stream.Services<Given[keyof Given]>> =>
  // What the streams need is what their types say, which the compiler does not follow.
  overSources(pipelines, events, options) as Effect.Effect<Outcome<P>, EngineError | EventLogError | FeedError, Stream.Services<Given[keyof Given]>>

type BySource = { readonly [source: string]: Events<unknown, unknown, unknown> }

const overSources = Effect.fnUntraced(function*<P extends Any>(pipelines: P | ReadonlyArray<P>, events: BySource, options: MemoryOptions) {
  const names = namesOf([pipelines].flat() as ReadonlyArray<P>, events)
  const logs = yield* Effect.forEach(names, (name) =>
    Effect.map(Layer.build(TransientLog.layer(name)), (context) => ({ name, log: Context.get(context, EventLog) })))
  const ways = Effect.forEach(logs, ({ log, name }) =>
    Ingest.whole.pipe(Effect.provideService(EventLog, log), Effect.provide(feedOf(name, events[name]!), { local: true })))
  return yield* run(pipelines, Effect.map(ways, Ingest.sideBySide), options).pipe(Effect.provideService(EventLog, SourceLogs.compose("memory", logs)))
}, Effect.scoped)

/** In their order. A file without types may hand over anything. */
const namesOf = (pipelines: ReadonlyArray<Any>, events: BySource): ReadonlyArray<string> => {
  const call = "Engine.runMemoryOf"
  for (const pipeline of pipelines) needsNamed(call, pipeline)
  const names = [...new Set(pipelines.flatMap(({ checked }) => inputsOf(checked)).map(({ events }) => events.definition.name))].sort(byCodePoints)
  const stray = Object.keys(events).find((name) => !names.includes(name))
  if (stray !== undefined) throw new TypeError(`${call}: no pipeline reads a source "${stray}"; they read ${names.join(" and ")}`)
  for (const name of names) {
    const given = Object.hasOwn(events, name) ? events[name] : undefined
    if (!Predicate.isIterable(given) && !Stream.isStream(given)) throw new TypeError(`${call}: "${name}" needs a list or a stream of its events, and is given ${shown(given)}`)
  }
  return names
}

const feedOf = <A, E, R>(name: string, events: Events<A, E, R>): Layer.Layer<Feed, never, R> => {
  const stream: Stream.Stream<A, E, R> = Stream.isStream(events) ? events : Stream.fromIterable(events)
  // What is neither a line nor an object becomes one that says what it is, and is refused.
  const records = Stream.map(stream, (event) => Predicate.isString(event) || Predicate.isObject(event) ? event : JSON.stringify(event) ?? "null")
  return Feed.fromStream(records, { name })
}

const run = <P extends Any, R>(pipelines: P | ReadonlyArray<P>, ingestion: Effect.Effect<Ingest.Ingestion, never, R>, options: MemoryOptions) => {
  const panes: Array<Pane> = []
  const rows: Array<Row> = []
  const stores = Layer.mergeAll(
    CheckpointStore.layerMemory,
    DeadLetters.layerMemory,
    Decisions.layerMemory,
    Monitor.layer,
    ResultSink.fromFunction(addTo(panes)),
    RowSink.fromFunction(addTo(rows))
  )
  return ingested([pipelines].flat() as ReadonlyArray<Any>, ingestion, options).pipe(
    // The values are of the types that the pipelines have, which the compiler does not follow.
    Effect.map((ran) => ({ ...ran, panes, rows }) as unknown as Outcome<P>),
    Effect.provide(Layer.provideMerge(InProcess.layer, stores), { local: true })
  )
}

const ingested = Effect.fnUntraced(function*<R>(pipelines: ReadonlyArray<Any>, ingestion: Effect.Effect<Ingest.Ingestion, never, R>, options: MemoryOptions) {
  const engine = yield* Engine
  const log = yield* EventLog
  const deadLetters = yield* DeadLetters
  const { isQuiet, run } = yield* ingestion
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
