/** An indicator that was warmed up by back-filled bars is, to the bit, one that ran all along. */
import { Effect, Layer } from "effect"
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { CheckpointStore } from "../../../src/streams/ports/CheckpointStore.ts"
import { Decisions } from "../../../src/streams/ports/Decisions.ts"
import { DeadLetters } from "../../../src/streams/ports/DeadLetters.ts"
import { Engine } from "../../../src/streams/ports/Engine.ts"
import { EventLog } from "../../../src/streams/ports/EventLog.ts"
import * as InProcess from "../../../src/streams/engine/InProcess.ts"
import { Monitor } from "../../../src/streams/ports/Monitor.ts"
import { Aggregate, Indicator, Panes, Pipeline, Window } from "../../../src/streams/pipeline/index.ts"
import { fromTexts, Kind } from "../../../src/streams/records/Records.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"
import { bars, ticks } from "../../../src/analytics/ticks.ts"

const minute = 60_000

const signals = ticks.pipe(
  Window.tumbling("1 minute"),
  Aggregate.into({
    open: Aggregate.first("price"),
    high: Aggregate.max("price"),
    low: Aggregate.min("price"),
    close: Aggregate.last("price"),
    volume: Aggregate.sum("size")
  }),
  Pipeline.acceptPreAggregated(bars, { open: "open", high: "high", low: "low", close: "close", volume: "volume" }),
  Panes.derive({
    sma: Indicator.sma("close", 3),
    ema: Indicator.ema("close", 4),
    rsi: Indicator.rsi("close", 3),
    atr: Indicator.atr({ high: "high", low: "low", close: "close" }, 3),
    obv: Indicator.obv({ close: "close", volume: "volume" }),
    macd: Indicator.macd("close", { fast: 2, slow: 4, signal: 2 })
  }),
  Pipeline.allowedLateness("1 hour"),
  Pipeline.named("signals")
)

interface Trade {
  readonly cents: number
  readonly size: number
}

const tickOf = (time: number, { cents, size }: Trade) => JSON.stringify({ symbol: "IBM", time, price: (cents / 100).toFixed(2), size })

/** The bar of a minute, as its publisher makes it of the same trades. */
const barOf = (start: number, trades: ReadonlyArray<Trade>) => {
  const cents = trades.map((trade) => trade.cents)
  const [open, high, low, close] = [cents[0]!, Math.max(...cents), Math.min(...cents), cents.at(-1)!].map((price) => (price / 100).toFixed(2))
  return JSON.stringify({ symbol: "IBM", start, interval: minute, open, high, low, close, volume: trades.reduce((sum, { size }) => sum + size, 0) })
}

const ticksIn = (start: number, trades: ReadonlyArray<Trade>) => trades.map((trade, index) => tickOf(start + index * 1_000, trade))

interface Chunk {
  readonly texts: ReadonlyArray<string>
  readonly kind: Kind
}

/** The last pane of each minute. */
const results = (chunks: ReadonlyArray<Chunk>) =>
  Effect.gen(function*() {
    const log = yield* EventLog
    for (const { kind, texts } of chunks) if (texts.length > 0) yield* log.append(0, fromTexts(texts, kind))
    yield* (yield* Engine).run({ name: "signals", pipelines: [signals], stopAt: log.ends })
    return (yield* (yield* ResultSink).read({})).map(({ start, values }) => ({ start, values }))
  }).pipe(
    Effect.provide(InProcess.layer.pipe(Layer.provideMerge(Layer.mergeAll(
      EventLog.layerMemory(), CheckpointStore.layerMemory, Decisions.layerMemory, DeadLetters.layerMemory, ResultSink.layerMemory, Monitor.layer
    )))),
    Effect.runPromise
  )

const session = fc.array(
  fc.record({
    gap: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(3) }),
    trades: fc.array(fc.record({ cents: fc.integer({ min: 1, max: 20_000 }), size: fc.integer({ min: 1, max: 500 }) }), { minLength: 1, maxLength: 3 })
  }),
  { minLength: 2, maxLength: 14 }
)

it("whenever the back-fill comes: before what is live, or behind the first of it", () =>
  fc.assert(
    fc.asyncProperty(session, fc.nat(), fc.nat(4), async (minutes, cut, ahead) => {
      let start = 1_700_000_040_000 - minute
      const all = minutes.map(({ gap, trades }) => ({ start: start += minute * (1 + gap), trades }))
      const from = cut % all.length
      const [before, live] = [all.slice(0, from), all.slice(from)]
      const filled = { texts: before.map(({ start, trades }) => barOf(start, trades)), kind: Kind.preAggregated }
      const ticksOf = (some: typeof all) => ({ texts: some.flatMap(({ start, trades }) => ticksIn(start, trades)), kind: Kind.event })
      const ran = await results([ticksOf(all)])
      expect(await results([ticksOf(live.slice(0, ahead)), filled, ticksOf(live.slice(ahead))])).toEqual(ran)
      expect(ran).toHaveLength(all.length)
    }),
    { numRuns: Number(process.env["COURANT_RUNS"] ?? 25), endOnFailure: true }
  ))
