/** Small markets for Yahoo's part: charts and quotes as Yahoo answers, and what a feed over them gives in the end. */
import { Effect, Layer, Logger } from "effect"
import * as Yahoo from "../../../src/adapters/yahoo/Yahoo.ts"
import { candles1m } from "../../../src/analytics/candles.ts"
import { day } from "../../../src/analytics/day.ts"
import * as Ingest from "../../../src/streams/engine/Ingest.ts"
import * as InProcess from "../../../src/streams/engine/InProcess.ts"
import { CheckpointStore } from "../../../src/streams/ports/CheckpointStore.ts"
import { DeadLetters } from "../../../src/streams/ports/DeadLetters.ts"
import { Decisions } from "../../../src/streams/ports/Decisions.ts"
import { Engine } from "../../../src/streams/ports/Engine.ts"
import { EventLog } from "../../../src/streams/ports/EventLog.ts"
import { Feed } from "../../../src/streams/ports/Feed.ts"
import { Monitor } from "../../../src/streams/ports/Monitor.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"
import * as FakeYahoo from "./FakeYahoo.ts"

export const minute = 60_000
export const dayMillis = 86_400_000

export interface Row {
  readonly t: number
  readonly o: number
  readonly h: number
  readonly l: number
  readonly c: number
  readonly v: number | null
}

/** A row in which every price is the same. */
export const flat = (t: number, price: number, v: number | null): Row => ({ t, o: price, h: price, l: price, c: price, v })

export const flatMinutes = (from: number, count: number, price: number, volume: number): ReadonlyArray<Row> =>
  Array.from({ length: count }, (_, index) => flat(from + index * minute, price, volume))

export interface Market {
  readonly symbol: string
  readonly zone: string
  /** What the quote says, and what time it is for the charts. */
  readonly time: number
  readonly price: number
  readonly volume: number
  readonly minutes: ReadonlyArray<Row>
  /** Without it the chart in days is not found. */
  readonly days?: ReadonlyArray<Row>
  readonly previousClose?: number
  readonly quote?: Record<string, unknown>
  /** Splits and dividends, as a chart has them where it is asked for them. */
  readonly events?: unknown
}

const exchanges: Readonly<Record<string, string>> = { "America/New_York": "NMS", "Europe/London": "LSE", "Asia/Tokyo": "JPX" }

/** Makes the server answer for this market from now on. */
export const playing = (yahoo: FakeYahoo.FakeYahoo, market: Market): void => {
  const { days, minutes, time } = market
  yahoo.answers.quote = () => quoteOf(market)
  yahoo.answers.chart = (_, interval, query) => {
    const rows = interval === "1m" ? minutes.filter(({ t }) => t < time) : days
    if (rows === undefined) return FakeYahoo.notFound
    const [from, to] = [Number(query.get("period1")) * 1_000, Number(query.get("period2")) * 1_000]
    return { body: chart(market, rows.filter(({ t }) => from <= t && t < to), query.get("events") ?? "") }
  }
}

export const quoteOf = ({ price, quote, symbol, time, volume, zone }: Market): FakeYahoo.Answer => ({
  body: FakeYahoo.quotes([{
    symbol,
    quoteType: "EQUITY",
    marketState: "CLOSED",
    exchange: exchanges[zone],
    exchangeTimezoneName: zone,
    exchangeDataDelayedBy: 0,
    priceHint: 2,
    regularMarketTime: time / 1_000,
    regularMarketPrice: price,
    regularMarketVolume: volume,
    ...quote
  }])
})

const chart = ({ events, previousClose, price, time, volume }: Market, rows: ReadonlyArray<Row>, asked: string) => ({
  chart: {
    result: [{
      meta: {
        regularMarketTime: time / 1_000,
        regularMarketPrice: price,
        regularMarketVolume: volume,
        chartPreviousClose: previousClose
      },
      timestamp: rows.map(({ t }) => t / 1_000),
      ...(events !== undefined && asked.includes("split") ? { events } : {}),
      indicators: {
        quote: [{
          open: rows.map(({ o }) => o),
          high: rows.map(({ h }) => h),
          low: rows.map(({ l }) => l),
          close: rows.map(({ c }) => c),
          volume: rows.map(({ v }) => v)
        }]
      }
    }],
    error: null
  }
})

export const memory = InProcess.layer.pipe(
  Layer.provideMerge(Layer.mergeAll(
    EventLog.layerMemory(),
    CheckpointStore.layerMemory,
    Decisions.layerMemory,
    DeadLetters.layerMemory,
    ResultSink.layerMemory,
    Monitor.layer
  ))
)

/**
 * A log that a feed wrote in phases, between which it was away, and what the pipelines make of it. A phase ends once
 * something is in the log and nothing has followed for a while, `quiet` milliseconds.
 */
export const run = (symbol: string, phases: ReadonlyArray<(yahoo: FakeYahoo.FakeYahoo) => void>, quiet = 150) =>
  Effect.gen(function*() {
    const yahoo = yield* FakeYahoo.make
    const logged: Array<string> = []
    const logger = Logger.layer([Logger.make(({ message }) => void logged.push(String(message)))])
    const log = yield* EventLog
    const end = Effect.map(log.ends, ([end = 0]) => end)
    for (const phase of phases) {
      phase(yahoo)
      const before = yield* end
      const settled = Effect.gen(function*() {
        let last = -1
        for (let now = yield* end; now !== last || now === before; now = yield* end) {
          last = now
          yield* Effect.sleep(quiet)
        }
      })
      const feed = yield* Yahoo.make({ symbols: [symbol], fetch: yahoo.fetch, streamUrl: false, pollInterval: 20 })
      yield* Effect.raceFirst(Effect.provideService(Ingest.run, Feed, feed), settled).pipe(Effect.provide(logger))
    }
    const engine = yield* Engine
    const sink = yield* ResultSink
    const report = yield* engine.run({ name: "market", pipelines: [candles1m, day], stopAt: log.ends })
    return {
      report,
      logged,
      days: yield* sink.read({ pipeline: "day" }),
      minutes: yield* sink.read({ pipeline: "candles-1m" })
    }
  }).pipe(
    Effect.provide(memory),
    Effect.scoped
  )

/** The figures of days that tests compare. */
export const figures = (days: ReadonlyArray<{ readonly start: number; readonly values: Readonly<Record<string, unknown>> }>) =>
  days.map(({ start, values }) => [
    new Date(start).toISOString().slice(0, 10),
    values["open"],
    values["close"],
    values["volume"] == null ? null : Number(values["volume"]),
    values["variation"]
  ])
