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
import type { Stream } from "effect"
import { inputsOf } from "../pipeline/Checked.ts"
import type { Pane } from "../pipeline/Pane.ts"
import type { Any, OfRows, Pipeline, ValuesOf } from "../pipeline/Pipeline.ts"
import type { Row } from "../pipeline/Row.ts"
import type { Portability } from "../pipeline/Source.ts"
import type { FitsSource, RowsIn } from "../pipeline/StreamRow.ts"
import { through } from "./RowStream.ts"
import { type ErrorOf, type Late, needs, type Out, type Refused, settingsOf, told, type ToPanesOptions } from "./StreamOptions.ts"
import type { RefusedRow } from "./UnusedRow.ts"

export type { Late, Refused, ToPanesOptions } from "./StreamOptions.ts"
export { LateRow, RefusedRow } from "./UnusedRow.ts"

/** A pipeline that says nothing of its values has those that any may have. */
export type PaneOf<Values> = unknown extends Values ? Pane : Pane<Values>

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
  const settings = settingsOf("Pipeline.toPanesWith", options)
  needs("pane", pipeline)
  needsOneSource("Pipeline.toPanes", pipeline)
  return <A, E, R>(rows: Stream.Stream<A, E, R> & FitsSource<A, RowsIn<S>>) =>
    // The values of panes are of the types that the pipeline has, and what else comes out follows from the options.
    told(through<A, E, R>([{ name: null, rows }], pipeline, settings), settings) as
      Stream.Stream<Out<"pane", PaneOf<Values>, Late<A>, Refused<A>, O>, E | ErrorOf<O>, R>
}

/** {@link toPanes} for a pipeline that ends in events: the rows that it puts out. Only where a node holds rows is one late, or waits. */
export const toRows = <Rows, P extends Portability, S>(
  pipeline: OfRows<Rows, P, S>
): <A, E, R>(rows: Stream.Stream<A, E, R> & FitsSource<A, RowsIn<S>>) => Stream.Stream<Row<ValuesOf<OfRows<Rows, P>>>, E | RefusedRow, R> =>
  toRowsWith(pipeline, {})

/** {@link toRows} with the choices of {@link toPanesWith}. */
export const toRowsWith = <Rows, P extends Portability, S, const O extends ToPanesOptions>(pipeline: OfRows<Rows, P, S>, options: O) => {
  const settings = settingsOf("Pipeline.toRowsWith", options)
  needs("row", pipeline)
  needsOneSource("Pipeline.toRows", pipeline)
  return <A, E, R>(rows: Stream.Stream<A, E, R> & FitsSource<A, RowsIn<S>>) =>
    // As above.
    told(through<A, E, R>([{ name: null, rows }], pipeline, settings), settings) as
      Stream.Stream<Out<"row", Row<ValuesOf<OfRows<Rows, P>>>, Late<A>, Refused<A>, O>, E | ErrorOf<O>, R>
}

const needsOneSource = (call: string, { checked, name }: Any): void => {
  const names = new Set(inputsOf(checked).map(({ events }) => events.definition.name))
  if (names.size < 2) return
  throw new TypeError(`${call} takes the rows of one source, and "${name}" reads ${[...names].join(" and ")}: use ${call}Of`)
}
