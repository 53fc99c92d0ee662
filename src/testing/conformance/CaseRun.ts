/** What an engine makes of a case; an engine of this process, and the batch fold. */
import { BigDecimal, Option, Schema } from "effect"
import * as Control from "../../streams/records/Control.ts"
import { Kind, type Records } from "../../streams/records/Records.ts"
import { encode, type Pane, type Value } from "../../streams/pipeline/Pane.ts"
import type { AnyOfPanes as AnyPipeline } from "../../streams/pipeline/Pipeline.ts"
import * as BatchFold from "../../streams/reference/BatchFold.ts"
import { type MakeEngine, newest, records } from "../Harness.ts"
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
  for (const batch of batches(rows, size)) {
    const taken = engine.take(batch)
    panes.push(...taken.panes)
    unused.push(...taken.unused.map(({ offset, reason }) => ({ partition: batch.partition, offset, reason })))
  }
  panes.push(...engine.close().panes)
  return {
    panes: newest(panes).map(resultOf),
    late: unused.filter(({ reason }) => reason === "late").map(({ offset, partition }) => ({ partition, offset })),
    refused: decodeRefused(unused.filter(({ reason }) => reason !== "late"))
  }
}

const decodeRefused = Schema.decodeUnknownSync(Schema.Array(Case.Refused))

const batches = (rows: ReadonlyArray<Case.Placed>, size: number): ReadonlyArray<Records> => {
  const runs: Array<Array<Case.Placed>> = []
  for (const row of rows) {
    const last = runs.at(-1)
    if (last !== undefined && last.length < size && last[0]?.partition === row.partition) last.push(row)
    else runs.push([row])
  }
  return runs.map((run) => records(run[0]!.partition, run[0]!.offset, run.map(textOf), run.map(kindOf)))
}

/** A row as it is written into a log. */
export const textOf = (row: Case.Row): string => {
  switch (row.kind) {
    case "idle":
      return Control.encode({ _tag: "idle", watermark: row.watermark })
    case "end":
      return Control.encode({ _tag: "end" })
    default:
      return JSON.stringify(row.value)
  }
}

export const kindOf = ({ kind }: Case.Row): Kind =>
  kind === "event" ? Kind.event : kind === "pre-aggregated" ? Kind.preAggregated : Kind.control

/** Folds a case. The fold knows of no decisions, and of no rows that are no events of their source. */
export const foldRun = ({ case: subject, pipeline, rows }: Subject): Outcome => {
  const { late, results } = BatchFold.fold(pipeline, rows.flatMap((row) => eventOf(subject, row)))
  return {
    panes: results.map((result) => resultOf({ ...result, pipeline: pipeline.name, pane: "on-time", revision: 0 })),
    late: late.map(({ offset, partition }) => ({ partition, offset }))
  }
}

const eventOf = ({ pipeline, source }: Case.Case, row: Case.Placed): ReadonlyArray<BatchFold.Event> => {
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
