/** When the slices of a replay are due, whatever becomes of its pace meanwhile. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as FastCheck from "fast-check"
import { ReplayClock } from "../../../src/adapters/recorded/ReplayClock.ts"
import type { Pace } from "../../../src/streams/ports/Feed.ts"

const sliceMillis = 80

const changes = FastCheck.array(
  FastCheck.record({
    after: FastCheck.integer({ min: 1, max: 5_000 }),
    pace: FastCheck.record({ paused: FastCheck.boolean(), speed: FastCheck.constantFrom(6, 60, 120, 600) }, { requiredKeys: [] })
  }),
  { maxLength: 6 }
)

describe("ReplayClock", () => {
  it("is so far as the paces that it has had come to, millisecond by millisecond", () => {
    FastCheck.assert(FastCheck.property(changes, FastCheck.integer({ min: 0, max: 300 }), (changes, slice) => {
      const clock = new ReplayClock(sliceMillis, 60)
      clock.begin(1_000)
      let pace: Pace = { paused: false, speed: 60 }
      let [now, slices] = [1_000, 0]
      let passed: number | null = slice === 0 ? now : null
      for (const change of changes) {
        for (let i = 0; i < change.after; i++) {
          now++
          if (!pace.paused) slices += pace.speed / 60 / sliceMillis
          if (passed === null && slices >= slice - 1e-6) passed = now
        }
        const due = clock.dueAt(slice)
        if (passed === null) assert.isAbove(due, now - 1e-6)
        else assert.isAtMost(due, now + 1e-6)
        clock.change(change.pace, now)
        pace = { ...pace, ...change.pace }
        assert.deepStrictEqual(clock.pace, pace)
      }
      if (passed !== null) return
      const left = (slice - slices) * sliceMillis / (pace.speed / 60)
      if (pace.paused) assert.strictEqual(clock.dueAt(slice), Infinity)
      else assert.approximately(clock.dueAt(slice), now + left, 1e-3)
    }))
  })

  it.effect("wakes who waits for a slice when the pace changes", () =>
    Effect.gen(function*() {
      const clock = new ReplayClock(sliceMillis, 60)
      clock.begin(0)
      const waiting = yield* Effect.forkChild(clock.wait(100), { startImmediately: true })
      const at = Effect.fnUntraced(function*(change: Partial<Pace>, now: number, millis: number) {
        clock.change(change, now)
        yield* Effect.yieldNow
        yield* TestClock.adjust(millis)
        return waiting.pollUnsafe() !== undefined
      })
      yield* TestClock.adjust(4_000)
      assert.isFalse(yield* at({ paused: true }, 4_000, 60_000))
      assert.isFalse(yield* at({ paused: false }, 64_000, 3_000))
      assert.isFalse(yield* at({ speed: 600 }, 67_000, 99))
      yield* TestClock.adjust(1)
      yield* Fiber.join(waiting)
    }))
})
