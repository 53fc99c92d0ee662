/** What is special about trying again with Kafka; the rest is promised by the policy that all adapters share. */
import { assert, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Logger } from "effect"
import { TestClock } from "effect/testing"
import { KafkaError } from "../../../../src/adapters/kafka/client/Client.ts"
import * as RetryPolicy from "../../../../src/adapters/kafka/client/RetryPolicy.ts"

/** Fails with a code for so many milliseconds. */
const failing = Effect.fnUntraced(function*(code: string | null, milliseconds: number) {
  const started = yield* Clock.currentTimeMillis
  return Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    if (now - started < milliseconds) return yield* new KafkaError({ message: `${code}`, retriable: true, code })
  })
})

/** How a request ends within ten minutes, after how many milliseconds, and what is said meanwhile. */
const outcome = Effect.fnUntraced(function*(policy: RetryPolicy.RetryPolicy, code: string | null, milliseconds: number) {
  const told: Array<string> = []
  const logger = Logger.make(({ message }) => void told.push(String(message)))
  const request = policy.retry(yield* failing(code, milliseconds))
  const started = yield* Clock.currentTimeMillis
  const found = { end: "waited for", took: Infinity, told }
  const ending = (end: string) =>
    Effect.map(Clock.currentTimeMillis, (now) => void Object.assign(found, { end, took: now - started }))
  const fiber = yield* Effect.matchEffect(request, {
    onFailure: () => ending("failed"),
    onSuccess: () => ending("succeeded")
  }).pipe(Effect.provide(Logger.layer([logger])), Effect.forkChild)
  yield* TestClock.adjust("10 minutes")
  yield* Fiber.interrupt(fiber)
  return found
})

it.effect("a topic that is unknown for ten seconds is gone, a broker that is away is waited for", () =>
  Effect.gen(function*() {
    const policy = RetryPolicy.make("here")
    const gone = yield* outcome(policy, "UNKNOWN_TOPIC_OR_PARTITION", Infinity)
    assert.strictEqual(gone.end, "failed")
    assert.isTrue(gone.took >= 10_000 && gone.took < 13_000, `${gone.took}`)
    assert.strictEqual((yield* outcome(policy, "UNKNOWN_TOPIC_OR_PARTITION", 7_000)).end, "succeeded")
    const away = yield* outcome(policy, null, Infinity)
    assert.strictEqual(away.end, "waited for")
    assert.strictEqual(away.told[0], "Kafka at here: null; trying again")
  }))

it.effect("a coordinator that loads is told after five seconds only, and counts as trouble at once", () =>
  Effect.gen(function*() {
    const policy = RetryPolicy.make("here")
    const brief = yield* outcome(policy, "COORDINATOR_LOAD_IN_PROGRESS", 3_000)
    assert.deepStrictEqual([brief.end, brief.told], ["succeeded", []])
    assert.isAbove(policy.retries(), 3)
    assert.isAtLeast(yield* policy.troubledAt, 0)
    const long = yield* outcome(policy, "COORDINATOR_LOAD_IN_PROGRESS", 30_000)
    assert.deepStrictEqual(long.told, ["Kafka at here: COORDINATOR_LOAD_IN_PROGRESS; trying again"])
  }))
