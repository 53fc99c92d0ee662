/**
 * Pipelines over an Effect stream for each of their sources.
 *
 * @example
 * ```ts
 * import { Effect, Schema, Stream } from "effect"
 * import { Aggregate, Join, Pipeline, Source, Window } from "courant"
 *
 * const trades = Source.make("trades", {
 *   schema: Schema.Struct({ symbol: Schema.String, time: Schema.Int, price: Schema.Finite }),
 *   key: "symbol",
 *   eventTime: "time"
 * })
 * const quotes = Source.make("quotes", {
 *   schema: Schema.Struct({ symbol: Schema.String, at: Schema.Int, bid: Schema.Finite }),
 *   key: "symbol",
 *   eventTime: "at"
 * })
 *
 * const bids = trades.pipe(
 *   Join.asOf(quotes, { within: "2 seconds", select: { bid: "bid" } }),
 *   Window.tumbling("1 minute"),
 *   Aggregate.into({ highestBid: Aggregate.max("bid") }),
 *   Pipeline.named("bids")
 * )
 *
 * const program = Pipeline.toPanesOf(bids, {
 *   trades: Stream.make({ symbol: "AAPL", time: 1_000, price: 189.37 }),
 *   quotes: Stream.make({ symbol: "AAPL", at: 500, bid: 189.3 })
 * }).pipe(Stream.runForEach(({ key, values }) => Effect.log(`${key}: ${values.highestBid}`)))
 * ```
 */
import { Predicate, Stream } from "effect"
import { shown } from "../pipeline/check/Declarations.ts"
import { inputsOf } from "../pipeline/Checked.ts"
import type { Any, OfRows, Pipeline, ValuesOf } from "../pipeline/Pipeline.ts"
import type { Row } from "../pipeline/Row.ts"
import type { Portability } from "../pipeline/Source.ts"
import type { FitsSource } from "../pipeline/StreamRow.ts"
import { byCodePoints } from "../records/StringOrder.ts"
import type { PaneOf } from "./PaneStream.ts"
import { type Named, type Settings, through } from "./RowStream.ts"
import { type ErrorOf, type Late, needs, type Out, type Refused, settingsOf, told, type ToPanesOptions } from "./StreamOptions.ts"

/** Streams of rows by the names of their sources. */
export interface ByName {
  readonly [source: string]: Stream.Stream<unknown, unknown, unknown>
}

/** Nothing where each source has a stream of its rows, else at each name what is wrong, in words that end the compiler's complaint. */
export type FitsSources<Streams, S> = unknown extends S ? unknown
  :
    & { readonly [N in keyof S]: N extends keyof Streams ? FitsSource<Stream.Success<Streams[N]>, S[N]> : `the pipeline reads the source "${N & string}"` }
    & { readonly [N in Exclude<keyof Streams, keyof S>]: `the pipeline reads no source "${N & string}"` }

/** A late row of one of several streams. */
export interface LateOf<N, A> extends Late<A> {
  /** The name of its source. */
  readonly source: N
}

/** A refused row of one of several streams. */
export interface RefusedOf<N, A> extends Refused<A> {
  /** The name of its source. */
  readonly source: N
}

type AnyLate<Streams> = { readonly [N in keyof Streams]: LateOf<N, Stream.Success<Streams[N]>> }[keyof Streams]

type AnyRefused<Streams> = { readonly [N in keyof Streams]: RefusedOf<N, Stream.Success<Streams[N]>> }[keyof Streams]

/** What comes out of streams. */
type Together<Streams, Tag extends string, Result, O> = Stream.Stream<
  Out<Tag, Result, AnyLate<Streams>, AnyRefused<Streams>, O>,
  Stream.Error<Streams[keyof Streams]> | ErrorOf<O>,
  Stream.Services<Streams[keyof Streams]>
>

/**
 * Panes of the rows of several streams, one for each source of the pipeline, by its name. The stream of the source whose event
 * time has come least far is read; the others wait, so that none fills the memory while another lags. What comes out does not
 * depend on how fast each of them is. One that ends holds nobody up, and when all have ended what is open is told as it stands.
 *
 * The options are those of `Pipeline.toPanesWith`. A source that has been silent for the `idleTimeout` is not waited for;
 * without one it is, for ever. Late and refused rows that come out beside the panes have the name of their `source`.
 */
export const toPanesOf = <Values, P extends Portability, S, const Streams extends ByName, const O extends ToPanesOptions = ToPanesOptions>(
  pipeline: Pipeline<Values, P, S>,
  streams: Streams & FitsSources<Streams, S>,
  options?: O
): Together<Streams, "pane", PaneOf<Values>, O> => {
  const settings = settingsOf("Pipeline.toPanesOf", options ?? {})
  needs("pane", pipeline, "Of")
  // The values of panes are of the types that the pipeline has, and what else comes out follows from the streams and options.
  return throughAll("Pipeline.toPanesOf", pipeline, streams, settings) as Together<Streams, "pane", PaneOf<Values>, O>
}

/** {@link toPanesOf} for a pipeline that ends in events: the rows that it puts out. */
export const toRowsOf = <Rows, P extends Portability, S, const Streams extends ByName, const O extends ToPanesOptions = ToPanesOptions>(
  pipeline: OfRows<Rows, P, S>,
  streams: Streams & FitsSources<Streams, S>,
  options?: O
): Together<Streams, "row", Row<ValuesOf<OfRows<Rows, P>>>, O> => {
  const settings = settingsOf("Pipeline.toRowsOf", options ?? {})
  needs("row", pipeline, "Of")
  // As above.
  return throughAll("Pipeline.toRowsOf", pipeline, streams, settings) as Together<Streams, "row", Row<ValuesOf<OfRows<Rows, P>>>, O>
}

const throughAll = (call: string, pipeline: Any, streams: ByName, settings: Settings): Stream.Stream<unknown, unknown, unknown> =>
  told(through(streamsOf(call, pipeline, streams), pipeline, settings), settings)

/** In the order of their names. A file without types may hand over anything. */
const streamsOf = (call: string, pipeline: Any, streams: ByName): ReadonlyArray<Named<unknown, unknown, unknown>> => {
  if (!Predicate.isObject(streams) || Stream.isStream(streams)) throw new TypeError(`${call} needs a stream for each source by its name, and is given ${shown(streams)}`)
  const names = [...new Set(inputsOf(pipeline.checked).map(({ events }) => events.definition.name))].sort(byCodePoints)
  const its = `"${pipeline.name}" reads ${names.join(" and ")}`
  const stray = Object.keys(streams).find((name) => !names.includes(name))
  if (stray !== undefined) throw new TypeError(`${call}: there is no source "${stray}"; ${its}`)
  return names.map((name) => {
    const rows = Object.hasOwn(streams, name) ? streams[name] : undefined
    if (!Stream.isStream(rows)) throw new TypeError(`${call}: "${name}" needs a stream of its rows, and is given ${shown(rows)}; ${its}`)
    return { name, rows }
  })
}
