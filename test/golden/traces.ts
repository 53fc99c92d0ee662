/**
 * What is traced: every pipeline that is built in or an example, and every kind of window,
 * over the recorded session as it was, with a publisher's bars in it, and in disorder.
 */
import { BigDecimal, Schema } from "effect"
import {
  Aggregate, bars, candles1m, candles5m, day, dayOf, Decimal, Events, Expr, indicators1m, movingAverage5m, Pipeline, priceForming, Source, ticks, Window
} from "../../src/index.ts"
import { type Course, type Entry, logOf, type Shape, traceOf } from "./engine.ts"
import { disordered, disorderedAtAnyTime, fourWeeks, maxTimeAhead, orders, session, withBars } from "./inputs.ts"
import { writtenBy } from "./ports.ts"
import { pipelinesOf, programs } from "./programs.ts"

type Lines = () => ReadonlyArray<string> | Promise<ReadonlyArray<string>>

/** All ways give the same lines, which are kept under the name. */
export interface Trace {
  readonly name: string
  readonly ways: { readonly [way: string]: Lines }
  /** It runs in processes of its own, beside others. */
  readonly isProgram?: boolean
}

type Pipelines = ReadonlyArray<Pipeline.Any>

const sources = { source: ticks.definition, preAggregated: bars.definition }

const shapes: { readonly [name: string]: Omit<Shape, "sources"> } = {
  "1": { partitions: 1, size: 500 },
  "2": { partitions: 2, size: 500 },
  // No symbol of the session comes to the second of three partitions: it is idle, as the engine decides live.
  "3": { partitions: 3, size: 500, quiet: [1] },
  "3-and-no-decision": { partitions: 3, size: 500 },
  "1-ended-twice": { partitions: 1, size: 500, endBefore: 17 }
}

/** The lines of a job, without a stop and with many. */
const jobTrace = (
  name: string,
  pipelines: Pipelines,
  entries: ReadonlyArray<Entry>,
  shape: Shape,
  course: Course = {}
): Trace => {
  const run = (more: Course) => () => traceOf(pipelines, logOf(entries, shape), { ...course, ...more })
  return {
    name,
    ways: {
      "in one go": run({}),
      "restored from snapshots on the way": run({ restoreEvery: 7 })
    }
  }
}

const over = (
  name: string,
  pipelines: Pipelines,
  entries: ReadonlyArray<Entry>,
  partitions: ReadonlyArray<keyof typeof shapes> = ["1"],
  course: Course = {}
): ReadonlyArray<Trace> =>
  partitions.map((shape) =>
    jobTrace(`${name}-over-${shape}`, pipelines, entries, { ...shapes[shape]!, sources }, course))

const builtIn = [candles1m, movingAverage5m, candles5m, day]

const eachAlone = (name: string, pipelines: Pipelines, entries: ReadonlyArray<Entry>, course?: Course) =>
  pipelines.flatMap((pipeline) => over(`${name}-${pipeline.name}`, [pipeline], entries, ["1"], course))

const prices = {
  open: priceForming(Aggregate.first("price")),
  high: priceForming(Aggregate.max("price")),
  low: priceForming(Aggregate.min("price")),
  close: priceForming(Aggregate.last("price")),
  mean: priceForming(Aggregate.mean("price")),
  volume: Aggregate.sum("size"),
  trades: Aggregate.count
}

/** Every aggregate there is, over decimals, integers, texts and booleans. */
const everything = ticks.pipe(
  Events.where(Expr.or(Expr.gte("price", "20"), Expr.and(Expr.lt("size", 1_000), Expr.not(Expr.eq("symbol", "BAC"))))),
  Window.tumbling("10 minutes", { offset: "3 minutes" }),
  Aggregate.into({
    count: Aggregate.count,
    volume: Aggregate.sum("size"),
    total: Aggregate.sum("price"),
    meanSize: Aggregate.mean("size"),
    meanPrice: Aggregate.mean("price"),
    smallest: Aggregate.min("size"),
    highest: Aggregate.max("price"),
    firstSymbol: Aggregate.first("symbol"),
    lastForming: Aggregate.last("priceForming"),
    priceOfLargest: Aggregate.maxBy("price", "size"),
    timeOfLowest: Aggregate.minBy("time", "price"),
    vwap: Aggregate.weightedMean("price", "size"),
    blocks: Aggregate.where(Expr.gt("size", 900))(Aggregate.count)
  }),
  Pipeline.named("everything")
)

const piecesOf = ({ size }: { readonly size: Decimal.Decimal }): number => BigDecimal.toNumberUnsafe(size)

/** What only this process can compute: functions. */
const functions = ticks.pipe(
  Events.filter((row: { readonly size: Decimal.Decimal }) => piecesOf(row) % 3 !== 0),
  Window.tumbling("10 minutes"),
  Aggregate.into({
    xor: Aggregate.custom({
      create: () => 0,
      add: (state: number, row: { readonly size: Decimal.Decimal }) => state ^ piecesOf(row),
      merge: (left: number, right: number) => left ^ right,
      result: (state: number) => state,
      state: Schema.Int
    }),
    trades: Aggregate.count
  }),
  Pipeline.named("functions")
)

const windows = {
  hopping: Window.hopping("10 minutes", "4 minutes", { offset: "90 seconds" }),
  cumulative: Window.cumulative("1 hour", "10 minutes"),
  session: Window.session("45 seconds"),
  day: Window.calendar("day", { timeZone: "Asia/Tokyo" }),
  week: Window.calendar("week", { timeZone: "Australia/Lord_Howe" }),
  month: Window.calendar("month", { timeZone: "Europe/Berlin" })
}

const inWindows: Pipelines = [
  ...Object.entries(windows).map(([name, window]) =>
    ticks.pipe(window, Aggregate.into(prices), Pipeline.percentChange("change", "close"), Pipeline.named(name))),
  Pipeline.rollUp(candles5m, "1 hour").pipe(Pipeline.named("candles-1h")),
  everything,
  functions
]

const acrossTheChange: Pipelines = [
  ...["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "UTC"].flatMap((timeZone, index) =>
    (["day", "week", "month"] as const).map((unit) =>
      ticks.pipe(
        Window.calendar(unit, { timeZone }),
        Aggregate.into(prices),
        Pipeline.percentChange("change", "volume"),
        Pipeline.named(`${unit}-${index}`)
      ))),
  day
]

/** The built-in ones as `--allowed-lateness` and `--out-of-orderness` make them. */
const bounded = (bounds: Parameters<typeof Pipeline.withBounds>[1]): Pipelines =>
  builtIn.map((pipeline) => Pipeline.withBounds(pipeline, bounds))

const revised = (emit: ReturnType<typeof Pipeline.emitOnUpdate> | typeof Pipeline.emitOnClose, suffix: string): Pipelines =>
  Object.entries({ ...windows, tumbling: Window.tumbling("1 minute") }).map(([name, window]) =>
    ticks.pipe(
      window,
      Aggregate.into(prices),
      emit,
      Pipeline.allowedLateness("90 seconds"),
      Pipeline.percentChange("change", "close"),
      Pipeline.named(`${name}-${suffix}`)
    ))

const disorder: Course = { maxTimeAhead, repeatEvery: 5 }

/** Over the ports in memory, with runs that end after so many batches and go on from their checkpoint. */
const portsTrace = (partitions: number, stops: { readonly [way: string]: ReadonlyArray<number> }): Trace => {
  const pipelines = bounded({ allowedLateness: 60_000 })
  const log = logOf(disorderedAtAnyTime.slice(0, 6_000), { partitions, size: 500, sources })
  return {
    name: `ports-over-${partitions}`,
    ways: Object.fromEntries(Object.entries(stops).map(([way, runs]) => [way, () => writtenBy(pipelines, log, runs)]))
  }
}

const ofTakings = { source: Source.make("orders", {
  schema: Schema.Struct({ shop: Schema.String, placedAt: Schema.Int }),
  key: "shop",
  eventTime: "placedAt"
}).definition }

const [range, takings] = await Promise.all([pipelinesOf("range.ts"), pipelinesOf("your-own-topic.ts")])

export const traces: ReadonlyArray<Trace> = [
  ...over("built-in", builtIn, session, ["1", "2", "3", "3-and-no-decision", "1-ended-twice"]),
  ...eachAlone("alone", [...builtIn, indicators1m], session),
  ...over("alone-day-extended", [dayOf({ hours: "extended" })], session),

  ...over("bars", builtIn, withBars, ["1", "2", "3"]),
  ...eachAlone("bars", [...builtIn, indicators1m], withBars),
  ...over("bars-refused", [everything], withBars.slice(0, 4_000)),

  ...over("windows", inWindows, session, ["1", "3"]),
  ...over("across-the-change-of-clocks", acrossTheChange, fourWeeks),

  ...over("disorder", builtIn, disordered, ["1", "3"], disorder),
  ...over("disorder-wide", bounded({ outOfOrderness: 60_000 }), disordered, ["1"], disorder),
  ...over("disorder-lateness", bounded({ allowedLateness: 60_000 }), disordered, ["1", "2", "3", "1-ended-twice"], disorder),
  ...over("disorder-windows", revised(Pipeline.emitOnClose, "late"), disordered, ["1", "3"], disorder),
  ...over("early", revised(Pipeline.emitOnUpdate({ every: "30 seconds" }), "early"), disordered.slice(0, 4_000), ["1", "3"], disorder),
  ...over("early-every-event", revised(Pipeline.emitOnUpdate(), "eager"), disordered.slice(0, 500), ["1"], disorder),
  ...over("forming", [...builtIn, ...revised(Pipeline.emitOnClose, "late")], disordered, ["1"], { ...disorder, forming: true }),

  portsTrace(1, { "in one run": [], "in three runs": [4, 9] }),
  // What a run reads first of two partitions depends on where it begins.
  portsTrace(2, { "in four runs": [5, 11, 18] }),

  ...over("example-range", range, session, ["1", "3"]),
  ...["1", "3"].map((shape) =>
    jobTrace(`example-takings-over-${shape}`, takings, orders, { ...shapes[shape]!, sources: ofTakings })),

  ...Object.entries(programs).map(([name, run]) => ({ name, ways: { "as it is typed": run }, isProgram: true }))
]
