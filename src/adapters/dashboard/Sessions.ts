/** Who has shown the token: random values, of which the server keeps digests for as long as they are used. */
import { Cache, Effect } from "effect"
import { createHash, randomBytes } from "node:crypto"

/** How many are kept; beyond it the one that was not used for longest ends. */
export const capacity = 1_000

/** A session that is not used for this long has ended. */
export const idle = "7 days"

export interface Sessions {
  /** A new session's value, in the alphabet of cookies. */
  readonly begin: Effect.Effect<string>
  /** Whether a value is that of a session, which then goes on. */
  readonly renew: (value: string) => Effect.Effect<boolean>
}

export const make: Effect.Effect<Sessions> = Effect.gen(function*() {
  const kept = yield* Cache.make<string, boolean>({ capacity, timeToLive: idle, lookup: () => Effect.succeed(false) })
  return {
    begin: Effect.suspend(() => {
      const value = randomBytes(32).toString("base64url")
      return Effect.as(Cache.set(kept, digest(value), true), value)
    }),
    renew: (value) =>
      Effect.gen(function*() {
        const id = digest(value)
        if (!(yield* Cache.has(kept, id))) return false
        // A value that is only set again keeps its old place among those that may go.
        yield* Cache.invalidate(kept, id)
        yield* Cache.set(kept, id, true)
        return true
      })
  }
})

/** What is looked up is a digest, so that the time it takes says nothing about the values that are kept. */
const digest = (value: string): string => createHash("sha256").update(value).digest("base64url")
