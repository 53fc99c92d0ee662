/** Windows without events: how long they are filled, with what, and what comes late. */
import { describe, expect, it } from "vitest"
import { Aggregate, Expr, Fill, Indicator, Panes, Pipeline, Window } from "../../../src/streams/pipeline/index.ts"
import * as Pane from "../../../src/streams/pipeline/Pane.ts"
import { source } from "../../../src/testing/Arbitraries.ts"
import { makeJob, newest, records, run } from "../../../src/testing/Harness.ts"

type Row = readonly [key: string, time: number, size: number]

const text = ([key, time, size]: Row): string => JSON.stringify({ key, time, price: "1", size })

const aggregates = { size: Aggregate.sum("size"), last: Aggregate.last("size"), count: Aggregate.count }
const carried = { size: 0, last: Fill.previous, count: 0 }

const tens = source(0).pipe(Window.tumbling(10), Aggregate.into(aggregates), Panes.fill(carried, { within: 40 }), Pipeline.named("filled"))
const late = source(0).pipe(Window.tumbling(10), Aggregate.into(aggregates), Panes.fill(carried, { within: 40 }), Pipeline.allowedLateness(100), Pipeline.named("late"))

const panesOf = (pipeline: Pipeline.AnyOfPanes, rows: ReadonlyArray<Row>) => run(makeJob([pipeline], 1), [records(0, 0, rows.map(text))])

const shown = (panes: ReadonlyArray<Pane.Pane>) => panes.map(({ changes, key, pane, revision, start, values }) => [start, key, pane, revision, changes, values["last"], values["count"]])

describe("windows without events", () => {
  it("are filled in their places, as long as is said, and at the end as far as there are windows of any key", () => {
    expect(shown(panesOf(tens, [["A", 0, 5], ["B", 0, 7], ["C", 21, 1], ["B", 75, 2]]))).toEqual([
      [0, "A", "on-time", 0, 1, 5, 1],
      [0, "B", "on-time", 0, 1, 7, 1],
      [10, "A", "on-time", 0, 1, 5, 0],
      [10, "B", "on-time", 0, 1, 7, 0],
      [20, "A", "on-time", 0, 1, 5, 0],
      [20, "B", "on-time", 0, 1, 7, 0],
      [20, "C", "on-time", 0, 1, 1, 1],
      [30, "A", "on-time", 0, 1, 5, 0],
      [30, "B", "on-time", 0, 1, 7, 0],
      [30, "C", "on-time", 0, 1, 1, 0],
      [40, "A", "on-time", 0, 1, 5, 0],
      [40, "B", "on-time", 0, 1, 7, 0],
      [40, "C", "on-time", 0, 1, 1, 0],
      [50, "C", "on-time", 0, 1, 1, 0],
      [60, "C", "on-time", 0, 1, 1, 0],
      // It begins 60 ms after the end of the window before it, and counts no rows of that.
      [70, "B", "on-time", 0, 1, 2, 1]
    ])
  })

  it("are told again where a late row changes what they carry on, and give way to a window with events", () => {
    const rows: ReadonlyArray<Row> = [["A", 0, 5], ["B", 32, 1], ["A", 1, 6], ["A", 2, 7], ["B", 33, 1], ["A", 15, 9], ["B", 45, 1]]
    expect(shown(panesOf(late, rows).filter(({ key }) => key === "A"))).toEqual([
      [0, "A", "on-time", 0, 1, 5, 1],
      [10, "A", "on-time", 0, 1, 5, 0],
      [20, "A", "on-time", 0, 1, 5, 0],
      // The first two late rows came under one watermark.
      [0, "A", "late", 1, 3, 7, 3],
      [10, "A", "late", 1, 3, 7, 0],
      [20, "A", "late", 1, 3, 7, 0],
      [10, "A", "late", 2, 4, 9, 1],
      [20, "A", "late", 2, 4, 9, 0],
      [30, "A", "on-time", 0, 4, 9, 0],
      [40, "A", "on-time", 0, 4, 9, 0]
    ])
  })

  it("that have closed are filled when a window with events before them comes late", () => {
    expect(shown(panesOf(late, [["B", 35, 1], ["A", 5, 3], ["B", 36, 1], ["B", 41, 1]]).filter(({ key }) => key === "A"))).toEqual([
      [0, "A", "late", 0, 1, 3, 1],
      [10, "A", "late", 0, 1, 3, 0],
      [20, "A", "late", 0, 1, 3, 0],
      [30, "A", "on-time", 0, 1, 3, 0],
      [40, "A", "on-time", 0, 1, 3, 0]
    ])
  })

  it("go on after a restart as if there had been none, also where something late is still to be told", () => {
    const rows: ReadonlyArray<Row> = [["A", 0, 5], ["B", 32, 1], ["A", 1, 6], ["A", 15, 9], ["B", 33, 1], ["C", 5, 1], ["A", 16, 2], ["B", 61, 1], ["C", 64, 1], ["B", 500, 1]]
    const whole = makeJob([late], 1)
    const panes: Array<Pane.Pane> = []
    let job = makeJob([late], 1)
    rows.forEach((row, offset) => {
      const batch = records(0, offset, [text(row)])
      panes.push(...job.take(batch).panes)
      const snapshot = job.snapshot()
      job = makeJob([late], 1)
      expect(job.restore(snapshot)).toBe(true)
      expect(job.snapshot()).toBe(snapshot)
    })
    expect(shown([...panes, ...job.close().panes])).toEqual(shown(run(whole, rows.map((row, offset) => records(0, offset, [text(row)])))))
  })

  it("are told once a step of the watermark, however many rows came late in it", () => {
    const rows: ReadonlyArray<Row> = [["A", 0, 1], ["B", 60, 1], ...Array.from({ length: 1_000 }, (): Row => ["A", 1, 1]), ["B", 70, 1]]
    const panes = panesOf(late, rows).filter(({ key, start }) => key === "A" && start > 0)
    expect(panes.map(({ pane }) => pane)).toEqual(["on-time", "on-time", "on-time", "on-time", "late", "late", "late", "late"])
  })

  it("are before an indicator what others are", () => {
    const pipeline = source(0).pipe(
      Window.tumbling(10),
      Aggregate.into(aggregates),
      Panes.fill(carried, { within: 100 }),
      Panes.derive({ mean: Indicator.sma("size", 3) }),
      Panes.where(Expr.isNotNull("mean")),
      Pipeline.named("means")
    )
    expect(panesOf(pipeline, [["A", 0, 6], ["A", 30, 3]]).map(({ start, values }) => [start, values["mean"]])).toEqual([[20, 2], [30, 1]])
  })

  it("are ranked with others, and are rows of the next windows", () => {
    const first = source(0).pipe(Window.tumbling(10), Aggregate.into(aggregates), Panes.fill(carried, { within: 100 }), Panes.top(1, { by: "last" }), Pipeline.named("first"))
    expect(shown(panesOf(first, [["A", 0, 9], ["B", 5, 1], ["B", 15, 1]]))).toEqual([[0, "A", "on-time", 0, 2, 9, 1], [10, "A", "on-time", 0, 3, 9, 0]])
    const rows = source(0).pipe(
      Window.tumbling(10),
      Aggregate.into(aggregates),
      Panes.fill(carried, { within: 100 }),
      Panes.toEvents,
      Window.tumbling(40),
      Aggregate.into({ windows: Aggregate.count, quiet: Aggregate.where(Expr.eq("count", 0))(Aggregate.count) }),
      Pipeline.named("quiet")
    )
    expect(panesOf(rows, [["A", 0, 9], ["A", 35, 1]]).map(({ values }) => values)).toEqual([{ windows: 4, quiet: 2 }])
  })

  it("of hopping windows lie as far apart as these, and of a calendar are days of its zone", () => {
    const hopping = source(0).pipe(Window.hopping(10, 5), Aggregate.into(aggregates), Panes.fill(carried, { within: 10 }), Pipeline.named("hopping"))
    expect(panesOf(hopping, [["A", 0, 1], ["B", 40, 1]]).filter(({ key }) => key === "A").map(({ end }) => end)).toEqual([5, 10, 15, 20])
    const days = source(0).pipe(Window.calendar("day", { timeZone: "America/New_York" }), Aggregate.into(aggregates), Panes.fill(carried, { within: "4 days" }), Pipeline.named("days"))
    const [before, after] = [Date.UTC(2024, 10, 2, 12), Date.UTC(2024, 10, 5, 12)]
    expect(panesOf(days, [["A", before, 1], ["A", after, 2]]).map(({ start, values }) => [new Date(start).toISOString(), values["count"]])).toEqual([
      ["2024-11-02T04:00:00.000Z", 1],
      ["2024-11-03T04:00:00.000Z", 0],
      ["2024-11-04T05:00:00.000Z", 0],
      ["2024-11-05T05:00:00.000Z", 1]
    ])
  })

  it("of a roll-up are its own, larger ones", () => {
    const larger = Pipeline.rollUp(tens, 20).pipe(Pipeline.named("larger"))
    expect(shown(panesOf(larger, [["A", 0, 5], ["A", 15, 2], ["A", 60, 3]]))).toEqual([
      [0, "A", "on-time", 0, 2, 2, 2],
      [20, "A", "on-time", 0, 2, 2, 0],
      [40, "A", "on-time", 0, 2, 2, 0],
      [60, "A", "on-time", 0, 3, 3, 1]
    ])
  })

  it("are filled in portions, however far the watermark goes at once", () => {
    const pipeline = source(0).pipe(Window.tumbling(1), Aggregate.into(aggregates), Panes.fill(carried, { within: 10_000 }), Pipeline.named("far"))
    const job = makeJob([pipeline], 1)
    const rows: ReadonlyArray<Row> = [["A", 0, 1], ["B", 0, 1], ["A", 1e9, 1]]
    const { panes } = job.takeInPortions(records(0, 0, rows.map(text)), 1_000, () => undefined)
    expect(panes.length).toBe(2 * 10_001)
    job.close()
    expect(job.size).toBe(0)
  })

  it("keep of a key no more than may still change, however long they are filled", () => {
    const pipeline = source(0).pipe(Window.tumbling(1), Aggregate.into(aggregates), Panes.fill(carried, { within: 10_000 }), Pipeline.allowedLateness(20), Pipeline.named("kept"))
    const job = makeJob([pipeline], 1)
    job.take(records(0, 0, [text(["A", 0, 1])]))
    for (let time = 1; time < 9_000; time += 7) {
      job.take(records(0, time, [text(["B", time, 1])]))
      expect(job.size).toBeLessThan(120)
    }
  })

  it("of constants have these as they are declared, decimals at the scale of others", () => {
    const pipeline = source(0).pipe(
      Window.tumbling(10),
      Aggregate.into({ price: Aggregate.last("price"), venue: Aggregate.last("venue"), flag: Aggregate.last("flag"), ratio: Aggregate.last("ratio") }),
      Panes.fill({ price: "0.5", venue: "none", flag: false, ratio: -0 }, { within: 10 }),
      Pipeline.named("constants")
    )
    const [, filled] = newest(panesOf(pipeline, [["A", 0, 1], ["A", 20, 1]]))
    expect(Pane.toJson(filled!)).toContain(`"values":{"price":"0.5","venue":"none","flag":false,"ratio":0}`)
    expect(filled!.values["price"]).toMatchObject({ scale: 8 })
  })
})
