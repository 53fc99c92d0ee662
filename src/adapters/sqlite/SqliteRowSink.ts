/** Rows in SQLite: one for each pipeline and place. */
import { Effect, Layer, Schema } from "effect"
import * as Row from "../../streams/pipeline/Row.ts"
import { type Query, RowSink, RowSinkError } from "../../streams/ports/RowSink.ts"
import { Database, type DatabaseError } from "./Database.ts"

export const layer: Layer.Layer<RowSink, RowSinkError, Database> = Layer.effect(RowSink, Effect.suspend(() => make()))

interface Stored {
  readonly pipeline: string
  readonly source: string
  readonly partition: number
  readonly offset: number
  /** Of a pair the JSON of what is joined to its left row, of a row of results that of its window, else empty. */
  readonly joined: string
  readonly key: string
  readonly time: number
  readonly values: string
}

const upsert = `
  insert into "rows" (pipeline, source, "partition", "offset", joined, key, time, "values") values (?, ?, ?, ?, ?, ?, ?, ?)
  on conflict do update set key = excluded.key, time = excluded.time, "values" = excluded."values"
`

const decodeRow = Schema.decodeUnknownSync(Row.Encoded)

const make = Effect.fnUntraced(function*() {
  const database = yield* Database
  const insert = yield* database.prepare(upsert)

  const write = (rows: ReadonlyArray<Row.Row>) =>
    rows.length === 0 ? Effect.void : database.write(() => {
      for (const { key, pipeline, place, time, values } of rows) {
        const { offset, partition, source } = place
        insert.run(pipeline, source, partition, offset, Row.besideToJson(place), key, time, Row.valuesToJson(values))
      }
    }).pipe(Effect.mapError(toSinkError))

  const read = Effect.fnUntraced(function*(query: Query) {
    const { parameters, sql } = select(query)
    const rows = yield* database.prepare<Stored>(sql)
    // The newest come first out of the database, so that the limit keeps them.
    return yield* database.read(() => rows.all(...parameters).map(toRow).reverse())
  }, Effect.mapError(toSinkError))

  const deleteAll = yield* database.prepare("delete from \"rows\" where pipeline = ?")
  const remove = (pipeline: string) =>
    database.write(() => void deleteAll.run(pipeline)).pipe(Effect.mapError(toSinkError))

  return RowSink.of({ write, read, remove, stores: Effect.map(database.store, Array.of).pipe(Effect.mapError(toSinkError)) })
}, Effect.mapError(toSinkError))

const toRow = ({ joined, key, offset, partition, pipeline, source, time, values }: Stored): Row.Encoded => {
  const place = { source, partition, offset, ...Row.besideFrom(joined) }
  return decodeRow({ pipeline, place, key, time, values: JSON.parse(values) })
}

const select = (query: Query) => {
  const conditions: Array<readonly [sql: string, value: string | number]> = []
  if (query.pipeline !== undefined) conditions.push(["pipeline = ?", query.pipeline])
  if (query.key !== undefined) conditions.push(["key = ?", query.key])
  if (query.from !== undefined) conditions.push(["time >= ?", query.from])
  if (query.to !== undefined) conditions.push(["time < ?", query.to])
  const where = conditions.length === 0 ? "" : `where ${conditions.map(([sql]) => sql).join(" and ")}`
  // A negative limit means no limit to SQLite.
  const limit = query.limit === undefined ? -1 : Math.max(0, query.limit)
  return {
    sql: `select * from "rows" ${where} order by time desc, source desc, "partition" desc, "offset" desc, joined desc, pipeline desc limit ?`,
    parameters: [...conditions.map(([, value]) => value), limit]
  }
}

function toSinkError(error: DatabaseError): RowSinkError {
  return new RowSinkError({ message: error.message, cause: error })
}
