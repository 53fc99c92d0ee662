import { assert, it } from "@effect/vitest"
import { HttpError } from "@influxdata/influxdb-client"
import { Clock, Effect, Fiber, Logger } from "effect"
import { TestClock } from "effect/testing"
import { InfluxdbError } from "../../../src/adapters/influxdb/InfluxdbError.ts"
import * as RetryPolicy from "../../../src/adapters/influxdb/RetryPolicy.ts"

/** Fails for ever, and notes when it was tried. */
const failing = (retryAfter?: number) => {
  const attempts: Array<number> = []
  const effect = Effect.gen(function*() {
    attempts.push(yield* Clock.currentTimeMillis)
    return yield* new InfluxdbError({
      reason: "unavailable",
      message: `failure ${attempts.length}`,
      ...(retryAfter === undefined ? {} : { retryAfter })
    })
  })
  return { attempts, effect }
}

const gaps = (times: ReadonlyArray<number>) => times.slice(1).map((time, i) => time - times[i]!)

it.effect("waits a little longer each time, up to about five seconds", () =>
  Effect.gen(function*() {
    const { attempts, effect } = failing()
    yield* Effect.forkChild(RetryPolicy.make("http://test").retry(effect))
    yield* TestClock.adjust("2 minutes")
    const waits = gaps(attempts)
    assert.isAtMost(waits[0]!, 100)
    assert.isAtLeast(waits.length, 20)
    for (const wait of waits.slice(10)) assert.isTrue(wait >= 3_000 && wait <= 7_000, `${wait}`)
  }))

it.effect("comes back no sooner than the server said, but within a minute", () =>
  Effect.gen(function*() {
    for (const [retryAfter, expected] of [[20_000, 20_000], [1e15, 60_000]] as const) {
      const { attempts, effect } = failing(retryAfter)
      const fiber = yield* Effect.forkChild(RetryPolicy.make("http://test").retry(effect))
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual([...new Set(gaps(attempts))], [expected])
      yield* Fiber.interrupt(fiber)
    }
  }))

it.effect("says so once a minute, on one line", () =>
  Effect.gen(function*() {
    const told: Array<unknown> = []
    const logger = Logger.make(({ message }) => void told.push(message))
    const { effect } = failing()
    yield* RetryPolicy.make("http://test").retry(effect).pipe(
      Effect.provide(Logger.layer([logger])),
      Effect.forkChild
    )
    yield* TestClock.adjust("1 hour")
    assert.isTrue(told.length >= 55 && told.length <= 61, `told ${told.length} times`)
    assert.deepStrictEqual(told[0], ["InfluxDB at http://test: failure 1; trying again"])
  }))

it.effect("at the start it gives up, and says that nothing answered", () =>
  Effect.gen(function*() {
    const { effect } = failing()
    const fiber = yield* Effect.forkChild(Effect.flip(RetryPolicy.make("http://test").within("30 seconds")(effect)))
    yield* TestClock.adjust("1 minute")
    const { message, reason } = yield* Fiber.join(fiber)
    assert.strictEqual(reason, "no-answer")
    assert.match(message, /^no InfluxDB at http:\/\/test answered within 30s \(failure \d+\)$/)
  }))

it.effect("does not wait where waiting will not help", () =>
  Effect.gen(function*() {
    let attempts = 0
    const refused = Effect.suspend(() => Effect.fail(new InfluxdbError({ reason: "refused", message: `${++attempts}` })))
    yield* Effect.flip(RetryPolicy.make("http://test").retry(refused))
    assert.strictEqual(attempts, 1)
  }))

it.effect("lets what nobody answered arrive before it is done, and nothing else", () =>
  Effect.gen(function*() {
    const unreachable = (code?: string) =>
      new InfluxdbError({ reason: "unreachable", message: "", ...(code === undefined ? {} : { cause: Object.assign(new Error(), { code }) }) })
    const busy = (status: number) => new InfluxdbError({ reason: "unavailable", message: "", cause: new HttpError(status, "") })
    for (
      const [failure, expected] of [
        [unreachable(), 1_000],
        [unreachable("ECONNRESET"), 1_000],
        [unreachable("ECONNREFUSED"), 0],
        [busy(502), 1_000],
        [busy(504), 1_000],
        [busy(503), 0],
        [busy(429), 0]
      ] as const
    ) {
      let storedAt = 0
      let attempts = 0
      const write = Effect.gen(function*() {
        if (attempts++ === 0) return yield* failure
        storedAt = yield* Clock.currentTimeMillis
      })
      const writing = Effect.andThen(RetryPolicy.make("http://test").retry(write), Clock.currentTimeMillis)
      const fiber = yield* Effect.forkChild(writing)
      yield* TestClock.adjust("10 seconds")
      assert.approximately((yield* Fiber.join(fiber)) - storedAt, expected, 1)
    }
  }))
