/** The windows that are open, for those who look at them: which are made, and how often. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { Tick } from "../../../src/domain/Tick.ts"
import * as InProcess from "../../../src/streams/engine/InProcess.ts"
import { Job } from "../../../src/streams/engine/Job.ts"
import { Aggregate, Panes, Pipeline, Source, Window } from "../../../src/streams/pipeline/index.ts"
import { CheckpointStore } from "../../../src/streams/ports/CheckpointStore.ts"
import { DeadLetters } from "../../../src/streams/ports/DeadLetters.ts"
import { Decisions } from "../../../src/streams/ports/Decisions.ts"
import { Engine } from "../../../src/streams/ports/Engine.ts"
import { EventLog } from "../../../src/streams/ports/EventLog.ts"
import { type Looks, Monitor } from "../../../src/streams/ports/Monitor.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"
import { fromTexts } from "../../../src/streams/records/Records.ts"

const ticks = Source.make("ticks", { schema: Tick, key: "symbol", eventTime: "time", outOfOrderness: "1 minute" })

const counts = { volume: Aggregate.sum("size"), last: Aggregate.last("price"), trades: Aggregate.count }

const minutes = ticks.pipe(Window.tumbling("1 minute"), Aggregate.into(counts), Pipeline.named("minutes"))
const sessions = ticks.pipe(Window.session("20 seconds"), Aggregate.into(counts), Pipeline.named("sessions"))

const pipelines = [
  minutes,
  sessions,
  ticks.pipe(Window.hopping("1 minute", "20 seconds"), Aggregate.into(counts), Pipeline.allowedLateness("1 minute"), Pipeline.named("hops")),
  ticks.pipe(Window.count(3, { within: "1 hour" }), Aggregate.into(counts), Pipeline.named("threes")),
  ticks.pipe(Window.trading("XNYS", { bars: "1 minute", hours: "extended" }), Aggregate.into(counts), Pipeline.named("bars")),
  ticks.pipe(Window.tumbling("1 minute"), Aggregate.into(counts), Panes.fill({ volume: 0, last: null, trades: 0 }, { within: "5 minutes" }), Pipeline.named("filled"))
]

const bell = Date.UTC(2013, 9, 8, 14)

const tick = (key: string, seconds: number, size = 1) =>
  JSON.stringify({ symbol: key, time: bell + seconds * 1_000, price: "1", size })

describe("the open windows of a key", () => {
  it("are those of it among all, whatever the windows are", () => {
    const events = fc.array(fc.tuple(fc.constantFrom("A", "B", "C"), fc.nat(200)), { minLength: 1, maxLength: 40 })
    fc.assert(fc.property(events, (events) => {
      const job = new Job(pipelines, { partitions: 1 })
      job.take({ ...fromTexts(events.map(([key, seconds], i) => tick(key, seconds, i + 1))), partition: 0, offsets: Float64Array.from(events, (_, i) => i), appendedAt: new Float64Array(events.length) })
      for (const key of ["A", "B", "C", "none"]) {
        assert.deepStrictEqual(job.forming({ key, most: Infinity }), job.forming().filter((pane) => pane.key === key))
      }
      assert.deepStrictEqual(job.forming({ most: Infinity }, (name) => name === "hops"), job.forming().filter(({ pipeline }) => pipeline === "hops"))
    }), { numRuns: 50 })
  })
})

const stores = Layer.mergeAll(
  EventLog.layerMemory(),
  CheckpointStore.layerMemory,
  Decisions.layerMemory,
  DeadLetters.layerMemory,
  ResultSink.layerMemory,
  Monitor.layer
)

/** How many windows of each pipeline, and of the last key, a viewer is told in so many seconds, in each of which all keys change. */
const told = Effect.fnUntraced(function*(looks: Looks, keys: number, seconds: number) {
  const monitor = yield* Monitor
  const log = yield* EventLog
  const heard: Array<ReadonlyArray<string>> = []
  yield* Effect.forkScoped(
    Stream.runForEach(monitor.eventsFor(() => looks), (event) =>
      Effect.sync(() => void (event._tag === "forming" && heard.push(event.panes.map(({ key, pipeline }) => `${pipeline} ${key}`))))),
    { startImmediately: true }
  )
  yield* Effect.forkScoped(Engine.use((engine) => engine.run({ name: "test", pipelines: [minutes, sessions] })))
  for (let second = 0; second < seconds; second++) {
    yield* log.append(0, fromTexts(Array.from({ length: keys }, (_, key) => tick(`K${String(key).padStart(4, "0")}`, 0, second + 1))))
    for (let i = 0; i < 10; i++) {
      yield* TestClock.adjust("100 millis")
      yield* Effect.yieldNow.pipe(Effect.repeat({ times: 20 }))
    }
  }
  const all = heard.flat()
  const last = `K${String(keys - 1).padStart(4, "0")}`
  const count = (of: (name: string) => boolean) => all.filter(of).length
  return {
    minutes: count((name) => name.startsWith("minutes ")),
    sessions: count((name) => name.startsWith("sessions ")),
    lastMinutes: count((name) => name === `minutes ${last}`),
    lastSessions: count((name) => name === `sessions ${last}`)
  }
}, Effect.scoped, Effect.provide(InProcess.layer.pipe(Layer.provideMerge(stores))))

describe("a viewer", () => {
  const seconds = 8

  it.effect("that looks at a pipeline is told of it at each change, and of the others now and then", () =>
    Effect.gen(function*() {
      const { minutes, sessions } = yield* told({ pipelines: new Set(["minutes"]), keys: [] }, 5, seconds)
      assert.strictEqual(minutes, 5 * seconds)
      assert.isAtLeast(sessions, 5 * 3)
      assert.isAtMost(sessions, 5 * 5)
    }))

  it.effect("that looks at a key of very many is told of it at each change, and of the others as far as they are shown", () =>
    Effect.gen(function*() {
      const counted = yield* told({ pipelines: new Set(["minutes"]), keys: ["minutes", "sessions"].map((pipeline) => ({ pipeline, key: "K1199" })) }, 1_200, seconds)
      assert.strictEqual(counted.lastMinutes, seconds)
      assert.isAtLeast(counted.lastSessions, seconds)
      assert.strictEqual(counted.minutes, 1_001 * seconds)
      assert.isAtMost(counted.sessions, 1_001 * 5 + seconds)
    }))

  it.effect("that looks at all is told of all at each change", () =>
    Effect.gen(function*() {
      const counted = yield* told({ pipelines: null, keys: [] }, 5, seconds)
      assert.deepStrictEqual([counted.minutes, counted.sessions], [5 * seconds, 5 * seconds])
    }))

  it.effect("that begins to look when nothing changes any more is told of what there is", () =>
    Effect.gen(function*() {
      const monitor = yield* Monitor
      let looks: Looks = { pipelines: new Set(), keys: [] }
      const heard: Array<string> = []
      yield* Effect.forkScoped(
        Stream.runForEach(monitor.eventsFor(() => looks), (event) =>
          Effect.sync(() => void (event._tag === "forming" && heard.push(...event.panes.map(({ key, pipeline }) => `${pipeline} ${key}`))))),
        { startImmediately: true }
      )
      yield* Effect.forkScoped(Engine.use((engine) => engine.run({ name: "test", pipelines: [minutes] })))
      const wait = Effect.andThen(TestClock.adjust("250 millis"), Effect.yieldNow.pipe(Effect.repeat({ times: 20 })))
      // Another round each time, so that it is also the one after that in which the others are told.
      for (const key of ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J"]) {
        looks = { pipelines: new Set(), keys: [] }
        yield* (yield* EventLog).append(0, fromTexts([tick(key, 0, 1)]))
        yield* wait
        yield* wait
        heard.length = 0
        looks = { pipelines: new Set(["minutes"]), keys: [] }
        yield* wait
        yield* wait
        assert.include(heard, `minutes ${key}`)
      }
    }).pipe(Effect.scoped, Effect.provide(InProcess.layer.pipe(Layer.provideMerge(stores)))))
})
