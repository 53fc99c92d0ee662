/** Delivery against a server that refuses, fails and finds too large whatever the sample says. */
import { assert, it } from "@effect/vitest"
import { Arbitrary, Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { Connection } from "../../../src/adapters/influxdb/Connection.ts"
import { InfluxdbError } from "../../../src/adapters/influxdb/InfluxdbError.ts"
import * as RetryPolicy from "../../../src/adapters/influxdb/RetryPolicy.ts"
import { WriteStatistics } from "../../../src/adapters/influxdb/WriteStatistics.ts"
import * as Writer from "../../../src/adapters/influxdb/Writer.ts"
import { forAll } from "../../../src/testing/Law.ts"
import { integer } from "../../../src/testing/Samples.ts"

interface Script {
  /** Lines that the server will not have. */
  readonly isBad?: (line: string) => boolean
  /** Whether bad lines take the whole request with them, as lines that cannot be parsed do. */
  readonly isStrict?: boolean
  /** More lines than this are too large. */
  readonly most?: number
  /** Whether the request of this number fails, and whether it was stored nevertheless. */
  readonly fails?: (request: number) => "before" | "after" | null
}

/** A connection to no server: keeps what a server would have stored, and how many requests it got at once. */
const scripted = ({ fails = () => null, isBad = () => false, isStrict = false, most = Infinity }: Script) => {
  const seen = { stored: new Set<string>(), bodies: [] as Array<string>, atOnce: 0, mostAtOnce: 0, pauses: 0 }
  const fail = (reason: InfluxdbError["reason"], message: string) => Effect.fail(new InfluxdbError({ reason, message }))
  const write = (body: string) =>
    Effect.gen(function*() {
      const failing = fails(seen.bodies.push(body) - 1)
      seen.mostAtOnce = Math.max(seen.mostAtOnce, ++seen.atOnce)
      yield* Effect.yieldNow
      if (failing === "before") return yield* fail("unavailable", "busy")
      const lines = body.split("\n")
      if (lines.length > most) return yield* fail("too-large", "too large")
      const bad = lines.filter(isBad)
      if (bad.length === 0 || !isStrict) for (const line of lines) if (!isBad(line)) seen.stored.add(line)
      if (failing === "after") return yield* fail("unreachable", "cut off")
      if (bad.length > 0) return yield* fail("refused", `refused ${bad[0]}`)
    }).pipe(Effect.ensuring(Effect.sync(() => seen.atOnce--)))
  // The writer uses no more of a connection than this.
  const connection = { write, retryPolicy: RetryPolicy.make("http://test"), statistics: new WriteStatistics() } as unknown as Connection["Service"]
  return { connection, seen }
}

/** Writes lines, each asked for by its place. */
const writing = (writer: Writer.Writer, lines: ReadonlyArray<string>) => writer.write(lines.length, (index) => lines[index]!)

const lines = (count: number) => Array.from({ length: count }, (_, i) => `line ${i}`)

/** Lets all that waits for the clock go on until the effect has ended. */
const hurried = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(effect)
    yield* Effect.forkChild(Effect.forever(Effect.andThen(TestClock.adjust("1 minute"), Effect.yieldNow)))
    return yield* Fiber.join(fiber)
  })

it.effect("whatever fails and whatever is too large, every line is stored or refused, and told by its place", () =>
  forAll(
    Arbitrary.all({
      count: integer(0, 60),
      bad: Arbitrary.array(integer(0, 59), { maxLength: 6 }),
      strict: integer(0, 1),
      most: integer(1, 60),
      batchLines: integer(1, 60),
      inFlight: integer(1, 4),
      trouble: integer(0, 7)
    }),
    ({ bad, batchLines, count, inFlight, most, strict, trouble }) =>
      Effect.gen(function*() {
        const isBad = (line: string) => bad.some((i) => line === `line ${i}`)
        const { connection, seen } = scripted({
          isBad,
          isStrict: strict === 1,
          most,
          fails: (request) => trouble === 0 || request % (trouble + 1) !== 0 ? null : request % 2 === 0 ? "before" : "after"
        })
        const writer = Writer.make(connection, { batchLines, inFlight })
        const refused = yield* hurried(writing(writer, lines(count)))
        const expected = [...new Set(bad)].filter((i) => i < count).sort((a, b) => a - b)
        assert.deepStrictEqual(refused.map(({ index, message }) => [index, message]), expected.map((i) => [i, `refused line ${i}`]))
        assert.deepStrictEqual([...seen.stored].sort(), lines(count).filter((line) => !isBad(line)).sort())
        assert.isAtMost(seen.mostAtOnce, inFlight)
        for (const body of seen.bodies) assert.isAtMost(body.split("\n").length, batchLines)
        assert.strictEqual(connection.statistics.refused, expected.length)
      })
  ))

it.effect("a request that failed is repeated with the same bytes", () =>
  Effect.gen(function*() {
    const { connection, seen } = scripted({ fails: (request) => request < 5 ? "after" : null })
    yield* hurried(writing(Writer.make(connection, {}), lines(10)))
    assert.deepStrictEqual(seen.bodies, Array.from({ length: 6 }, () => lines(10).join("\n")))
    assert.strictEqual(connection.retryPolicy.retries(), 5)
  }))

it.effect("a size that is too large is remembered, and tried again after a while", () =>
  Effect.gen(function*() {
    const { connection, seen } = scripted({ most: 600 })
    const writer = Writer.make(connection, { batchLines: 1_000, inFlight: 1 })
    yield* writing(writer, lines(1_000))
    seen.bodies.length = 0
    yield* writing(writer, lines(10_000))
    const sizes = seen.bodies.map((body) => body.split("\n").length)
    assert.isAtMost(Math.max(...sizes), 600)
    for (let i = 0; i < 10; i++) yield* writing(writer, lines(1_000))
    const tooLarge = seen.bodies.filter((body) => body.split("\n").length > 600).length
    assert.isAbove(tooLarge, 0)
    assert.isBelow(tooLarge, seen.bodies.length / 5)
  }))

it.effect("what stops a run stops it at once, and gives nothing up", () =>
  Effect.gen(function*() {
    for (const reason of ["not-allowed", "not-found", "not-understood"] as const) {
      let requests = 0
      const { connection } = scripted({})
      const failing = {
        ...connection,
        write: () => Effect.suspend(() => Effect.fail(new InfluxdbError({ reason, message: `no ${++requests}` })))
      }
      const error = yield* Effect.flip(writing(Writer.make(failing, { inFlight: 1 }), lines(3)))
      assert.strictEqual(error.reason, reason)
      assert.strictEqual(requests, 1)
    }
  }))

it.effect("what is away for an hour costs an hour", () =>
  Effect.gen(function*() {
    let isAway = true
    const { connection, seen } = scripted({ fails: () => isAway ? "before" : null })
    const fiber = yield* Effect.forkChild(writing(Writer.make(connection, {}), lines(20_000)))
    yield* TestClock.adjust(Duration.minutes(59))
    assert.isAtMost(seen.mostAtOnce, 4)
    assert.strictEqual(seen.stored.size, 0)
    isAway = false
    yield* TestClock.adjust("1 minute")
    assert.deepStrictEqual(yield* Fiber.join(fiber), [])
    assert.strictEqual(seen.stored.size, 20_000)
  }))
