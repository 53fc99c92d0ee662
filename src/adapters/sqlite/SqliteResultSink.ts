/**
 * Panes in SQLite: one row a window and key, which holds its newest pane.
 *
 * Rows lie in the order of their windows, so that what a window gives when it closes is written side by side. In the order
 * of keys, with many keys, each pane would dirty a page of its own, and so would an index by key: 100,000 keys a minute were
 * 1.6 GB a minute. So only the panes of windows with few keys are in such an index. A window that gives many at once is noted
 * as wide, and whoever asks for the series of a key looks for it in each wide window: a descent in one tree for each.
 */
import { Effect, Layer, Schema } from "effect"
import * as Pane from "../../streams/pipeline/Pane.ts"
import { type KeysQuery, type Query, ResultSink, ResultSinkError, select } from "../../streams/ports/ResultSink.ts"
import { Database, type DatabaseError } from "./Database.ts"
import * as NewestWindows from "./NewestWindows.ts"

export const layer: Layer.Layer<ResultSink, ResultSinkError, Database> = Layer.effect(
  ResultSink,
  Effect.suspend(() => make())
)

/** Panes of one window in one write, beyond which it is wide. */
const few = 256

/** Panes of one transaction. It bounds the write-ahead log, which holds each whole, and for how long the process is busy. */
const portion = 4_096

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
  insert into panes (pipeline, key, start, "end", pane, revision, changes, "values", has_key) values (?, ?, ?, ?, ?, ?, ?, ?, ?)
  on conflict do update set
    pane = excluded.pane, revision = excluded.revision, changes = excluded.changes, "values" = excluded."values"
  where (excluded.changes, ${rankOf("excluded.pane")}) >= (panes.changes, ${rankOf("panes.pane")})
`

const decodePane = Schema.decodeUnknownSync(Pane.Encoded)

const make = Effect.fnUntraced(function*() {
  const database = yield* Database
  const insert = yield* database.prepare(upsert)
  const widen = yield* database.prepare("insert or ignore into wide_windows values (?, ?, ?)")

  const newest = yield* NewestWindows.make
  const writePortion = (panes: ReadonlyArray<Pane.Pane>, wide: ReadonlySet<string>) =>
    database.write(() => {
      const taken = panes.filter((written) => {
        const { changes, end, key, pane, pipeline, revision, start } = written
        const isWide = wide.has(windowOf(written))
        const { changes: rows } = insert.run(pipeline, key, start, end, pane, revision, changes, Pane.valuesToJson(written.values), isWide ? 0 : 1)
        return Number(rows) > 0
      })
      newest.note({ present: taken.filter(({ pane }) => pane !== "retracted"), gone: taken.filter(({ pane }) => pane === "retracted") })
    })

  const write = Effect.fnUntraced(function*(panes: ReadonlyArray<Pane.Pane>) {
    if (panes.length === 0) return
    const wide = wideOf(panes)
    // Before their panes: a crash in between leaves a wide window without panes, never panes that nobody finds.
    if (wide.size > 0) {
      yield* database.write(() => {
        for (const { end, pipeline, start } of wide.values()) widen.run(pipeline, start, end)
      })
    }
    const names = new Set(wide.keys())
    for (let at = 0; at < panes.length; at += portion) yield* writePortion(panes.slice(at, at + portion), names)
  }, Effect.mapError(toSinkError))

  const pipelinesThere = yield* database.prepare<{ pipeline: string }>(eachPipeline)
  const read = Effect.fnUntraced(function*(query: Query) {
    const { pipeline } = query
    const pipelines = pipeline === undefined
      ? yield* database.read(() => pipelinesThere.all().map((row) => row.pipeline))
      : [pipeline]
    const looks = pipelines.flatMap((name) => looksFor(name, query))
    const found = yield* Effect.forEach(looks, Effect.fnUntraced(function*({ parameters, sql }) {
      const rows = yield* database.prepare<PaneRow>(sql)
      // The newest come first out of the database, so that the limit keeps them.
      return yield* database.read(() => rows.all(...parameters).map(toPane).reverse())
    }))
    const [only = [], ...others] = found
    return others.length === 0 ? only : select(found.flat(), query)
  }, Effect.mapError(toSinkError))

  const deleteAll = yield* database.prepare("delete from panes where pipeline = ?")
  const narrow = yield* database.prepare("delete from wide_windows where pipeline = ?")
  const remove = (pipeline: string) =>
    database.write(() => {
      deleteAll.run(pipeline)
      narrow.run(pipeline)
      newest.removeAll(pipeline)
    }).pipe(Effect.mapError(toSinkError))

  const readNewest = Effect.fnUntraced(function*(query: KeysQuery) {
    const { count, page, parameters } = lookForNewest(query)
    const rows = yield* database.prepare<PaneRow>(page.sql)
    const counting = yield* database.prepare<{ total: number }>(count)
    return yield* database.read(() => ({
      panes: rows.all(...parameters, ...page.parameters).map(toPane),
      total: counting.get(...parameters)?.total ?? 0
    }))
  }, Effect.mapError(toSinkError))

  return ResultSink.of({ write, read, newest: readNewest, remove, stores: Effect.map(database.store, Array.of).pipe(Effect.mapError(toSinkError)) })
}, Effect.mapError(toSinkError))

type Window = Pick<PaneRow, "pipeline" | "start" | "end">

const windowOf = ({ end, pipeline, start }: Window): string => `${start} ${end} ${pipeline}`

/** The windows of which many panes are written at once, by name. */
const wideOf = (panes: ReadonlyArray<Pane.Pane>): ReadonlyMap<string, Window> => {
  const wide = new Map<string, Window>()
  if (panes.length <= few) return wide
  const counts = new Map<string, number>()
  for (const pane of panes) {
    const name = windowOf(pane)
    const count = (counts.get(name) ?? 0) + 1
    counts.set(name, count)
    if (count === few + 1) wide.set(name, pane)
  }
  return wide
}

/** One descent in the tree for each, however many panes there are. */
const eachPipeline = `
  with recursive each (pipeline) as (
    select min(pipeline) from panes
    union all
    select (select min(pipeline) from panes where pipeline > each.pipeline) from each where each.pipeline is not null
  )
  select pipeline from each where pipeline is not null
`

const toPane = (row: PaneRow): Pane.Encoded => decodePane({ ...row, values: JSON.parse(row.values) })

interface Look {
  readonly sql: string
  readonly parameters: ReadonlyArray<string | number>
}

/** What has to be asked for a pipeline's part of the answer: no pane comes twice. */
const looksFor = (pipeline: string, { from, key, limit, to }: Query): ReadonlyArray<Look> => {
  const conditions: Array<readonly [sql: string, value: string | number]> = [["pipeline = ?", pipeline]]
  if (from !== undefined) conditions.push(["start >= ?", from])
  if (to !== undefined) conditions.push(["start < ?", to])
  const where = (table: string) => conditions.map(([sql]) => `${table}.${sql}`).join(" and ")
  const values = conditions.map(([, value]) => value)
  // A negative limit means no limit to SQLite.
  const most = limit === undefined ? -1 : Math.max(0, limit)
  if (key === undefined) {
    return [{
      sql: `select * from panes where ${where("panes")} and pane <> 'retracted' order by start desc, "end" desc, key desc limit ?`,
      parameters: [...values, most]
    }]
  }
  return [
    {
      sql: `
        select * from panes indexed by panes_with_key
        where ${where("panes")} and key = ? and has_key = 1 and pane <> 'retracted' order by start desc, "end" desc limit ?
      `,
      parameters: [...values, key, most]
    },
    {
      // SQLite takes the tables of a cross join in the order in which they stand.
      sql: `
        select panes.* from wide_windows cross join panes on panes.pipeline = wide_windows.pipeline
          and panes.start = wide_windows.start and panes."end" = wide_windows."end" and panes.key = ?
        where ${where("wide_windows")} and has_key = 0 and pane <> 'retracted'
        order by wide_windows.start desc, wide_windows."end" desc limit ?
      `,
      parameters: [key, ...values, most]
    }
  ]
}

/** The keys that are asked for, and those of them that come. */
const lookForNewest = ({ after, contains, keys, limit, pipeline }: KeysQuery) => {
  const conditions: Array<readonly [sql: string, ...values: ReadonlyArray<string>]> = [["newest.pipeline = ?", pipeline]]
  // SQLite gives letters of A to Z the case of a to z, and no others.
  if (contains !== undefined) conditions.push(["instr(lower(newest.key), lower(?)) > 0", contains])
  if (keys !== undefined) conditions.push(["newest.key in (select value from json_each(?))", JSON.stringify(keys)])
  const where = conditions.map(([sql]) => sql).join(" and ")
  return {
    parameters: conditions.flatMap(([, ...values]) => values),
    count: `select count(*) as total from newest_windows as newest where ${where}`,
    page: {
      sql: `
        select panes.* from newest_windows as newest cross join panes on panes.pipeline = newest.pipeline
          and panes.start = newest.start and panes."end" = newest."end" and panes.key = newest.key
        where ${where}${after === undefined ? "" : " and newest.key > ?"} order by newest.key limit ?
      `,
      parameters: [...after === undefined ? [] : [after], limit === undefined ? -1 : Math.max(0, limit)]
    }
  }
}

function toSinkError(error: DatabaseError): ResultSinkError {
  return new ResultSinkError({ message: error.message, cause: error })
}
