/** What every adapter is promised of trying again, by a clock that the tests set. */
import { assert, it } from "@effect/vitest"
import { Arbitrary, Effect, Exit, Fiber, Logger, Metric, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as MonotonicTime from "../../../src/streams/ports/MonotonicTime.ts"
import * as RetryPolicy from "../../../src/streams/ports/RetryPolicy.ts"
import { forAll } from "../../../src/testing/Law.ts"
import { integer } from "../../../src/testing/Samples.ts"

class Failed extends Schema.TaggedError<Failed>()("Failed", {
  message: Schema.String,
  kind: Schema.Literals(["away", "brief", "routine", "final"]),
  retryAfter: Schema.optionalKey(Schema.Finite)
}) {}

type Kind = Failed["kind"]

const counter = { name: "courant_test_retries_total", description: "Retries of this test." }

const policyOf = (backOff: RetryPolicy.BackOff = { first: "50 millis", longest: "2 seconds" }) =>
  RetryPolicy.make({
    server: "Test at here",
    backOff,
    isPassing: (error): error is Failed => error instanceof Failed && error.kind !== "final",
    counter,
    brief: { includes: ({ kind }) => kind === "brief", limit: "10 seconds" },
    isRoutine: ({ kind }, elapsed) => kind === "routine" && elapsed < 5_000
  })

/** Fails as told, for each attempt by its number and its time since the first, and keeps when it was tried. */
const failing = (failureAt: (attempt: number, elapsed: number) => Failed | null) => {
  const attempts: Array<number> = []
  const effect = Effect.gen(function*() {
    const now = yield* MonotonicTime.millis
    attempts.push(now)
    const failure = failureAt(attempts.length - 1, now - attempts[0]!)
    if (failure !== null) return yield* failure
  })
  return { attempts, effect }
}

const failed = (kind: Kind, retryAfter?: number): Failed =>
  new Failed({ kind, message: kind, ...(retryAfter === undefined ? {} : { retryAfter }) })

/** What has become of an effect after two hours, and what was logged meanwhile and when. */
const afterHours = Effect.fnUntraced(function*<A, E>(effect: Effect.Effect<A, E>) {
  const told: Array<{ readonly at: number; readonly message: string }> = []
  const logger = Logger.make(({ date, message }) => void told.push({ at: date.getTime(), message: String(message) }))
  const fiber = yield* Effect.forkChild(Effect.provide(effect, Logger.layer([logger])))
  yield* TestClock.adjust("2 hours")
  const exit = fiber.pollUnsafe()
  yield* Fiber.interrupt(fiber)
  return { exit, told }
})

const gaps = (times: ReadonlyArray<number>) => times.slice(1).map((time, i) => time - times[i]!)

it.effect("waits twice as long each time up to the cap, a fifth more or less, and as long as the server says up to its own cap", () =>
  forAll(
    Arbitrary.all({
      first: integer(1, 5_000),
      longest: integer(1, 120_000),
      longestRetryAfter: integer(0, 300_000),
      asked: Arbitrary.array(integer(-1, 400_000), { minLength: 1, maxLength: 12 })
    }),
    ({ asked, first, longest, longestRetryAfter }) =>
      Effect.gen(function*() {
        const retryAfter = (attempt: number) => asked[attempt % asked.length]!
        const { attempts, effect } = failing((attempt) =>
          attempt === 20 ? null : failed("away", retryAfter(attempt) < 0 ? undefined : retryAfter(attempt)))
        yield* afterHours(policyOf({ first, longest, longestRetryAfter }).retry(effect))
        assert.strictEqual(attempts.length, 21)
        for (const [i, gap] of gaps(attempts).entries()) {
          const usual = Math.min(first * 2 ** i, longest)
          const wanted = Math.min(Math.max(retryAfter(i), 0), longestRetryAfter)
          // The clock of a test has whole milliseconds.
          assert.isAtLeast(gap, Math.max(usual * 0.8, wanted) - 1)
          assert.isAtMost(gap, Math.max(usual * 1.2, wanted) + 1)
        }
      })
  ))

it.effect("within a limit the first failure after it is the last", () =>
  forAll(Arbitrary.all({ limit: integer(0, 100_000) }), ({ limit }) =>
    Effect.gen(function*() {
      const { attempts, effect } = failing(() => failed("away"))
      const policy = policyOf()
      const { exit } = yield* afterHours(Effect.flip(policy.within(limit)(effect)))
      assert.deepStrictEqual(exit, Exit.succeed(failed("away")))
      const elapsed = attempts.map((time) => time - attempts[0]!)
      assert.isAtLeast(elapsed.at(-1)!, limit)
      for (const before of elapsed.slice(0, -1)) assert.isBelow(before, limit)
      assert.strictEqual(policy.retries(), attempts.length - 1)
    })))

it.effect("without a limit there is no end", () =>
  Effect.gen(function*() {
    const { attempts, effect } = failing(() => failed("away"))
    assert.isUndefined((yield* afterHours(policyOf().retry(effect))).exit)
    assert.isAbove(attempts.at(-1)! - attempts[0]!, 7_190_000)
    // Nor are two waits alike, so that clients that failed together do not come back together.
    assert.isAbove(new Set(gaps(attempts)).size, 100)
  }))

it.effect("what may not pass is tried once more by nobody, and what passes succeeds", () =>
  forAll(Arbitrary.all({ before: integer(0, 20), final: integer(0, 1) }), ({ before, final }) =>
    Effect.gen(function*() {
      const { attempts, effect } = failing((attempt) =>
        attempt < before ? failed("away") : final === 1 ? failed("final") : null)
      const policy = policyOf()
      const { exit } = yield* afterHours(policy.retry(effect))
      assert.deepStrictEqual(exit, final === 1 ? Exit.fail(failed("final")) : Exit.succeed(undefined))
      assert.strictEqual(attempts.length, before + 1)
      assert.strictEqual(policy.retries(), before)
      assert.strictEqual(yield* policy.troubledAt, before === 0 ? -Infinity : attempts[before - 1])
    })))

it.effect("brief errors are waited for as long as a series of them may be, and no other between them is", () =>
  Effect.gen(function*() {
    const series = failing(() => failed("brief"))
    const { exit } = yield* afterHours(policyOf().retry(series.effect))
    assert.deepStrictEqual(exit, Exit.fail(failed("brief")))
    const lasted = series.attempts.at(-1)! - series.attempts[0]!
    assert.isTrue(lasted >= 10_000 && lasted < 12_500, `${lasted}`)
    // A series ends with any other error.
    const mixed = failing((attempt) => failed(attempt % 4 === 3 ? "away" : "brief"))
    assert.isUndefined((yield* afterHours(policyOf().retry(mixed.effect))).exit)
  }))

it.effect("says at most once a minute that it tries again, and never of what is no news; each retry is counted", () =>
  forAll(
    Arbitrary.all({ kinds: Arbitrary.array(integer(0, 1), { minLength: 1, maxLength: 8 }), requests: integer(1, 4) }),
    ({ kinds, requests }) =>
      Effect.gen(function*() {
        const policy = policyOf()
        const count = Metric.value(Metric.counter(counter.name, { description: counter.description, incremental: true }))
        const before = (yield* count).count
        const failures = Array.from({ length: requests }, () =>
          failing((attempt, elapsed) => elapsed < 600_000 ? failed(kinds[attempt % kinds.length] === 0 ? "away" : "routine") : null))
        const { exit, told } = yield* afterHours(
          Effect.forEach(failures, ({ effect }) => policy.retry(effect), { concurrency: "unbounded", discard: true })
        )
        assert.deepStrictEqual(exit, Exit.void)
        for (const gap of gaps(told.map(({ at }) => at))) assert.isAtLeast(gap, 60_000)
        // Two minutes are never without a word.
        for (const gap of gaps(told.map(({ at }) => at))) assert.isAtMost(gap, 120_000)
        for (const { message } of told) assert.match(message, /^Test at here: (?:away|routine); trying again$/)
        if (kinds.every((kind) => kind === 1)) assert.isAtLeast(told[0]!.at - failures[0]!.attempts[0]!, 5_000)
        const retries = failures.reduce((sum, { attempts }) => sum + attempts.length - 1, 0)
        assert.strictEqual(policy.retries(), retries)
        assert.strictEqual(Number((yield* count).count) - Number(before), retries)
      })
  ))

it.effect("a retry that is made elsewhere is counted and told as the others are", () =>
  Effect.gen(function*() {
    const policy = policyOf()
    const { told } = yield* afterHours(Effect.andThen(policy.tell(failed("away")), policy.tell(failed("away"))))
    assert.deepStrictEqual(told.map(({ message }) => message), ["Test at here: away; trying again"])
    assert.strictEqual(policy.retries(), 2)
  }))

it.effect("two policies share nothing", () =>
  Effect.gen(function*() {
    const [one, other] = [policyOf(), policyOf()]
    const { told } = yield* afterHours(Effect.andThen(one.tell(failed("away")), other.tell(failed("away"))))
    assert.strictEqual(told.length, 2)
    yield* one.tell(failed("away"))
    assert.deepStrictEqual([one.retries(), other.retries()], [2, 1])
    assert.isBelow(yield* other.troubledAt, yield* one.troubledAt)
  }))
