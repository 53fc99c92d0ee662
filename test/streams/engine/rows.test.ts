/** The engine with pipelines that end in events: their rows are written as panes are, before offsets are saved. */
import { Effect, Layer, Ref, Stream } from "effect"
import { expect, it } from "vitest"
import { CheckpointStore } from "../../../src/streams/ports/CheckpointStore.ts"
import { Decisions } from "../../../src/streams/ports/Decisions.ts"
import { DeadLetters } from "../../../src/streams/ports/DeadLetters.ts"
import { Engine } from "../../../src/streams/ports/Engine.ts"
import { EventLog } from "../../../src/streams/ports/EventLog.ts"
import * as InProcess from "../../../src/streams/engine/InProcess.ts"
import { restart } from "../../../src/streams/engine/Restart.ts"
import { type Event, Monitor } from "../../../src/streams/ports/Monitor.ts"
import { Aggregate, Events, Expr, Pipeline, Source, Window } from "../../../src/streams/pipeline/index.ts"
import type { Any as AnyPipeline } from "../../../src/streams/pipeline/Pipeline.ts"
import { fromTexts } from "../../../src/streams/records/Records.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"
import { RowSink } from "../../../src/streams/ports/RowSink.ts"
import { Tick } from "../../../src/domain/Tick.ts"

const ticks = Source.make("ticks", { schema: Tick, key: "symbol", eventTime: "time" })

const big = ticks.pipe(Events.where(Expr.gte("size", 10)), Pipeline.named("big-trades"))

const sums = ticks.pipe(
  Window.tumbling("10 seconds"),
  Aggregate.into({ volume: Aggregate.sum("size") }),
  Pipeline.named("sums")
)

const tick = (time: number, size: number) => JSON.stringify({ symbol: "A", time, price: "1.5", size })

const append = (...texts: ReadonlyArray<string>) => EventLog.use((log) => log.append(0, fromTexts(texts)))

const withoutRows = InProcess.layer.pipe(Layer.provideMerge(Layer.mergeAll(
  EventLog.layerMemory({ topic: "ticks" }),
  ResultSink.layerMemory,
  DeadLetters.layerMemory,
  CheckpointStore.layerMemory,
  Decisions.layerMemory,
  Monitor.layer
)))

const withRows = withoutRows.pipe(Layer.provideMerge(RowSink.layerMemory))

const runToEnd = Effect.fnUntraced(function*(...pipelines: ReadonlyArray<AnyPipeline>) {
  const log = yield* EventLog
  return yield* Engine.use((engine) =>
    engine.run({ name: "test", pipelines, stopAt: log.ends }))
})

const placesIn = Effect.map(RowSink.use((sink) => sink.read({})), (rows) => rows.map(({ place }) => place.offset))

const test = <E>(what: string, body: Effect.Effect<void, E, Layer.Success<typeof withRows>>) =>
  it(what, () => body.pipe(Effect.provide(withRows, { local: true }), Effect.runPromise))

test("viewers are told the rows that are stored, and of each node and source how far it is, over a restart", Effect.gen(function*() {
  const monitor = yield* Monitor
  const told: Array<Event> = []
  yield* Effect.forkScoped(Stream.runForEach(monitor.events, (event) => Effect.sync(() => told.push(event))), { startImmediately: true })
  yield* append(tick(5_000, 10), tick(1_000, 5))
  yield* runToEnd(big, sums)
  yield* append(tick(25_000, 12), tick(2_000, 30))
  yield* runToEnd(big, sums)
  yield* Effect.sleep(10)
  expect(told.flatMap((event) => event._tag === "rows" ? event.rows : []).map(({ place }) => place.offset)).toEqual([0, 2, 3])
  const { nodes, sources } = yield* monitor.progress
  expect(sources).toEqual({ ticks: { watermark: 25_000, lag: 0 } })
  const node = (pipeline: AnyPipeline, tag: string) => nodes?.[pipeline.name]?.[pipeline.checked.nodes.find(({ _tag }) => _tag === tag)?.id ?? ""]
  expect(node(big, "where")).toMatchObject({ inputs: [4], taken: 3, filtered: 1, out: 3, state: 0 })
  expect(node(sums, "window")).toMatchObject({ inputs: [4], taken: 3, late: 1, filtered: 0, held: 0 })
}).pipe(Effect.scoped))

test("rows and panes of one run go to the sinks of each, and the report counts both", Effect.gen(function*() {
  yield* append(tick(5_000, 10), tick(1_000, 5), tick(25_000, 12), tick(2_000, 30), "{}")
  const report = yield* runToEnd(big, sums)
  expect(yield* RowSink.use((sink) => sink.read({}))).toEqual([
    { offset: 3, size: 30, time: 2_000 },
    { offset: 0, size: 10, time: 5_000 },
    { offset: 2, size: 12, time: 25_000 }
  ].map(({ offset, size, time }) => ({
    pipeline: "big-trades",
    place: { source: "ticks", partition: 0, offset },
    key: "A",
    time,
    values: { symbol: "A", time, price: "1.5", size: String(size), priceForming: null, updatesLast: null, updatesHighLow: null, updatesVolume: null, tradeId: null, splitFactor: null, exchange: null, kind: null, provisional: null, currency: null, decimals: null }
  })))
  expect((yield* ResultSink.use((sink) => sink.read({}))).map(({ pipeline, values }) => [pipeline, values])).toEqual([
    ["sums", { volume: "15" }],
    ["sums", { volume: "12" }]
  ])
  expect([report.rows, report.panes]).toEqual([3, 2])
  const nothing = { read: 5, aggregated: 0, late: 0, deadLettered: 1, duplicate: 0, filtered: 0, held: 0 }
  expect(report.byPipeline).toEqual({ "big-trades": { ...nothing, aggregated: 3, filtered: 1 }, sums: { ...nothing, aggregated: 3, late: 1 } })
}))

test("a run that resumes goes on behind the rows that it has written", Effect.gen(function*() {
  yield* append(tick(1_000, 10), tick(2_000, 11))
  expect((yield* runToEnd(big)).rows).toBe(2)
  yield* append(tick(3_000, 12), tick(500, 13))
  const report = yield* runToEnd(big)
  expect([report.rows, report.aggregated, report.late]).toEqual([2, 4, 0])
  expect(yield* placesIn).toEqual([3, 0, 1, 2])
}))

test("starting anew forgets the rows of its pipelines", Effect.gen(function*() {
  yield* append(tick(1_000, 10))
  yield* runToEnd(big)
  yield* RowSink.use((sink) => sink.write([{ pipeline: "other", place: { source: "ticks", partition: 0, offset: 9 }, key: "A", time: 1, values: {} }]))
  yield* restart("test", [big])
  expect(yield* placesIn).toEqual([9])
  yield* runToEnd(big)
  expect(yield* placesIn).toEqual([9, 0])
}))

it("what could not be written is not saved as done: the next run writes it, and more than once is the same", () =>
  Effect.gen(function*() {
    const calls = yield* Ref.make<ReadonlyArray<ReadonlyArray<number>>>([])
    const failing = RowSink.fromFunction((rows) =>
      Ref.updateAndGet(calls, (before) => [...before, rows.map(({ place }) => place.offset)]).pipe(
        Effect.flatMap((all) => all.length === 1 ? Effect.fail("the store is away") : Effect.void)
      ))
    yield* Effect.gen(function*() {
      yield* append(tick(1_000, 10), tick(2_000, 11))
      const error = yield* Effect.flip(runToEnd(big))
      expect([error._tag, error.message]).toEqual(["RowSinkError", "the function that takes rows failed: the store is away"])
      yield* runToEnd(big)
      yield* runToEnd(big)
      expect(yield* Effect.flip(RowSink.use((sink) => sink.read({})))).toMatchObject({ _tag: "RowSinkError" })
    }).pipe(Effect.provide(withoutRows.pipe(Layer.provideMerge(failing)), { local: true }))
    expect(yield* Ref.get(calls)).toEqual([[0, 1], [0, 1]])
  }).pipe(Effect.runPromise))

it("a run without a place for its rows is refused before it reads, and one without rows needs none", () =>
  Effect.gen(function*() {
    yield* append(tick(1_000, 10))
    const error = yield* Effect.flip(runToEnd(sums, big))
    expect([error._tag, error.message]).toEqual(["RowSinkError", "the pipeline \"big-trades\" ends in events, and there is no sink for its rows (RowSink)"])
    expect(yield* ResultSink.use((sink) => sink.read({}))).toEqual([])
    expect((yield* runToEnd(sums)).rows).toBe(0)
  }).pipe(Effect.provide(withoutRows, { local: true }), Effect.runPromise))
