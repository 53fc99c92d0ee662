/** Checkpoints in SQLite, sealed, the newest of a name and the one before it. */
import { Effect, Layer } from "effect"
import { CheckpointError, CheckpointStore, generations, newestIntact, seal } from "../../streams/ports/CheckpointStore.ts"
import { Database, type DatabaseError } from "./Database.ts"

export const layer: Layer.Layer<CheckpointStore, CheckpointError, Database> = Layer.effect(
  CheckpointStore,
  Effect.suspend(() => make())
)

const make = Effect.fnUntraced(function*() {
  const database = yield* Database
  const insert = yield* database.prepare("insert into checkpoints (name, sealed) values (?, ?)")
  const prune = yield* database.prepare(`
    delete from checkpoints where name = ?1 and id not in
      (select id from checkpoints where name = ?1 order by id desc limit ?2)
  `)
  const newest = yield* database.prepare<{ sealed: string }>(
    "select sealed from checkpoints where name = ? order by id desc"
  )
  const forget = yield* database.prepare("delete from checkpoints where name = ?")

  return CheckpointStore.of({
    save: (name, checkpoint) =>
      database.write(() => {
        insert.run(name, seal(checkpoint))
        prune.run(name, generations)
      }).pipe(Effect.mapError(toCheckpointError)),
    load: (name, fingerprint) =>
      database.read(() => newest.all(name).map(({ sealed }) => sealed)).pipe(
        Effect.mapError(toCheckpointError),
        Effect.flatMap((sealed) => newestIntact(name, fingerprint, sealed))
      ),
    remove: (name) =>
      database.write(() => {
        forget.run(name)
      }).pipe(Effect.mapError(toCheckpointError))
  })
}, Effect.mapError(toCheckpointError))

function toCheckpointError(error: DatabaseError): CheckpointError {
  return new CheckpointError({ message: error.message, cause: error })
}
