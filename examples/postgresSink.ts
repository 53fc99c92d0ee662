/**
 * A sink of your own: panes in a table of PostgreSQL, of each window the newest one.
 * `POSTGRES_URL=postgres://user:password@127.0.0.1/market courant run --sink ./examples/postgresSink.ts`
 */
import { Config, Effect, Layer, Redacted, Schema } from "effect"
import { Pane, ResultSink, ResultSinkError, RetryPolicy } from "courant"
import { randomUUID } from "node:crypto"
import postgres from "postgres"

/** The table is made where there is none. Its name is yours: it is never taken from data. */
export const layer = (url: Redacted.Redacted, table = "panes"): Layer.Layer<ResultSink, ResultSinkError> =>
  Layer.effect(
    ResultSink,
    Effect.gen(function*() {
      const sql = yield* Effect.acquireRelease(
        Effect.sync(() => postgres(Redacted.value(url), { onnotice: () => {} })),
        (sql) => Effect.promise(() => sql.end({ timeout: 5 }))
      )
      const { retry } = RetryPolicy.make({
        server: "PostgreSQL",
        backOff: { first: "100 millis", longest: "10 seconds" },
        isPassing,
        counter: { name: "postgres_retries_total", description: "Statements that failed in a way that may pass, and were sent again." }
      })
      const ask = <A>(statement: () => PromiseLike<A>) => retry(Effect.tryPromise({ try: async () => await statement(), catch: errorOf }))
      yield* ask(() => sql.begin((sql) => create(sql, table)))
      return ResultSink.of({
        write: (panes) => panes.length === 0 ? Effect.void : Effect.asVoid(ask(() => upsert(sql, table, panes))),
        read: (query) =>
          Effect.flatMap(ask(() => select(sql, table, query)), (rows) =>
            Effect.mapError(decodeRows(rows), (cause) => new ResultSinkError({ message: `a row of "${table}" is no pane`, cause }))),
        remove: (pipeline) => Effect.asVoid(ask(() => sql`delete from ${sql(table)} where pipeline = ${pipeline}`)),
        // A table that was dropped and made again has another id, and is filled from the log.
        stores: Effect.map(ask(() => sql`select obj_description(${table}::regclass) as id`), ([row]) => [{ name: `PostgreSQL's table ${table}`, id: String(row?.["id"]) }])
      })
    })
  )

export default Layer.unwrap(Effect.map(Config.Redacted("POSTGRES_URL"), (url) => layer(url)))

/** It is away, starting or stopping, or a lock was in the way. */
const passing = /^(?:08|40|53|57P)|^(?:CONNECT|CONNECTION)|^E(?:CONN|PIPE|TIMEDOUT)/

const codeOf = (cause: unknown): string => cause instanceof Error && "code" in cause ? String(cause.code) : ""

const errorOf = (cause: unknown) => new ResultSinkError({ message: `PostgreSQL: ${cause instanceof Error ? cause.message : String(cause)}`, cause })

const isPassing = (error: unknown): error is ResultSinkError => error instanceof ResultSinkError && passing.test(codeOf(error.cause))

/** Strings are compared by their code points. `json` keeps a value as it was written, which `jsonb` does not. */
const create = async (sql: postgres.TransactionSql, table: string) => {
  await sql`select pg_advisory_xact_lock(hashtext(${table}))`
  await sql`
    create table if not exists ${sql(table)} (
      pipeline text collate "C" not null,
      key text collate "C" not null,
      start bigint not null,
      "end" bigint not null,
      pane text not null,
      rank smallint not null,
      revision bigint not null,
      changes bigint not null,
      "values" json not null,
      primary key (pipeline, key, start, "end")
    )`
  const [known] = await sql`select obj_description(${table}::regclass) as id`
  if (known?.["id"] === null) await sql.unsafe(`comment on table "${table}" is '${randomUUID()}'`)
}

/** `Pane.replaces` in SQL: more changes are newer, and of equally many the higher rank, or else the later write. */
const upsert = (sql: postgres.Sql, table: string, panes: ReadonlyArray<Pane.Pane>) => {
  const rows = newest(panes)
  const column = <A>(of: (pane: Pane.Pane) => A) => rows.map(of)
  return sql`
    insert into ${sql(table)} as stored
    select pipeline, key, start, "end", pane, rank, revision, changes, "values"::json
    from unnest(
      ${column(({ pipeline }) => pipeline)}::text[], ${column(({ key }) => key)}::text[],
      ${column(({ start }) => start)}::bigint[], ${column(({ end }) => end)}::bigint[],
      ${column(({ pane }) => pane)}::text[], ${column(({ pane }) => Pane.ranks[pane])}::smallint[],
      ${column(({ revision }) => revision)}::bigint[], ${column(({ changes }) => changes)}::bigint[],
      ${column(({ values }) => Pane.valuesToJson(values))}::text[]
    ) as written (pipeline, key, start, "end", pane, rank, revision, changes, "values")
    on conflict (pipeline, key, start, "end") do update
    set pane = excluded.pane, rank = excluded.rank, revision = excluded.revision, changes = excluded.changes, "values" = excluded."values"
    where (excluded.changes, excluded.rank) >= (stored.changes, stored.rank)`
}

/** One statement may not change a row twice. */
const newest = (panes: ReadonlyArray<Pane.Pane>): ReadonlyArray<Pane.Pane> => {
  const byWindow = new Map<string, Pane.Pane>()
  for (const pane of panes) {
    const window = JSON.stringify([pane.pipeline, pane.key, pane.start, pane.end])
    const before = byWindow.get(window)
    if (before === undefined || Pane.replaces(pane, before)) byWindow.set(window, pane)
  }
  return [...byWindow.values()]
}

type Query = Parameters<ResultSink["Service"]["read"]>[0]

const select = async (sql: postgres.Sql, table: string, { from, key, limit, pipeline, to }: Query) => {
  const rows = await sql`
    select pipeline, key, start::float8, "end"::float8, pane, revision::float8, changes::float8, "values"::text
    from ${sql(table)}
    where pane <> 'retracted'
      ${pipeline === undefined ? sql`` : sql`and pipeline = ${pipeline}`}
      ${key === undefined ? sql`` : sql`and key = ${key}`}
      ${from === undefined ? sql`` : sql`and start >= ${from}`}
      ${to === undefined ? sql`` : sql`and start < ${to}`}
    order by start desc, "end" desc, pipeline desc, key desc
    ${limit === undefined ? sql`` : sql`limit ${Math.max(0, limit)}`}`
  return rows.toReversed()
}

const decodeRows = Schema.decodeUnknownEffect(Schema.Array(
  Schema.Struct({ ...Pane.Encoded.fields, values: Schema.fromJsonString(Pane.Encoded.fields.values) })
))
