/** What was known when: as a live run had it at the time, and as a replay of the log up to there has it. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { candles1m, candles5m } from "../../../src/analytics/candles.ts"
import { CheckpointStore } from "../../../src/streams/ports/CheckpointStore.ts"
import { Decisions } from "../../../src/streams/ports/Decisions.ts"
import { DeadLetters } from "../../../src/streams/ports/DeadLetters.ts"
import { Engine } from "../../../src/streams/ports/Engine.ts"
import { EventLog } from "../../../src/streams/ports/EventLog.ts"
import { Aggregate, Events, Expr, Panes, Pipeline, Source, Window } from "../../../src/streams/pipeline/index.ts"
import * as History from "../../../src/streams/engine/History.ts"
import * as Past from "../../../src/streams/engine/Past.ts"
import { type PastSnapshot, PastSnapshots } from "../../../src/streams/engine/PastSnapshots.ts"
import * as InProcess from "../../../src/streams/engine/InProcess.ts"
import { Monitor } from "../../../src/streams/ports/Monitor.ts"
import { type Encoded, encode } from "../../../src/streams/pipeline/Pane.ts"
import type { AnyOfPanes } from "../../../src/streams/pipeline/Pipeline.ts"
import { fromTexts, Kind } from "../../../src/streams/records/Records.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"
import { Tick } from "../../../src/domain/Tick.ts"

const ticks = Source.make("ticks", { schema: Tick, key: "symbol", eventTime: "time", outOfOrderness: 2_000 })

const sums = { close: Aggregate.last("size"), volume: Aggregate.sum("size"), trades: Aggregate.count }

const candles = ticks.pipe(
  Window.tumbling("10 seconds"),
  Aggregate.into(sums),
  Pipeline.allowedLateness("20 seconds"),
  Pipeline.named("candles")
)

const sliding = ticks.pipe(Window.hopping("30 seconds", "10 seconds"), Aggregate.into(sums), Pipeline.named("sliding"))

const sessions = ticks.pipe(Window.session("8 seconds"), Aggregate.into(sums), Pipeline.emitOnUpdate(), Pipeline.named("sessions"))

const held = ticks.pipe(
  Events.distinct({ by: "tradeId", within: "1 minute" }),
  Window.tumbling("10 seconds"),
  Aggregate.into(sums),
  Pipeline.named("held")
)

const byTrade = Events.cancels<Pipeline.RowOf<typeof ticks>, "tradeId">({
  id: "tradeId",
  cancel: Expr.eq("kind", "cancel"),
  correction: Expr.eq("kind", "correction"),
  replacement: Expr.eq("kind", "gap")
})

const cancelled = ticks.pipe(byTrade, Window.hopping("30 seconds", "10 seconds"), Aggregate.into(sums), Pipeline.allowedLateness("15 seconds"), Pipeline.named("cancelled"))

const settled = ticks.pipe(byTrade, Window.tumbling("10 seconds"), Aggregate.into(sums), Pipeline.allowedLateness("20 seconds"), Pipeline.named("settled"))

const rolled = Pipeline.rollUp(settled, "30 seconds").pipe(Pipeline.named("rolled"))

const withCancels: ReadonlyArray<AnyOfPanes> = [cancelled, settled, rolled]

const pipelines: ReadonlyArray<AnyOfPanes> = [candles, sliding, sessions, held, ...withCancels]

const stack = (partitions: number) =>
  InProcess.layer.pipe(Layer.provideMerge(Layer.mergeAll(
    EventLog.layerMemory({ partitions }),
    CheckpointStore.layerMemory,
    Decisions.layerMemory,
    DeadLetters.layerMemory,
    ResultSink.layerMemory,
    Monitor.layer
  )))

/** Lets everything happen that can happen without time going on. */
const settle = Effect.forEach(Array.from({ length: 30 }), () => Effect.yieldNow, { discard: true })

interface Appended {
  readonly partition: number
  readonly ticks: ReadonlyArray<{ readonly symbol: string; readonly behind: number; readonly size: number; readonly tradeId: string; readonly kind: string }>
}

const tick = fc.record({
  symbol: fc.constantFrom("A", "B"),
  behind: fc.nat(25_000),
  size: fc.integer({ min: 1, max: 9 }),
  tradeId: fc.constantFrom("1", "2"),
  kind: fc.oneof({ weight: 3, arbitrary: fc.constant("trade") }, fc.constantFrom("cancel", "correction", "gap"))
})

/** Ticks that come at some moments, between which seconds or minutes go by. */
const script = fc.array(
  fc.record({
    wait: fc.oneof(fc.integer({ min: 0, max: 12_000 }), fc.integer({ min: 20_000, max: 90_000 })),
    appended: fc.record({
      partition: fc.nat(1),
      ticks: fc.array(tick, { maxLength: 4 })
    })
  }),
  { minLength: 2, maxLength: 6 }
)

const append = Effect.fnUntraced(function*({ partition, ticks }: Appended, partitions: number) {
  if (ticks.length === 0) return
  const now = yield* Clock.currentTimeMillis
  const { append } = yield* EventLog
  const texts = ticks.map(({ behind, ...tick }) => JSON.stringify({ ...tick, time: 1_000_000 + now - behind, price: "1" }))
  yield* append(partition % partitions, fromTexts(texts))
})

const stored = Effect.flatMap(Effect.service(ResultSink), (sink) => sink.read({}))

/** How often a window was told, and whether late, hangs on the order in which several partitions were read. */
const comparable = (panes: ReadonlyArray<Encoded>, partitions: number): ReadonlyArray<Encoded> =>
  partitions === 1 ? panes : panes.map((pane) => ({ ...pane, revision: 0, pane: pane.pane === "late" ? "on-time" : pane.pane }))

/** A live run over the script, and what its sink had before each step. */
const live = Effect.fnUntraced(function*(steps: ReadonlyArray<{ readonly wait: number; readonly appended: Appended }>, partitions: number) {
  const engine = yield* Engine
  const run = yield* Effect.forkChild(engine.run({ name: "live", pipelines, idleTimeout: "5 seconds" }))
  const seen: Array<{ readonly time: number; readonly panes: ReadonlyArray<Encoded> }> = []
  for (const { appended, wait } of steps) {
    // Not at one moment with what was there before: the log says to the millisecond when something came.
    yield* TestClock.adjust(wait + 1)
    yield* settle
    seen.push({ time: yield* Clock.currentTimeMillis, panes: yield* stored })
    yield* TestClock.adjust(1)
    yield* append(appended, partitions)
    yield* settle
  }
  yield* Fiber.interrupt(run)
  return seen
})

type Check = (seen: Effect.Success<ReturnType<typeof live>>, partitions: number) => Effect.Effect<void, unknown, Decisions | EventLog>

const overScripts = (check: Check, numRuns: number) =>
  Effect.promise(() =>
    fc.assert(
      fc.asyncProperty(script, fc.integer({ min: 1, max: 2 }), (steps, partitions) =>
        Effect.flatMap(live(steps, partitions), (seen) => check(seen, partitions)).pipe(
          Effect.provide(Layer.merge(stack(partitions), TestClock.layer())),
          Effect.scoped,
          Effect.runPromise
        )),
      { numRuns: Number(process.env["COURANT_RUNS"] ?? numRuns), endOnFailure: true }
    ))

describe("what was known", () => {
  it.effect("is at any time what a live run had written by then, in silence too", () =>
    overScripts(Effect.fnUntraced(function*(seen, partitions) {
      for (const { panes, time } of seen) {
        const known = yield* History.asKnownAt(pipelines, { time })
        assert.deepStrictEqual(comparable(known.panes, partitions), comparable(panes, partitions))
      }
    }), 20))

  it.effect("of a window is its newest revision by then, and its records are those that its values were made of", () =>
    overScripts(Effect.fnUntraced(function*(seen, partitions) {
      const pipelineOf = (name: string) => pipelines.find((pipeline) => pipeline.name === name)!
      const { panes } = yield* History.asKnownAt(pipelines, { time: Infinity })
      for (const { changes, end, key, pipeline, start, values } of panes) {
        const { records, revisions } = yield* History.ofWindow(pipelineOf(pipeline), { key, start, end })
        const inIt = (all: ReadonlyArray<Encoded>) => all.filter((pane) => pane.pipeline === pipeline && pane.key === key && pane.start === start && pane.end === end)
        for (const { panes, time } of seen) {
          const newest = revisions.filter(({ knownAt }) => knownAt <= time).at(-1)
          const isThere = inIt(panes).length > 0
          if (isThere || pipeline !== "sessions") assert.deepStrictEqual(comparable(newest === undefined || newest.pane.pane === "retracted" ? [] : [encode(newest.pane)], partitions), comparable(inIt(panes), partitions))
        }
        const counting = records.filter(({ counts }) => counts)
        const sizes = counting.map(({ record }) => Number(JSON.parse(record ?? "{}").size))
        assert.strictEqual(counting.length, values["trades"])
        assert.strictEqual(sizes.reduce((sum, size) => sum + size, 0), Number(values["volume"]))
        assert.isTrue(records.every(({ knownAt }) => knownAt !== null))
        if (!withCancels.some(({ name }) => name === pipeline)) assert.strictEqual(records.length, counting.length)
        if (pipeline !== "held" && records.length === counting.length) assert.strictEqual(records.length, changes)
      }
    }), 10))
})

describe("the history of a window", () => {
  it.effect("is the same from whatever snapshot it begins at", () =>
    overScripts(Effect.fnUntraced(function*() {
      const snapshots = new PastSnapshots<PastSnapshot>({ most: 1_000, mostBytes: 2 ** 24 }, 1)
      const atRest = ({ read, snapshot }: Past.Rest) => snapshots.isDue(read) ? Effect.map(snapshot, (made) => snapshots.add(made)) : Effect.void
      yield* Past.run({ pipelines, atRest }, ({ part }, job) => Effect.sync(() => void ("_tag" in part ? job.decide(part) : job.take(part))))
      const { panes } = yield* History.asKnownAt(pipelines, { time: Infinity })
      for (const { end, key, pipeline, start } of panes) {
        const of = pipelines.find(({ name }) => name === pipeline)!
        const whole = yield* History.ofWindow(of, { key, start, end })
        assert.deepStrictEqual(yield* History.ofWindow(of, { key, start, end }, { from: snapshots.upTo(Infinity) }), whole)
      }
    }), 4))

  it.effect("has what takes back a row of it and was read before the snapshot at which it begins", () =>
    Effect.gen(function*() {
      const Trade = Schema.Struct({ symbol: Schema.String, time: Schema.Int, id: Schema.String, until: Schema.optionalKey(Schema.Int) })
      const replaced = Source.make("trades", { schema: Trade, key: "symbol", eventTime: "time" }).pipe(
        Events.cancels({ id: "id", replacement: Expr.gt("until", 0), through: "until" }),
        Window.tumbling("10 seconds"),
        Aggregate.into({ trades: Aggregate.count }),
        Pipeline.allowedLateness("20 seconds"),
        Pipeline.named("replaced")
      )
      yield* appended([{ symbol: "A", time: 5_000, id: "a", until: 14_000 }])
      const made: Array<PastSnapshot> = []
      const atRest = ({ snapshot }: Past.Rest) => Effect.map(snapshot, (one) => void made.push(one))
      yield* Past.run({ pipelines: [replaced], atRest }, ({ part }, job) => Effect.sync(() => void ("_tag" in part ? job.decide(part) : job.take(part))))
      yield* TestClock.adjust(10)
      yield* appended([{ symbol: "A", time: 12_000, id: "a" }, { symbol: "A", time: 13_000, id: "b" }, { symbol: "A", time: 40_000, id: "c" }])
      const window = { key: "A", start: 10_000, end: 20_000 }
      const whole = yield* History.ofWindow(replaced, window)
      assert.deepStrictEqual(marks(whole.records), [[0, "took back"], [1, 0], [2, "counts"]])
      assert.deepStrictEqual(yield* History.ofWindow(replaced, window, { from: made }), whole)
    }).pipe(Effect.provide(memory)), 10_000)

  const memory = Layer.mergeAll(EventLog.layerMemory(), Decisions.layerMemory)
  const appended = (rows: ReadonlyArray<object>) =>
    Effect.flatMap(Effect.service(EventLog), ({ append }) => append(0, fromTexts(rows.map((row) => JSON.stringify(row)))))

  const staged = ticks.pipe(
    Window.tumbling("1 minute"),
    Aggregate.into({ volume: Aggregate.sum("size") }),
    Panes.toEvents,
    Window.tumbling("5 minutes"),
    Aggregate.into({ largest: Aggregate.max("volume"), minutes: Aggregate.count }),
    Pipeline.named("staged")
  )

  it.effect("over results of other windows names these", () =>
    Effect.gen(function*() {
      yield* appended([0, 61_000, 62_000, 301_000, 700_000].map((time) => ({ symbol: "A", time, price: "1", size: 1 })))
      const { records, revisions } = yield* History.ofWindow(staged, { key: "A", start: 0, end: 300_000 })
      assert.deepStrictEqual(revisions.map(({ pane }) => encode(pane).values), [{ largest: "2", minutes: 2 }])
      assert.deepStrictEqual(records.map(({ place: { window }, record }) => [window?.start, window?.key, record]), [[0, "A", null], [60_000, "A", null]])
    }).pipe(Effect.provide(memory)), 10_000)

  it.effect("over results of other windows names each once, and none that only the end of an input has told", () =>
    Effect.gen(function*() {
      const decisions = yield* Decisions
      const ofSessions = ticks.pipe(
        Window.session("8 seconds"),
        Aggregate.into({ volume: Aggregate.sum("size") }),
        Panes.toEvents,
        Window.tumbling("5 minutes"),
        Aggregate.into({ largest: Aggregate.max("volume"), sessions: Aggregate.count }),
        Pipeline.named("of-sessions")
      )
      const seen = (pipeline: AnyOfPanes) =>
        Effect.map(History.ofWindow(pipeline, { key: "A", start: 0, end: 300_000 }), ({ records, revisions }) =>
          [encode(revisions.at(-1)!.pane).values, records.map(({ place: { window } }) => [window?.start, window?.end])])
      const at = (...times: ReadonlyArray<number>) => appended(times.map((time) => ({ symbol: "A", time, price: "1", size: 1 })))
      yield* at(0, 61_000, 62_000)
      yield* decisions.write([{ _tag: "end", at: [3] }])
      const minutes = [[0, 60_000], [60_000, 120_000]]
      assert.deepStrictEqual(yield* seen(staged), [{ largest: "2", minutes: 2 }, minutes])
      assert.deepStrictEqual(yield* seen(ofSessions), [{ largest: "2", sessions: 2 }, [[0, 8_000], [61_000, 70_000]]])
      yield* at(69_000)
      yield* decisions.write([{ _tag: "end", at: [4] }])
      assert.deepStrictEqual(yield* seen(staged), [{ largest: "3", minutes: 2 }, minutes])
      assert.deepStrictEqual(yield* seen(ofSessions), [{ largest: "3", sessions: 2 }, [[0, 8_000], [61_000, 77_000]]])
      yield* at(301_000, 700_000)
      assert.deepStrictEqual(yield* seen(staged), [{ largest: "3", minutes: 2 }, minutes])
      assert.deepStrictEqual(yield* seen(ofSessions), [{ largest: "3", sessions: 2 }, [[0, 8_000], [61_000, 77_000]]])
    }).pipe(Effect.provide(memory)), 10_000)

  it.effect("names a row that was held once, whatever the end of an input has told of it", () =>
    Effect.gen(function*() {
      const decisions = yield* Decisions
      const offsets = Effect.map(History.ofWindow(held, { key: "A", start: 0, end: 10_000 }), ({ records }) => records.map(({ place }) => place.offset))
      const at = (...rows: ReadonlyArray<readonly [time: number, tradeId: string]>) => appended(rows.map(([time, tradeId]) => ({ symbol: "A", time, price: "1", size: 1, tradeId })))
      yield* at([5_000, "a"], [6_000, "b"])
      yield* decisions.write([{ _tag: "end", at: [2] }])
      assert.deepStrictEqual(yield* offsets, [0, 1])
      // It is earlier, and so the first of its id.
      yield* at([4_500, "a"])
      yield* decisions.write([{ _tag: "end", at: [3] }])
      assert.deepStrictEqual((yield* offsets).toSorted(), [1, 2])
      yield* at([60_000, "c"])
      assert.deepStrictEqual((yield* offsets).toSorted(), [1, 2])
    }).pipe(Effect.provide(memory)), 10_000)

  it.effect("says of each partition how far it has come, and when something came of it last", () =>
    Effect.gen(function*() {
      const log = yield* EventLog
      const tick = (time: number) => fromTexts([JSON.stringify({ symbol: "A", time, price: "1", size: 1 })])
      yield* TestClock.setTime(1_000)
      yield* log.append(0, tick(60_000))
      yield* TestClock.setTime(2_000)
      yield* log.append(1, tick(10_000))
      yield* TestClock.setTime(9_000)
      yield* log.append(0, tick(90_000))
      const { partitions } = yield* History.ofWindow(candles1m, { key: "A", start: 0, end: 60_000 })
      assert.deepStrictEqual(partitions, [
        { source: "ticks", partition: 0, watermark: 85_000, lastAt: 9_000 },
        { source: "ticks", partition: 1, watermark: 5_000, lastAt: 2_000 },
        { source: "ticks", partition: 2, watermark: null, lastAt: null }
      ])
    }).pipe(Effect.provide(Layer.mergeAll(EventLog.layerMemory({ partitions: 3 }), Decisions.layerMemory))))

  it.effect("of a calendar has the rows of that calendar alone", () =>
    Effect.gen(function*() {
      const Trade = Schema.Struct({ symbol: Schema.String, exchange: Schema.optionalKey(Schema.String), time: Schema.Int })
      const byExchange = Source.make("trades", { schema: Trade, key: "symbol", eventTime: "time" }).pipe(
        Window.trading({ by: "exchange", calendars: { NMS: "XNYS", LSE: "XLON" }, otherwise: "XNYS" }),
        Aggregate.into({ trades: Aggregate.count }),
        Pipeline.named("by")
      )
      const at = (clock: string) => Date.parse(`2024-07-02T${clock}Z`)
      const rows = [["13:30", "NMS"], ["14:00", "LSE"], ["15:00", undefined]] as const
      yield* appended(rows.map(([clock, exchange]) => ({ symbol: "X", time: at(clock), ...(exchange === undefined ? {} : { exchange }) })))
      const known = yield* Past.run({ pipelines: [byExchange], watch: () => {} }, ({ part }, job) => Effect.sync(() => void ("_tag" in part ? job.decide(part) : job.take(part))))
      const windows = known.close().panes.map(({ end, key, start, values }) => [{ key, start, end }, values.trades] as const)
      assert.strictEqual(windows.length, 2)
      for (const [window, trades] of windows) {
        const { records } = yield* History.ofWindow(byExchange, window)
        assert.strictEqual(records.length, trades)
      }
    }).pipe(Effect.provide(memory)), 10_000)

  it.effect("has the bar that has taken the place of its samples, and says from when on", () =>
    Effect.gen(function*() {
      const id = "yahoo/1970-01-01T00:00Z"
      const log = yield* EventLog
      yield* appended([{ symbol: "X", time: 10_000, price: "2", size: 5, tradeId: id, provisional: true }, { symbol: "X", time: 70_000, price: "2", size: 5 }])
      const bar = { symbol: "X", start: 0, interval: 60_000, open: "1", high: "3", low: "1", close: "2", volume: 9, replaces: id }
      yield* log.append(0, fromTexts([JSON.stringify(bar)], Kind.preAggregated))
      yield* appended([{ symbol: "X", time: 80_000, price: "2", size: 5 }])
      const { records, revisions } = yield* History.ofWindow(candles1m, { key: "X", start: 0, end: 60_000 })
      assert.deepStrictEqual(
        records.map(({ counts, kind, place, takenBackBy }) => [kind, place.offset, counts, takenBackBy?.offset]),
        [["event", 0, false, 2], ["pre-aggregated", 2, true, undefined]]
      )
      assert.deepStrictEqual(
        revisions.map(({ cause, pane }) => [pane.pane, encode(pane).values.volume, pane.values.provisional, cause?.offset]),
        [["on-time", "5", 1, 1], ["late", "9", 0, 3]]
      )
      yield* log.append(0, fromTexts([JSON.stringify({ ...bar, volume: 8 })], Kind.preAggregated))
      yield* appended([{ symbol: "X", time: 90_000, price: "2", size: 5 }])
      const { records: later } = yield* History.ofWindow(candles1m, { key: "X", start: 0, end: 60_000 })
      assert.deepStrictEqual(later.map(({ counts, place, takenBackBy }) => [place.offset, counts, takenBackBy?.offset]), [[0, false, 2], [2, false, 4], [4, true, undefined]])
    }).pipe(Effect.provide(memory)), 10_000)

  const trade = (second: number, tradeId: string, kind = "trade") => ({ symbol: "X", time: second * 1_000, price: "2", size: 5, tradeId, kind })

  /** Of the records of a window that begins at 0 each offset, and what there is to say of it. */
  const marks = (records: ReadonlyArray<History.Contribution>) =>
    records.map(({ counts, place, takenBackBy }) => [place.offset, counts ? "counts" : takenBackBy === null ? "took back" : takenBackBy.offset])

  it.effect("says of each record whether it counts or what took it back, and nothing of cancels that took back nothing", () =>
    Effect.gen(function*() {
      yield* appended([
        trade(1, "a"), trade(2, "b"), trade(3, "c"), trade(4, "a", "cancel"), trade(70, "b", "correction"), trade(80, "b", "correction"),
        trade(5, "none", "cancel"), trade(90, "c", "cancel"), trade(91, "c", "cancel"), trade(6, "d"), trade(100, "e")
      ])
      const expected = [[0, 3], [1, 4], [2, 7], [3, "took back"], [4, 5], [5, "counts"], [7, "took back"], [9, "counts"]]
      const minute = yield* History.ofWindow(candles1m, { key: "X", start: 0, end: 60_000 })
      assert.deepStrictEqual(marks(minute.records), expected)
      const five = yield* History.ofWindow(candles5m, { key: "X", start: 0, end: 300_000 })
      assert.deepStrictEqual(marks(five.records), [...expected, [10, "counts"]])
    }).pipe(Effect.provide(memory)), 10_000)

  it.effect("of a window whose only trade was cancelled has nothing that counts, from the end of the input on too", () =>
    Effect.gen(function*() {
      const decisions = yield* Decisions
      const window = { key: "X", start: 0, end: 60_000 }
      const seen = Effect.map(History.ofWindow(candles1m, window), ({ records, revisions }) => [revisions.at(-1)?.pane.pane, marks(records)])
      yield* appended([trade(1, "a"), trade(70, "b"), trade(72, "a", "cancel")])
      assert.deepStrictEqual(yield* seen, ["on-time", [[0, "counts"]]])
      yield* decisions.write([{ _tag: "end", at: [3] }])
      assert.deepStrictEqual(yield* seen, ["retracted", [[0, 2], [2, "took back"]]])
      yield* appended([trade(71, "none", "cancel")])
      assert.deepStrictEqual(yield* seen, ["retracted", [[0, 2], [2, "took back"]]])
      yield* appended([trade(80, "d"), trade(81, "a", "cancel"), trade(300, "e")])
      assert.deepStrictEqual(yield* seen, ["retracted", [[0, 2], [2, "took back"]]])
    }).pipe(Effect.provide(memory)), 10_000)

  it.effect("of windows that overlap has a row where the window was final before it was taken back", () =>
    Effect.gen(function*() {
      const overlapping = ticks.pipe(byTrade, Window.hopping("30 seconds", "10 seconds"), Aggregate.into(sums), Pipeline.named("overlapping"))
      yield* appended([trade(25, "a"), trade(32, "a", "correction"), trade(120, "b")])
      const of = (start: number) => Effect.map(History.ofWindow(overlapping, { key: "X", start, end: start + 30_000 }), ({ records }) => marks(records))
      assert.deepStrictEqual(yield* Effect.forEach([0, 10_000, 20_000, 30_000], of), [[[0, "counts"]], [[0, 1], [1, "counts"]], [[0, 1], [1, "counts"]], []])
    }).pipe(Effect.provide(memory)), 10_000)
})
