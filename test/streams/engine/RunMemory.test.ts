/** The whole engine in a line: events in, panes out. */
import { describe, expect, it } from "@effect/vitest"
import { BigDecimal, Effect, Fiber, Option, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Aggregate, Decimal, Engine, EventLogError, Expr, Feed, FeedError, Pipeline, ResultSink, Source, Window } from "../../../src/index.ts"
import * as FeedContract from "../../../src/testing/FeedContract.ts"
import * as ResultSinkContract from "../../../src/testing/ResultSinkContract.ts"

const Reading = Schema.Struct({ sensor: Schema.String, at: Schema.Int, celsius: Decimal.Decimal({ scale: 2, limit: 1_000 }), note: Schema.optional(Schema.String) })

const readings = Source.make("readings", { schema: Reading, key: "sensor", eventTime: "at" })

const highest = readings.pipe(Window.tumbling("1 second"), Aggregate.into({ highest: Aggregate.max("celsius") }), Pipeline.named("highest"))

const frost = readings.pipe(Source.where(Expr.lt("celsius", 0)), Pipeline.named("frost"))

const reading = (at: number, celsius: string): typeof Reading.Type => ({ sensor: "roof", at, celsius: BigDecimal.fromStringUnsafe(celsius), note: undefined })

describe("Engine.runMemory", () => {
  it.effect("gives panes with their values, rows and what was of no use", () =>
    Effect.gen(function*() {
      const { deadLetters, panes, report, rows } = yield* Engine.runMemory([highest, frost], [reading(0, "-1.5"), reading(1_000, "2.75"), reading(5, "1")])
      expect(panes.map(({ end, start, values }) => [start, end, values.highest && BigDecimal.format(values.highest)])).toEqual([[0, 1_000, "-1.5"], [1_000, 2_000, "2.75"]])
      expect(rows.map(({ values }) => BigDecimal.format(values.celsius))).toEqual(["-1.5"])
      expect(deadLetters.map(({ pipeline, reason }) => [pipeline, reason])).toEqual([["highest", "late"]])
      expect(report).toMatchObject({ read: 3, panes: 2, rows: 1 })
    }))

  it.effect("takes lines too, whatever they are, and a stream", () =>
    Effect.gen(function*() {
      const lines = Stream.make("{\"sensor\":\"roof\",\"at\":0,\"celsius\":\"1\"}", "{}", "no JSON")
      const { deadLetters, panes } = yield* Engine.runMemory(highest, lines)
      expect(panes).toHaveLength(1)
      expect(deadLetters.map(({ reason }) => reason)).toEqual(["missing-field", "not-json"])
    }))

  it.effect("goes by the clock of the test", () =>
    Effect.gen(function*() {
      const input = Stream.concat(Stream.make(reading(0, "1")), Stream.fromEffect(Effect.as(Effect.sleep("1 minute"), reading(500, "2"))))
      const running = yield* Effect.forkChild(Engine.runMemory(highest, input, { idleTimeout: "10 seconds" }))
      yield* TestClock.adjust("2 minutes")
      const { deadLetters, panes } = yield* Fiber.join(running)
      expect(panes).toHaveLength(1)
      expect(deadLetters.map(({ reason }) => reason)).toEqual(["late"])
    }))

  it.effect("fails with what the stream fails with", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Engine.runMemory(highest, Stream.concat(Stream.make(reading(0, "1")), Stream.fail("broken"))))
      expect(error).toBeInstanceOf(FeedError)
      expect(error.message).toBe("the stream failed: broken")
    }))

  it.effect("a row that is none is a dead letter", () =>
    Effect.gen(function*() {
      const { deadLetters } = yield* Engine.runMemory(highest, [null, undefined, 5] as never)
      expect(deadLetters.map(({ reason }) => reason)).toEqual(["not-json", "not-json", "not-json"])
    }))

  it("its service is that of the port", () => {
    const layer = Effect.provideService(Engine, Engine, Engine.of({ run: () => Effect.die("not run") }))
    return Effect.runPromise(Effect.asVoid(layer))
  })
})

const elements = ["{\"a\":1}", Uint8Array.of(0, 255), { sensor: "roof", at: 1, celsius: BigDecimal.make(150n, 2), in: { deep: BigDecimal.make(1n, 20) }, note: undefined }]

FeedContract.suite("a stream", Feed.fromStream(Stream.fromIterable(elements)))
FeedContract.suite("a stream that can be repeated", Feed.fromStream(Stream.fromArrays(elements, elements, elements), { name: "again", repeatable: true }))
ResultSinkContract.suiteWriteOnly("a function", ResultSink.fromFunction(() => Effect.void))

describe("Feed.fromStream", () => {
  it.effect("keeps decimals as they are", () =>
    Effect.gen(function*() {
      const feed = yield* Feed
      const chunks = yield* Stream.runCollect(feed.events(Option.none()))
      const texts = chunks.flatMap(({ bytes, ends, starts }) => Array.from(starts, (start, i) => new TextDecoder().decode(bytes.subarray(start, ends[i]))))
      expect(texts.at(-1)).toBe("{\"sensor\":\"roof\",\"at\":1,\"celsius\":\"1.5\",\"in\":{\"deep\":\"0.00000000000000000001\"}}")
    }).pipe(Effect.provide(Feed.fromStream(Stream.fromIterable(elements)))))
})

describe("ResultSink.fromFunction", () => {
  it.effect("ends the run where the function fails, and says so", () =>
    Effect.gen(function*() {
      const sink = yield* ResultSink
      const { panes } = yield* Engine.runMemory(highest, [reading(0, "1")])
      const error = yield* Effect.flip(sink.write(panes))
      expect(error.message).toBe("the function that takes panes failed: no room")
    }).pipe(Effect.provide(ResultSink.fromFunction(() => Effect.fail(new EventLogError({ message: "no room" }))))))
})
