/**
 * `courant/sqlite`: the ports on the SQLite that is part of Node. Every layer needs a
 * `Database`, which is one folder with one writer.
 */
export { Database, DatabaseError } from "./adapters/sqlite/Database.ts"
export { FolderInUse } from "./adapters/sqlite/WriterLock.ts"
export * as SqliteCheckpointStore from "./adapters/sqlite/SqliteCheckpointStore.ts"
export * as SqliteDeadLetters from "./adapters/sqlite/SqliteDeadLetters.ts"
export * as SqliteDecisions from "./adapters/sqlite/SqliteDecisions.ts"
export * as SqliteEventLog from "./adapters/sqlite/SqliteEventLog.ts"
export * as SqliteResultSink from "./adapters/sqlite/SqliteResultSink.ts"
export * as SqliteRowSink from "./adapters/sqlite/SqliteRowSink.ts"
