import { Effect } from "effect"

/** A store behind a sink: what it is called in messages, and what tells it from any other, one in its former place too. */
export interface Store {
  readonly name: string
  readonly id: string
}

/** Those behind several sinks; a sink that names none has whatever it should have. */
export const storesOf = <E>(
  sinks: ReadonlyArray<{ readonly stores?: Effect.Effect<ReadonlyArray<Store>, E> }>
): Effect.Effect<ReadonlyArray<Store>, E> =>
  Effect.map(Effect.forEach(sinks, ({ stores }) => stores ?? none), (found) => found.flat())

const none: Effect.Effect<ReadonlyArray<Store>> = Effect.succeed([])
