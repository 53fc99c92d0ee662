/** The engine around the operators: what is written and saved when, and what a quiet input does. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Fiber, Layer, Option, Ref, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { CheckpointError } from "../../../src/streams/ports/Checkpoint.ts"
import { CheckpointStore } from "../../../src/streams/ports/CheckpointStore.ts"
import { Decisions, DecisionsError } from "../../../src/streams/ports/Decisions.ts"
import { DeadLetters } from "../../../src/streams/ports/DeadLetters.ts"
import { Engine, type Options } from "../../../src/streams/ports/Engine.ts"
import { EventLog } from "../../../src/streams/ports/EventLog.ts"
import { Feed } from "../../../src/streams/ports/Feed.ts"
import { Aggregate, Pipeline, Source, Window } from "../../../src/streams/pipeline/index.ts"
import * as Ingest from "../../../src/streams/engine/Ingest.ts"
import * as Replay from "../../../src/streams/engine/Replay.ts"
import * as InProcess from "../../../src/streams/engine/InProcess.ts"
import { Monitor } from "../../../src/streams/ports/Monitor.ts"
import type { Encoded } from "../../../src/streams/pipeline/Pane.ts"
import { fromTexts } from "../../../src/streams/records/Records.ts"
import { ResultSink, ResultSinkError } from "../../../src/streams/ports/ResultSink.ts"
import * as TransientLog from "../../../src/streams/ports/TransientLog.ts"
import { Tick } from "../../../src/domain/Tick.ts"

const pipeline = Source.make("ticks", { schema: Tick, key: "symbol", eventTime: "time", outOfOrderness: 2_000 }).pipe(
  Window.tumbling("10 seconds"),
  Aggregate.into({ volume: Aggregate.sum("size"), trades: Aggregate.count }),
  Pipeline.named("sums")
)

const tick = (time: number, size = 1, symbol = "A") => JSON.stringify({ symbol, time, price: "1", size })

const append = (partition: number, ...texts: ReadonlyArray<string>) =>
  Effect.flatMap(Effect.service(EventLog), (log) => log.append(partition, fromTexts(texts)))

const results = Effect.flatMap(Effect.service(ResultSink), (sink) => sink.read({}))

const run = (options?: Partial<Options>) =>
  Effect.flatMap(Effect.service(Engine), (engine) => engine.run({ name: "test", pipelines: [pipeline], ...options }))

const stores = (partitions: number) =>
  Layer.mergeAll(
    EventLog.layerMemory({ partitions }),
    CheckpointStore.layerMemory,
    Decisions.layerMemory,
    DeadLetters.layerMemory,
    ResultSink.layerMemory,
    Monitor.layer
  )

const memory = (partitions: number) => InProcess.layer.pipe(Layer.provideMerge(stores(partitions)))

/** Lets everything happen that can happen without time going on. */
const settle = Effect.forEach(Array.from({ length: 20 }), () => Effect.yieldNow, { discard: true })

const endNow = Effect.gen(function*() {
  const log = yield* EventLog
  return log.ends
})

describe("a batch of a log that wants its memory back", () => {
  /** Hands out copies, in which there is something else once they are given back. */
  const lending = (returned: Array<number>) =>
    Layer.effect(
      EventLog,
      Effect.map(EventLog, (log) =>
        EventLog.of({
          ...log,
          read: (from) => Stream.map(log.read(from), (records) => {
            const lent = { ...records, bytes: records.bytes.slice(), starts: records.starts.slice(), ends: records.ends.slice() }
            const release = () => {
              returned.push(records.offsets[records.length - 1]!)
              lent.bytes.fill(0)
              lent.starts.fill(-1)
              lent.ends.fill(-1)
            }
            return { ...lent, release }
          })
        }))
    )

  it.effect("is given back when all of it is done, and nothing looks at it afterwards", () => {
    const returned: Array<number> = []
    const layer = InProcess.layer.pipe(Layer.provideMerge(lending(returned)), Layer.provideMerge(stores(1)))
    return Effect.gen(function*() {
      for (const second of [1, 2, 12]) yield* append(0, tick(second * 1_000, second), "no tick", tick(second * 1_000 + 1, 10, `K${second}`))
      yield* run({ stopAt: yield* endNow })
      const found = yield* results
      assert.deepStrictEqual(found.map(({ key, values }) => `${key} ${values["volume"]}`).sort(), ["A 12", "A 3", "K1 10", "K12 10", "K2 10"])
      const letters = yield* (yield* DeadLetters).read({})
      assert.deepStrictEqual(letters.map(({ bytes }) => Buffer.from(bytes).toString()), ["no tick", "no tick", "no tick"])
      assert.deepStrictEqual(returned, [2, 5, 8])
    }).pipe(Effect.provide(layer))
  })
})

describe("quiet input", () => {
  it.effect("a partition without events holds the others up no longer than the idle time-out", () =>
    Effect.gen(function*() {
      yield* append(0, tick(1_000), tick(25_000))
      const fiber = yield* Effect.forkChild(run({ idleTimeout: "30 seconds" }))
      yield* settle
      assert.deepStrictEqual(yield* results, [])
      // The busy partition stays busy, so that only the other one is idle.
      for (let i = 0; i < 5; i++) {
        yield* TestClock.adjust("10 seconds")
        yield* append(0, tick(25_001 + i))
        yield* settle
      }
      assert.deepStrictEqual((yield* results).map(({ start }) => start), [0])
      // Its return does not move the watermark back: what is behind it by now is late.
      yield* append(1, tick(2_000, 5), tick(24_000, 7))
      yield* settle
      const [first] = yield* results
      assert.deepStrictEqual(first?.values, { volume: "1", trades: 1 })
      const progress = yield* Effect.flatMap(Effect.service(Monitor), (monitor) => monitor.progress)
      yield* TestClock.adjust("1 second")
      assert.isAtLeast(progress.watermark ?? 0, 10_000)
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(memory(2))))

  it.effect("a window closes by the clock at its own bound, whatever the bounds of others that run beside it", () =>
    Effect.gen(function*() {
      const of = (bound: number, name: string) =>
        Source.make("ticks", { schema: Tick, key: "symbol", eventTime: "time", outOfOrderness: bound }).pipe(
          Window.tumbling("10 seconds"),
          Aggregate.into({ trades: Aggregate.count }),
          Pipeline.named(name)
        )
      yield* append(0, tick(1_000))
      const fiber = yield* Effect.forkChild(run({ idleTimeout: "2 seconds", pipelines: [of(0, "soon"), of(60_000, "late")] }))
      const told = Effect.map(results, (panes) => panes.map(({ pipeline }) => pipeline))
      yield* TestClock.adjust("8900 millis")
      assert.deepStrictEqual(yield* told, [])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* told, ["soon"])
      yield* TestClock.adjust("60 seconds")
      assert.deepStrictEqual(yield* told, ["late", "soon"])
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(memory(1))))

  it.effect("what the clock decides for one field's times says nothing of another's, in whichever run the log is read", () =>
    Effect.gen(function*() {
      const Order = Schema.Struct({ symbol: Schema.String, placed: Schema.Int, born: Schema.Int })
      const by = (eventTime: "placed" | "born") =>
        Source.make("orders", { schema: Order, key: "symbol", eventTime, outOfOrderness: 0 }).pipe(
          Window.tumbling("10 seconds"),
          Aggregate.into({ n: Aggregate.count }),
          Pipeline.named(eventTime)
        )
      const order = (placed: number, born: number) => JSON.stringify({ symbol: "A", placed, born })
      yield* append(0, order(1_000_000, 1_000))
      const fiber = yield* Effect.forkChild(run({ name: "a", idleTimeout: "2 seconds", pipelines: [by("placed")] }))
      yield* TestClock.adjust("20 seconds")
      yield* append(0, order(1_020_000, 2_000))
      yield* Fiber.interrupt(fiber)
      const report = yield* run({ name: "b", pipelines: [by("born")], stopAt: yield* endNow })
      assert.deepStrictEqual([report.late, report.aggregated], [0, 2])
    }).pipe(Effect.provide(memory(1))))

  it.effect("the last window closes by the clock when all input stops, and a replay closes it too", () =>
    Effect.gen(function*() {
      yield* append(0, tick(1_000), tick(12_000))
      const fiber = yield* Effect.forkChild(run({ idleTimeout: "5 seconds" }))
      yield* settle
      for (let i = 0; i < 40; i++) {
        yield* TestClock.adjust("1 second")
        yield* settle
      }
      yield* Fiber.interrupt(fiber)
      const live = yield* results
      assert.deepStrictEqual(live.map(({ start }) => start), [0, 10_000])
      const log = yield* EventLog
      const ends = yield* log.ends
      const replayed = yield* Effect.gen(function*() {
        yield* run({ name: "replay", stopAt: Effect.succeed(ends) })
        return yield* results
      }).pipe(
        Effect.provide(
          InProcess.layer.pipe(
            Layer.provideMerge(
              Layer.mergeAll(CheckpointStore.layerMemory, Decisions.layerMemory, DeadLetters.layerMemory, ResultSink.layerMemory, Monitor.layer)
            ),
            Layer.provideMerge(Layer.succeed(EventLog, log))
          )
        )
      )
      assert.deepStrictEqual(replayed, live)
    }).pipe(Effect.provide(memory(1))))

  it.effect("while the source is out of reach nothing closes by the clock", () =>
    Effect.gen(function*() {
      yield* append(0, tick(1_000), tick(12_000))
      const fiber = yield* Effect.forkChild(run({ idleTimeout: "5 seconds", isQuiet: Effect.succeed(false) }))
      for (let i = 0; i < 30; i++) {
        yield* TestClock.adjust("1 second")
        yield* settle
      }
      assert.deepStrictEqual((yield* results).map(({ start }) => start), [0])
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(memory(1))))

  it.effect("while the log takes its time to say where it ends, nobody hears the source: that is no silence", () =>
    Effect.gen(function*() {
      yield* append(0, tick(1_000), tick(12_000))
      const log = yield* EventLog
      const slow = Layer.succeed(EventLog, { ...log, ends: Effect.andThen(Effect.sleep("1500 millis"), log.ends) })
      // Heard for 4 of the 5 seconds, and then no more; the log is asked before and answers behind them.
      let heard = 0
      const isQuiet = Effect.sync(() => heard++ < 6)
      const fiber = yield* Effect.forkChild(run({ idleTimeout: "5 seconds", isQuiet }).pipe(
        Effect.provide(InProcess.layer.pipe(Layer.provideMerge(slow)), { local: true })
      ))
      for (let i = 0; i < 60; i++) {
        yield* TestClock.adjust("250 millis")
        yield* settle
      }
      assert.isAbove(heard, 6)
      assert.deepStrictEqual((yield* results).map(({ start }) => start), [0])
      // Where the log ends, it says at the end too.
      const ended = yield* Effect.forkChild(Fiber.interrupt(fiber))
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.await(ended)
    }).pipe(Effect.provide(memory(1))))
})

describe("a checkpoint", () => {
  it.effect("is saved of the last batch before a silence, however soon that came after the one before", () =>
    Effect.gen(function*() {
      const saved = Effect.flatMap(CheckpointStore, (store) => store.load("test")).pipe(
        Effect.map(Option.match({ onNone: () => [], onSome: ({ offsets }) => offsets }))
      )
      const fiber = yield* Effect.forkChild(run({ checkpointEvery: "10 seconds" }))
      yield* append(0, tick(1_000))
      yield* settle
      assert.deepStrictEqual(yield* saved, [1])
      yield* append(0, tick(2_000))
      yield* settle
      assert.deepStrictEqual(yield* saved, [1])
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* saved, [2])
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(memory(1))))
})

describe("checkpoints beside the work", () => {
  /** A store whose savings take as long as is said, fail when they are told to, and are remembered. */
  const slowStore = Effect.gen(function*() {
    const store = yield* CheckpointStore
    const state = { takes: 0, fails: false, underWay: 0, most: 0, tried: new Array<string>(), saved: new Array<string>() }
    const save: typeof store.save = (name, part) =>
      Effect.gen(function*() {
        state.most = Math.max(state.most, ++state.underWay)
        state.tried.push(`${part.isBase ? "base" : "increment"} ${part.head.offsets[0]}`)
        const sections = [...part.sections]
        yield* Effect.sleep(state.takes)
        if (state.fails) return yield* new CheckpointError({ message: "planted" })
        yield* store.save(name, { ...part, sections })
        state.saved.push(`${part.isBase ? "base" : "increment"} ${part.head.offsets[0]}`)
      }).pipe(Effect.ensuring(Effect.sync(() => void state.underWay--)))
    return { state, layer: InProcess.layer.pipe(Layer.provide(Layer.succeed(CheckpointStore, { ...store, save }))) }
  })

  it.effect("are written one after the other, while batches are taken; what came meanwhile is in the next", () =>
    Effect.gen(function*() {
      const { layer, state } = yield* slowStore
      state.takes = 10_000
      const fiber = yield* Effect.forkChild(Effect.provide(run({ checkpointEvery: "1 second" }), layer, { local: true }))
      for (let i = 0; i < 30; i++) {
        yield* append(0, tick(1_000 + i * 1_000))
        yield* TestClock.adjust("1 second")
      }
      // The windows of the first 20 seconds have been told, and nothing has waited.
      assert.deepStrictEqual((yield* results).map(({ start }) => start), [0, 10_000])
      assert.strictEqual(state.most, 1)
      const offsets = state.saved.map((each) => Number(each.split(" ")[1]))
      assert.deepStrictEqual(offsets, [1, 10, 20])
      // What is under way is written before the run ends.
      state.takes = 0
      yield* TestClock.adjust("20 seconds")
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(memory(1))))

  it.effect("begin with everything, go on with what has changed, and have everything again after one that failed", () =>
    Effect.gen(function*() {
      const { layer, state } = yield* slowStore
      const keys = Array.from({ length: 3_000 }, (_, i) => tick(1_000, 1, `K${i}`))
      yield* append(0, ...keys)
      const fiber = yield* Effect.forkChild(Effect.provide(run({ checkpointEvery: "1 second" }), layer, { local: true }))
      const batch = (size: number) => Effect.andThen(append(0, tick(1_000, size)), TestClock.adjust("3 seconds"))
      yield* settle
      yield* batch(1)
      assert.deepStrictEqual(state.saved, ["base 3000", "increment 3001"])
      state.fails = true
      yield* batch(2)
      // A run that cannot save is over, and tries once more at its end.
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Fiber.await(fiber))._tag, "Failure")
      assert.deepStrictEqual(state.tried, ["base 3000", "increment 3001", "increment 3002", "base 3002"])
      state.fails = false
      // The run is over; a new one cannot know what the former has left.
      const again = yield* Effect.forkChild(Effect.provide(run({ checkpointEvery: "1 second" }), layer, { local: true }))
      yield* settle
      yield* batch(3)
      assert.deepStrictEqual(state.saved.slice(2), ["base 3002", "increment 3003"])
      yield* Fiber.interrupt(again)
    }).pipe(Effect.provide(memory(1))))
})

describe("a partition of which all records are gone", () => {
  /** The log as it is now, without the records of some partitions. */
  const emptied = Effect.fnUntraced(function*(...partitions: ReadonlyArray<number>) {
    const { read, ...log } = yield* EventLog
    const gone = (yield* log.ends).map((end, partition) => partitions.includes(partition) ? end : 0)
    return Layer.succeed(EventLog, EventLog.of({
      ...log,
      beginnings: Effect.succeed(gone),
      read: (from) => read(from.map((offset, partition) => Math.max(offset, gone[partition] ?? 0)))
    }))
  })

  const over = (log: Layer.Layer<EventLog>) => Effect.provide(InProcess.layer.pipe(Layer.provideMerge(log)), { local: true })

  it.effect("is at its end, for a run and for a replay", () =>
    Effect.gen(function*() {
      yield* append(0, tick(1_000), tick(2_000))
      const log = yield* emptied(0)
      const { ends } = yield* EventLog
      assert.strictEqual((yield* run({ stopAt: ends }).pipe(over(log))).read, 0)
      const job = yield* Effect.provide(Replay.run({ pipelines: [pipeline] }, () => Effect.void), log)
      assert.strictEqual(job.counts.read, 0)
    }).pipe(Effect.provide(memory(1))), 5_000)

  it.effect("holds no other up for longer than the idle time-out", () =>
    Effect.gen(function*() {
      yield* append(0, tick(1_000), tick(25_000))
      yield* append(1, tick(1_000))
      const fiber = yield* Effect.forkChild(run({ idleTimeout: "30 seconds" }).pipe(over(yield* emptied(1))))
      yield* settle
      yield* TestClock.adjust("50 seconds")
      yield* settle
      assert.deepStrictEqual((yield* results).map(({ start }) => start), [0, 20_000])
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(memory(2))))
})

describe("decisions", () => {
  it.effect("are durable before they take effect: one that cannot be kept ends the run, and nothing was told", () =>
    Effect.gen(function*() {
      yield* append(0, tick(1_000))
      const failing = Layer.succeed(Decisions, {
        processor: "failing",
        readOf: () => Effect.succeed([]),
        read: Effect.succeed([]),
        write: () => Effect.fail(new DecisionsError({ message: "planted" }))
      })
      const error = yield* Effect.flip(Effect.flatMap(EventLog, ({ ends }) => run({ stopAt: ends })).pipe(
        Effect.provide(InProcess.layer.pipe(Layer.provideMerge(failing)), { local: true })
      ))
      assert.strictEqual(error.message, "planted")
      assert.deepStrictEqual(yield* results, [])
    }).pipe(Effect.provide(memory(1))))

  it.effect("of a former run are taken at their places by one that reads the log again, and no log gets a record of them", () =>
    Effect.gen(function*() {
      yield* append(0, tick(1_000))
      const { ends } = yield* EventLog
      yield* run({ name: "first", stopAt: ends })
      yield* append(0, tick(2_000))
      assert.deepStrictEqual(yield* ends, [2])
      const { read } = yield* Decisions
      assert.deepStrictEqual(yield* read, [{ _tag: "end", at: [1], takenAt: 0 }])
      // Without the checkpoint of the first, whose state it would go on with.
      const again = yield* run({ name: "second", stopAt: ends }).pipe(
        Effect.provide(InProcess.layer.pipe(Layer.provide(CheckpointStore.layerMemory)), { local: true })
      )
      // The window was told at the first end, and again at the second, where it had grown.
      assert.strictEqual(again.panes, 2)
      assert.deepStrictEqual(yield* read, [{ _tag: "end", at: [1], takenAt: 0 }, { _tag: "end", at: [2], takenAt: 0 }])
    }).pipe(Effect.provide(memory(1))))
})

describe("partitions that are added", () => {
  /** A log with more partitions than before, whose first ones have what they had. */
  const widened = (log: EventLog["Service"], partitions: number) =>
    Effect.gen(function*() {
      const wide = Context.get(yield* Layer.build(Layer.fresh(EventLog.layerMemory({ partitions }))), EventLog)
      let left = (yield* log.ends).reduce((sum, end) => sum + end, 0)
      yield* log.read([]).pipe(
        Stream.tap((records) => wide.append(records.partition, records)),
        Stream.takeUntil(({ length }) => (left -= length) <= 0),
        Stream.runDrain
      )
      return EventLog.of({ ...wide, id: log.id })
    })

  it.effect("are read from their beginning, behind the event time of those that were there", () =>
    Effect.gen(function*() {
      yield* append(0, tick(1_000), tick(25_000))
      const fiber = yield* Effect.forkChild(run())
      yield* settle
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual((yield* results).map(({ start }) => start), [0])
      const wide = yield* widened(yield* EventLog, 3)
      const over = (name: string) =>
        Effect.provide(run({ name, stopAt: wide.ends }), InProcess.layer.pipe(Layer.provideMerge(Layer.succeed(EventLog, wide))), { local: true })
      yield* wide.append(1, fromTexts([tick(2_000), tick(26_000)]))
      const report = yield* over("test")
      // What belongs to a window that was told before is late; nothing else is, and no watermark goes back.
      assert.deepStrictEqual([report.read, report.aggregated, report.late], [4, 3, 1])
      const found = yield* results
      assert.deepStrictEqual(found.map(({ start, values }) => [start, values["trades"]]), [[0, 1], [20_000, 2]])
      assert.strictEqual((yield* over("test")).read, 4)
      const again = yield* over("again")
      assert.deepStrictEqual([again.read, again.aggregated, again.late], [4, 3, 1])
      assert.deepStrictEqual((yield* results).map(({ start, values }) => [start, values["trades"]]), [[0, 1], [20_000, 2]])
    }).pipe(Effect.provide(memory(1)), Effect.scoped))
})

describe("effectively once", () => {
  /** Stores that outlive a run, two of which fail at the call that they are told to fail at. */
  const failing = Effect.gen(function*() {
    const sink = Context.get(yield* Layer.build(ResultSink.layerMemory), ResultSink)
    const store = Context.get(yield* Layer.build(CheckpointStore.layerMemory), CheckpointStore)
    const calls = yield* Ref.make(0)
    const failAt = yield* Ref.make<{ readonly call: number; readonly before: boolean }>({ call: Infinity, before: true })
    /** Fails either before the write has happened or after it, when the writer cannot know. */
    const crash = <E>(error: E) => <A, E2>(write: Effect.Effect<A, E2>): Effect.Effect<A, E | E2> =>
      Effect.gen(function*() {
        const call = yield* Ref.updateAndGet(calls, (n) => n + 1)
        const at = yield* Ref.get(failAt)
        if (call !== at.call) return yield* write
        if (!at.before) yield* write
        return yield* Effect.fail(error)
      })
    return {
      failAt,
      calls,
      sink,
      layer: Layer.mergeAll(
        Layer.succeed(ResultSink, {
          ...sink,
          write: (panes) => crash(new ResultSinkError({ message: "planted" }))(sink.write(panes))
        }),
        Layer.succeed(CheckpointStore, {
          ...store,
          save: (name, checkpoint) => crash(new CheckpointError({ message: "planted" }))(store.save(name, checkpoint))
        })
      )
    }
  })

  const ticksOf = (seed: number) => {
    const [texts = []] = fc.sample(
      fc.array(fc.record({ time: fc.integer({ min: 0, max: 90_000 }), size: fc.integer({ min: 0, max: 9 }) }), {
        minLength: 40,
        maxLength: 60
      }),
      { numRuns: 1, seed }
    )
    return texts.map(({ size, time }) => tick(time, size))
  }

  const until = (
    crashes: ReadonlyArray<{ readonly call: number; readonly before: boolean }>,
    texts: ReadonlyArray<string>,
    checkpointEvery: number
  ) =>
    Effect.gen(function*() {
      const faults = yield* failing
      const log = Context.get(yield* Layer.build(EventLog.layerMemory()), EventLog)
      for (const text of texts) yield* log.append(0, fromTexts([text]))
      const ends = yield* log.ends
      const layer = InProcess.layer.pipe(
        Layer.provideMerge(Layer.mergeAll(faults.layer, Decisions.layerMemory, DeadLetters.layerMemory, Monitor.layer)),
        Layer.provideMerge(Layer.succeed(EventLog, log))
      )
      const attempt = run({ stopAt: Effect.succeed(ends), checkpointEvery }).pipe(Effect.provide(layer))
      for (const crash of crashes) {
        yield* Ref.set(faults.calls, 0)
        yield* Ref.set(faults.failAt, crash)
        yield* Effect.exit(attempt)
      }
      yield* Ref.set(faults.failAt, { call: Infinity, before: true })
      const report = yield* attempt
      return { panes: yield* faults.sink.read({}), report }
    }).pipe(Effect.scoped)

  it.live("a crash before or after any write, and crashes while recovering, change nothing", () =>
    Effect.gen(function*() {
      for (const seed of [1, 2, 3]) {
        const texts = ticksOf(seed)
        const expected = yield* until([], texts, 0)
        assert.isNotEmpty(expected.panes)
        for (let call = 1; call <= 40; call += 3) {
          for (const before of [true, false]) {
            const crashes = [{ call, before }, { call: 1 + call % 5, before: !before }, { call: 2, before }]
            // After every batch, so that there are many moments to crash at; or at the end only, when a crash saves.
            const recovered = yield* until(crashes, texts, call % 2 === 0 ? 0 : 3_600_000)
            assert.deepStrictEqual(newest(recovered.panes), newest(expected.panes), `seed ${seed}, crash at ${call}`)
            assert.deepStrictEqual(
              { ...recovered.report, panes: 0 },
              { ...expected.report, panes: 0 },
              `seed ${seed}, crash at ${call}`
            )
          }
        }
      }
    }))

  const newest = (panes: ReadonlyArray<Encoded>) => panes.map((pane) => ({ ...pane }))

  it.effect("goes on from its checkpoint and reads nothing twice", () =>
    Effect.gen(function*() {
      yield* append(0, tick(1_000), tick(15_000))
      const first = yield* run({ stopAt: yield* endNow })
      yield* append(0, tick(16_000), tick(40_000))
      const second = yield* run({ stopAt: yield* endNow })
      assert.strictEqual(first.read, 2)
      assert.strictEqual(second.read, 4)
      assert.strictEqual(second.duplicate, 0)
      const panes = yield* results
      // The window that the first end had to emit early has a second revision: nothing is lost, and the newer is known.
      assert.deepStrictEqual(panes.map(({ revision, start, values }) => [start, revision, values["trades"]]), [
        [0, 0, 1],
        [10_000, 1, 2],
        [40_000, 0, 1]
      ])
    }).pipe(Effect.provide(memory(1))))

  it.effect("a session that only the run before a crash came by is retracted, in whichever store it is", () =>
    Effect.gen(function*() {
      const visits = Source.make("ticks", { schema: Tick, key: "symbol", eventTime: "time" }).pipe(
        Window.session("10 seconds"),
        Aggregate.into({ trades: Aggregate.count }),
        Pipeline.allowedLateness("1 minute"),
        Pipeline.named("visits")
      )
      const bounds = Effect.map(results, (panes) => panes.map(({ changes, end, start }) => [start / 1_000, end / 1_000, changes]))
      // Each run begins without a checkpoint, as after a crash before the first.
      const anew = Effect.andThen(endNow, (end) => run({ pipelines: [visits], stopAt: end })).pipe(
        Effect.provide(InProcess.layer.pipe(Layer.provide(CheckpointStore.layerMemory)), { local: true })
      )
      yield* append(0, tick(0), tick(20_000))
      yield* append(1, tick(20_000), tick(5_000))
      yield* anew
      assert.deepStrictEqual(yield* bounds, [[0, 15, 2], [20, 30, 2]])
      // Read before what came late in the other partition, this leads straight to a longer session.
      yield* append(0, tick(9_000))
      yield* anew
      assert.deepStrictEqual(yield* bounds, [[0, 19, 3], [20, 30, 2]])
    }).pipe(Effect.provide(Layer.fresh(stores(2)))))

  it.effect("a run to the end is over when the last panes are in the sink, and not when they are computed", () =>
    Effect.gen(function*() {
      const sink = yield* ResultSink
      const writing = yield* Deferred.make<void>()
      const slow = Layer.succeed(ResultSink, {
        ...sink,
        write: (panes) =>
          Deferred.succeed(writing, undefined).pipe(
            Effect.andThen(Effect.sleep("1 second")),
            Effect.andThen(sink.write(panes))
          )
      })
      yield* append(0, tick(1_000), tick(25_000))
      const end = yield* endNow
      // All is read, and panes of it are being written, before it is known that this is the end.
      const stopAt = Effect.tap(end, Deferred.await(writing))
      const fiber = yield* Effect.forkChild(Effect.provide(run({ stopAt }), Layer.provideMerge(InProcess.layer, slow)))
      yield* settle
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Fiber.join(fiber)).panes, 2)
      assert.deepStrictEqual((yield* results).map(({ start }) => start), [0, 20_000])
    }).pipe(Effect.provide(stores(1))))

  it.effect("a pipeline that has changed is computed again from the beginning, and its late events with it", () =>
    Effect.gen(function*() {
      yield* append(0, tick(1_000), tick(25_000), tick(2_000))
      const first = yield* run({ stopAt: yield* endNow })
      assert.deepStrictEqual([first.read, first.late], [3, 1])
      const letters = DeadLetters.use((all) => all.read({ reason: "late" }))
      assert.lengthOf(yield* letters, 1)
      const other = Pipeline.withBounds(pipeline, { allowedLateness: 60_000 })
      const second = yield* run({ pipelines: [other], stopAt: yield* endNow })
      assert.deepStrictEqual([second.read, second.late], [3, 0])
      assert.deepStrictEqual(yield* letters, [])
      assert.deepStrictEqual((yield* results).map(({ start, values }) => [start, values["trades"]]), [[0, 2], [20_000, 1]])
    }).pipe(Effect.provide(memory(1))))
})

describe("a sink that has not got what was written before", () => {
  const filled = (sinks: Layer.Layer<ResultSink>) => {
    const engine = InProcess.layer.pipe(Layer.provideMerge(sinks))
    return Effect.provide(Effect.gen(function*() {
      const report = yield* run({ stopAt: yield* endNow })
      return { report, starts: (yield* results).map(({ start }) => start) }
    }), engine, { local: true })
  }

  it.effect("because it was emptied and made again is filled from the log, once", () =>
    Effect.gen(function*() {
      yield* append(0, tick(1_000), tick(25_000))
      const first = yield* filled(ResultSink.layerMemory)
      assert.deepStrictEqual(first.starts, [0, 20_000])
      yield* append(0, tick(45_000))
      // Each build of a layer in memory is a store of its own.
      const kept = Layer.succeedContext(yield* Layer.build(Layer.fresh(ResultSink.layerMemory)))
      const second = yield* filled(kept)
      assert.deepStrictEqual(second.starts, [0, 20_000, 40_000])
      const third = yield* filled(kept)
      assert.deepStrictEqual(third.starts, second.starts)
      assert.strictEqual(third.report.panes, 0)
    }).pipe(Effect.provide(stores(1)), Effect.scoped))

  it.effect("because it can only be written is left as it is", () =>
    Effect.gen(function*() {
      yield* append(0, tick(1_000), tick(25_000))
      yield* filled(ResultSink.layerMemory)
      const written: Array<number> = []
      const deaf = Layer.succeed(ResultSink, {
        write: (panes) => Effect.sync(() => void written.push(...panes.map(({ start }) => start))),
        read: () => Effect.succeed([]),
        remove: () => Effect.void
      })
      yield* append(0, tick(45_000))
      yield* filled(deaf)
      assert.deepStrictEqual(written, [40_000])
    }).pipe(Effect.provide(stores(1))))
})

describe("a stalled sink", () => {
  it.effect("a checkpoint of another log is refused, also where that is as long and has the same name", () =>
    Effect.gen(function*() {
      yield* append(0, tick(1_000), tick(2_000))
      yield* run({ stopAt: yield* endNow })
      const elsewhere = InProcess.layer.pipe(Layer.provideMerge(EventLog.layerMemory()))
      const again = Effect.gen(function*() {
        yield* append(0, tick(1_000), tick(2_000), tick(3_000), tick(4_000))
        return yield* Effect.flip(run({ stopAt: yield* endNow }))
      })
      assert.include(yield* Effect.provide(again, elsewhere, { local: true }), { _tag: "StateError", reason: "other-log" })
      // The log itself has not changed.
      yield* run({ stopAt: yield* endNow })
    }).pipe(Effect.provide(memory(1))))

  it.live("makes the feed wait after a bounded number of chunks", () =>
    Effect.gen(function*() {
      const open = yield* Deferred.make<void>()
      const sink = Layer.succeed(ResultSink, {
        write: () => Deferred.await(open),
        read: () => Effect.succeed([]),
        remove: () => Effect.void
      })
      const chunks = Array.from({ length: 500 }, (_, i) => fromTexts([tick(i * 10_000)]))
      const layer = InProcess.layer.pipe(
        Layer.provideMerge(
          Layer.mergeAll(
            TransientLog.layer("test"),
            CheckpointStore.layerMemory,
            Decisions.layerMemory,
            DeadLetters.layerMemory,
            sink,
            Monitor.layer,
            Feed.layerMemory(chunks)
          )
        )
      )
      yield* Effect.gen(function*() {
        const log = yield* EventLog
        const engine = yield* Effect.forkChild(run())
        const ingest = yield* Effect.forkChild(Ingest.run)
        yield* Effect.sleep("200 millis")
        const [appended = 0] = yield* log.ends
        assert.isAtMost(appended, 2 * TransientLog.capacity + 1)
        yield* Deferred.succeed(open, undefined)
        yield* Fiber.join(ingest)
        assert.deepStrictEqual(yield* log.ends, [500])
        yield* Fiber.interrupt(engine)
      }).pipe(Effect.provide(layer))
    }))
})

describe("those who watch", () => {
  it.effect("hear how far it is, for which the log, maybe behind a network, is asked no more than once a second", () =>
    Effect.gen(function*() {
      const log = yield* EventLog
      const monitor = yield* Monitor
      let asked = 0
      const ends = Effect.tap(log.ends, () => Effect.sync(() => void asked++))
      const counting = InProcess.layer.pipe(Layer.provide(Layer.succeed(EventLog, { ...log, ends })))
      const fiber = yield* Effect.forkChild(run().pipe(Effect.provide(counting)))
      yield* settle
      yield* append(0, tick(1_000), tick(2_000))
      for (let second = 0; second < 10; second++) yield* TestClock.adjust("1 second")
      const { lag, read } = yield* monitor.progress
      assert.deepStrictEqual([read, lag], [2, 0])
      // Once at the start, to see that the checkpoint is of this log.
      assert.isAtMost(asked, 11)
      assert.isAbove(asked, 8)
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(stores(1))))
})

describe("positions", () => {
  it.effect("a feed goes on where the log ended", () =>
    Effect.gen(function*() {
      const log = yield* EventLog
      yield* Ingest.run
      assert.deepStrictEqual(yield* log.ends, [3])
      assert.deepStrictEqual(yield* log.position, Option.some("3"))
      yield* Ingest.run
      assert.deepStrictEqual(yield* log.ends, [3])
    }).pipe(
      Effect.provide(Layer.merge(EventLog.layerMemory(), Feed.layerMemory([1, 2, 3].map((i) => fromTexts([tick(i)])))))
    ))
})
