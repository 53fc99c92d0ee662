/** What is carried out of a log of panes is what the engine would have written itself, whatever breaks in between. */
import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Effect, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import * as PaneRelay from "../../../src/streams/engine/PaneRelay.ts"
import { endOfTime } from "../../../src/streams/operator/Operator.ts"
import { CheckpointError } from "../../../src/streams/ports/Checkpoint.ts"
import { CheckpointStore } from "../../../src/streams/ports/CheckpointStore.ts"
import { EventLog } from "../../../src/streams/ports/EventLog.ts"
import { Aggregate, Pipeline, Window } from "../../../src/streams/pipeline/index.ts"
import * as Pane from "../../../src/streams/pipeline/Pane.ts"
import * as PaneDecoder from "../../../src/streams/pipeline/PaneDecoder.ts"
import * as Checked from "../../../src/streams/pipeline/Checked.ts"
import { hasMore, upToWindows, windowsOf } from "../../../src/streams/pipeline/FirstStage.ts"
import type { Any as AnyPipeline, AnyOfPanes } from "../../../src/streams/pipeline/Pipeline.ts"
import { fromBytes, fromTexts, Kind } from "../../../src/streams/records/Records.ts"
import { ResultSink, ResultSinkError } from "../../../src/streams/ports/ResultSink.ts"
import { cuts, indicators, logs, pipelines, source, stagedPipelines } from "../../../src/testing/Arbitraries.ts"
import { batches, makeJob, newest, run } from "../../../src/testing/Harness.ts"

const runs = (usual: number) => ({ numRuns: Math.ceil(usual * Number(process.env["COURANT_RUNS"] ?? 1)) })

/** Panes of every kind, early, late and retracted ones too, as the engine makes them. */
const samplesOf = (of: fc.Arbitrary<AnyOfPanes>) => fc.record({ pipeline: of, log: logs })
  .map(({ log, pipeline }) => ({ pipeline, panes: run(makeJob([pipeline], log.partitions), batches(log, [7])) }))

const samples = samplesOf(pipelines({ revisions: true }))

/** The same of pipelines that have nothing behind their windows. */
const windowSamples = samplesOf(pipelines({ revisions: true }).map(upToWindows))

const encode = (pane: Pane.Pane) => new TextEncoder().encode(Pane.toJson(pane))

it("panes come out of their written form as they were: values, their types and their order", () =>
  fc.assert(
    fc.property(samples, ({ panes, pipeline }) => {
      const decode = PaneDecoder.make([pipeline])
      for (const pane of panes) {
        const read = decode(encode(pane))
        if (typeof read === "string") return assert.fail(`${Pane.toJson(pane)} is refused: ${read}`)
        assert.strictEqual(Pane.toJson(read), Pane.toJson(pane))
        for (const [name, value] of Object.entries(pane.values)) {
          assert.strictEqual(BigDecimal.isBigDecimal(read.values[name]), BigDecimal.isBigDecimal(value), name)
        }
      }
    }),
    runs(300)
  ))

/** A sink that can be told to fail, before or after it has written. */
const breakableSink = Effect.gen(function*() {
  const sink = yield* ResultSink
  const state = { writes: 0, failsBefore: new Set<number>(), failsAfter: new Set<number>() }
  const failing = (numbers: Set<number>) =>
    Effect.suspend(() => numbers.has(state.writes) ? Effect.fail(new ResultSinkError({ message: "broken" })) : Effect.void)
  const write: typeof sink.write = (panes) =>
    Effect.suspend(() => {
      state.writes++
      return failing(state.failsBefore).pipe(Effect.andThen(sink.write(panes)), Effect.andThen(failing(state.failsAfter)))
    })
  return { sink: ResultSink.of({ ...sink, write }), state }
})

/** A store each of whose savings may fail, as told. */
const breakableStore = (breaks: () => boolean) =>
  Effect.map(CheckpointStore, (store) =>
    CheckpointStore.of({
      ...store,
      save: (name, checkpoint) =>
        breaks() ? Effect.fail(new CheckpointError({ message: "broken" })) : store.save(name, checkpoint)
    }))

const ports = (partitions = 1, topic = "panes") =>
  Layer.mergeAll(EventLog.layerMemory({ partitions, topic }), ResultSink.layerMemory, CheckpointStore.layerMemory)

const isolated = <A, E>(effect: Effect.Effect<A, E, EventLog | ResultSink | CheckpointStore>, partitions = 1) =>
  Effect.runPromise(Effect.provide(effect, ports(partitions), { local: true }))

const append = Effect.fnUntraced(function*(panes: ReadonlyArray<Pane.Pane>, partition = 0) {
  if (panes.length > 0) yield* (yield* EventLog).append(partition, fromTexts(panes.map(Pane.toJson)))
})

const stored = Effect.flatMap(ResultSink, (sink) => sink.read({}))

/** Carries what is there now. */
const carry = Effect.fnUntraced(function*(pipelines: ReadonlyArray<AnyPipeline>) {
  const log = yield* EventLog
  return yield* PaneRelay.run({ name: "carry", pipelines, stopAt: yield* log.ends })
})

it("the sink holds what it would hold had the engine written into it, whatever breaks on the way and how often", () =>
  fc.assert(
    fc.asyncProperty(windowSamples, cuts, fc.infiniteStream(fc.nat(3)), fc.integer({ min: 1, max: 3 }), ({ panes, pipeline }, cut, dice, partitions) =>
      isolated(
        Effect.gen(function*() {
          const { sink, state } = yield* breakableSink
          const store = yield* breakableStore(() => dice.next().value === 0)
          const breakable = carry([pipeline]).pipe(
            Effect.provideService(ResultSink, sink),
            Effect.provideService(CheckpointStore, store)
          )
          for (let at = 0, i = 0; at < panes.length; i++) {
            const size = Math.max(1, cut[i % cut.length] ?? 1)
            // A window's panes stay in one partition, or their order would be lost.
            for (const [partition, some] of Map.groupBy(panes.slice(at, at + size), ({ start }) => Math.abs(start) % partitions)) {
              yield* append(some, partition)
            }
            at += size
            if (dice.next().value === 0) state.failsBefore.add(state.writes + 1)
            if (dice.next().value === 0) state.failsAfter.add(state.writes + 1)
            yield* Effect.ignore(breakable)
          }
          yield* carry([pipeline])
          const carried = yield* stored
          const direct = yield* Effect.andThen(ResultSink.use((sink) => sink.write(panes)), stored).pipe(
            Effect.provide(ResultSink.layerMemory, { local: true })
          )
          assert.deepStrictEqual(carried, direct)
        }),
        partitions
      )),
    runs(150)
  ))

/** With what may follow on windows, and windows over results among it. */
const more = fc.oneof(
  pipelines({ revisions: true, computed: true }),
  indicators,
  stagedPipelines({ revisions: false })
).filter((pipeline) => windowsOf(pipeline.checked) !== null && hasMore(pipeline))

/** Lets others go on so many times. */
const turns = (count: number): Effect.Effect<void> => Effect.repeat(Effect.yieldNow, { times: count })

/** The log, each of whose batches takes its time. */
const slowLog = Effect.map(EventLog, (log) => EventLog.of({ ...log, read: (from) => Stream.tap(log.read(from), () => turns(12)) }))

it("what follows on the windows is what the engine would have written, wherever the relay is killed and whatever breaks", () =>
  fc.assert(
    fc.asyncProperty(more, logs, cuts, fc.infiniteStream(fc.nat(200)), fc.integer({ min: 1, max: 3 }), (pipeline, log, cut, dice, partitions) =>
      isolated(
        Effect.gen(function*() {
          const windows = upToWindows(pipeline)
          const { ends } = yield* EventLog
          const { sink, state } = yield* breakableSink
          const store = yield* breakableStore(() => dice.next().value % 8 === 0)
          const relay = (watermark: number, at: ReadonlyArray<number>) =>
            PaneRelay.run({ name: "carry", pipelines: [pipeline], complete: Stream.make({ pipeline: pipeline.name, watermark, at }), saveEvery: 0 })
          const job = makeJob([windows], log.partitions)
          // Some come again, and those of one partition later than those of another.
          const reading = yield* slowLog
          const give = (panes: ReadonlyArray<Pane.Pane>) =>
            Effect.forEach(Map.groupBy(panes, ({ start }) => Math.abs(start) % partitions), ([partition, some]) => append(some, partition))
          let former: ReadonlyArray<Pane.Pane> = []
          for (const batch of batches(log, cut)) {
            const { panes } = job.take(batch)
            yield* give(panes)
            yield* give(former.slice(0, dice.next().value! % 4))
            former = panes
            if (job.watermark === null || dice.next().value % 3 === 0) continue
            if (dice.next().value % 8 === 0) state.failsBefore.add(state.writes + 1)
            if (dice.next().value % 8 === 0) state.failsAfter.add(state.writes + 1)
            const running = relay(job.watermark - Checked.windowOf(windows.checked).allowedLateness, yield* ends).pipe(
              Effect.provideService(ResultSink, sink),
              Effect.provideService(CheckpointStore, store),
              Effect.provideService(EventLog, reading)
            )
            yield* Effect.ignore(Effect.raceFirst(running, turns(dice.next().value!)))
          }
          yield* give(job.close().panes)
          const expected = shown(newest(run(makeJob([pipeline], log.partitions), batches(log, [7]))).filter(({ pane }) => pane !== "retracted").map(Pane.encode))
          const found = Effect.map(stored, shown)
          const isThere = Effect.repeat(turns(20), { until: () => Effect.map(found, (panes) => panes.length === expected.length), times: 50 })
          yield* Effect.raceFirst(relay(endOfTime, yield* ends), isThere)
          assert.deepStrictEqual(yield* found, expected)
        }),
        partitions
      )),
    runs(15)
  ), 60_000)

const shown = (panes: ReadonlyArray<Pane.Encoded>): ReadonlyArray<string> =>
  panes.map(({ changes, end, key, start, values }) => JSON.stringify([key, start, end, changes, values])).sort()

const counts = source(0).pipe(
  Window.tumbling(10),
  Aggregate.into({ rows: Aggregate.count, low: Aggregate.min("price") }),
  Pipeline.named("counts")
)

const pane = (start: number, change?: Partial<Pane.Pane>): Pane.Pane => ({
  pipeline: "counts",
  key: "a",
  start,
  end: start + 10,
  pane: "on-time",
  revision: 0,
  changes: 1,
  values: { rows: 1, low: BigDecimal.make(150n, 2) },
  ...change
})

const starts = Effect.map(stored, (panes) => panes.map(({ start }) => start))

describe("carrying", () => {
  it.effect("a crash between writing and saving repeats the write, and changes nothing", () =>
    Effect.gen(function*() {
      const { sink, state } = yield* breakableSink
      const carrying = Effect.provideService(carry([counts]), ResultSink, sink)
      yield* append([pane(0), pane(10)])
      state.failsAfter.add(1)
      yield* Effect.flip(carrying)
      assert.deepStrictEqual(yield* carrying, { panes: 2, unusable: 0 })
      assert.strictEqual(state.writes, 2)
      assert.deepStrictEqual(yield* starts, [0, 10])
      // What was saved is not written again.
      yield* append([pane(20)])
      assert.deepStrictEqual(yield* carrying, { panes: 1, unusable: 0 })
      assert.deepStrictEqual(yield* starts, [0, 10, 20])
      assert.deepStrictEqual(yield* carrying, { panes: 0, unusable: 0 })
    }).pipe(Effect.provide(ports())))

  it.effect("records that are no pane are counted and passed over; panes of others and decisions are left alone", () =>
    Effect.gen(function*() {
      const log = yield* EventLog
      yield* append([pane(0)])
      yield* log.append(0, fromTexts(["no JSON", "{}", JSON.stringify({ ...Pane.encode(pane(10)), revision: "0" })]))
      yield* append([
        pane(20, { pipeline: "others" }),
        // Those of a former pipeline: other windows, other results, results of other types.
        pane(20, { end: 25 }),
        pane(20, { values: { rows: 1 } }),
        pane(20, { values: { rows: 1, high: BigDecimal.make(1n, 0) } }),
        pane(20, { values: { rows: 1, low: BigDecimal.make(1n, 0), high: BigDecimal.make(1n, 0) } }),
        pane(20, { values: { rows: 1, low: 1.5 } }),
        pane(20, { values: { rows: "1", low: BigDecimal.make(1n, 0) } }),
        pane(20, { values: { rows: 1, low: "cheap" } })
      ])
      yield* log.append(0, fromBytes([null, new TextEncoder().encode("{}")], [Kind.event, Kind.none]))
      yield* append([pane(30, { values: { rows: 0, low: null } })])
      assert.deepStrictEqual(yield* carry([counts]), { panes: 2, unusable: 10 })
      assert.deepStrictEqual(yield* starts, [0, 30])
    }).pipe(Effect.provide(ports())))

  it.effect("goes on for ever, tells of what the sink has stored, and saves what it has carried after a second", () =>
    Effect.gen(function*() {
      const told: Array<number> = []
      const onWritten = (panes: ReadonlyArray<Pane.Pane>) =>
        Effect.gen(function*() {
          assert.includeMembers([...yield* Effect.orDie(starts)], panes.map(({ start }) => start))
          told.push(...panes.map(({ start }) => start))
        }).pipe(Effect.provideContext(services))
      const services = yield* Effect.context<ResultSink>()
      const carrying = yield* Effect.forkChild(PaneRelay.run({ name: "carry", pipelines: [counts], onWritten }))
      yield* append([pane(0)])
      yield* TestClock.adjust("900 millis")
      yield* append([pane(10)])
      yield* TestClock.adjust("100 millis")
      assert.deepStrictEqual(told, [0, 10])
      yield* append([pane(20)])
      yield* TestClock.adjust("500 millis")
      assert.deepStrictEqual(told, [0, 10, 20])
      yield* Fiber.interrupt(carrying)
      // The last was not saved yet, and comes again.
      assert.deepStrictEqual(yield* carry([counts]), { panes: 1, unusable: 0 })
    }).pipe(Effect.provide(ports())))

  it.effect("what is to be skipped is not carried, whatever was saved before; what comes behind it is", () =>
    Effect.gen(function*() {
      yield* append([pane(0)])
      yield* carry([counts])
      yield* append([pane(10)])
      yield* append([pane(20)], 1)
      yield* PaneRelay.skip({ name: "carry", pipelines: [counts] })
      yield* append([pane(30)])
      yield* append([pane(40)], 1)
      assert.deepStrictEqual(yield* carry([counts]), { panes: 2, unusable: 0 })
      assert.deepStrictEqual(yield* starts, [0, 30, 40])
    }).pipe(Effect.provide(ports(2))))

  it.effect("what was saved for other pipelines or another topic is refused, and for a log that ends before it", () =>
    Effect.gen(function*() {
      yield* append([pane(0)])
      yield* carry([counts])
      const others = { ...counts, name: "others" }
      assert.strictEqual((yield* Effect.flip(carry([others])))._tag, "CheckpointMismatch")
      assert.strictEqual((yield* Effect.flip(PaneRelay.skip({ name: "carry", pipelines: [others] })))._tag, "CheckpointMismatch")
      const elsewhere = Effect.provide(carry([counts]), EventLog.layerMemory({ topic: "elsewhere" }), { local: true })
      assert.include(yield* Effect.flip(elsewhere), { _tag: "StateError", reason: "other-log" })
      const anew = Effect.provide(carry([counts]), EventLog.layerMemory({ topic: "panes" }), { local: true })
      const error = yield* Effect.flip(anew)
      assert.strictEqual(error._tag, "StateError")
      assert.include(error, { reason: "other-log" })
      const log = yield* EventLog
      const shorter = Effect.provideService(carry([counts]), EventLog, { ...log, ends: Effect.succeed([0]) })
      assert.include(yield* Effect.flip(shorter), { _tag: "StateError", reason: "checkpoint-ahead" })
    }).pipe(Effect.provide(ports())))
})
