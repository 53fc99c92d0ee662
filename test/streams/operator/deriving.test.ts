/** What indicators make of windows that are revised, missing, far apart or taken back, and how much is kept for them. */
import { describe, expect, it } from "vitest"
import { Job } from "../../../src/streams/engine/Job.ts"
import { DeriveOperator } from "../../../src/streams/operator/results/DeriveOperator.ts"
import { derivesOf, windowOf } from "../../../src/streams/pipeline/Checked.ts"
import { Aggregate, Indicator, Panes, Pipeline, Window } from "../../../src/streams/pipeline/index.ts"
import * as Pane from "../../../src/streams/pipeline/Pane.ts"
import { source } from "../../../src/testing/Arbitraries.ts"
import { makeJob, newest, records, run } from "../../../src/testing/Harness.ts"

type Row = readonly [time: number, size: number, ratio?: number]

const texts = (rows: ReadonlyArray<Row>): ReadonlyArray<string> =>
  rows.map(([time, size, ratio]) => JSON.stringify({ key: "A", time, price: String(size), size, ...(ratio === undefined ? {} : { ratio }) }))

const aggregated = { size: Aggregate.sum("size"), price: Aggregate.last("price"), ratio: Aggregate.last("ratio") }

const tumbling = source(0).pipe(Window.tumbling(10), Aggregate.into(aggregated))

const valuesOf = (pipeline: Pipeline.AnyOfPanes, rows: ReadonlyArray<Row>, name: string) =>
  newest(run(makeJob([pipeline], 1), [records(0, 0, texts(rows))])).map((pane) => Pane.encode(pane).values[name])

describe("a window in which a value is missing", () => {
  const rows: ReadonlyArray<Row> = [[0, 1, 1], [10, 1], [20, 1, 2], [30, 1, 6], [40, 1], [50, 1, 3]]
  const derived = tumbling.pipe(
    Panes.derive({
      before: Indicator.previous("ratio"),
      mean: Indicator.sma("ratio", 2),
      slow: Indicator.ema("ratio", 2),
      most: Indicator.highest("ratio", 2),
      volume: Indicator.obv({ close: "ratio", volume: "size" })
    }),
    Pipeline.named("missing")
  )

  it("has no value of its own, and those behind it are what they would be without it", () => {
    const without = rows.filter(([, , ratio]) => ratio !== undefined)
    for (const name of ["mean", "slow", "most", "volume"]) {
      const values = valuesOf(derived, rows, name)
      expect([values[1], values[4]], name).toEqual([null, null])
      expect(values.filter((_, window) => rows[window]![2] !== undefined), name).toEqual(valuesOf(derived, without, name))
    }
    expect(valuesOf(derived, rows, "mean")).toEqual([null, null, 1.5, 4, null, 4.5])
  })

  it("still has a window before it", () => {
    expect(valuesOf(derived, rows, "before")).toEqual([null, 1, 1, 2, 6, 6])
  })
})

describe("windows far apart", () => {
  const near = (within: number) =>
    tumbling.pipe(
      Panes.derive({ before: Indicator.previous("size"), slow: Indicator.ema("size", 2), change: Indicator.roc("size", 1) }, { within }),
      Pipeline.named("near")
    )
  // From 20, where the second ends, to 50.
  const rows: ReadonlyArray<Row> = [[0, 1], [10, 3], [50, 6], [60, 9]]

  it("are one series as far as the bound, and a millisecond beyond it the next begins anew", () => {
    expect(valuesOf(near(30), rows, "before")).toEqual([null, 1, 3, 6])
    expect(valuesOf(near(29), rows, "before")).toEqual([null, 1, null, 6])
    expect(valuesOf(near(30), rows, "slow")[2]).toBeCloseTo(2 + (6 - 2) * 2 / 3, 12)
    expect(valuesOf(near(29), rows, "slow")).toEqual([null, 2, null, 7.5])
    expect(valuesOf(near(29), rows, "change")).toEqual([null, 200, null, 50])
  })

  it("are so whenever another key lets time pass, and after a restart", () => {
    const pipeline = near(30)
    const other = (time: number) => JSON.stringify({ key: "B", time, price: "1", size: 1 })
    const [a, b, c, d] = texts(rows)
    const engine = makeJob([pipeline], 1)
    const first = engine.take(records(0, 0, [a!, b!, other(49)])).panes
    const next = makeJob([pipeline], 1)
    expect(next.restore(engine.snapshot())).toBe(true)
    const panes = [...first, ...run(next, [records(0, 3, [c!, d!])])].filter(({ key }) => key === "A")
    expect(newest(panes).map(({ values }) => values["before"])).toEqual([null, 1, 3, 6])
  })

  it("leave nothing of a key once the next can only be beyond the bound", () => {
    const engine = makeJob([near(30)], 1)
    const rows = Array.from({ length: 50 }, (_, index) => JSON.stringify({ key: `k${index}`, time: 5, price: "1", size: 1 }))
    engine.take(records(0, 0, [...rows, JSON.stringify({ key: "B", time: 20, price: "1", size: 1 })]))
    const before = engine.snapshot().length
    engine.take(records(0, 51, [JSON.stringify({ key: "B", time: 60, price: "1", size: 1 })]))
    expect(engine.snapshot()).not.toContain("k49")
    expect(engine.snapshot().length).toBeLessThan(before)
  })
})

describe("late rows", () => {
  const lateness = 10_000
  const pipeline = tumbling.pipe(Panes.derive({ slow: Indicator.ema("size", 3) }), Pipeline.allowedLateness(lateness), Pipeline.named("late"))
  const windows = 1_000

  it("a thousand within one step of the watermark tell each window behind them once more, not once for each", () => {
    const engine = makeJob([pipeline], 1)
    engine.take(records(0, 0, texts(Array.from({ length: windows }, (_, window): Row => [window * 10, window % 7]))))
    const late = engine.take(records(0, windows, texts(Array.from({ length: 500 }, (_, row): Row => [row * 2, 1])))).panes
    const moved = engine.take(records(0, windows + 500, texts([[windows * 10 + 5, 1]]))).panes
    expect(late.length).toBe(500)
    // Each of those before it, and the one that closes now.
    expect(moved.filter(({ pane }) => pane === "late").length).toBeLessThanOrEqual(windows)
    expect(new Set(moved.map(({ start }) => start)).size).toBe(moved.length)
  })
})

it("a value that looks less far back than one before it tells no window with fewer changes than that has told", () => {
  const pipeline = tumbling.pipe(
    Panes.derive({ slow: Indicator.ema("size", 2) }),
    Panes.derive({ change: Indicator.roc("size", 1) }, { within: 0 }),
    Pipeline.allowedLateness(1_000),
    Pipeline.named("nested")
  )
  const panes = run(makeJob([pipeline], 1), [records(0, 0, texts([[0, 1], [260, 2], [270, 3], [250, 4], [280, 5]]))])
  expect(panes.filter(({ start }) => start === 260).map(({ changes, revision }) => [revision, changes])).toEqual([[0, 2], [1, 3]])
})

describe("what is kept of a key", () => {
  const lateness = 50
  const slow = tumbling.pipe(Panes.derive({ slow: Indicator.ema("size", 200) }), Pipeline.allowedLateness(lateness), Pipeline.named("slow"))

  it("is as many windows as may still change, however long the memory of a function", () => {
    const { checked } = slow
    const [node] = derivesOf(checked)
    const operator = new DeriveOperator("slow", node!, windowOf(checked))
    for (let window = 0; window < 2_000; window++) {
      const [start, end] = [window * 10, window * 10 + 10]
      const pane: Pane.Pane = { pipeline: "slow", key: "A", start, end, pane: "on-time", revision: 0, changes: 1, values: { size: window } }
      operator.take(0, [{ pane, rows: 1, watermark: end, offset: window }])
      operator.advance(end)
      expect(operator.size).toBeLessThanOrEqual(lateness / 10 + 1)
    }
    expect(node!.state.entriesPerKey).toBe(lateness / 10 + 1 + 1)
  })

  it("is said to be more by as many windows as are looked back at", () => {
    const boundOf = (pipeline: Pipeline.AnyOfPanes) => derivesOf(pipeline.checked)[0]!.state
    expect(boundOf(tumbling.pipe(Panes.derive({ mean: Indicator.sma("size", 20) }), Pipeline.named("mean"))).entriesPerKey).toBe(1 + 19)
    const sessions = source(0).pipe(Window.session(5), Aggregate.into(aggregated), Panes.derive({ mean: Indicator.sma("size", 20) }, { within: 100 }))
    expect(boundOf(sessions.pipe(Pipeline.named("sessions")))).toMatchObject({ entriesPerKey: null, milliseconds: 101 })
  })
})

it("a session that is taken back is as if it had never been", () => {
  const sessions = source(0).pipe(
    Window.session(5),
    Aggregate.into(aggregated),
    Pipeline.allowedLateness(100),
    Panes.derive({ slow: Indicator.ema("size", 2), volume: Indicator.obv({ close: "price", volume: "size" }) }),
    Pipeline.named("sessions")
  )
  const rows: ReadonlyArray<Row> = [[0, 1], [20, 2], [28, 4], [60, 8]]
  // It joins the second and the third.
  const all: ReadonlyArray<Row> = [...rows, [24, 16], [80, 1]]
  const inOrder = all.toSorted(([a], [b]) => a - b)
  for (const name of ["slow", "volume"]) expect(valuesOf(sessions, all, name)).toEqual(valuesOf(sessions, inOrder, name))
  expect(valuesOf(sessions, all, "volume")).toHaveLength(4)
})

it("what is larger than a double can be is not there, and neither is what is divided by 0", () => {
  const derived = tumbling.pipe(
    Panes.derive({ spread: Indicator.standardDeviation("ratio", 2), change: Indicator.roc("size", 1), strength: Indicator.rsi("size", 1) }),
    Pipeline.named("large")
  )
  expect(valuesOf(derived, [[0, 0, 1e200], [10, 0, -1e200], [20, 5, 1]], "spread")).toEqual([null, null, null])
  expect(valuesOf(derived, [[0, 0], [10, 0], [20, 5]], "change")).toEqual([null, null, null])
  expect(valuesOf(derived, [[0, 0], [10, 0], [20, 5]], "strength")).toEqual([null, 0, 100])
})

it("a window that is forming counts each row before it once, behind several steps and an end of input too", () => {
  const pipeline = tumbling.pipe(
    Panes.fill({ size: 0, price: null, ratio: null }, { within: 30 }),
    Panes.derive({ before: Indicator.previous("size") }),
    Panes.derive({ slow: Indicator.ema("before", 1) }),
    Pipeline.named("forming")
  )
  const job = new Job([pipeline], { partitions: 1 })
  const forming = () => job.forming().map(({ changes, start }) => [start, changes])
  job.take(records(0, 0, texts([[0, 1], [3, 1], [10, 1], [12, 1], [20, 1]])))
  expect(forming()).toEqual([[20, 5]])
  expect(job.decide({ _tag: "end", at: job.offsets }).panes.map(({ changes, start }) => [start, changes])).toEqual([[20, 5]])
  expect(forming()).toEqual([[20, 5]])
  job.take(records(0, 5, texts([[21, 1]])))
  expect(forming()).toEqual([[20, 6]])
})
