/** The whole engine in a line: events in, panes out. */
import { describe, expect, it } from "@effect/vitest"
import { BigDecimal, Effect, Fiber, Option, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Aggregate, Decimal, Engine, EventLogError, Events, Expr, Feed, FeedError, Job, Join, Pipeline, ResultSink, Source, Window } from "../../../src/index.ts"
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

  it.effect("makes a dead letter of a decimal that its check refuses", () =>
    Effect.gen(function*() {
      const celsius = Decimal.Decimal({ scale: 2, limit: 1_000 }).check(Schema.makeFilter((value) => BigDecimal.isPositive(value)))
      const above = Source.make("readings", { schema: Schema.Struct({ ...Reading.fields, celsius }), key: "sensor", eventTime: "at" })
        .pipe(Pipeline.named("above"))
      const { deadLetters, rows } = yield* Engine.runMemory(above, [reading(0, "1.5"), reading(1, "-1.5")])
      expect(rows.map(({ time }) => time)).toEqual([0])
      expect(deadLetters.map(({ detail, reason }) => [reason, detail])).toEqual([["invalid-field", expect.stringContaining("celsius")]])
    }))

  it.effect("says that a pipeline has no name", () =>
    Effect.gen(function*() {
      const unnamed = readings.pipe(Window.tumbling("1 minute"), Aggregate.into({ n: Aggregate.count })) as never
      const refused = "needs a pipeline, and is given one without a name; put Pipeline.named(\"…\") behind it"
      expect(String(yield* Effect.exit(Engine.runMemory(unnamed, [])))).toContain(`a run ${refused}`)
      expect(String(yield* Effect.exit(Engine.runMemoryOf(unnamed, {} as never)))).toContain(`Engine.runMemoryOf ${refused}`)
      expect(() => new Job([highest, unnamed], { partitions: 1 })).toThrow(`a run ${refused}`)
    }))

  it.effect("a row that is none is a dead letter", () =>
    Effect.gen(function*() {
      const { deadLetters } = yield* Engine.runMemory(highest, [null, undefined, 5] as never)
      expect(deadLetters.map(({ reason }) => reason)).toEqual(["not-json", "not-json", "not-json"])
    }))

  it.effect("a row that is refused where it was held is a dead letter, and takes no other with it", () =>
    Effect.gen(function*() {
      const large = readings.pipe(
        Events.distinct({ by: "at", within: "1 second" }),
        Events.derive({ cube: Expr.multiply(Expr.multiply("at", "at"), "at") }),
        Pipeline.named("large")
      )
      const input = Stream.fromIterable([1_000_000_000, 2, 1_000_000_001, 1_000_000_002]).pipe(Stream.map((at) => reading(at, "1")), Stream.rechunk(1))
      const { deadLetters, report } = yield* Engine.runMemory(large, Stream.concat(input, Stream.make(reading(1_000_000_005, "1"))))
      expect(report.read).toBe(5)
      expect(deadLetters.map(({ offset, reason }) => [offset, reason])).toEqual([[0, "does-not-fit"], [1, "late"], [2, "does-not-fit"], [3, "does-not-fit"]])
    }))

  it("its service is that of the port", () => {
    const layer = Effect.provideService(Engine, Engine, Engine.of({ run: () => Effect.die("not run") }))
    return Effect.runPromise(Effect.asVoid(layer))
  })
})

describe("Engine.runMemoryOf", () => {
  const Alarm = Schema.Struct({ sensor: Schema.String, from: Schema.Int, level: Schema.Int })
  const alarms = Source.make("alarms", { schema: Alarm, key: "sensor", eventTime: "from" })
  const alarmed = readings.pipe(
    Join.asOf(alarms, { within: "1 minute", select: { level: "level" } }),
    Window.tumbling("1 second"),
    Aggregate.into({ level: Aggregate.max("level"), readings: Aggregate.count }),
    Pipeline.named("alarmed")
  )

  it.effect("reads the events of several sources side by side: rows, lines, lists and streams", () =>
    Effect.gen(function*() {
      const { deadLetters, panes, report } = yield* Engine.runMemoryOf([alarmed, highest], {
        readings: [reading(0, "1"), reading(1_500, "2")],
        alarms: Stream.make("{\"sensor\":\"roof\",\"from\":1000,\"level\":2}", "{}")
      })
      expect(panes.map(({ pipeline, start, values }) => [pipeline, start, "level" in values ? values.level : null]).sort())
        .toEqual([["alarmed", 0, null], ["alarmed", 1_000, 2], ["highest", 0, null], ["highest", 1_000, null]])
      expect(deadLetters.map(({ reason, topic }) => [topic, reason])).toEqual([["alarms", "missing-field"]])
      expect(report.bySource?.["alarms"]).toMatchObject({ read: 2, deadLettered: 1 })
    }))

  it.effect("goes by the clock of the test, and waits for a quiet source no longer than the idle time-out", () =>
    Effect.gen(function*() {
      const quiet = Stream.concat(Stream.make({ sensor: "roof", from: 0, level: 1 }), Stream.fromEffect(Effect.as(Effect.sleep("1 minute"), { sensor: "roof", from: 100, level: 3 })))
      const going = Stream.fromIterable(Array.from({ length: 60 }, (_, second) => reading(second * 1_000, "1"))).pipe(Stream.rechunk(1), Stream.mapEffect((row) => Effect.as(Effect.sleep("1 second"), row)))
      const running = yield* Effect.forkChild(Engine.runMemoryOf(alarmed, { alarms: quiet, readings: going }, { idleTimeout: "10 seconds" }))
      yield* TestClock.adjust("2 minutes")
      const { deadLetters, panes } = yield* Fiber.join(running)
      expect(panes).toHaveLength(60)
      expect(deadLetters.map(({ reason, topic }) => [topic, reason])).toEqual([["alarms", "late"]])
    }))

  it.effect("says which source has no events, or is none", () =>
    Effect.gen(function*() {
      const refused = (events: object) => Effect.map(Effect.exit(Engine.runMemoryOf(alarmed, events as never)), String)
      expect(yield* refused({ readings: [] })).toContain("Engine.runMemoryOf: \"alarms\" needs a list or a stream of its events, and is given undefined")
      expect(yield* refused({ readings: [], alarms: [], alarm: [] })).toContain("Engine.runMemoryOf: no pipeline reads a source \"alarm\"; they read alarms and readings")
    }))
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
