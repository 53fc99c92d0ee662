/** What the random pipelines of the laws have none of: the engine and the fold say the same of it. */
import { Schema } from "effect"
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { logsWithin, source, windows } from "../../../src/testing/Arbitraries.ts"
import { batches, foldedPanes, isData, lines, makeJob, records, run } from "../../../src/testing/Harness.ts"
import { Aggregate, Events, Expr, Pane, Pipeline, Source, Window } from "../../../src/streams/pipeline/index.ts"
import type { AnyOfPanes as AnyPipeline } from "../../../src/streams/pipeline/Pipeline.ts"
import { Job } from "../../../src/streams/engine/Job.ts"
import * as BatchFold from "../../../src/streams/reference/BatchFold.ts"
import * as RowFold from "../../../src/streams/reference/RowFold.ts"

const bound = 6

type Samples = ReturnType<typeof source>

type Assign = typeof windows extends fc.Arbitrary<infer Assign> ? Assign : never

const agree = (make: (samples: Samples, window: Assign) => AnyPipeline) => {
  fc.assert(fc.property(windows, logsWithin(bound), (window, [log]) => {
    const pipeline = make(source(bound), window)
    expect(lines(run(makeJob([pipeline], 1), batches(log, [7])))).toEqual(lines(foldedPanes(pipeline, log)))
  }), { numRuns: 150 })
}

it("weights may be decimals, doubles and integers, and less than nothing", () => {
  agree((samples, window) =>
    window(samples).pipe(
      Aggregate.into({
        ratioByPrice: Aggregate.weightedMean("ratio", "price"),
        ratioByRatio: Aggregate.weightedMean("ratio", "ratio"),
        priceByPrice: Aggregate.weightedMean("price", "price"),
        sizeByPrice: Aggregate.weightedMean("size", "price"),
        timeBySize: Aggregate.weightedMean("time", "size"),
        sizeByTime: Aggregate.weightedMean("size", "time")
      }),
      Pipeline.named("weighted")
    ))
})

it("what the smallest windows refuse is in no roll-up of their roll-ups", () => {
  const size = Aggregate.into({ n: Aggregate.count })
  const readings = Source.make("readings", { schema: Schema.Struct({ key: Schema.String, time: Schema.Int }), key: "key", eventTime: "time" })
  const m1 = readings.pipe(Window.tumbling("1 minute"), size, Pipeline.named("m1"))
  const m5 = Pipeline.rollUp(m1, "5 minutes").pipe(Pipeline.named("m5"))
  const m15 = Pipeline.rollUp(m5, "15 minutes").pipe(Pipeline.named("m15"))
  const times = [1_000, 130_000, 30_000]
  const job = new Job([m1, m5, m15], { partitions: 1 })
  job.take(records(0, 0, times.map((time) => JSON.stringify({ key: "A", time }))))
  const counts = job.close().panes.map(({ pipeline, start, values }) => [pipeline, start, values["n"]])
  expect(counts).toEqual([["m1", 120_000, 1], ["m5", 0, 2], ["m15", 0, 2]])
  const events = times.map((time, offset) => ({ partition: 0, offset, fields: { key: "A", time } }))
  for (const pipeline of [m5, m15]) {
    expect(BatchFold.fold(pipeline, events).results.map(({ values }) => values["n"])).toEqual([2])
  }
})

it("of windows that end together the longer comes first, then the key that is smaller", () => {
  const sessions = source(20).pipe(Window.session(10), Aggregate.into({ n: Aggregate.count }), Pipeline.named("c"))
  const event = (offset: number, key: string, time: number) =>
    ({ partition: 0, offset, fields: { key, time, price: null, size: 1, ratio: null, flag: null, venue: null } })
  const { results } = BatchFold.fold(sessions, [event(0, "C", 5), event(1, "A", 5), event(2, "B", 5), event(3, "B", 0), event(4, "D", 0)])
  expect(results.map(({ end, key }) => [end, key])).toEqual([[10, "D"], [15, "B"], [15, "A"], [15, "C"]])
})

it("a struct that may be absent is absent where it has nothing, and else has what there is", () => {
  const trade = Schema.Struct({ fee: Schema.NullOr(Schema.Int), venue: Schema.NullOr(Schema.String) })
  const trades = Source.make("trades", {
    schema: Schema.Struct({ key: Schema.String, time: Schema.Int, trade: Schema.NullOr(trade), at: trade }),
    key: "key",
    eventTime: "time"
  }).pipe(Pipeline.named("rows"))
  const of = (fields: object) => RowFold.foldRows(trades, [{ partition: 0, offset: 0, fields: { key: "A", time: 1, ...fields } }])[0]?.values
  expect(of({})).toEqual({ key: "A", time: 1, trade: null, at: { fee: null, venue: null } })
  expect(of({ "trade.fee": 3, "at.venue": "N" })).toEqual({ key: "A", time: 1, trade: { fee: 3, venue: null }, at: { fee: null, venue: "N" } })
})

it("functions and conditions leave rows out together, whichever comes first", () => {
  const isOdd = ({ time }: Pipeline.RowOf<Samples>) => time % 2 !== 0
  const few = ({ size }: Pipeline.RowOf<Samples>) => size < 4
  const counted = { count: Aggregate.count, size: Aggregate.sum("size") } as const
  const pipelines = [
    source(bound).pipe(Events.where(Expr.gte("size", 2)), Events.filter(isOdd), Window.tumbling(5), Aggregate.into(counted), Pipeline.named("a")),
    source(bound).pipe(Events.filter(isOdd), Events.where(Expr.gte("size", 2)), Events.filter(few), Window.tumbling(5), Aggregate.into(counted), Pipeline.named("b"))
  ]
  for (const pipeline of pipelines) {
    fc.assert(fc.property(logsWithin(bound), ([log]) => {
      expect(lines(run(makeJob([pipeline], 1), batches(log, [7])))).toEqual(lines(foldedPanes(pipeline, log)))
    }))
  }
})

it("windows that are forming are what the fold makes of the rows until then, up to the first that holds the newest row", () => {
  fc.assert(fc.property(windows, logsWithin(bound), fc.integer({ min: 1, max: 60 }), (window, [log], taken) => {
    const pipeline = window(source(bound)).pipe(
      Aggregate.into({ count: Aggregate.count, close: Aggregate.last("price"), size: Aggregate.sum("size") }),
      Pipeline.named("forming")
    )
    const some = { ...log, entries: log.entries.slice(0, taken) }
    const job = new Job([pipeline], { partitions: 1 })
    for (const batch of batches(some, [7])) job.take(batch)
    const isSession = pipeline.checked.end._tag === "window" && pipeline.checked.end.window.kind === "session"
    const watermark = job.watermark ?? -Infinity
    const newest = Math.max(...some.entries.filter(isData).map(({ value }) => value.time))
    const open = foldedPanes(pipeline, some).filter(({ end }) => isSession ? end >= watermark : end > watermark)
    const upTo = Math.min(...open.filter(({ end, start }) => start <= newest && newest < end).map(({ end }) => end))
    const expected = open.filter(({ end }) => isSession || end <= upTo).map((pane) => Pane.toJson({ ...pane, pane: "early" }))
    expect(job.forming().map(Pane.toJson)).toEqual(expected)
  }), { numRuns: 300 })
})

it("early panes of a row come in the order of their windows", () => {
  fc.assert(fc.property(windows, logsWithin(bound), (window, [log]) => {
    const pipeline = window(source(0)).pipe(
      Aggregate.into({ count: Aggregate.count }),
      Pipeline.allowedLateness(4),
      Pipeline.emitOnUpdate({ every: 3 }),
      Pipeline.named("early")
    )
    const job = makeJob([pipeline], 1)
    for (const batch of batches(log, [1])) {
      const early = job.take(batch).panes.filter(({ pane }) => pane === "early")
      expect(early).toEqual(early.toSorted(Pane.order))
    }
    const onTime = job.take({ _tag: "end", at: job.offsets }).panes
    expect(onTime).toEqual(onTime.toSorted(Pane.order))
  }), { numRuns: 300 })
})

it("a time is UTC where it says nothing else, whatever the zone of the machine", () => {
  const timed = Source.make("timed", {
    schema: Schema.Struct({ key: Schema.String, at: Schema.String }),
    key: "key",
    eventTime: { iso8601: "at", withoutZone: "UTC" }
  })
  const pipeline = timed.pipe(Window.tumbling("1 minute"), Aggregate.into({ count: Aggregate.count }), Pipeline.allowedLateness("1 day"), Pipeline.named("timed"))
  const at = ["2024-11-25T14:30:00", "2024-11-25 14:30:00Z", "2024-11-25T14:30:00+05:30"]
  const { results } = BatchFold.fold(pipeline, at.map((at, offset) => ({ partition: 0, offset, fields: { key: "A", at } })))
  expect(results.map(({ rows, start }) => [new Date(start).toISOString(), rows])).toEqual([
    ["2024-11-25T09:00:00.000Z", 1],
    ["2024-11-25T14:30:00.000Z", 2]
  ])
})
