/** What is not remembered is asked for: a window that was set is never taken for one that the store has not. */
import { assert, it } from "@effect/vitest"
import { Arbitrary, Effect } from "effect"
import { type Known, RevisionCache } from "../../../src/adapters/influxdb/RevisionCache.ts"
import { forAll } from "../../../src/testing/Law.ts"
import { integer } from "../../../src/testing/Samples.ts"

const window = (number: number) => {
  const start = Math.floor(number / 4)
  return { start, end: start + 1, key: `S${number % 4}` }
}

it.effect("a window that was set is known as it was set last, or unsure; the last so many are known", () =>
  forAll(
    Arbitrary.all({
      limit: integer(1, 8),
      frontier: integer(-1, 6),
      set: Arbitrary.array(integer(0, 39), { maxLength: 60 })
    }),
    ({ frontier, limit, set }) =>
      Effect.sync(() => {
        const cache = new RevisionCache(limit, frontier)
        const all = new Map<number, Known>()
        for (const [changes, number] of set.entries()) {
          const pane: Known = { changes, pane: "late", shown: "" }
          cache.set(window(number), pane)
          all.set(number, pane)
          const latest = new Set(set.slice(0, changes + 1).slice(-limit))
          for (let other = 0; other < 40; other++) {
            const found = cache.get(window(other))
            if (found !== undefined) assert.deepStrictEqual(found, all.get(other))
            if (latest.has(other)) assert.isDefined(found)
            const isUnsure = cache.isUnsure(window(other))
            if (found !== undefined) assert.isFalse(isUnsure)
            else if (all.has(other) || window(other).start <= frontier) assert.isTrue(isUnsure)
          }
        }
      })
  ))
