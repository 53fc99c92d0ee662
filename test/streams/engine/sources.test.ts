/** The engine over several sources: in which order they are read, and what becomes of their state when they come and go. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Job } from "../../../src/streams/engine/Job.ts"
import * as InProcess from "../../../src/streams/engine/InProcess.ts"
import * as Replay from "../../../src/streams/engine/Replay.ts"
import * as SideBySide from "../../../src/streams/engine/SideBySide.ts"
import { Aggregate, Join, Pipeline, Source, Window } from "../../../src/streams/pipeline/index.ts"
import type { AnyOfPanes } from "../../../src/streams/pipeline/Pipeline.ts"
import { CheckpointStore } from "../../../src/streams/ports/CheckpointStore.ts"
import { DeadLetters } from "../../../src/streams/ports/DeadLetters.ts"
import { Decisions } from "../../../src/streams/ports/Decisions.ts"
import { Engine, type Options } from "../../../src/streams/ports/Engine.ts"
import { EventLog, EventLogError } from "../../../src/streams/ports/EventLog.ts"
import { Monitor } from "../../../src/streams/ports/Monitor.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"
import * as SourceLogs from "../../../src/streams/ports/SourceLogs.ts"
import { fromTexts, slice } from "../../../src/streams/records/Records.ts"

const minute = 60_000

const pipelineOf = (source: string, name = `${source}-a-minute`) =>
  Source.make(source, { schema: Schema.Struct({ key: Schema.String, at: Schema.Int }), key: "key", eventTime: "at" }).pipe(
    Window.tumbling("1 minute"),
    Aggregate.into({ events: Aggregate.count }),
    Pipeline.named(name)
  )

const [trades, quotes, orders] = [pipelineOf("trades"), pipelineOf("quotes"), pipelineOf("orders")]

const source = (name: string) =>
  Source.make(name, { schema: Schema.Struct({ key: Schema.String, at: Schema.Int }), key: "key", eventTime: "at" })
const joined = source("trades").pipe(
  Join.asOf(source("quotes"), { within: "10 minutes", select: { quoted: "at" } }),
  Window.tumbling("1 minute"),
  Aggregate.into({ events: Aggregate.count, quoted: Aggregate.max("quoted") }),
  Pipeline.named("joined")
)
const sources = ["quotes", "trades"]

const eventsAt = (...times: ReadonlyArray<number>) => fromTexts(times.map((at) => JSON.stringify({ key: "A", at })))

/** A store of its own each time. */
const one = <I, S>(service: Context.Key<I, S>, layer: Layer.Layer<I>) =>
  Effect.map(Layer.build(Layer.fresh(layer)), (context) => Context.get(context, service))

/** Logs of sources and what outlives runs over them. */
const makeWorld = Effect.gen(function*() {
  const logs = new Map<string, EventLog["Service"]>()
  const decided = new Map<string, Decisions["Service"]>()
  const make = Effect.fnUntraced(function*(name: string, partitions = 1) {
    logs.set(name, yield* one(EventLog, EventLog.layerMemory({ topic: `my-${name}`, partitions })))
    decided.set(name, yield* one(Decisions, Decisions.layerMemory))
  })
  const store = yield* one(CheckpointStore, CheckpointStore.layerMemory)
  const sink = yield* one(ResultSink, ResultSink.layerMemory)
  const letters = yield* one(DeadLetters, DeadLetters.layerMemory)
  const composed = (names: ReadonlyArray<string>) => SourceLogs.compose("market", names.map((name) => ({ name, log: logs.get(name)! })))
  const run = (pipelines: ReadonlyArray<AnyOfPanes>, options: Partial<Options> & { readonly sources?: ReadonlyArray<string> } = {}) => {
    const names = [...new Set(options.sources ?? pipelines.map(({ name }) => name.replace("-a-minute", "")))].sort()
    const log = composed(names)
    const ports = Layer.mergeAll(
      Layer.succeed(EventLog, log),
      Layer.succeed(CheckpointStore, store),
      Layer.succeed(ResultSink, sink),
      Layer.succeed(DeadLetters, letters),
      Layer.succeed(Decisions, SourceLogs.decisionsOf(names, names.map((name) => decided.get(name)!))),
      Monitor.layer
    )
    return Engine.use((engine) => engine.run({ name: "test", pipelines, ...(options.idleTimeout === undefined ? { stopAt: log.ends } : {}), ...options })).pipe(
      Effect.provide(InProcess.layer.pipe(Layer.provide(ports)), { local: true })
    )
  }
  const append = (source: string, partition: number, ...times: ReadonlyArray<number>) => logs.get(source)!.append(partition, eventsAt(...times))
  const told = Effect.map(sink.read({}), (panes) => panes.map(({ pipeline, start, values }) => [pipeline, start / minute, values["events"]]))
  return { make, append, run, told, composed, decided: (names: ReadonlyArray<string>) => SourceLogs.decisionsOf(names, names.map((name) => decided.get(name)!)), letters, decisions: (source: string) => decided.get(source)!.read, logs }
})

describe("several sources in one run", () => {
  it.effect("each gives what it gives alone; dead letters and the account name it", () =>
    Effect.gen(function*() {
      const { append, letters, logs, make, run, told } = yield* makeWorld
      yield* make("trades", 2)
      yield* make("quotes")
      yield* append("trades", 0, 0, 10, minute)
      yield* append("trades", 1, 5, 2 * minute)
      yield* append("quotes", 0, 30 * minute, 31 * minute, 2)
      yield* logs.get("trades")!.append(1, fromTexts(["nope"]))
      const report = yield* run([trades, quotes])
      assert.deepStrictEqual(yield* told, [
        ["trades-a-minute", 0, 3], ["trades-a-minute", 1, 1], ["trades-a-minute", 2, 1],
        ["quotes-a-minute", 30, 1], ["quotes-a-minute", 31, 1]
      ])
      assert.deepStrictEqual(
        (yield* letters.read({})).map(({ offset, partition, pipeline, reason, topic }) => [topic, partition, offset, pipeline, reason]),
        [["my-quotes", 0, 2, "quotes-a-minute", "late"], ["my-trades", 1, 2, null, "not-json"]]
      )
      const nothing = { aggregated: 0, late: 0, deadLettered: 0, duplicate: 0, filtered: 0, held: 0 }
      assert.deepStrictEqual(report.bySource, {
        quotes: { ...nothing, read: 3, aggregated: 2, late: 1 },
        trades: { ...nothing, read: 6, aggregated: 5, deadLettered: 1 }
      })
      assert.strictEqual(report.read, 9)
    }))

  it.effect("a pipeline whose source the run does not have is refused by name", () =>
    Effect.gen(function*() {
      const { make, run } = yield* makeWorld
      yield* make("trades")
      const exit = yield* Effect.exit(run([trades, quotes], { sources: ["trades"] }))
      assert.include(String(exit), "it reads \"quotes\", and the run has no such source; it has trades")
    }))

  it.effect("a quiet source closes its windows by its own time, and is not raised to that of another", () =>
    Effect.gen(function*() {
      const { append, decisions, make, run, told } = yield* makeWorld
      yield* make("trades")
      yield* make("quotes")
      yield* append("quotes", 0, 1_000)
      yield* append("trades", 0, 100 * minute)
      const fiber = yield* Effect.forkChild(run([trades, quotes], { idleTimeout: "10 seconds" }))
      for (let second = 1; second <= 70; second++) {
        yield* TestClock.adjust("1 second")
        // Trades go on: a quiet source beside them is quiet by itself.
        yield* append("trades", 0, 100 * minute + second)
        if (second === 50) assert.deepStrictEqual(yield* told, [])
      }
      assert.deepStrictEqual(yield* told, [["quotes-a-minute", 0, 1]])
      const watermarks = (yield* decisions("quotes")).map((decision) => decision._tag === "idle" ? decision.watermark : NaN)
      assert.isBelow(Math.max(...watermarks), 2 * minute)
      assert.deepStrictEqual(yield* decisions("trades"), [])
      yield* append("quotes", 0, 3 * minute, 4 * minute)
      yield* Effect.forEach(Array.from({ length: 20 }), () => Effect.yieldNow)
      assert.deepStrictEqual((yield* told).filter(([name]) => name === "quotes-a-minute"), [["quotes-a-minute", 0, 1], ["quotes-a-minute", 3, 1]])
      yield* Fiber.interrupt(fiber)
    }))
})

describe("two sources that a pipeline joins", () => {
  /** Trades go on for a minute and a half, from a time that is no matter of the clock; the other side is quiet from its last quote on. */
  const live = (...quotes: ReadonlyArray<number>) =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      const { append, make, run, told } = world
      yield* make("trades")
      yield* make("quotes")
      if (quotes.length > 0) yield* append("quotes", 0, ...quotes)
      const fiber = yield* Effect.forkChild(run([joined], { sources, idleTimeout: "10 seconds" }))
      const at: Array<number> = []
      for (let second = 0; second < 90; second++) {
        yield* append("trades", 0, 100 * minute + second * 1_000)
        yield* TestClock.adjust("1 second")
        if ((yield* told).length > 0) at.push(second)
      }
      const panes = yield* told
      yield* Fiber.interrupt(fiber)
      return { ...world, panes, first: at[0] }
    })

  it.effect("wait for the one that is quiet no longer than the idle time-out and a check, and for one without events", () =>
    Effect.gen(function*() {
      for (const quotes of [[], [60_000], [99 * minute, 99 * minute + 50]]) {
        const { decisions, first, logs, panes } = yield* live(...quotes)
        assert.deepStrictEqual(panes, [["joined", 100, 60]])
        // The window ends with the trade of second 60, and a check comes every 1.6 s.
        assert.isAtMost(first!, 63)
        const watermarks = (yield* decisions("quotes")).map((decision) => decision._tag === "idle" ? decision.watermark : NaN)
        assert.strictEqual(Math.max(...watermarks) > 101 * minute, true)
        assert.deepStrictEqual(yield* decisions("trades"), [])
        assert.deepStrictEqual((yield* logs.get("quotes")!.ends)[0], quotes.length)
      }
    }))

  it.effect("what comes of the quiet one after that is late, and a run from the beginning takes it so", () =>
    Effect.gen(function*() {
      const { append, letters, run } = yield* live(99 * minute)
      yield* append("quotes", 0, 100 * minute, 103 * minute)
      yield* append("trades", 0, 104 * minute)
      const report = yield* run([joined], { sources })
      assert.deepStrictEqual([report.byPipeline["joined"]?.late, (yield* letters.read({})).map(({ offset, topic }) => [topic, offset])], [1, [["my-quotes", 1]]])
      const again = yield* run([joined], { sources, name: "again" })
      assert.deepStrictEqual(again.byPipeline["joined"], report.byPipeline["joined"])
    }))
})

describe("a join whose one side has nothing to read", () => {
  const minutes = Array.from({ length: 51 }, (_, at) => at * minute)

  it.effect("is not held up in a run that has an end, and is the same in a run from the beginning", () =>
    Effect.gen(function*() {
      const { append, decisions, make, run, told } = yield* makeWorld
      yield* make("trades")
      yield* make("quotes")
      yield* append("quotes", 0, 0)
      for (const at of minutes) yield* append("trades", 0, at)
      const report = yield* run([joined], { sources, maxDrift: "2 minutes" })
      // The last decision before the end was taken behind the last but one at the earliest.
      const idle = (yield* decisions("quotes")).filter(({ _tag }) => _tag === "idle")
      assert.strictEqual(idle.length, 1)
      assert.isAtMost(report.held, 5)
      assert.strictEqual((yield* told).length, 51)
      yield* append("quotes", 0, 20 * minute, 51 * minute)
      const last = yield* run([joined], { sources, maxDrift: "2 minutes" })
      assert.deepStrictEqual([last.late, last.bySource?.["quotes"]?.read], [1, 3])
      const again = yield* run([joined], { sources, name: "again" })
      assert.deepStrictEqual(again.byPipeline, last.byPipeline)
    }))

  it.effect("is not read beyond what may be held, until the quiet one is idle", () =>
    Effect.gen(function*() {
      const { append, logs, make, run, told } = yield* makeWorld
      yield* make("trades")
      yield* make("quotes")
      for (const at of minutes) yield* append("trades", 0, at)
      const log = logs.get("trades")!
      let read = 0
      logs.set("trades", {
        ...log,
        read: (from) => log.read(from).pipe(
          Stream.flatMap((records) => Stream.fromIterable(Array.from({ length: records.length }, (_, at) => slice(records, at, at + 1)))),
          Stream.tap(({ length }) => Effect.sync(() => read += length))
        )
      })
      const fiber = yield* Effect.forkChild(run([joined], { sources, idleTimeout: "10 seconds", maxHeld: 10 }))
      yield* TestClock.adjust("9 seconds")
      // A few are on their way to it.
      assert.isAtMost(read, 15)
      assert.deepStrictEqual(yield* told, [])
      yield* TestClock.adjust("40 seconds")
      assert.strictEqual(read, 51)
      assert.deepStrictEqual((yield* told).length, 50)
      yield* Fiber.interrupt(fiber)
    }))
})

describe("no more rows wait than may", () => {
  const half = (count: number) => Array.from({ length: count }, (_, at) => at * minute / 2)
  const sparse = Effect.gen(function*() {
    const world = yield* makeWorld
    yield* world.make("trades")
    yield* world.make("quotes")
    yield* world.append("quotes", 0, 0)
    for (const at of half(200)) yield* world.append("trades", 0, at)
    return world
  })
  const limits = { sources, maxDrift: "2 minutes", maxHeld: 20 } as const

  it.effect("where a pipeline is added and computed from the beginning: a source that has no more is raised, and that is kept", () =>
    Effect.gen(function*() {
      const { append, composed, decided, decisions, run, told } = yield* sparse
      yield* run([trades, quotes], limits)
      assert.deepStrictEqual((yield* decisions("quotes")).filter(({ _tag }) => _tag === "idle"), [])
      const added = yield* run([trades, quotes, joined], { ...limits, name: "added" })
      assert.isAtMost(added.byPipeline["joined"]!.held, 20)
      assert.strictEqual((yield* decisions("quotes")).filter(({ _tag }) => _tag === "idle").length, 1)
      assert.strictEqual((yield* told).filter(([name]) => name === "joined").length, 100)
      // It counts for whoever reads the source, as in a run from the beginning.
      yield* append("quotes", 0, 20 * minute, 100 * minute)
      yield* append("trades", 0, 100 * minute)
      const last = yield* run([trades, quotes, joined], { ...limits, name: "added" })
      const again = yield* Replay.run({ ...limits, pipelines: [trades, quotes, joined] }, () => Effect.void).pipe(
        Effect.provideService(EventLog, composed(sources)),
        Effect.provideService(Decisions, decided(sources))
      )
      assert.deepStrictEqual(Object.fromEntries(again.countsByPipeline), last.byPipeline)
      assert.deepStrictEqual([last.byPipeline["joined"]?.late, last.byPipeline["quotes-a-minute"]?.late], [1, 1])
    }))

  it.effect("where there is more of that source than was read by the others, it is refused and computed anew", () =>
    Effect.gen(function*() {
      const { append, run } = yield* sparse
      yield* run([trades, quotes], limits)
      yield* append("quotes", 0, 20 * minute, 100 * minute)
      const exit = yield* Effect.exit(run([trades, quotes, joined], { ...limits, name: "added" }))
      assert.include(String(exit), `joined: computed from the beginning, more than 20 rows would wait for "quotes"`)
      const anew = yield* run([joined], { ...limits, name: "anew" })
      assert.deepStrictEqual([anew.byPipeline["joined"]?.late, anew.byPipeline["joined"]?.aggregated], [0, 202])
    }))

  it.effect("in a replay, which keeps nothing", () =>
    Effect.gen(function*() {
      const { composed, decisions, logs } = yield* sparse
      let [panes, most] = [0, 0]
      const kept = SourceLogs.decisionsOf(sources, [yield* one(Decisions, Decisions.layerMemory), yield* one(Decisions, Decisions.layerMemory)])
      // Record by record, as a log gives them that is long.
      const log = logs.get("trades")!
      logs.set("trades", { ...log, read: (from) => log.read(from).pipe(
        Stream.flatMap((records) => Stream.fromIterable(Array.from({ length: records.length }, (_, at) => slice(records, at, at + 1))))) })
      const job = yield* Replay.run({ ...limits, pipelines: [joined] }, (output) => Effect.sync(() => void (panes += output.panes.length))).pipe(
        Effect.tap((job) => Effect.sync(() => void (most = job.counts.held))),
        Effect.provideService(EventLog, composed(sources)),
        Effect.provideService(Decisions, kept)
      )
      assert.isAbove(panes, 90)
      assert.isAtMost(most, 20)
      assert.strictEqual(job.counts.read, 201)
      assert.deepStrictEqual([...yield* kept.read, ...yield* decisions("quotes")], [])
    }))
})

describe("sources that come and go between two runs", () => {
  it.effect("one that is added is read from its beginning, and the others go on", () =>
    Effect.gen(function*() {
      const { append, make, run, told } = yield* makeWorld
      yield* make("trades", 2)
      yield* make("orders")
      yield* append("trades", 0, 0, minute)
      yield* append("trades", 1, 0)
      yield* append("orders", 0, 7 * minute, 8 * minute)
      yield* run([trades])
      const report = yield* run([orders, trades])
      assert.deepStrictEqual(report.bySource?.["trades"]?.read, 3)
      assert.deepStrictEqual(report.bySource?.["orders"]?.read, 2)
      yield* append("trades", 0, 2 * minute)
      const last = yield* run([trades, orders])
      assert.deepStrictEqual([last.bySource?.["trades"]?.read, last.byPipeline["trades-a-minute"]?.duplicate], [4, 0])
      assert.deepStrictEqual((yield* told).filter(([name]) => name === "trades-a-minute"), [
        ["trades-a-minute", 0, 2], ["trades-a-minute", 1, 1], ["trades-a-minute", 2, 1]
      ])
    }))

  it.effect("one that is no more takes nothing from the others, and is computed from its beginning when it comes back", () =>
    Effect.gen(function*() {
      const { append, make, run, told } = yield* makeWorld
      for (const source of ["orders", "quotes", "trades"]) {
        yield* make(source)
        yield* append(source, 0, 0, 3 * minute)
      }
      yield* run([orders, quotes, trades])
      yield* append("quotes", 0, 4 * minute)
      assert.strictEqual((yield* run([trades, quotes])).bySource?.["quotes"]?.read, 3)
      const back = yield* run([trades, quotes, orders])
      assert.deepStrictEqual(Object.values(back.bySource ?? {}).map(({ read }) => read), [2, 3, 2])
      assert.deepStrictEqual((yield* told).map(([, , events]) => events), Array.from({ length: 7 }, () => 1))
    }))

  it.effect("a topic of one that was deleted and made again is refused, and partitions that are added are read", () =>
    Effect.gen(function*() {
      const { append, logs, make, run } = yield* makeWorld
      yield* make("trades")
      yield* make("quotes")
      yield* append("trades", 0, 0)
      yield* append("quotes", 0, 0)
      yield* run([trades, quotes])
      const wide = yield* one(EventLog, EventLog.layerMemory({ topic: "my-trades", partitions: 2 }))
      yield* wide.append(0, eventsAt(0))
      yield* wide.append(1, eventsAt(0, minute))
      logs.set("trades", EventLog.of({ ...wide, id: logs.get("trades")!.id }))
      assert.strictEqual((yield* run([trades, quotes])).bySource?.["trades"]?.read, 3)
      yield* make("quotes")
      const exit = yield* Effect.exit(run([trades, quotes]))
      assert.isTrue(Exit.isFailure(exit))
      assert.include(String(exit), "was saved over another log")
    }))
})

describe("side by side", () => {
  /** What a job reads, in the order in which it does: the source of each batch, and the largest time in it. */
  const order = Effect.fnUntraced(function*(log: EventLog["Service"], job: Job, batches: number, maxDrift = minute) {
    const taken: Array<readonly [source: number, minute: number]> = []
    yield* SideBySide.read(log, job, { maxDrift }).pipe(
      Stream.take(batches),
      Stream.runForEach((records) =>
        Effect.sync(() => {
          job.take(records)
          const source = SourceLogs.sourceAt(records.partition, 2)
          taken.push([source, job.eventTimes[source]!.partitions[0]!.latest / minute])
        }))
    )
    return taken
  })

  const jobOver = (log: EventLog["Service"]) =>
    new Job([quotes, trades], { sources: log.sources!.map(({ log, name }) => ({ name, partitions: log.partitions })) })

  it.effect("the source whose event time has come least far is next", () =>
    Effect.gen(function*() {
      const { append, composed, make } = yield* makeWorld
      yield* make("trades")
      yield* make("quotes")
      for (let at = 0; at < 6; at++) yield* append("trades", 0, at * minute)
      for (const at of [0, 3, 4]) yield* append("quotes", 0, at * minute)
      const log = composed(["quotes", "trades"])
      const taken = yield* order(log, jobOver(log), 9)
      // Before each batch its source is not ahead of the other, unless that has nothing more.
      const at = [-1, -1]
      const left = [3, 6]
      for (const [source, time] of taken) {
        assert.isTrue(at[source]! <= at[1 - source]! || left[1 - source] === 0, JSON.stringify(taken))
        at[source] = time
        left[source]!--
      }
    }))

  it.live("one of a million records waits for one that lags, and what waits of it is a few batches", () =>
    Effect.gen(function*() {
      const { append, composed, logs, make } = yield* makeWorld
      yield* make("trades")
      yield* make("quotes")
      const [batches, size] = [1_000, 1_000]
      const chunk = (first: number) => eventsAt(...Array.from({ length: size }, (_, index) => (first + index / size) * minute))
      for (let batch = 0; batch < batches; batch++) yield* logs.get("trades")!.append(0, chunk(batch))
      yield* append("quotes", 0, 0)
      let drawn = 0
      const source = logs.get("trades")!
      logs.set("trades", EventLog.of({ ...source, read: (from) => Stream.tap(source.read(from), () => Effect.sync(() => void drawn++)) }))
      const lagging = logs.get("quotes")!
      // Each record of quotes is there, and takes its time to come.
      logs.set("quotes", EventLog.of({ ...lagging, read: (from) => Stream.tap(lagging.read(from), () => Effect.sleep("20 millis")) }))
      for (const at of [5, 10, 15]) yield* append("quotes", 0, at * minute)
      const log = composed(["quotes", "trades"])
      const job = jobOver(log)
      const ahead: Array<number> = []
      let [taken, most] = [0, 0]
      yield* SideBySide.read(log, job, { maxDrift: 2 * minute }).pipe(
        Stream.take(batches + 4),
        Stream.runForEach((records) =>
          Effect.sync(() => {
            job.take(records)
            const [slow, fast] = [0, 1].map((source) => job.eventTimes[source]!.partitions[0]!.latest / minute)
            if (SourceLogs.sourceAt(records.partition, 2) === 1) taken++
            most = Math.max(most, drawn - taken)
            if (slow! < 15 && Number.isFinite(fast)) ahead.push(fast! - Math.max(0, slow!))
          }))
      )
      assert.isAtMost(most, 4)
      // Two minutes, and the one that the last batch is long.
      assert.isAtMost(Math.max(...ahead), 3)
      assert.strictEqual(job.counts.read, batches * size + 4)
    }), 60_000)

  it.effect("one that cannot be read ends the reading, whatever the others have", () =>
    Effect.gen(function*() {
      const { append, composed, logs, make } = yield* makeWorld
      yield* make("trades")
      yield* make("quotes")
      for (let at = 0; at < 100; at++) yield* append("trades", 0, at * minute)
      const broken = new EventLogError({ message: "the disk is gone" })
      logs.set("quotes", EventLog.of({ ...logs.get("quotes")!, read: () => Stream.fail(broken) }))
      const log = composed(["quotes", "trades"])
      assert.strictEqual(yield* Effect.flip(order(log, jobOver(log), 100)), broken)
    }))

  it.live("one that has nothing to read holds nobody up", () =>
    Effect.gen(function*() {
      const { append, composed, make } = yield* makeWorld
      yield* make("trades")
      yield* make("quotes")
      for (let at = 0; at < 100; at++) yield* append("trades", 0, at * 60 * minute)
      yield* append("quotes", 0, 0)
      const log = composed(["quotes", "trades"])
      const taken = yield* order(log, jobOver(log), 101)
      assert.strictEqual(taken.length, 101)
    }))
})
