/**
 * The one SQLite database in a folder (`.courant/` unless told otherwise) that the log, the
 * results, the checkpoints and the dead letters share, on Node's own `node:sqlite`.
 *
 * One process writes; any number may read beside it. When a write returns, it is committed
 * and synced to the disk (WAL with `synchronous = FULL`), so it survives `kill -9` and a loss
 * of power, as far as the disk keeps what it says it has kept. `NORMAL` would survive the first
 * only: a loss of power could take back the newest writes, in order, so that what is left is a
 * state that once was. The sync is once a batch: measured, batches of 5,000 are as fast with either,
 * appends of single records come to 7,000 a second against 37,000.
 *
 * What is committed stands in the write-ahead log until it is folded into the database, of which only a part can be while
 * somebody reads an older state. The log is written from its beginning again when all of it has been, and cut to
 * `walLimit` then: it is as long as the largest transaction and what was written while a reader held on.
 *
 * See https://sqlite.org/wal.html and https://sqlite.org/pragma.html#pragma_synchronous.
 */
import { Context, Deferred, Effect, Layer, Schema, type Scope } from "effect"
import { existsSync, statSync } from "node:fs"
import { join, resolve } from "node:path"
import { DatabaseSync, type SQLInputValue } from "node:sqlite"
import type { Store } from "../../streams/ports/Store.ts"
import { explain } from "./Explain.ts"
import * as Folder from "./Folder.ts"
import { migrate } from "./Schema.ts"
import { type FolderInUse, lock } from "./WriterLock.ts"

/** The database cannot be opened, read or written; the message is one line for a person. */
export class DatabaseError extends Schema.TaggedError<DatabaseError>()("DatabaseError", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

export interface Options {
  readonly folder: string
  /** Looks without writing: allowed beside a writer, and refused where there is nothing to look at. */
  readonly readOnly?: boolean
}

/** A prepared statement whose rows are `Row`. */
export interface Statement<Row> {
  readonly all: (...values: ReadonlyArray<SQLInputValue>) => ReadonlyArray<Row>
  readonly get: (...values: ReadonlyArray<SQLInputValue>) => Row | undefined
  readonly iterate: (...values: ReadonlyArray<SQLInputValue>) => Iterable<Row>
  readonly run: (...values: ReadonlyArray<SQLInputValue>) => { readonly changes: number | bigint }
}

export class Database extends Context.Service<Database, {
  readonly folder: string
  /** The database as a store of results. */
  readonly store: Effect.Effect<Store, DatabaseError>
  readonly readOnly: boolean
  readonly prepare: <Row>(sql: string) => Effect.Effect<Statement<Row>, DatabaseError>
  /** Runs statements that only look. */
  readonly read: <A>(look: () => A) => Effect.Effect<A, DatabaseError>
  /** Runs statements in one transaction: all of them or, where one throws, none. */
  readonly write: <A>(change: () => A) => Effect.Effect<A, DatabaseError>
  readonly arrivals: Arrivals
}>()("courant/sqlite/Database") {
  static readonly layer = (options: Options): Layer.Layer<Database, DatabaseError | FolderInUse> =>
    Layer.effect(Database, make(options))
}

/** How readers of the log learn that there may be more. */
export interface Arrivals {
  /** Takes a place in the queue, at once; the effect waits until something arrives after that moment. */
  readonly next: () => Effect.Effect<void>
  readonly announce: () => void
}

export const fileName = "courant.db"

/** Bytes of the write-ahead log that a writer leaves standing. */
export const walLimit = 64 * 1_024 * 1_024

/** How often a writer looks whether its write-ahead log is longer than that. */
const walEvery = "2 seconds"

/** How often a process that only reads looks for what another has written: one index look-up a partition. */
const pollInterval = "100 millis"

const make = Effect.fnUntraced(function*({ folder, readOnly = false }: Options) {
  const failed = (cause: unknown) => new DatabaseError({ message: explain(cause, folder), cause })
  const attempt = <A>(body: () => A) => Effect.try({ try: body, catch: failed })

  if (readOnly && !existsSync(join(folder, fileName))) {
    return yield* new DatabaseError({ message: `there is no data in the folder ${folder}` })
  }
  if (!readOnly) {
    yield* attempt(() => Folder.make(folder))
    yield* lock(folder).pipe(Effect.catchTag("LockFailed", ({ cause }) => Effect.fail(failed(cause))))
  }
  const connection = yield* open(attempt, join(resolve(folder), fileName), readOnly)

  const outdated = yield* attempt(() => migrate(connection, readOnly))
  if (outdated !== undefined) return yield* new DatabaseError({ message: `the folder ${folder} ${outdated}` })

  if (!readOnly) yield* Effect.forkScoped(boundWal(connection, join(folder, `${fileName}-wal`)))
  return Database.of({
    folder,
    store: attempt(() => ({
      name: `the folder ${folder}`,
      id: String(connection.prepare("select id from identity").get()?.["id"])
    })),
    readOnly,
    // Tables are STRICT, so that the columns have the types of the schema, and `Row` names those.
    prepare: <Row>(sql: string) => attempt(() => connection.prepare(sql) as unknown as Statement<Row>),
    read: attempt,
    // A turn of the event loop after each commit: a busy writer does not starve timers and sockets.
    write: (change) => Effect.tap(attempt(() => transaction(connection, change)), () => Effect.yieldNow),
    arrivals: readOnly ? { next: () => Effect.sleep(pollInterval), announce: () => {} } : makeArrivals()
  })
})

/** The file is named by its whole path: SQLite takes a name that begins with `file:` for a URI. */
const open = (
  attempt: <A>(body: () => A) => Effect.Effect<A, DatabaseError>,
  file: string,
  readOnly: boolean
): Effect.Effect<DatabaseSync, DatabaseError, Scope.Scope> =>
  Effect.acquireRelease(
    attempt(() => new DatabaseSync(file, { readOnly })),
    (connection) => Effect.sync(() => connection.close())
  ).pipe(
    Effect.tap((connection) =>
      attempt(() => {
        // A reader may meet the moment in which a writer folds the write-ahead log into the database.
        connection.exec(`pragma busy_timeout = ${busyTimeout}`)
        // Pages of 16 KiB, four times the default, take a chunk of the log a third faster. The way in which free ones are
        // given back can be chosen for a new database only.
        if (!readOnly) {
          connection.exec("pragma page_size = 16384; pragma auto_vacuum = incremental; pragma journal_mode = wal")
          connection.exec(`pragma synchronous = full; pragma journal_size_limit = ${walLimit}`)
        }
      })
    )
  )

/** Milliseconds for which a statement waits for another process. */
const busyTimeout = 2_000

/**
 * Shortens the write-ahead log where nothing is written any more that would begin it anew, without waiting for readers:
 * while one of them is in the way, the next look may have more luck.
 */
const boundWal = (connection: DatabaseSync, file: string) =>
  Effect.sync(() => {
    if (connection.isTransaction || (statSync(file, { throwIfNoEntry: false })?.size ?? 0) <= walLimit) return
    connection.exec("pragma busy_timeout = 0")
    try {
      connection.exec("pragma wal_checkpoint(truncate)")
    } catch {
      // What stands in the way of a write is told where somebody writes.
    }
    connection.exec(`pragma busy_timeout = ${busyTimeout}`)
  }).pipe(Effect.andThen(Effect.sleep(walEvery)), Effect.forever)

const transaction = <A>(connection: DatabaseSync, change: () => A): A => {
  connection.exec("begin immediate")
  try {
    const result = change()
    connection.exec("commit")
    return result
  } catch (cause) {
    // SQLite has already rolled back after some errors, a full disk for one.
    if (connection.isTransaction) connection.exec("rollback")
    throw cause
  }
}

const makeArrivals = (): Arrivals => {
  let arrival = Deferred.makeUnsafe<void>()
  return {
    next: () => Deferred.await(arrival),
    announce: () => {
      const past = arrival
      arrival = Deferred.makeUnsafe<void>()
      Deferred.doneUnsafe(past, Effect.void)
    }
  }
}
