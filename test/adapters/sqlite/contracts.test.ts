/** The SQLite layers keep the contracts of their ports, over closing and opening too. */
import { Effect, Layer } from "effect"
import { Database } from "../../../src/adapters/sqlite/Database.ts"
import * as SqliteAlertStore from "../../../src/adapters/sqlite/SqliteAlertStore.ts"
import * as SqliteCheckpointStore from "../../../src/adapters/sqlite/SqliteCheckpointStore.ts"
import * as SqliteDeadLetters from "../../../src/adapters/sqlite/SqliteDeadLetters.ts"
import * as SqliteDecisions from "../../../src/adapters/sqlite/SqliteDecisions.ts"
import * as SqliteEventLog from "../../../src/adapters/sqlite/SqliteEventLog.ts"
import * as SqliteResultSink from "../../../src/adapters/sqlite/SqliteResultSink.ts"
import * as SqliteRowSink from "../../../src/adapters/sqlite/SqliteRowSink.ts"
import * as Stores from "../../../src/cli/Stores.ts"
import * as AlertStoreContract from "../../../src/testing/AlertStoreContract.ts"
import * as CheckpointStoreContract from "../../../src/testing/CheckpointStoreContract.ts"
import * as DeadLettersContract from "../../../src/testing/DeadLettersContract.ts"
import * as DecisionsContract from "../../../src/testing/DecisionsContract.ts"
import * as EventLogContract from "../../../src/testing/EventLogContract.ts"
import type { Options } from "../../../src/testing/Law.ts"
import * as ResultSinkContract from "../../../src/testing/ResultSinkContract.ts"
import * as RowSinkContract from "../../../src/testing/RowSinkContract.ts"
import { temporaryFolder } from "./folder.ts"

/** A new database in a new folder at each build, and a folder that can be opened again. */
const stores = <S, E>(
  store: Layer.Layer<S, E, Database>,
  options?: Options<S>
): [Layer.Layer<S, unknown>, Options<S>] => {
  const place = Effect.map(temporaryFolder, (folder) => Layer.provide(store, Database.layer({ folder })))
  return [Layer.unwrap(place), { runs: 15, ...options, durable: place }]
}

EventLogContract.suite("sqlite, 1 partition", ...stores(SqliteEventLog.layer({ topic: "ticks" })))
EventLogContract.suite("sqlite, 3 partitions", ...stores(SqliteEventLog.layer({ topic: "ticks", partitions: 3 })))
EventLogContract.suite("sqlite, 2 sources in a folder", ...stores(Stores.eventLog({ topic: "market", sources: ["quotes", "trades"] })))
ResultSinkContract.suite("sqlite", ...stores(SqliteResultSink.layer))
RowSinkContract.suite("sqlite", ...stores(SqliteRowSink.layer))
DeadLettersContract.suite("sqlite", ...stores(SqliteDeadLetters.layer))
AlertStoreContract.suite("sqlite", ...stores(SqliteAlertStore.layer))
DecisionsContract.suite("sqlite", ...stores(SqliteDecisions.layer({ consumer: "candles" }).pipe(Layer.provide(SqliteEventLog.layer({ topic: "ticks" })))))
CheckpointStoreContract.suite("sqlite", ...stores(SqliteCheckpointStore.layer))
