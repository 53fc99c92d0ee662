/**
 * What Spark has to do for its windows to be courant's, row by row of the table in docs/spark.md, on a real cluster; and
 * where the two must differ, the difference.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { Session } from "../../src/adapters/spark/connect/Session.ts"
import { Job } from "../../src/streams/engine/Job.ts"
import { Aggregate, Pipeline, Source, Window } from "../../src/streams/pipeline/index.ts"
import type * as Pane from "../../src/streams/pipeline/Pane.ts"
import { fromTexts } from "../../src/streams/records/Records.ts"
import { Price } from "../../src/domain/Tick.ts"
import { shift } from "../../src/adapters/spark/compile/Shift.ts"
import * as Runs from "./sparkRuns.ts"
import { SparkStack } from "./sparkHarness.ts"

const Reading = Schema.Struct({ key: Schema.String, at: Schema.Int, price: Schema.optionalKey(Price), size: Schema.Int })

const readings = Source.make("readings", { schema: Reading, key: "key", eventTime: "at", outOfOrderness: "10 seconds" })

const into = { rows: Aggregate.count, sum: Aggregate.sum("size"), mean: Aggregate.mean("price") }

const minutes = readings.pipe(Window.tumbling("1 minute"), Aggregate.into(into), Pipeline.named("minutes"))

const reading = (seconds: number, more: { readonly price?: string; readonly size?: number; readonly key?: string } = {}) =>
  JSON.stringify({ key: "A", at: seconds * 1_000, size: 1, ...more })

/** Seconds of start and end, and how many rows. */
const spans = (panes: ReadonlyArray<Pane.Encoded>) =>
  panes.map(({ end, start, values }) => [start / 1_000, end / 1_000, values["rows"]])

const put = (topic: Effect.Success<ReturnType<typeof Runs.over>>, ...texts: ReadonlyArray<string>) =>
  topic.append(texts.map((text) => Runs.event(text)))

/** In seconds since the epoch, as the plan's times are shifted back. */
const watermarkOf = (progress: { readonly eventTime?: Readonly<Record<string, string>> | undefined } | undefined) =>
  (Date.parse(progress?.eventTime?.["watermark"] ?? "") - shift) / 1_000

const inProcess = (texts: ReadonlyArray<string>) => {
  const job = new Job([minutes], { partitions: 1 })
  const { length } = texts
  const records = { partition: 0, offsets: Float64Array.from(texts, (_, i) => i), appendedAt: new Float64Array(length) }
  const { panes, unused } = job.take({ ...fromTexts(texts), ...records })
  return { late: unused.length, closed: panes.map(({ end, start, values }) => [start / 1_000, end / 1_000, values["rows"]]) }
}

const stack = SparkStack.layer({ properties: { "spark.sql.shuffle.partitions": "1" } })

layer(Runs.session.pipe(Layer.provideMerge(stack)), { timeout: "10 minutes", excludeTestServices: true })(
  "Spark's semantics",
  (it) => {
    it.effect("windows are half-open and aligned to the epoch plus an offset, before it too", () =>
      Effect.gen(function*() {
        const hopping = readings.pipe(
          Window.hopping("90 seconds", "60 seconds", { offset: "-15 seconds" }),
          Aggregate.into(into),
          Pipeline.named("hopping")
        )
        const topic = yield* Runs.over([minutes, hopping])
        yield* put(topic, reading(-0.001), reading(0), reading(59.999), reading(60), reading(-60))
        yield* topic.compute
        const panes = yield* topic.panes("all")
        assert.deepStrictEqual(spans(panes.filter(({ pipeline }) => pipeline === "minutes")), [[-60, 0, 2], [0, 60, 2], [60, 120, 1]])
        assert.deepStrictEqual(
          spans(panes.filter(({ pipeline }) => pipeline === "hopping")),
          [[-135, -45, 1], [-75, 15, 3], [-15, 75, 4], [45, 135, 2]]
        )
      }))

    it.effect("the time zone of a session moves no window", () =>
      Effect.gen(function*() {
        const days = readings.pipe(Window.tumbling("1 day"), Aggregate.into(into), Pipeline.named("days"))
        const session = yield* Session
        yield* session.set({ "spark.sql.session.timeZone": "America/New_York" })
        const topic = yield* Runs.over([days])
        yield* put(topic, reading(0), reading(86_399.999), reading(86_400))
        yield* Effect.ensuring(topic.compute, Effect.orDie(session.set({ "spark.sql.session.timeZone": "UTC" })))
        assert.deepStrictEqual(spans(yield* topic.panes("all")), [[0, 86_400, 2], [86_400, 172_800, 1]])
      }))

    it.effect("the watermark is the latest time of all partitions less the bound, from the next batch on, and never goes back", () =>
      Effect.gen(function*() {
        const topic = yield* Runs.over([minutes], { partitions: 2 })
        yield* topic.append([Runs.event(reading(30), 0), Runs.event(reading(45), 1), Runs.event(reading(40), 0)])
        const first = yield* topic.batch
        yield* topic.append([Runs.event(reading(38), 0)])
        const second = yield* topic.batch
        assert.deepStrictEqual([watermarkOf(first[0]), watermarkOf(first.at(-1)), watermarkOf(second.at(-1))], [-shift / 1_000, 35, 35])
      }))

    it.effect("a late event is judged by its window's end, and against the watermark of the batch before", () =>
      Effect.gen(function*() {
        const topic = yield* Runs.over([minutes])
        // In one batch nothing is late, however far back it goes.
        yield* put(topic, reading(200), reading(1))
        const [first] = yield* topic.batch
        assert.strictEqual(first?.stateOperators[0]?.numRowsDroppedByWatermark, 0)
        assert.deepStrictEqual(spans(yield* topic.panes("batches")), [[0, 60, 1]])
        // The watermark is at 190: of 179 the window is over, of 180 it is not, though both times are before it.
        yield* put(topic, reading(179), reading(180), reading(1_000))
        const [second] = yield* topic.batch
        assert.strictEqual(second?.stateOperators[0]?.numRowsDroppedByWatermark, 1)
        assert.deepStrictEqual(spans(yield* topic.panes("batches")), [[0, 60, 1], [180, 240, 2]])
      }))

    it.effect("a window closes when the watermark equals its end, in a batch without data if need be, and only then", () =>
      Effect.gen(function*() {
        const topic = yield* Runs.over([minutes])
        yield* put(topic, reading(0), reading(69.999))
        assert.deepStrictEqual((yield* topic.batch).map(({ sources }) => sources[0]?.numInputRows), [2, 0])
        assert.deepStrictEqual(yield* topic.panes("batches"), [])
        yield* put(topic, reading(70))
        assert.deepStrictEqual((yield* topic.batch).map(({ sources }) => sources[0]?.numInputRows), [1, 0])
        assert.deepStrictEqual(spans(yield* topic.panes("batches")), [[0, 60, 1]])
      }))

    it.effect("sessions that touch are one, and grow from batch to batch", () =>
      Effect.gen(function*() {
        const sessions = readings.pipe(Window.session("30 seconds"), Aggregate.into(into), Pipeline.named("sessions"))
        const topic = yield* Runs.over([sessions])
        yield* put(topic, reading(0), reading(60.001), reading(100, { key: "B" }))
        yield* topic.batch
        // Between the two, touching the first and one millisecond short of the second.
        yield* put(topic, reading(30, { key: "C" }), reading(90.001), reading(1_000, { key: "B" }))
        yield* topic.batch
        assert.deepStrictEqual(spans(yield* topic.panes("batches")), [[0, 30, 1], [60.001, 120.001, 2], [100, 130, 1]])
      }))

    it.effect("sums and means of decimals are exact at their limits, and rounded HALF_UP", () =>
      Effect.gen(function*() {
        const topic = yield* Runs.over([minutes])
        // One hundred-millionth over 32 rows ends in a 5 behind the last decimal that there is.
        const ties = (price: string, from: number) =>
          Array.from({ length: 32 }, (_, i) => reading(from + i, { price: i === 0 ? price : "0" }))
        yield* put(
          topic,
          ...["90000000", "89999999.99999999", "-0.00000001"].map((price, i) => reading(i, { price })),
          ...ties("0.00000001", 60),
          ...ties("-0.00000001", 120),
          reading(180)
        )
        yield* topic.compute
        assert.deepStrictEqual((yield* topic.panes("all")).map(({ values }) => values["mean"]), [
          "59999999.999999993333",
          "0.000000000313",
          "-0.000000000313",
          null
        ])
      }))

    it.effect("a mean is exact where its weights nearly cancel out, and null where they do", () =>
      Effect.gen(function*() {
        const squares = readings.pipe(
          Window.tumbling("1 minute"),
          Aggregate.into({ mean: Aggregate.weightedMean("price", "price") }),
          Pipeline.named("squares")
        )
        const topic = yield* Runs.over([squares])
        const at = (from: number, ...prices: ReadonlyArray<string>) => prices.map((price, i) => reading(from + i, { price }))
        yield* put(
          topic,
          ...at(0, "90000000", "-89999999.99999999"),
          ...at(60, "-90000000", "89999999.99999999"),
          ...at(120, "90000000", "-90000000"),
          ...at(180, "90000000", "89999999.99999999"),
          // A divisor of one less than half a million, in hundred-millionths, and of just that.
          ...at(240, "1", "-0.99500001"),
          ...at(300, "1", "-0.995")
        )
        yield* topic.compute
        assert.deepStrictEqual((yield* topic.panes("all")).map(({ values }) => values["mean"]), [
          "1619999999999999820000000.00000001",
          "-1619999999999999820000000.00000001",
          null,
          "89999999.999999995",
          "398.0057999916",
          "398.005"
        ])
      }))

    it.effect("an integer sum is a string beyond 2^53 - 1, exact to the last digit", () =>
      Effect.gen(function*() {
        const topic = yield* Runs.over([minutes])
        const largest = { size: Number.MAX_SAFE_INTEGER }
        yield* put(topic, reading(0, largest), reading(60, largest), reading(61, { size: 2 }))
        yield* topic.compute
        const sums = (yield* topic.panes("all")).map(({ values }) => values["sum"])
        assert.deepStrictEqual(sums, [Number.MAX_SAFE_INTEGER, "9007199254740993"])
      }))

    it.effect("what is late hangs on the batches: in one batch Spark keeps what the engine in process calls late", () =>
      Effect.gen(function*() {
        const texts = [reading(0), reading(200), reading(1), reading(1_000)]
        assert.deepStrictEqual(inProcess(texts), { late: 1, closed: [[0, 60, 1], [180, 240, 1]] })
        const [one, two] = yield* Effect.all([Runs.over([minutes]), Runs.over([minutes])])
        yield* put(one, ...texts)
        yield* one.batch
        assert.deepStrictEqual(spans(yield* one.panes("batches")), [[0, 60, 2], [180, 240, 1]])
        yield* put(two, ...texts.slice(0, 2))
        yield* two.batch
        yield* put(two, ...texts.slice(2))
        yield* two.batch
        assert.deepStrictEqual(spans(yield* two.panes("batches")), inProcess(texts).closed)
      }))
  }
)
