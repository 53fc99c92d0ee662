/** The decisions of a processor in SQLite, one a row, under the id of its log. */
import { Effect, Layer, Option } from "effect"
import { Decisions, DecisionsError } from "../../streams/ports/Decisions.ts"
import { EventLog } from "../../streams/ports/EventLog.ts"
import * as Decision from "../../streams/records/Decision.ts"
import { Database, type DatabaseError } from "./Database.ts"

export interface Options {
  /** The processor whose decisions these are. */
  readonly consumer: string
}

export const layer = (options: Options): Layer.Layer<Decisions, DecisionsError, Database | EventLog> =>
  Layer.effect(Decisions, make(options))

/** The processors that have taken decisions over a log, by name. */
export const consumers: Effect.Effect<ReadonlyArray<string>, DecisionsError, Database | EventLog> = Effect.gen(function*() {
  const database = yield* Database
  const { id } = yield* EventLog
  const all = yield* database.prepare<{ consumer: string }>(
    "select distinct consumer from decisions where log = ? and consumer <> '' order by consumer"
  )
  return yield* database.read(() => all.all(id).map(({ consumer }) => consumer))
}).pipe(Effect.mapError(toDecisionsError))

const make = Effect.fnUntraced(function*({ consumer }: Options) {
  const database = yield* Database
  const { id } = yield* EventLog
  // Those of versions that kept them in the log itself are nobody's, and count for all.
  const all = yield* database.prepare<{ decision: string }>(
    "select decision from decisions where log = ? and consumer in ('', ?)"
  )
  const insert = yield* database.prepare("insert or replace into decisions values (?, ?, ?, ?)")

  const readOf = (processor: string) =>
    database.read(() => all.all(id, processor).flatMap(({ decision }) => Option.toArray(Decision.decode(decision)))).pipe(
      Effect.mapError(toDecisionsError)
    )
  return Decisions.of({
    processor: consumer,
    read: readOf(consumer),
    readOf,
    write: (decisions) =>
      decisions.length === 0 ? Effect.void : database.write(() => {
        for (const decision of decisions) insert.run(id, consumer, Decision.identityOf(decision), Decision.encode(decision))
      }).pipe(Effect.mapError(toDecisionsError))
  })
}, Effect.mapError(toDecisionsError))

function toDecisionsError(error: DatabaseError): DecisionsError {
  return new DecisionsError({ message: error.message, cause: error })
}
