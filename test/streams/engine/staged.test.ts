/** Windows over the results of windows, by example: when they come, what an end of input makes of them, and what is told. */
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { Job } from "../../../src/streams/engine/Job.ts"
import { Aggregate, Events, Expr, Join, Panes, Pipeline, Source, Window } from "../../../src/streams/pipeline/index.ts"
import * as Pane from "../../../src/streams/pipeline/Pane.ts"
import * as Row from "../../../src/streams/pipeline/Row.ts"
import { records } from "../../../src/testing/Harness.ts"

const Trade = Schema.Struct({ symbol: Schema.String, time: Schema.Int, size: Schema.Int })
const trades = Source.make("trades", { schema: Trade, key: "symbol", eventTime: "time" })

const sizes = { size: Aggregate.sum("size"), trades: Aggregate.count }
const whole = { size: Aggregate.sum("size"), windows: Aggregate.count }

const minutes = trades.pipe(Window.tumbling(10), Aggregate.into(sizes), Pipeline.allowedLateness(5), Panes.toEvents, Window.tumbling(20), Aggregate.into(whole), Pipeline.named("minutes"))

const trade = (time: number, size: number, symbol = "A") => JSON.stringify({ symbol, time, size })

/** What records lead to, in short. */
const told = (job: Job, texts: ReadonlyArray<string>) => {
  const [first = 0] = job.offsets
  return shortOf(job.take(records(0, first, texts)))
}
const shortOf = ({ panes }: ReturnType<Job["take"]>) =>
  panes.map(Pane.encode).map(({ end, key, pane, revision, start, values }) => `${key} ${start}..${end} ${pane} ${revision}: ${Object.values(values).join(" ")}`)

const ended = (job: Job) => shortOf(job.decide({ _tag: "end", at: job.offsets }))

describe("windows over the results of windows", () => {
  it("close when the results in them are final, and have what came late for these", () => {
    const job = new Job([minutes], { partitions: 1 })
    expect(told(job, [trade(1, 1), trade(11, 2), trade(24, 4)])).toEqual([])
    expect(told(job, [trade(12, 8)])).toEqual([])
    expect(told(job, [trade(25, 0)])).toEqual(["A 0..20 on-time 0: 11 2"])
    expect(told(job, [trade(13, 16)])).toEqual([])
    expect(job.counts.late).toBe(1)
    expect(shortOf(job.close())).toEqual(["A 20..40 on-time 0: 4 1"])
    expect(job.size).toBe(0)
  })

  it("are told through all stages when the input ends, and once more where they come to be otherwise", () => {
    const job = new Job([minutes], { partitions: 1 })
    told(job, [trade(1, 1), trade(11, 2)])
    expect(ended(job)).toEqual(["A 0..20 on-time 0: 3 2"])
    expect(ended(job)).toEqual([])
    told(job, [trade(12, 4)])
    expect(shortOf(job.close())).toEqual(["A 0..20 on-time 1: 7 2"])
  })

  it("are newer than what an end of input told, though they are made of fewer results", () => {
    const sessions = trades.pipe(Window.session(10), Aggregate.into(sizes), Pipeline.allowedLateness(50), Panes.toEvents, Window.tumbling(100), Aggregate.into(whole), Pipeline.named("sessions"))
    const job = new Job([sessions], { partitions: 1 })
    told(job, [trade(0, 1), trade(15, 2)])
    expect(ended(job)).toEqual(["A 0..100 on-time 0: 3 2"])
    told(job, [trade(8, 4)])
    expect(job.close().panes).toMatchObject([{ pane: "on-time", revision: 1, changes: 2, values: { windows: 1 } }])
  })

  it("are taken back where an end of input told them and they are none in the end", () => {
    const pairs = trades.pipe(
      Window.tumbling(10),
      Aggregate.into(sizes),
      Pipeline.allowedLateness(50),
      Panes.where(Expr.lt("trades", 2)),
      Panes.toEvents,
      Window.tumbling(20),
      Aggregate.into(whole),
      Pipeline.named("pairs")
    )
    const job = new Job([pairs], { partitions: 1 })
    told(job, [trade(1, 1), trade(30, 1)])
    expect(ended(job)).toEqual(["A 0..20 on-time 0: 1 1", "A 20..40 on-time 0: 1 1"])
    expect(told(job, [trade(2, 1), trade(71, 1)])).toEqual([])
    expect(told(job, [trade(72, 1)])).toEqual(["A 0..20 retracted 1: "])
    expect(shortOf(job.close())).toEqual([])
  })

  it("have rows whose fields are null where they do not fit, and none of those without a key", () => {
    const shares = trades.pipe(
      Window.tumbling(10),
      Aggregate.into({ size: Aggregate.sum("size"), bought: Aggregate.where(Expr.gt("size", 0))(Aggregate.first("symbol")), most: Aggregate.max("size"), trades: Aggregate.count }),
      Panes.toEvents,
      Events.derive({ ratio: Expr.divide("trades", "most") }),
      Events.keyBy("bought"),
      Window.tumbling(100),
      Aggregate.into({ windows: Aggregate.count, ratios: Aggregate.sum("ratio") }),
      Pipeline.named("shares")
    )
    const job = new Job([shares], { partitions: 1 })
    const { unused } = job.take(records(0, 0, [trade(1, 0), trade(11, 2), trade(21, 1), trade(22, 0, "B")]))
    const closed = job.close()
    expect(shortOf(closed)).toEqual(["A 0..100 on-time 0: 2 1.5"])
    expect([...unused, ...closed.unused]).toEqual([])
    expect(job.counts).toMatchObject({ read: 4, aggregated: 4, deadLettered: 0, held: 0 })
  })

  it("join candles of two symbols", () => {
    const candles = (symbol: string) => trades.pipe(Events.where(Expr.eq("symbol", symbol)), Events.keyBy([]), Window.tumbling(10), Aggregate.into({ last: Aggregate.last("size") }), Panes.toEvents)
    const both = candles("A").pipe(
      Join.asOf(candles("B"), { within: 0, select: { other: "last" } }),
      Window.tumbling(100),
      Aggregate.into({ correlation: Aggregate.correlation("last", "other"), windows: Aggregate.count }),
      Pipeline.named("both")
    )
    const job = new Job([both], { partitions: 1 })
    const texts = [1, 2, 3, 4].flatMap((each) => [trade(each * 10, each), trade(each * 10 + 1, -2 * each, "B")])
    job.take(records(0, 0, texts))
    expect(shortOf(job.close())).toEqual([" 0..100 on-time 0: -1 4"])
  })

  it("make pairs with rows, and with results of others, whose windows are close", () => {
    const candles = (symbol: string) => trades.pipe(Events.where(Expr.eq("symbol", symbol)), Events.keyBy([]), Window.tumbling(10), Aggregate.into({ last: Aggregate.last("size") }), Panes.toEvents)
    const over = { pairs: Aggregate.count, first: Aggregate.first("other"), last: Aggregate.last("other") }
    const pairs = candles("A").pipe(
      Join.interval(candles("B"), { before: 20, select: { other: "last" } }),
      Window.tumbling(100),
      Aggregate.into(over),
      Pipeline.named("pairs")
    )
    const beside = trades.pipe(
      Join.interval(trades.pipe(Window.tumbling(10), Aggregate.into({ last: Aggregate.last("size") }), Panes.toEvents), { after: 10, type: "left", select: { other: "last" } }),
      Window.tumbling(100),
      Aggregate.into(over),
      Pipeline.named("beside")
    )
    const job = new Job([pairs, beside], { partitions: 1 })
    const texts = [1, 2, 3, 4].flatMap((each) => [trade(each * 10, each), trade(each * 10 + 1, -2 * each, "B")])
    job.take(records(0, 0, texts))
    // Each candle of A with those of B that end at most 20 before: 1, 2, 3 and 3 of them.
    expect(shortOf(job.close())).toEqual([" 0..100 on-time 0: 9 -2 -8", "A 0..100 on-time 0: 4 1 4", "B 0..100 on-time 0: 4 -2 -8"])
    expect(job.counts).toMatchObject({ read: 8, aggregated: 8, held: 0 })
  })

  it("are under the bounds of the command line before rows are made of them, and not behind", () => {
    const { nodes } = Pipeline.withBounds(minutes, { allowedLateness: 7, outOfOrderness: 3 }).checked
    expect(nodes.flatMap((node) => node._tag === "window" ? [node.allowedLateness] : [])).toEqual([7, 0])
  })
})

describe("rows joined with candles", () => {
  it("see the last one that has come to its last millisecond, keep their places, and are the ones that count", () => {
    const candles = trades.pipe(Window.tumbling(10), Aggregate.into({ last: Aggregate.last("size") }), Panes.toEvents)
    const before = trades.pipe(Join.asOf(candles, { within: 15, select: { before: "last" } }), Pipeline.named("before"))
    const job = new Job([before], { partitions: 1 })
    const { rows } = job.take(records(0, 0, [trade(1, 1), trade(9, 2), trade(10, 3), trade(19, 4), trade(50, 5)]))
    expect(rows.map(({ place, values }) => [place, values["size"], values["before"]])).toEqual([
      [{ source: "trades", partition: 0, offset: 0 }, 1, null],
      [{ source: "trades", partition: 0, offset: 1 }, 2, 2],
      [{ source: "trades", partition: 0, offset: 2 }, 3, 2],
      [{ source: "trades", partition: 0, offset: 3 }, 4, 4]
    ])
    expect(job.counts).toMatchObject({ read: 5, held: 1, aggregated: 4 })
    expect(job.close().rows).toHaveLength(1)
    expect(job.counts).toMatchObject({ held: 0, aggregated: 5 })
  })
})

describe("results as rows at the end of a pipeline", () => {
  const minutes = trades.pipe(Window.tumbling(10), Aggregate.into(sizes), Pipeline.allowedLateness(5), Panes.toEvents)
  const placesOf = ({ rows }: Pick<ReturnType<Job["take"]>, "rows">) => rows.map(({ key, place, time, values }) => ({ key, time, place, values: Row.valuesToJson(values) }))

  it("are put out once, when they are final, and known by their windows whatever their key and their fields are called", () => {
    const renamed = minutes.pipe(Events.select({ of: "key", from: "start", until: "end", size: "size" }), Events.keyBy("from"), Pipeline.named("renamed"))
    const job = new Job([renamed], { partitions: 1 })
    expect(job.take(records(0, 0, [trade(1, 1), trade(14, 2), trade(2, 4, "B"), trade(3, 8)])).rows).toEqual([])
    expect(placesOf(job.take(records(0, 4, [trade(15, 16)])))).toEqual([
      { key: "0", time: 9, place: { source: "Panes.toEvents", partition: 0, offset: 0, window: { start: 0, end: 10, key: "A" } }, values: "{\"of\":\"A\",\"from\":0,\"until\":10,\"size\":\"9\"}" },
      { key: "0", time: 9, place: { source: "Panes.toEvents", partition: 0, offset: 0, window: { start: 0, end: 10, key: "B" } }, values: "{\"of\":\"B\",\"from\":0,\"until\":10,\"size\":\"4\"}" }
    ])
    expect(job.decide({ _tag: "end", at: job.offsets }).rows).toEqual([])
    expect(placesOf(job.close())).toMatchObject([{ place: { window: { start: 10, end: 20, key: "A" } } }])
    expect(job.counts).toMatchObject({ read: 5, aggregated: 5, held: 0 })
    expect(job.size).toBe(0)
  })

  it("are those of windows that pass, with fields of the newest row of another side", () => {
    const large = trades.pipe(
      Window.tumbling(10),
      Aggregate.into(sizes),
      Panes.where(Expr.gt("trades", 1)),
      Panes.toEvents,
      Join.asOf(trades, { within: 10, select: { last: "size" } }),
      Pipeline.named("large")
    )
    const job = new Job([large], { partitions: 1 })
    const { rows } = job.take(records(0, 0, [trade(1, 1), trade(2, 2), trade(11, 3), trade(25, 4), trade(27, 5)]))
    expect([...placesOf({ rows }), ...placesOf(job.close())].map(({ place, values }) => [place.window?.start, values])).toEqual([
      [0, "{\"key\":\"A\",\"start\":0,\"end\":10,\"size\":\"3\",\"trades\":2,\"last\":2}"],
      [20, "{\"key\":\"A\",\"start\":20,\"end\":30,\"size\":\"9\",\"trades\":2,\"last\":5}"]
    ])
  })

  it("are beside rows of others in a run, each in the order of its own", () => {
    const all = trades.pipe(Pipeline.named("all"))
    const once = trades.pipe(Events.distinct({ by: "size", within: 1 }), Pipeline.named("once"))
    const job = new Job([once, all, minutes.pipe(Pipeline.named("minutes"))], { partitions: 1 })
    const { rows } = job.take(records(0, 0, [trade(3, 1), trade(1, 2, "B"), trade(2, 4), trade(30, 8)]))
    const timesOf = (name: string) => rows.filter(({ pipeline }) => pipeline === name).map(({ time }) => time)
    expect(timesOf("all")).toEqual([3, 1, 2, 30])
    expect(timesOf("once")).toEqual([3])
    expect(timesOf("minutes")).toEqual([9, 9])
  })

  it("have no value in a field that does not fit, and are rows all the same", () => {
    const cubed = trades.pipe(
      Window.tumbling(10),
      Aggregate.into({ largest: Aggregate.max("size") }),
      Panes.toEvents,
      Events.derive({ cube: Expr.multiply(Expr.multiply("largest", "largest"), "largest") }),
      Window.tumbling(100),
      Aggregate.into({ windows: Aggregate.count, cube: Aggregate.max("cube") }),
      Pipeline.named("cubed")
    )
    const job = new Job([cubed], { partitions: 1 })
    expect(job.take(records(0, 0, [trade(1, 9e15), trade(11, 2), trade(25, 4)])).unused).toEqual([])
    expect(shortOf(job.close())).toEqual(["A 0..100 on-time 0: 3 64"])
  })
})
