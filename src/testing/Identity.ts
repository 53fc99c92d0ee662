/** What a store is told from others by: each has ids that no other has, and the same ones after it was closed and opened again. */
import { Effect, type Layer } from "effect"
import { on, type Place, same } from "./Law.ts"

/** How to ask a store for its ids; a sink that nobody can fill has none. */
type Ids<S> = Effect.Effect<ReadonlyArray<string>, unknown, S>

export const areItsOwn = <S>(ids: Ids<S>) => (fresh: Layer.Layer<S, unknown>): Effect.Effect<void, unknown> =>
  Effect.gen(function*() {
    const found = (yield* Effect.forEach([1, 2, 3], () => on(fresh, ids))).flat()
    same(new Set(found).size, found.length)
    same(found.includes(""), false)
  })

export const stay = <S>(ids: Ids<S>) => (place: Place<S>): Effect.Effect<void, unknown> =>
  Effect.scoped(Effect.gen(function*() {
    const store = yield* place
    const [before, after] = yield* Effect.forEach([1, 2], () => on(store, ids))
    same(after, before)
  }))
