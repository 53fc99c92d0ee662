/** Dead letters in SQLite. */
import { Effect, Layer } from "effect"
import { type DeadLetter, DeadLetters, DeadLettersError, type Latest, type LatestQuery, type Query } from "../../streams/ports/DeadLetters.ts"
import { Database, type DatabaseError } from "./Database.ts"

export const layer: Layer.Layer<DeadLetters, DeadLettersError, Database> = Layer.effect(
  DeadLetters,
  Effect.suspend(() => make())
)

const make = Effect.fnUntraced(function*() {
  const database = yield* Database
  const insert = yield* database.prepare("insert or replace into dead_letters values (?, ?, ?, ?, ?, ?, ?)")
  const select = yield* database.prepare<DeadLetter>(`
    select * from dead_letters where ?1 is null or reason = ?1
    order by topic, partition, offset, pipeline limit ?2
  `)
  const counts = yield* database.prepare<Latest["byReason"][number]>(`
    select reason, count(*) as count from dead_letters group by reason order by reason
  `)
  const ownCounts = yield* database.prepare<Latest["byReason"][number]>(`
    select reason, count(*) as count from dead_letters where pipeline = ? group by reason order by reason
  `)
  const newest = yield* database.prepare<DeadLetter>("select * from dead_letters order by rowid desc limit ?")
  const ownNewest = yield* database.prepare<DeadLetter>("select * from dead_letters where pipeline = ? order by rowid desc limit ?")
  const latest = ({ limit, pipeline }: LatestQuery): Latest => ({
    byReason: pipeline === undefined ? counts.all() : ownCounts.all(pipeline),
    latest: pipeline === undefined ? newest.all(Math.max(0, limit)) : ownNewest.all(pipeline, Math.max(0, limit))
  })
  const forget = yield* database.prepare(
    "delete from dead_letters where topic = ? and partition = ? and offset = ? and pipeline is ?"
  )

  return DeadLetters.of({
    write: (letters) =>
      letters.length === 0 ? Effect.void : database.write(() => {
        for (const { bytes, detail, offset, partition, pipeline, reason, topic } of letters) {
          insert.run(topic, partition, offset, pipeline, reason, detail, bytes)
        }
      }).pipe(Effect.mapError(toLettersError)),
    // A negative limit means no limit to SQLite.
    read: ({ limit, reason }: Query) =>
      database.read(() => select.all(reason ?? null, limit === undefined ? -1 : Math.max(0, limit))).pipe(
        // Rows have no prototype; letters are plain objects.
        Effect.map((rows) => rows.map((row) => ({ ...row }))),
        Effect.mapError(toLettersError)
      ),
    latest: (query) =>
      database.read(() => latest(query)).pipe(
        Effect.map(({ byReason, latest }) => ({ byReason: byReason.map((each) => ({ ...each })), latest: latest.map((letter) => ({ ...letter })) })),
        Effect.mapError(toLettersError)
      ),
    remove: (letters) =>
      letters.length === 0 ? Effect.void : database.write(() => {
        for (const { offset, partition, pipeline, topic } of letters) forget.run(topic, partition, offset, pipeline)
      }).pipe(Effect.mapError(toLettersError))
  })
}, Effect.mapError(toLettersError))

function toLettersError(error: DatabaseError): DeadLettersError {
  return new DeadLettersError({ message: error.message, cause: error })
}
