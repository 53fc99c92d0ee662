/** How streams of rows are read, and what comes of them by that choice. */
import { type Duration, Stream } from "effect"
import { millisOf, needsNamed, optionsOf, shown } from "../pipeline/check/Declarations.ts"
import { type Any, isOfPanes } from "../pipeline/Pipeline.ts"
import type { Reason } from "../records/Refusal.ts"
import type { Told } from "./RowJob.ts"
import type { Handling, Settings } from "./RowStream.ts"
import type { LateRow, RefusedRow } from "./UnusedRow.ts"

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

/** What stands beside the results: late rows and refused ones, as far as they are asked for. */
type Sides<L, F, O> =
  | (O extends { readonly late: "side-output" } ? L : never)
  | (O extends { readonly refused: "side-output" } ? F : never)

/** Results as they are, or by tag where there is something beside them. */
export type Out<Tag extends string, Result, L, F, O> = [Sides<L, F, O>] extends [never] ? Result : Results<Tag, Result> | Sides<L, F, O>

export type ErrorOf<O> =
  | (O extends { readonly late: "fail" } ? LateRow : never)
  | (O extends { readonly refused: "drop" | "side-output" } ? never : RefusedRow)

/** What is told as it comes out: by tag where something stands beside the results. */
export const told = <E, R>(all: Stream.Stream<Told, E, R>, { late, refused }: Settings): Stream.Stream<unknown, E, R> =>
  Stream.map(all, late === "side-output" || refused === "side-output" ? tagged : plain)

const plain = (told: Told): unknown => told._tag === "pane" ? told.pane : told._tag === "row" ? told.row : undefined

const tagged = (told: Told): unknown => {
  if (told._tag !== "unused") return told
  const { detail, reason, row, source } = told.unused
  const from = source === null ? {} : { source }
  return reason === "late" ? { _tag: "late", ...from, row, detail } : { _tag: "refused", ...from, row, reason, detail }
}

const handlings: ReadonlyArray<unknown> = ["drop", "fail", "side-output"]

export const settingsOf = (call: string, options: ToPanesOptions): Settings => {
  const known: ReadonlyArray<keyof ToPanesOptions> = ["idleTimeout", "late", "maxTimeAhead", "refused"]
  const { idleTimeout, late = "drop", maxTimeAhead, refused = "fail" } = optionsOf(call, options, known)
  for (const [name, value] of Object.entries({ late, refused })) {
    if (!handlings.includes(value)) throw new TypeError(`${call}: its ${name} is ${shown(value)}; it is "drop", "fail" or "side-output"`)
  }
  const millis = (part: string, length: Duration.Input | undefined) => length === undefined ? Infinity : millisOf(call, part, length)
  return { late, refused, idleTimeout: millis("idleTimeout", idleTimeout), maxTimeAhead: millis("maxTimeAhead", maxTimeAhead) }
}

/** What a pipeline that ends otherwise is run with: panes or rows of one stream, or of several. */
const calls = { pane: "toPanes", row: "toRows" } as const

/** A file without types may hand over anything. `of` is what the calls for several streams have in their names. */
export const needs = (ends: keyof typeof calls, pipeline: Any, of: "" | "Of" = ""): void => {
  const call = `Pipeline.${calls[ends]}${of}`
  needsNamed(call, pipeline)
  if (isOfPanes(pipeline) === (ends === "pane")) return
  throw new TypeError(ends === "pane"
    ? `${call} needs windows, and the pipeline "${pipeline.name}" ends in events: use Pipeline.${calls.row}${of}`
    : `${call} needs a pipeline that ends in events, and "${pipeline.name}" has windows: use Pipeline.${calls.pane}${of}`)
}
