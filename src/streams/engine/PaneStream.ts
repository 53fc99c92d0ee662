/**
 * Pipelines over ordinary Effect streams: rows in, panes or rows out, with nothing in between that is kept.
 *
 * @example
 * ```ts
 * import { Effect, Schema, Stream } from "effect"
 * import { Aggregate, Pipeline, Source, Window } from "courant"
 *
 * const Reading = Schema.Struct({ sensor: Schema.String, at: Schema.Int, celsius: Schema.Finite })
 *
 * const hourly = Source.make("readings", { schema: Reading, key: "sensor", eventTime: "at" }).pipe(
 *   Window.tumbling("1 hour"),
 *   Aggregate.into({ highest: Aggregate.max("celsius") }),
 *   Pipeline.named("hourly")
 * )
 *
 * const program = Stream.make({ sensor: "roof", at: 0, celsius: 3.5 }, { sensor: "roof", at: 60_000, celsius: 4 }).pipe(
 *   Pipeline.toPanes(hourly),
 *   Stream.runForEach(({ key, values }) => Effect.log(`${key}: ${values.highest}`))
 * )
 * ```
 */
import { type Duration, Predicate, Stream } from "effect"
import { millisOf, optionsOf, shown } from "../pipeline/check/Declarations.ts"
import { inputsOf } from "../pipeline/Checked.ts"
import type { Pane } from "../pipeline/Pane.ts"
import { type Any, isOfPanes, type OfRows, type Pipeline, type ValuesOf } from "../pipeline/Pipeline.ts"
import type { Row } from "../pipeline/Row.ts"
import type { Portability } from "../pipeline/Source.ts"
import type { FitsSource, RowsIn } from "../pipeline/StreamRow.ts"
import type { Reason } from "../records/Refusal.ts"
import type { Told } from "./RowJob.ts"
import { type Handling, type Settings, through } from "./RowStream.ts"
import type { LateRow, RefusedRow } from "./UnusedRow.ts"

export { LateRow, RefusedRow } from "./UnusedRow.ts"

/** How a stream of rows is read. */
export interface ToPanesOptions {
  /**
   * What becomes of a row that is refused: because it is not one of the source's, or by its time. It ends the stream with a
   * {@link RefusedRow} by default (`"fail"`), is left out (`"drop"`), or comes out beside the results (`"side-output"`).
   */
  readonly refused?: Handling
  /** How far a row's time may lie ahead of the clock; it is refused beyond that. Any distance by default. */
  readonly maxTimeAhead?: Duration.Input
  /**
   * After this long without a row event time goes on by the clock, so that the last windows close. It never does by
   * default. Only silence counts that somebody hears: none while the reader of the panes is busy.
   */
  readonly idleTimeout?: Duration.Input
  /**
   * What becomes of a row that is late for all its windows. It is left out by default (`"drop"`), ends the stream with a
   * {@link LateRow} (`"fail"`), or comes out beside the panes (`"side-output"`).
   */
  readonly late?: Handling
}

/** A pipeline that says nothing of its values has those that any may have. */
type PaneOf<Values> = unknown extends Values ? Pane : Pane<Values>

/** What comes out of a stream with a side output, told apart by its tag: the results among it. */
type Results<Tag extends string, Result> = { readonly _tag: Tag } & { readonly [K in Tag]: Result }

/** A row that was late for all its windows. */
export interface Late<A> {
  readonly _tag: "late"
  readonly row: A
  /** How late it was, in words for a person. */
  readonly detail: string
}

/** A row that was refused. */
export interface Refused<A> {
  readonly _tag: "refused"
  readonly row: A
  readonly reason: Reason
  /** What is wrong, in words for a person. */
  readonly detail: string
}

type Sides<A, O> =
  | (O extends { readonly late: "side-output" } ? Late<A> : never)
  | (O extends { readonly refused: "side-output" } ? Refused<A> : never)

/** Results as they are, or by tag where there is something beside them. */
type Out<Tag extends string, Result, A, O> = [Sides<A, O>] extends [never] ? Result : Results<Tag, Result> | Sides<A, O>

type ErrorOf<O> =
  | (O extends { readonly late: "fail" } ? LateRow : never)
  | (O extends { readonly refused: "drop" | "side-output" } ? never : RefusedRow)

/**
 * Panes of a stream of rows, as soon as the watermark lets them. When the input ends, what is open is told as it stands, and
 * the stream ends. Late rows are left out, and a row that is not one of the source's ends the stream with a
 * {@link RefusedRow}, behind the panes of the rows before it: {@link toPanesWith} has other choices.
 */
export const toPanes = <Values, P extends Portability, S>(
  pipeline: Pipeline<Values, P, S>
): <A, E, R>(rows: Stream.Stream<A, E, R> & FitsSource<A, RowsIn<S>>) => Stream.Stream<PaneOf<Values>, E | RefusedRow, R> =>
  toPanesWith(pipeline, {})

/**
 * {@link toPanes} with a time-out for silence, and a choice of what becomes of rows that are late or refused. With a side
 * output everything comes in one stream, told apart by its tag, in the order of the rows that led to it.
 */
export const toPanesWith = <Values, P extends Portability, S, const O extends ToPanesOptions>(pipeline: Pipeline<Values, P, S>, options: O) => {
  const settings = settingsOf("Pipeline.toPanesWith", options, ["idleTimeout", "late", "maxTimeAhead", "refused"])
  needs("Pipeline.toPanes", pipeline, "pane")
  return <A, E, R>(rows: Stream.Stream<A, E, R> & FitsSource<A, RowsIn<S>>) =>
    // The values of panes are of the types that the pipeline has, and what else comes out follows from the options.
    told(through<A, E, R>(rows, pipeline, settings), settings) as Stream.Stream<Out<"pane", PaneOf<Values>, A, O>, E | ErrorOf<O>, R>
}

/** {@link toPanes} for a pipeline that ends in events: the rows that it puts out. Only where a node holds rows is one late, or waits. */
export const toRows = <Rows, P extends Portability, S>(
  pipeline: OfRows<Rows, P, S>
): <A, E, R>(rows: Stream.Stream<A, E, R> & FitsSource<A, RowsIn<S>>) => Stream.Stream<Row<ValuesOf<OfRows<Rows, P>>>, E | RefusedRow, R> =>
  toRowsWith(pipeline, {})

/** {@link toRows} with the choices of {@link toPanesWith}. */
export const toRowsWith = <Rows, P extends Portability, S, const O extends ToPanesOptions>(pipeline: OfRows<Rows, P, S>, options: O) => {
  const settings = settingsOf("Pipeline.toRowsWith", options, ["idleTimeout", "late", "maxTimeAhead", "refused"])
  needs("Pipeline.toRows", pipeline, "row")
  return <A, E, R>(rows: Stream.Stream<A, E, R> & FitsSource<A, RowsIn<S>>) =>
    // As above.
    told(through<A, E, R>(rows, pipeline, settings), settings) as
      Stream.Stream<Out<"row", Row<ValuesOf<OfRows<Rows, P>>>, A, O>, E | ErrorOf<O>, R>
}

const told = <E, R>(all: Stream.Stream<Told, E, R>, { late, refused }: Settings): Stream.Stream<unknown, E, R> =>
  Stream.map(all, late === "side-output" || refused === "side-output" ? tagged : plain)

const plain = (told: Told): unknown => told._tag === "pane" ? told.pane : told._tag === "row" ? told.row : undefined

const tagged = (told: Told): unknown => {
  if (told._tag !== "unused") return told
  const { detail, reason, row } = told.unused
  return reason === "late" ? { _tag: "late", row, detail } : { _tag: "refused", row, reason, detail }
}

const handlings: ReadonlyArray<unknown> = ["drop", "fail", "side-output"]

const settingsOf = (call: string, options: ToPanesOptions, known: ReadonlyArray<keyof ToPanesOptions>): Settings => {
  const { idleTimeout, late = "drop", maxTimeAhead, refused = "fail" } = optionsOf(call, options, known)
  for (const [name, value] of Object.entries({ late, refused })) {
    if (!handlings.includes(value)) throw new TypeError(`${call}: its ${name} is ${shown(value)}; it is "drop", "fail" or "side-output"`)
  }
  const millis = (part: string, length: Duration.Input | undefined) => length === undefined ? Infinity : millisOf(call, part, length)
  return { late, refused, idleTimeout: millis("idleTimeout", idleTimeout), maxTimeAhead: millis("maxTimeAhead", maxTimeAhead) }
}

/** A file without types may hand over anything. */
const needs = (call: string, pipeline: Any, ends: "pane" | "row"): void => {
  if (!Predicate.isObject(pipeline) || !("checked" in pipeline)) throw new TypeError(`${call} needs a pipeline, and is given ${shown(pipeline)}`)
  const names = new Set(inputsOf(pipeline.checked).map(({ events }) => events.definition.name))
  if (names.size > 1) throw new TypeError(`${call} takes the rows of one source, and "${pipeline.name}" reads ${[...names].join(" and ")}: run it over a log`)
  if (isOfPanes(pipeline) === (ends === "pane")) return
  throw new TypeError(ends === "pane"
    ? `${call} needs windows, and the pipeline "${pipeline.name}" ends in events: use Pipeline.toRows`
    : `${call} needs a pipeline that ends in events, and "${pipeline.name}" has windows: use Pipeline.toPanes`)
}
