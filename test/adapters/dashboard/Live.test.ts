import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as FastCheck from "fast-check"
import { healthOf, patience } from "../../../src/adapters/dashboard/Health.ts"
import * as Interest from "../../../src/adapters/dashboard/Interest.ts"
import * as Live from "../../../src/adapters/dashboard/Live.ts"
import { Feed } from "../../../src/streams/ports/Feed.ts"
import { Monitor, nothingYet } from "../../../src/streams/ports/Monitor.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"
import type { Pane } from "../../../src/streams/pipeline/Pane.ts"

const around = Layer.mergeAll(Feed.layerMemory([]), Monitor.layer, ResultSink.layerMemory)

const pane = (key: string, start: number, over: Partial<Pane> = {}): Pane => ({
  pipeline: "p",
  key,
  start,
  end: start + 10,
  pane: "on-time",
  revision: 0,
  changes: 1,
  values: { n: start },
  ...over
})

const text = (events: Stream.Stream<Uint8Array>): Stream.Stream<string> => Stream.decodeText(events)

/** The names of the events in a text of server-sent events. */
const names = (texts: Iterable<string>) => [...[...texts].join("").matchAll(/^event: (.*)$/gm)].map(([, name]) => name)

describe("a viewer", () => {
  /** Rounds of panes, each told at once; what two viewers hear of them, one of which reads no more for a while. */
  const rounds = (count: number, size: number) =>
    Effect.gen(function*() {
      const live = yield* Live.make()
      const monitor = yield* Monitor
      const done = `"n":${count * size - 1}}`
      const watch = (pace: Effect.Effect<unknown>) =>
        text(live.events(Interest.inAll(undefined))).pipe(
          Stream.tap((text) => text.includes("event: status") ? pace : Effect.void),
          Stream.takeUntil((text) => text.includes(done)),
          Stream.runCollect,
          Effect.forkChild({ startImmediately: true })
        )
      const goOn = yield* Deferred.make<void>()
      const quick = yield* watch(Effect.void)
      const slow = yield* watch(Deferred.await(goOn))
      yield* Effect.yieldNow.pipe(Effect.repeat({ times: 10 }))
      for (let round = 0; round < count; round++) {
        yield* monitor.publish({ _tag: "panes", panes: Array.from({ length: size }, (_, i) => pane("A", round * size + i)) })
        yield* TestClock.adjust("100 millis")
      }
      yield* Deferred.succeed(goOn, undefined)
      return { all: names(yield* Fiber.join(quick)), some: names(yield* Fiber.join(slow)) }
    }).pipe(Effect.provide(around))

  const everything = (panes: number) => ["status", "progress", ...Array.from({ length: panes }, () => "pane")]

  it.effect("that keeps up gets every event once; one that does not is told so and gets the newest", () =>
    Effect.gen(function*() {
      const { all, some } = yield* rounds(20, 1_000)
      assert.deepStrictEqual(all, everything(20_000))
      assert.strictEqual(some.filter((name) => name === "missed").length, 1)
      assert.isAtLeast(some.length, 1_000)
      assert.isBelow(some.length, 10_000)
    }))

  it.effect("of which little waits hears all of it within five seconds, and later only the newest", () =>
    Effect.gen(function*() {
      const soon = yield* rounds(50, 10)
      assert.deepStrictEqual(soon, { all: everything(500), some: everything(500) })
      const late = yield* rounds(60, 10)
      assert.deepStrictEqual(late.all, everything(600))
      assert.isBelow(late.some.length, 150)
      assert.include(late.some, "missed")
    }))

  it.effect("of one key hears of no other", () =>
    Effect.gen(function*() {
      const live = yield* Live.make()
      const monitor = yield* Monitor
      yield* monitor.publish({ _tag: "forming", panes: [pane("A", 7), pane("B", 8)] })
      yield* Effect.yieldNow
      const heard = yield* text(live.events(Interest.inAll("B"))).pipe(
        Stream.takeUntil((text) => text.includes("\"n\":10}")),
        Stream.mkString,
        Effect.forkChild({ startImmediately: true })
      )
      yield* Effect.yieldNow.pipe(Effect.repeat({ times: 10 }))
      yield* monitor.publish({ _tag: "panes", panes: [pane("A", 9), pane("B", 10)] })
      yield* TestClock.adjust("100 millis")
      const written = yield* Fiber.join(heard)
      assert.deepStrictEqual(names([written]), ["status", "progress", "forming", "pane"])
      assert.notInclude(written, "\"key\":\"A\"")
    }).pipe(Effect.provide(around)))

  it.effect("hears a beat every 15 seconds", () =>
    Effect.gen(function*() {
      const live = yield* Live.make()
      const texts: Array<string> = []
      yield* text(live.events(Interest.inAll(undefined))).pipe(
        Stream.runForEach((text) => Effect.sync(() => texts.push(text))),
        Effect.forkChild({ startImmediately: true })
      )
      for (let second = 0; second < 50; second++) yield* TestClock.adjust("1 second")
      const times = texts.flatMap((text) => {
        const time = /^: heartbeat\n\nevent: beat\ndata: {"now":(\d+)}\n\n$/.exec(text)?.[1]
        return time === undefined ? [] : [Number(time)]
      })
      assert.strictEqual(times.length, 3)
      assert.deepStrictEqual(times.map((time) => time - (times[0] ?? 0)), [0, 15_000, 30_000])
    }).pipe(Effect.provide(around)))
})

it.effect("the windows that are forming are those heard of, less those closed or passed by the watermark", () =>
  Effect.gen(function*() {
    const live = yield* Live.make()
    const monitor = yield* Monitor
    const publish = (event: Parameters<typeof monitor.publish>[0]) =>
      Effect.andThen(monitor.publish(event), Effect.yieldNow)
    yield* publish({ _tag: "forming", panes: [pane("A", 0), pane("A", 10), pane("B", 0), pane("B", 30)] })
    yield* publish({ _tag: "forming", panes: [pane("A", 10, { values: { n: 77 } })] })
    const shown = () => [...live.forming.all()].map(({ key, start, values }) => [key, start, values["n"]])
    yield* publish({ _tag: "panes", panes: [pane("A", 0)] })
    assert.deepStrictEqual(shown(), [["A", 10, 77], ["B", 0, 0], ["B", 30, 30]])
    yield* publish({ _tag: "progress", progress: { ...nothingYet, watermark: 19 } })
    assert.deepStrictEqual(shown(), [["A", 10, 77], ["B", 30, 30]])
    yield* publish({ _tag: "progress", progress: { ...nothingYet, watermark: 20 } })
    assert.deepStrictEqual(shown(), [["B", 30, 30]])
  }).pipe(Effect.provide(around)))

it.effect("counts that stand still do not advance the engine, whatever is published", () =>
  Effect.gen(function*() {
    const live = yield* Live.make()
    const monitor = yield* Monitor
    const progress = { ...nothingYet, read: 1, lag: 1 }
    yield* TestClock.adjust("1 minute")
    yield* Effect.andThen(monitor.publish({ _tag: "progress", progress }), Effect.yieldNow)
    assert.strictEqual(live.advancedAt(), 60_000)
    yield* TestClock.adjust("1 minute")
    yield* Effect.andThen(monitor.publish({ _tag: "progress", progress: { ...progress } }), Effect.yieldNow)
    assert.strictEqual(live.advancedAt(), 60_000)
  }).pipe(Effect.provide(around)))

it("an engine is stuck exactly when records wait and nothing has moved for longer than its patience", () => {
  FastCheck.assert(FastCheck.property(
    FastCheck.nat(3),
    FastCheck.nat(3),
    FastCheck.integer({ min: -5, max: 5 }),
    (read, lag, over) => {
      const state = healthOf({ ...nothingYet, read, lag }, 1_000, 1_000 + patience + over)
      if (lag > 0 && over > 0) return state === "stuck"
      return state === (read === 0 ? "starting" : "ok")
    }
  ))
})
