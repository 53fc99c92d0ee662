/** Many symbols: the first ones are there at once, the prices of the others count, and their bars follow. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger, Option, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Yahoo from "../../../src/adapters/yahoo/Yahoo.ts"
import { candles1m } from "../../../src/analytics/candles.ts"
import { day } from "../../../src/analytics/day.ts"
import * as Ingest from "../../../src/streams/engine/Ingest.ts"
import { Job } from "../../../src/streams/engine/Job.ts"
import { Engine } from "../../../src/streams/ports/Engine.ts"
import * as Pane from "../../../src/streams/pipeline/Pane.ts"
import { EventLog } from "../../../src/streams/ports/EventLog.ts"
import { Feed } from "../../../src/streams/ports/Feed.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"
import { type Chunk, Kind, valueAt } from "../../../src/streams/records/Records.ts"
import * as FakeYahoo from "./FakeYahoo.ts"
import { dayMillis, flat, flatMinutes, memory, minute, playing } from "./market.ts"
import { type Line, volumeOf } from "./standing.ts"

const bell = Date.UTC(2024, 9, 7, 13, 30)
const now = bell + 3 * minute + 10_000

/** Minutes of ten shares, and the newest trade ten seconds into the fourth; every other market is closed. */
const market = (symbols: ReadonlyArray<string>, minutes: number) =>
  Effect.gen(function*() {
    const yahoo = yield* FakeYahoo.make
    playing(yahoo, { symbol: "", zone: "America/New_York", time: now, price: 100, volume: 40, minutes: flatMinutes(bell, minutes, 100, 10), previousClose: 99 })
    let time = now
    yahoo.answers.quote = (asked) => ({
      body: FakeYahoo.quotes(asked.map((symbol) => ({
        symbol,
        quoteType: "EQUITY",
        marketState: symbols.indexOf(symbol) % 2 === 0 ? "CLOSED" : "REGULAR",
        exchangeTimezoneName: "America/New_York",
        regularMarketTime: time / 1_000,
        regularMarketPrice: 100,
        regularMarketVolume: 40 + (time - now) / 1_000
      })))
    })
    return { yahoo, pass: (millis: number) => void (time += millis) }
  })

const symbolsOf = (count: number) => Array.from({ length: count }, (_, index) => `S${index}`)

interface KindOfLine extends Line {
  readonly lineKind: number
}

const linesOf = (chunk: Chunk): ReadonlyArray<KindOfLine> =>
  Array.from({ length: chunk.length }, (_, index) => ({
    ...JSON.parse(new TextDecoder().decode(valueAt(chunk, index))),
    lineKind: chunk.kinds[index]!
  }))

const namesOf = (lines: ReadonlyArray<KindOfLine>, kind: number) =>
  new Set(lines.filter((line) => line.lineKind === kind).map(({ symbol }) => symbol))

const until = (condition: () => boolean): Effect.Effect<void> =>
  Effect.gen(function*() {
    while (!condition()) yield* Effect.sleep(5)
  }).pipe(Effect.timeout("30 seconds"), Effect.orDie)

describe("many symbols", () => {
  it.live("give the first records after no more requests than a minute allows, those of open markets first, and prices of all others", () =>
    Effect.gen(function*() {
      const symbols = symbolsOf(300)
      const { yahoo } = yield* market(symbols, 3)
      const feed = yield* Yahoo.make({ symbols, fetch: yahoo.fetch, streamUrl: false })
      const chunks: Array<ReadonlyArray<KindOfLine>> = []
      let asked = 0
      yield* Effect.forkScoped(Stream.runForEach(feed.events(Option.none()), (chunk) =>
        Effect.sync(() => {
          asked ||= yahoo.requests.length
          chunks.push(linesOf(chunk))
        })))
      yield* until(() => namesOf(chunks.flat(), Kind.event).size === 300)
      assert.isAtMost(asked, 60)
      const first = namesOf(chunks[0]!, Kind.preAggregated)
      assert.strictEqual(first.size, 25)
      assert.isTrue([...first].every((symbol) => Number(symbol.slice(1)) % 2 === 1))
      // A tick of a symbol whose bars are to follow has no size: they have its volume.
      assert.isTrue(chunks.flat().every(({ lineKind, size }) => lineKind !== Kind.event || size === 0))
    }).pipe(Effect.provide(Logger.layer([])), Effect.scoped))

  it.live("have their minutes in candles, though their bars follow on newer prices", () =>
    Effect.gen(function*() {
      const symbols = symbolsOf(27)
      const { yahoo } = yield* market(symbols, 3)
      const feed = yield* Yahoo.make({ symbols, fetch: yahoo.fetch, streamUrl: false })
      const log = yield* EventLog
      yield* Effect.raceFirst(
        Effect.provideService(Ingest.run, Feed, feed),
        Effect.gen(function*() {
          // A daily bar, three minutes and a tick of each.
          while (((yield* log.ends)[0] ?? 0) < 27 * 5) yield* Effect.sleep(5)
        }).pipe(Effect.timeout("30 seconds"))
      )
      const engine = yield* Engine
      const sink = yield* ResultSink
      yield* engine.run({ name: "many", pipelines: [candles1m, day], stopAt: log.ends })
      for (const symbol of symbols) {
        const candles = yield* sink.read({ pipeline: "candles-1m", key: symbol })
        assert.deepStrictEqual(candles.map(({ start, values }) => [(start - bell) / minute, values["volume"]]), [[0, "10"], [1, "10"], [2, "10"], [3, "0"]])
        const [last] = (yield* sink.read({ pipeline: "day", key: symbol })).slice(-1)
        assert.deepInclude(last!.values, { open: "100", volume: "30" })
      }
    }).pipe(Effect.provide(Logger.layer([])), Effect.provide(memory), Effect.scoped))

  it.live("are compared with the close of the session before, also where its daily bar comes too late, and with that bar where it does not", () =>
    Effect.gen(function*() {
      // Behind a weekend, and behind no day without trading.
      for (const [name, opened, before, figures] of [
        ["Monday", bell, bell - 3 * dayMillis, ["99", "0"]],
        ["Tuesday", bell + dayMillis, bell, ["98", "500"]]
      ] as const) {
        const symbols = symbolsOf(30)
        const yahoo = yield* FakeYahoo.make
        const time = opened + 3 * minute + 10_000
        playing(yahoo, { symbol: "", zone: "America/New_York", time, price: 110, volume: 40, minutes: flatMinutes(opened, 3, 110, 10), days: [flat(before, 98, 500)] })
        yahoo.answers.quote = (asked) => ({
          body: FakeYahoo.quotes(asked.map((symbol) => ({
            symbol,
            quoteType: "EQUITY",
            marketState: "REGULAR",
            exchange: "NMS",
            exchangeTimezoneName: "America/New_York",
            regularMarketTime: time / 1_000,
            regularMarketPrice: 110,
            regularMarketVolume: 40,
            regularMarketPreviousClose: 99
          })))
        })
        const days = yield* Effect.gen(function*() {
          const feed = yield* Yahoo.make({ symbols, fetch: yahoo.fetch, streamUrl: false })
          const log = yield* EventLog
          yield* Effect.raceFirst(
            Effect.provideService(Ingest.run, Feed, feed),
            Effect.gen(function*() {
              // A daily bar, three minutes and a tick of each, and the close of those beyond the first 25.
              while (((yield* log.ends)[0] ?? 0) < 30 * 5 + 5) yield* Effect.sleep(5)
            }).pipe(Effect.timeout("30 seconds"))
          )
          const engine = yield* Engine
          const sink = yield* ResultSink
          yield* engine.run({ name: "many", pipelines: [candles1m, day], stopAt: log.ends })
          return yield* Effect.forEach(symbols, (key) => sink.read({ pipeline: "day", key }))
        }).pipe(Effect.provide(memory), Effect.scoped)
        const told = days.map((panes) => panes.map(({ start, values }) => [start, values["close"], values["volume"], values["variation"]]))
        assert.deepStrictEqual(told[0], [[before, "98", "500", null], [opened, "110", "30", "12.2449"]], name)
        for (const each of told.slice(0, 25)) assert.deepStrictEqual(each, told[0])
        const variation = name === "Monday" ? "11.1111" : "12.2449"
        for (const each of told.slice(25)) assert.deepStrictEqual(each, [[before, ...figures, null], [opened, "110", "30", variation]], name)
      }
    }).pipe(Effect.provide(Logger.layer([])), Effect.scoped))

  it.effect("have all their bars and volume in the end, at sixty requests a minute, and it is said how far that is", () =>
    Effect.gen(function*() {
      const symbols = symbolsOf(60)
      const { pass, yahoo } = yield* market(symbols, 4)
      yield* TestClock.setTime(now)
      const logged: Array<string> = []
      const logger = Logger.layer([Logger.make(({ message }) => void logged.push(String(message)))])
      const feed = yield* Yahoo.make({ symbols, fetch: yahoo.fetch, streamUrl: false })
      const lines: Array<KindOfLine> = []
      const chunks: Array<Chunk> = []
      yield* Effect.forkScoped(
        Effect.provide(Stream.runForEach(feed.events(Option.none()), (chunk) =>
          Effect.sync(() => {
            chunks.push(chunk)
            lines.push(...linesOf(chunk))
          })), logger)
      )
      const done = "Yahoo Finance has given the bars of all symbols"
      let seconds = 0
      for (; !logged.includes(done) && seconds < 300; seconds += 2) {
        yield* TestClock.withLive(Effect.sleep(10))
        // The charts are of the first moment.
        if (namesOf(lines, Kind.event).size === 60) pass(2_000)
        yield* TestClock.adjust("2 seconds")
      }
      // Two charts a symbol, sixty at once, and about a poll in five seconds beside them.
      assert.isAtLeast(seconds, 60)
      assert.isAtMost(seconds, 110)
      assert.deepStrictEqual(logged, [
        "Yahoo Finance has given the bars of 20 of 35 more symbols; prices of the others count meanwhile",
        done
      ])
      yield* TestClock.withLive(Effect.sleep(10))
      pass(10_000)
      const totalsNow = () => symbols.map((symbol) => volumeOf(lines.filter((line) => line.symbol === symbol && line.interval !== 86_400_000)))
      // Answers come in real time, and later on a busy machine: the clock stands by for the last of the polls.
      for (let polls = 0; polls < 100 && (polls < 20 || new Set(totalsNow()).size > 1); polls++) {
        yield* TestClock.adjust("2 seconds")
        yield* TestClock.withLive(Effect.sleep(10))
      }
      const totals = totalsNow()
      const starts = symbols.map((symbol) =>
        lines.filter((line) => line.symbol === symbol && line.interval === minute).map(({ start }) => (start! - bell) / minute)
      )
      assert.isTrue(totals.every((total) => total === totals[0]), JSON.stringify(totals))
      assert.isTrue(starts.every((each) => [0, 1, 2].every((index) => each.filter((start) => start === index).length === 1)))
      // All of them are in the candles, however far behind the newest prices they came.
      const job = new Job([candles1m], { partitions: 1 })
      let read = 0
      const told = [...chunks.map((chunk) => {
        const offsets = Float64Array.from({ length: chunk.length }, () => read++)
        return job.take({ ...chunk, partition: 0, offsets, appendedAt: new Float64Array(chunk.length) }).panes
      }), job.close().panes].flat()
      assert.strictEqual(job.counts.late, 0)
      const candles = new Map(told.map((pane) => [`${pane.key} ${(pane.start - bell) / minute}`, Number(Pane.encode(pane).values["volume"])]))
      for (const symbol of symbols) for (const index of [0, 1, 2]) assert.strictEqual(candles.get(`${symbol} ${index}`), 10)
    }).pipe(Effect.scoped))
})
