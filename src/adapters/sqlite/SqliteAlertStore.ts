/** Alerts in SQLite: one row each, and one for each firing. There are few of both, and they are read whole. */
import { Effect, Layer, Schema } from "effect"
import { Alert, AlertStore, AlertStoreError, Firing, Position } from "../../streams/ports/AlertStore.ts"
import { Database, type DatabaseError } from "./Database.ts"

export const layer: Layer.Layer<AlertStore, AlertStoreError, Database> = Layer.effect(AlertStore, Effect.suspend(() => make()))

const alertOf = Schema.decodeUnknownSync(Schema.fromJsonString(Alert))
const positionOf = Schema.decodeUnknownSync(Schema.fromJsonString(Position))
const firingOf = Schema.decodeUnknownSync(Schema.fromJsonString(Firing))

const make = Effect.fnUntraced(function*() {
  const database = yield* Database
  const alerts = yield* database.prepare<{ alert: string; position: string | null }>("select alert, position from alerts order by number")
  const firings = yield* database.prepare<{ firing: string }>("select firing from alert_firings order by id")
  const insert = yield* database.prepare("insert into alerts (id, alert, position) values (?, ?, ?)")
  const remove = yield* database.prepare("delete from alerts where id = ?")
  const removeFirings = yield* database.prepare("delete from alert_firings where alert = ?")
  const move = yield* database.prepare("update alerts set position = ? where id = ?")
  const fire = yield* database.prepare("insert or replace into alert_firings (id, alert, firing) values (?, ?, ?)")
  const forget = yield* database.prepare("delete from alert_firings where id = ?")

  return AlertStore.of({
    read: database.read(() => ({
      alerts: alerts.all().map(({ alert, position }) => ({ alert: alertOf(alert), position: position === null ? null : positionOf(position) })),
      firings: firings.all().map(({ firing }) => firingOf(firing))
    })).pipe(Effect.mapError(toStoreError)),
    add: (alert, position) =>
      database.write(() => {
        insert.run(alert.id, JSON.stringify(alert), position === null ? null : JSON.stringify(position))
      }).pipe(Effect.mapError(toStoreError)),
    remove: (id) =>
      database.write(() => {
        remove.run(id)
        removeFirings.run(id)
      }).pipe(Effect.mapError(toStoreError)),
    save: ({ firings, forgotten, positions }) =>
      database.write(() => {
        for (const [id, position] of positions) move.run(JSON.stringify(position), id)
        for (const firing of firings) fire.run(firing.id, firing.alert, JSON.stringify(firing))
        for (const id of forgotten) forget.run(id)
      }).pipe(Effect.mapError(toStoreError))
  })
}, Effect.mapError(toStoreError))

function toStoreError(error: DatabaseError): AlertStoreError {
  return new AlertStoreError({ message: error.message, cause: error })
}
