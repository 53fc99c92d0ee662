/**
 * Port: alerts, how far the windows of each have been looked at, and what they have fired, kept with the data. What is saved
 * together is there together after a crash, or not at all.
 */
import { Context, Effect, Layer, Schema } from "effect"

/** A value of one key of a pipeline's windows that crosses a level. */
export const Alert = Schema.Struct({
  id: Schema.String,
  pipeline: Schema.String,
  key: Schema.String,
  /** The name of a number of the pipeline's, or `price` where it has open, high, low and close. */
  value: Schema.String,
  direction: Schema.Literals(["above", "below"]),
  /** An exact decimal in plain digits. */
  level: Schema.String,
  note: Schema.String,
  /** When it was made, in milliseconds since the epoch by the server's clock. */
  createdAt: Schema.Int,
  /** Windows that end at this event time or before do not fire; `null` where no event was known yet. */
  from: Schema.NullOr(Schema.Int)
})
export type Alert = typeof Alert.Type

/** The last window that nothing can change any more, and what the value was then; `null` where it was never known. */
export const Position = Schema.Struct({ start: Schema.Int, end: Schema.Int, before: Schema.NullOr(Schema.String) })
export type Position = typeof Position.Type

/** `forming` is of a window that is open, `final` what its result says, `taken-back` what its result does not say. */
export const State = Schema.Literals(["forming", "final", "taken-back"])
export type State = typeof State.Type

export const Firing = Schema.Struct({
  /** Rises from one firing to the next. */
  id: Schema.Int,
  alert: Schema.String,
  pipeline: Schema.String,
  key: Schema.String,
  start: Schema.Int,
  end: Schema.Int,
  /** What it was and is, each with when it became known by the server's clock. The last one counts. */
  states: Schema.NonEmptyArray(Schema.Struct({ state: State, value: Schema.String, before: Schema.String, knownAt: Schema.Int }))
})
export type Firing = typeof Firing.Type

/** Alerts that there may be at a time. */
export const mostAlerts = 100

/** Firings that are kept: of more, those that fired first go. */
export const mostFirings = 1_000

export interface Stored {
  /** In the order in which they were made. */
  readonly alerts: ReadonlyArray<{ readonly alert: Alert; readonly position: Position | null }>
  /** In the order of their ids. */
  readonly firings: ReadonlyArray<Firing>
}

export interface Saved {
  readonly positions: ReadonlyArray<readonly [alert: string, position: Position]>
  /** Takes the place of one of the same id. */
  readonly firings: ReadonlyArray<Firing>
  /** The ids of firings that are kept no longer. */
  readonly forgotten: ReadonlyArray<number>
}

export class AlertStoreError extends Schema.TaggedError<AlertStoreError>()("AlertStoreError", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

export class AlertStore extends Context.Service<AlertStore, {
  readonly read: Effect.Effect<Stored, AlertStoreError>
  readonly add: (alert: Alert, position: Position | null) => Effect.Effect<void, AlertStoreError>
  /** With all that it has fired. */
  readonly remove: (id: string) => Effect.Effect<void, AlertStoreError>
  readonly save: (saved: Saved) => Effect.Effect<void, AlertStoreError>
}>()("courant/AlertStore") {
  static readonly layerMemory: Layer.Layer<AlertStore> = Layer.sync(AlertStore, () => {
    const alerts = new Map<string, Stored["alerts"][number]>()
    const firings = new Map<number, Firing>()
    return AlertStore.of({
      read: Effect.sync(() => ({ alerts: [...alerts.values()], firings: [...firings.values()].sort((a, b) => a.id - b.id) })),
      add: (alert, position) => Effect.sync(() => void alerts.set(alert.id, { alert, position })),
      remove: (id) =>
        Effect.sync(() => {
          alerts.delete(id)
          for (const firing of firings.values()) if (firing.alert === id) firings.delete(firing.id)
        }),
      save: ({ firings: changed, forgotten, positions }) =>
        Effect.sync(() => {
          for (const [id, position] of positions) {
            const known = alerts.get(id)
            if (known !== undefined) alerts.set(id, { ...known, position })
          }
          for (const firing of changed) firings.set(firing.id, firing)
          for (const id of forgotten) firings.delete(id)
        })
    })
  })
}
