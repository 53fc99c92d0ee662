import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as Client from "../../../src/adapters/yahoo/Client.ts"
import * as FakeYahoo from "./FakeYahoo.ts"
import { fixture } from "./fixtures.ts"

/** Requests travel in real time, whatever the clock of the test says. */
const settle = TestClock.withLive(Effect.sleep(30))

const range = { interval: "1d", from: 0, to: 1_000 } as const
const gold = { body: fixture("chart-1d-gc_f.json") }

describe("Client", () => {
  it.effect("asks nothing for a while after three failures in a row, and then again", () =>
    Effect.gen(function*() {
      const yahoo = yield* FakeYahoo.make
      const client = yield* Client.make({ fetch: yahoo.fetch })
      const working = yahoo.answers.quote
      yahoo.answers.quote = () => ({ status: 503, body: "<html>busy</html>" })
      for (let i = 0; i < 3; i++) {
        const { message, reason } = yield* Effect.flip(client.quotes(["AAPL"]))
        assert.deepStrictEqual([reason, message], ["unavailable", "refused (HTTP 503)"])
      }
      yahoo.answers.quote = working
      const asked = yahoo.requests.length
      const { message, reason } = yield* Effect.flip(client.quotes(["AAPL"]))
      assert.strictEqual(reason, "resting")
      assert.match(message, /^not asked again for another \d+ s, as requests failed one after the other$/)
      assert.strictEqual(yahoo.requests.length, asked)
      yield* TestClock.adjust("15 seconds")
      assert.strictEqual((yield* client.quotes(["AAPL"])).quotes.length, 1)
    }))

  it.effect("waits for as long as Yahoo says", () =>
    Effect.gen(function*() {
      const yahoo = yield* FakeYahoo.make
      const client = yield* Client.make({ fetch: yahoo.fetch })
      const working = yahoo.answers.quote
      yahoo.answers.quote = () => ({ ...FakeYahoo.tooManyRequests, headers: { "retry-after": "100" } })
      for (let i = 0; i < 3; i++) {
        assert.strictEqual((yield* Effect.flip(client.quotes(["AAPL"]))).retryAfter, 100_000)
      }
      yahoo.answers.quote = working
      yield* TestClock.adjust("99 seconds")
      assert.strictEqual((yield* Effect.flip(client.quotes(["AAPL"]))).reason, "resting")
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* client.quotes(["AAPL"])).quotes.length, 1)
    }))

  it.effect("makes no more than 60 requests at once, and then one a second", () =>
    Effect.gen(function*() {
      const yahoo = yield* FakeYahoo.make
      const client = yield* Client.make({ fetch: yahoo.fetch })
      yahoo.answers.chart = () => gold
      const all = yield* Effect.forkChild(
        Effect.forEach(Array.from({ length: 63 }, () => "GC=F"), (symbol) => client.chart(symbol, range), {
          concurrency: "unbounded"
        })
      )
      for (const requests of [60, 61, 62, 63]) {
        while (yahoo.requests.length < requests) yield* settle
        yield* settle
        assert.strictEqual(yahoo.requests.length, requests)
        yield* TestClock.adjust("1 second")
      }
      assert.strictEqual((yield* Fiber.join(all)).length, 63)
    }))

  it.effect("tries a chart again after a passing failure, and not after an answer", () =>
    Effect.gen(function*() {
      const yahoo = yield* FakeYahoo.make
      const client = yield* Client.make({ fetch: yahoo.fetch })
      let failures = 0
      yahoo.answers.chart = () => failures++ < 2 ? { status: 502 } : gold
      const chart = yield* Effect.forkChild(client.chart("GC=F", range))
      for (let i = 0; i < 5; i++) {
        yield* settle
        yield* TestClock.adjust("1 second")
      }
      assert.strictEqual((yield* Fiber.join(chart)).indicators.quote[0]?.close?.[0], 1524.5)
      assert.strictEqual(yahoo.requests.length, 3)

      const bodies: ReadonlyArray<readonly [FakeYahoo.Answer, string]> = [
        [FakeYahoo.notFound, "No data found, symbol may be delisted (HTTP 404)"],
        [{ status: 400, body: fixture("chart-400-no-data-in-range.json") }, noData],
        [{ status: 422, body: tooOld }, `${tooOld.chart.error.description} (HTTP 422)`]
      ]
      for (const [answer, message] of bodies) {
        yahoo.answers.chart = () => answer
        const asked = yahoo.requests.length
        const failure = yield* Effect.flip(client.chart("SI", range))
        assert.deepStrictEqual([failure.reason, failure.message], ["not-found", message])
        assert.strictEqual(yahoo.requests.length, asked + 1)
      }
    }))

  it.effect("does not take a chart of another form for one", () =>
    Effect.gen(function*() {
      const yahoo = yield* FakeYahoo.make
      const client = yield* Client.make({ fetch: yahoo.fetch })
      for (const result of [null, [], [{}], [{ meta: {}, timestamp: "soon", indicators: { quote: [{}] } }]]) {
        yahoo.answers.chart = () => ({ body: { chart: { result, error: null } } })
        assert.strictEqual((yield* Effect.flip(client.chart("AAPL", range))).reason, "not-understood")
      }
    }))

  it.effect("asks the host that it is told to", () =>
    Effect.gen(function*() {
      const yahoo = yield* FakeYahoo.make
      const client = yield* Client.make({ fetch: yahoo.fetch, queryHost: "query1.finance.yahoo.com" })
      yield* client.quotes(["AAPL"])
      assert.strictEqual(yahoo.requests.at(-1), "GET query1.finance.yahoo.com/v7/finance/quote")
    }))
})

const noData = "Data doesn't exist for startDate = 1577836800, endDate = 1578009600 (HTTP 400)"

/** As quoted in reports of users. */
const tooOld = {
  chart: {
    result: null,
    error: {
      code: "Unprocessable Entity",
      description: "1m data not available for startTime=1700000000 and endTime=1700604800. " +
        "The requested range must be within the last 30 days."
    }
  }
}
