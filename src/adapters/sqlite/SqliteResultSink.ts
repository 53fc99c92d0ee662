/** Panes in SQLite: one row a window and key, which holds its newest pane. */
import { Effect, Layer, Schema } from "effect"
import * as Pane from "../../streams/pipeline/Pane.ts"
import { type Query, ResultSink, ResultSinkError } from "../../streams/ports/ResultSink.ts"
import { Database, type DatabaseError } from "./Database.ts"

export const layer: Layer.Layer<ResultSink, ResultSinkError, Database> = Layer.effect(
  ResultSink,
  Effect.suspend(() => make())
)

interface PaneRow {
  readonly pipeline: string
  readonly key: string
  readonly start: number
  readonly end: number
  readonly pane: string
  readonly revision: number
  readonly changes: number
  readonly values: string
}

const rankOf = (pane: string): string =>
  `case ${pane} ${Object.entries(Pane.ranks).map(([kind, rank]) => `when '${kind}' then ${rank}`).join(" ")} end`

// `Pane.replaces` in SQL. A retracted window keeps its row: an older pane that comes after it must not bring it back.
const upsert = `
  insert into panes (pipeline, key, start, "end", pane, revision, changes, "values") values (?, ?, ?, ?, ?, ?, ?, ?)
  on conflict do update set
    pane = excluded.pane, revision = excluded.revision, changes = excluded.changes, "values" = excluded."values"
  where (excluded.changes, ${rankOf("excluded.pane")}) >= (panes.changes, ${rankOf("panes.pane")})
`

const decodePane = Schema.decodeUnknownSync(Pane.Encoded)

const make = Effect.fnUntraced(function*() {
  const database = yield* Database
  const insert = yield* database.prepare(upsert)

  const write = (panes: ReadonlyArray<Pane.Pane>) =>
    panes.length === 0 ? Effect.void : database.write(() => {
      for (const { changes, end, key, pane, pipeline, revision, start, values } of panes.map(Pane.encode)) {
        insert.run(pipeline, key, start, end, pane, revision, changes, JSON.stringify(values))
      }
    }).pipe(Effect.mapError(toSinkError))

  const read = Effect.fnUntraced(function*(query: Query) {
    const { parameters, sql } = select(query)
    const rows = yield* database.prepare<PaneRow>(sql)
    // The newest come first out of the database, so that the limit keeps them.
    return yield* database.read(() => rows.all(...parameters).map(toPane).reverse())
  }, Effect.mapError(toSinkError))

  const deleteAll = yield* database.prepare("delete from panes where pipeline = ?")
  const remove = (pipeline: string) =>
    database.write(() => void deleteAll.run(pipeline)).pipe(Effect.mapError(toSinkError))

  return ResultSink.of({ write, read, remove, stores: Effect.map(database.store, Array.of).pipe(Effect.mapError(toSinkError)) })
}, Effect.mapError(toSinkError))

const toPane = (row: PaneRow): Pane.Encoded => decodePane({ ...row, values: JSON.parse(row.values) })

const select = (query: Query) => {
  const conditions: Array<readonly [sql: string, value: string | number]> = []
  if (query.pipeline !== undefined) conditions.push(["pipeline = ?", query.pipeline])
  if (query.key !== undefined) conditions.push(["key = ?", query.key])
  if (query.from !== undefined) conditions.push(["start >= ?", query.from])
  if (query.to !== undefined) conditions.push(["start < ?", query.to])
  const where = ["pane <> 'retracted'", ...conditions.map(([sql]) => sql)].join(" and ")
  // A negative limit means no limit to SQLite.
  const limit = query.limit === undefined ? -1 : Math.max(0, query.limit)
  return {
    sql: `select * from panes where ${where} order by start desc, "end" desc, pipeline desc, key desc limit ?`,
    parameters: [...conditions.map(([, value]) => value), limit]
  }
}

function toSinkError(error: DatabaseError): ResultSinkError {
  return new ResultSinkError({ message: error.message, cause: error })
}
