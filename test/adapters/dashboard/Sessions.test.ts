import { assert, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Sessions from "../../../src/adapters/dashboard/Sessions.ts"

const almost = Duration.subtract(Duration.fromInputUnsafe(Sessions.idle), Duration.millis(1))

it.effect("a session goes on while it is used, and ends when it has not been for long enough", () =>
  Effect.gen(function*() {
    const sessions = yield* Sessions.make
    const [used, unused] = [yield* sessions.begin, yield* sessions.begin]
    yield* TestClock.adjust(almost)
    assert.isTrue(yield* sessions.renew(used))
    yield* TestClock.adjust("1 millis")
    assert.isFalse(yield* sessions.renew(unused))
    yield* TestClock.adjust(Duration.subtract(almost, Duration.millis(1)))
    assert.isTrue(yield* sessions.renew(used))
    yield* TestClock.adjust(Sessions.idle)
    assert.isFalse(yield* sessions.renew(used))
  }))

it.effect("there are only so many: the one that was not used for longest goes first", () =>
  Effect.gen(function*() {
    const sessions = yield* Sessions.make
    const values: Array<string> = []
    while (values.length < Sessions.capacity) values.push(yield* sessions.begin)
    const [first = "", second = ""] = values
    assert.isTrue(yield* sessions.renew(first))
    const newest = yield* sessions.begin
    assert.isFalse(yield* sessions.renew(second))
    for (const value of [first, ...values.slice(2), newest]) assert.isTrue(yield* sessions.renew(value))
  }))
