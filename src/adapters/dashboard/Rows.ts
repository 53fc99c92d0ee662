/**
 * The newest rows of a pipeline that ends in events: those in the sink. Where that cannot be read back, as a file or a function
 * cannot, the last that were told since the server began.
 */
import { Effect, Schema } from "effect"
import { definitionOf } from "../../streams/pipeline/Checked.ts"
import type { AnyOfRows } from "../../streams/pipeline/Pipeline.ts"
import * as Row from "../../streams/pipeline/Row.ts"
import type { RowSink } from "../../streams/ports/RowSink.ts"

/** Rows that are looked through, and kept of what is told, for each pipeline. */
export const most = 1_000

const Scalar = Schema.NullOr(Schema.Union([Schema.String, Schema.Finite, Schema.Boolean]))

export const Rows = Schema.Struct({
  /** The newest first; by event time, or where they are those that were told, as they came. */
  rows: Schema.Array(Schema.Struct({
    key: Schema.String,
    /** Its event time in milliseconds since the epoch. */
    time: Schema.Int,
    /** Where it was read in the log, or of which window it is the result: no two rows have the same. */
    place: Row.Encoded.fields.place,
    /** By the names that the pipeline's values have. */
    values: Schema.Record(Schema.String, Scalar)
  })),
  /** Whether they were read from the sink. If not, since when what came was kept, in milliseconds since the epoch. */
  since: Schema.NullOr(Schema.Int)
})
export type Rows = typeof Rows.Type

export interface Query {
  readonly key?: string
  /** A part of the key or of a value, in which capital and small letters are the same. */
  readonly contains?: string
  readonly limit: number
}

/** The last rows that were told, by pipeline. */
export class ToldRows {
  readonly since: number
  readonly #rows = new Map<string, ReadonlyArray<Row.Row>>()

  constructor(since: number) {
    this.since = since
  }

  note(rows: ReadonlyArray<Row.Row>): void {
    for (const [pipeline, added] of Map.groupBy(rows, ({ pipeline }) => pipeline)) {
      // What a restart puts out once more takes the place of what was there.
      const again = new Set(added.map(Row.identityOf))
      const before = (this.#rows.get(pipeline) ?? []).filter((row) => !again.has(Row.identityOf(row)))
      this.#rows.set(pipeline, [...before, ...added].slice(-most))
    }
  }

  of(pipeline: string): ReadonlyArray<Row.Row> {
    return this.#rows.get(pipeline) ?? []
  }
}

export const read = Effect.fnUntraced(function*(
  pipeline: AnyOfRows,
  { sink, told }: { readonly sink: RowSink["Service"] | undefined; readonly told: ToldRows },
  query: Query
) {
  const { key } = query
  const stored = sink === undefined ? null : yield* sink.read({ pipeline: pipeline.name, limit: most, ...key === undefined ? {} : { key } }).pipe(
    Effect.catch(() => Effect.succeed(null))
  )
  const rows = stored ?? told.of(pipeline.name).filter((row) => key === undefined || row.key === key).map(Row.encode)
  const shown = rows.toReversed().map((row) => flat(row, pipeline)).filter(({ key, values }) => isFound([key, ...Object.values(values)], query))
  return { rows: shown.slice(0, query.limit), since: stored === null ? told.since : null } satisfies Rows
})

const flat = ({ key, place, time, values }: Row.Encoded, { checked }: AnyOfRows): Rows["rows"][number] => ({
  key,
  time,
  place,
  values: Object.fromEntries(definitionOf(checked.end).columns.map(({ name, path }) => [name, scalarAt(values, path.map((step) => step.name))]))
})

const scalarAt = (values: Row.EncodedValues, [name = "", ...inside]: ReadonlyArray<string>): typeof Scalar.Type => {
  const value = values[name] ?? null
  return typeof value === "object" && value !== null ? scalarAt(value, inside) : value
}

const isFound = (values: ReadonlyArray<unknown>, { contains }: Query): boolean =>
  contains === undefined || values.some((value) => value !== null && String(value).toLowerCase().includes(contains.toLowerCase()))
