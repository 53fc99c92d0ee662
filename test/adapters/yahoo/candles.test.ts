/** Bars that Yahoo has already made enter where candles are consumed: as candles, roll-ups and days. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as Yahoo from "../../../src/adapters/yahoo/Yahoo.ts"
import { candles1m, candles5m } from "../../../src/analytics/candles.ts"
import { day } from "../../../src/analytics/day.ts"
import { movingAverage5m } from "../../../src/analytics/movingAverage.ts"
import { CheckpointStore } from "../../../src/streams/ports/CheckpointStore.ts"
import { Decisions } from "../../../src/streams/ports/Decisions.ts"
import { DeadLetters } from "../../../src/streams/ports/DeadLetters.ts"
import { Engine } from "../../../src/streams/ports/Engine.ts"
import { EventLog } from "../../../src/streams/ports/EventLog.ts"
import { Feed } from "../../../src/streams/ports/Feed.ts"
import * as Ingest from "../../../src/streams/engine/Ingest.ts"
import * as InProcess from "../../../src/streams/engine/InProcess.ts"
import { Monitor } from "../../../src/streams/ports/Monitor.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"
import * as FakeYahoo from "./FakeYahoo.ts"
import { fixture } from "./fixtures.ts"

const bell = Date.UTC(2024, 9, 2, 13, 30)
const close = Date.UTC(2024, 9, 2, 20, 0, 1)
const minute = 60_000

const memory = InProcess.layer.pipe(
  Layer.provideMerge(Layer.mergeAll(
    EventLog.layerMemory(),
    CheckpointStore.layerMemory,
    Decisions.layerMemory,
    DeadLetters.layerMemory,
    ResultSink.layerMemory,
    Monitor.layer
  ))
)

describe("back-filled bars", () => {
  it.live("are candles, make roll-ups, and give the day something to be compared with", () =>
    Effect.gen(function*() {
      const yahoo = yield* FakeYahoo.make
      yahoo.answers.quote = () => ({
        body: FakeYahoo.quotes([{
          ...FakeYahoo.known.AAPL,
          regularMarketTime: close / 1_000,
          regularMarketPrice: 226.78,
          regularMarketVolume: 32_880_605,
          marketState: "REGULAR"
        }])
      })
      yahoo.answers.chart = (_, interval) =>
        interval === "1m" ? { body: fixture("chart-1m-aapl-full-day.json") } : FakeYahoo.notFound
      const feed = yield* Yahoo.make({ symbols: ["AAPL"], fetch: yahoo.fetch, streamUrl: false })
      const log = yield* EventLog
      // The feed goes on for ever: what there is of it by now is the day before, the session, and one tick.
      yield* Effect.raceFirst(
        Effect.provideService(Ingest.run, Feed, feed),
        Effect.gen(function*() {
          while (((yield* log.ends)[0] ?? 0) < 391) yield* Effect.sleep(5)
        })
      )
      const engine = yield* Engine
      const report = yield* engine.run({
        name: "yahoo",
        pipelines: [candles1m, candles5m, day, movingAverage5m],
        stopAt: log.ends
      })
      assert.deepInclude(report, { read: 391, aggregated: 391, late: 0, deadLettered: 0 })

      const sink = yield* ResultSink
      const candles = yield* sink.read({ pipeline: "candles-1m" })
      // 389 bars, and the closing trade in the last of them. The daily bar is none of them.
      assert.strictEqual(candles.length, 389)
      assert.strictEqual(candles[0]?.start, bell)
      const bars = candles.slice(0, 388)
      assert.isTrue(bars.every(({ values }) => values["mean"] === null && values["trades"] === null))
      assert.isTrue(bars.every(({ values }) => values["open"] !== null && values["volume"] !== null))
      assert.deepInclude(candles[388]?.values, { close: "226.78", mean: null, trades: null })

      const [first] = yield* sink.read({ pipeline: "candles-5m" })
      const five = bars.filter(({ start }) => start < bell + 5 * minute).map(({ values }) => values)
      const numbers = (name: string) => five.map((values) => Number(values[name]))
      assert.deepInclude(first?.values, {
        open: five[0]?.["open"],
        close: five.at(-1)?.["close"],
        high: String(Math.max(...numbers("high"))),
        low: String(Math.min(...numbers("low"))),
        volume: String(numbers("volume").reduce((sum, volume) => sum + volume, 0)),
        mean: null
      })

      const days = yield* sink.read({ pipeline: "day" })
      assert.deepStrictEqual(days.map(({ end, start }) => [start, end]), [0, 1].map((day) => [bell + (day - 1) * 86_400_000, bell + (day - 1) * 86_400_000 + 390 * minute]))
      assert.deepInclude(days[0]?.values, { close: "226.21", variation: null })
      // (226.78 - 226.21) / 226.21, in per cent.
      assert.deepInclude(days[1]?.values, { close: "226.78", variation: "0.252", exchange: "NMS" })

      // A mean over ticks knows nothing of bars, which are never taken apart into invented ticks.
      const means = yield* sink.read({ pipeline: "moving-average-5m" })
      assert.isTrue(means.every(({ values }) => values["trades"] === 1))
    }).pipe(Effect.provide(memory), Effect.scoped))
})
