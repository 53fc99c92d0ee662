/** What an engine makes of a case; an engine of this process, and the batch fold. */
import { BigDecimal, Option, Schema } from "effect"
import type { Decision } from "../../streams/records/Decision.ts"
import { Kind } from "../../streams/records/Records.ts"
import { encode, type Pane, type Value } from "../../streams/pipeline/Pane.ts"
import type { AnyOfPanes as AnyPipeline } from "../../streams/pipeline/Pipeline.ts"
import * as BatchFold from "../../streams/reference/BatchFold.ts"
import type { Event } from "../../streams/reference/EventFold.ts"
import { type MakeEngine, newest, type Piece, records } from "../Harness.ts"
import * as Case from "./Case.ts"
import { schemaOf } from "./CasePipeline.ts"

/** A case on its way into an engine. */
export interface Subject {
  readonly case: Case.Case
  readonly pipeline: AnyPipeline
  /** The log in one of the orders in which its partitions may be read. */
  readonly rows: ReadonlyArray<Case.Placed>
}

/** What an engine left. What it cannot say it leaves out, and it is not looked at. */
export interface Outcome {
  /** The last pane of each window that is not taken back, in any order. */
  readonly panes: ReadonlyArray<Case.Result>
  readonly late?: ReadonlyArray<Case.Place>
  readonly refused?: ReadonlyArray<Case.Refused>
}

/** Runs the whole log and closes every window. */
export type Run = (subject: Subject) => Outcome | Promise<Outcome>

/** Runs a case in an engine, in batches of at most so many rows. */
export const engineRun = (make: MakeEngine, size: number): Run => ({ case: { partitions }, pipeline, rows }) => {
  const engine = make([pipeline], partitions)
  const unused: Array<Case.Place & { readonly reason: string }> = []
  const panes: Array<Pane> = []
  for (const piece of pieces(rows, partitions, size)) {
    const taken = engine.take(piece)
    panes.push(...taken.panes)
    unused.push(...taken.unused.map(({ offset, partition, reason }) => ({ partition, offset, reason })))
  }
  const closed = engine.close()
  panes.push(...closed.panes)
  unused.push(...closed.unused.map(({ offset, partition, reason }) => ({ partition, offset, reason })))
  return {
    panes: newest(panes).map(resultOf),
    late: unused.filter(({ reason }) => reason === "late").map(({ offset, partition }) => ({ partition, offset })),
    refused: decodeRefused(unused.filter(({ reason }) => reason !== "late"))
  }
}

const decodeRefused = Schema.decodeUnknownSync(Schema.Array(Case.Refused))

const pieces = (rows: ReadonlyArray<Case.Placed>, partitions: number, size: number): ReadonlyArray<Piece> => {
  const all: Array<Decision | Array<Placed>> = []
  const ends = new Map<number, number>()
  for (const row of rows) {
    const last = all.at(-1)
    if (row.kind === "idle") all.push({ _tag: "idle", partition: row.partition, at: row.offset, watermark: row.watermark })
    else if (row.kind === "end") {
      ends.set(row.partition, row.offset)
      if (ends.size === partitions) all.push({ _tag: "end", at: [...ends].sort(([a], [b]) => a - b).map(([, at]) => at) })
    } else if (Array.isArray(last) && last.length < size && last[0]?.partition === row.partition) last.push(row)
    else all.push([row])
  }
  return all.map((piece) =>
    Array.isArray(piece) ? records(piece[0]!.partition, piece[0]!.offset, piece.map(textOf), piece.map(kindOf)) : piece)
}

/** A row that is written into a log. */
type Written = Exclude<Case.Row, { readonly kind: "idle" | "end" }>
type Placed = Written & Case.Place

export const isWritten = <R extends Case.Row>(row: R): row is R & Written => row.kind !== "idle" && row.kind !== "end"

/** A row as it is written into a log. */
export const textOf = (row: Written): string => JSON.stringify(row.value)

export const kindOf = ({ kind }: Written): Kind => kind === "event" ? Kind.event : Kind.preAggregated

/** Folds a case. The fold knows of no decisions, and of no rows that are no events of their source. */
export const foldRun = ({ case: subject, pipeline, rows }: Subject): Outcome => {
  const { late, results } = BatchFold.fold(pipeline, rows.flatMap((row) => eventOf(subject, row)))
  return {
    panes: results.map((result) => resultOf({ ...result, pipeline: pipeline.name, pane: "on-time", revision: 0 })),
    late: late.map(({ offset, partition }) => ({ partition, offset }))
  }
}

const eventOf = ({ pipeline, source }: Case.Case, row: Case.Placed): ReadonlyArray<Event> => {
  if (row.kind !== "event" && row.kind !== "pre-aggregated") return []
  const own = row.kind === "event" ? source : pipeline.preAggregated?.source
  if (own === undefined) return []
  // Every field of a case is decoded without services, to a value that a pane may have.
  const schema = schemaOf(own) as unknown as Schema.Codec<{ readonly [name: string]: Value | undefined }, unknown>
  const decoded = Schema.decodeUnknownOption(schema)(row.value)
  if (Option.isNone(decoded)) return []
  const fields = own.fields.map((field) => {
    const value = decoded.value[field.name] ?? null
    return [field.name, BigDecimal.isBigDecimal(value) && field.kind === "decimal" ? BigDecimal.scale(value, field.scale) : value]
  })
  const { offset, partition } = row
  return [{ partition, offset, fields: Object.fromEntries(fields), preAggregated: row.kind === "pre-aggregated" }]
}

const resultOf = (pane: Pane): Case.Result => {
  const { end, key, start, values } = encode(pane)
  return { key, start, end, values }
}
