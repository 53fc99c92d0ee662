/** Windows of so many rows: where they begin and end, and what of them is kept. */
import { describe, expect, it } from "vitest"
import { Aggregate, Events, Indicator, Panes, Pipeline, Window } from "../../../src/streams/pipeline/index.ts"
import type * as Pane from "../../../src/streams/pipeline/Pane.ts"
import { numberOf } from "../../../src/streams/ports/SourceLogs.ts"
import { Job } from "../../../src/streams/engine/Job.ts"
import { others, source } from "../../../src/testing/Arbitraries.ts"
import * as SnapshotText from "../../../src/testing/SnapshotText.ts"
import { makeJob, records, run } from "../../../src/testing/Harness.ts"

type Row = readonly [key: string, time: number, size: number]

const text = ([key, time, size]: Row): string => JSON.stringify({ key, time, price: "1", size })

const of = (rows: number, within: number, outOfOrderness = 0) =>
  source(outOfOrderness).pipe(Window.count(rows, { within }), Aggregate.into({ sizes: Aggregate.sum("size"), last: Aggregate.last("size") }), Pipeline.named("counts"))

const panesOf = (pipeline: Pipeline.AnyOfPanes, rows: ReadonlyArray<Row>) => run(makeJob([pipeline], 1), [records(0, 0, rows.map(text))])

const shown = (panes: ReadonlyArray<Pane.Pane>) => panes.map(({ changes, end, key, start, values }) => [key, start, end, changes, values["sizes"] ?? null])

/** One row of a key at each of these times. */
const at = (...times: ReadonlyArray<number>): ReadonlyArray<Row> => times.map((time, index) => ["A", time, 10 ** index])

describe("a window of so many rows", () => {
  it("ends behind its last row, and the next begins with the row after it", () => {
    expect(shown(panesOf(of(2, 100), at(0, 5, 7, 20)))).toEqual([["A", 0, 6, 2, 11], ["A", 7, 21, 2, 1_100]])
  })

  it("ends a time after its first row where it has fewer by then, which a row at its end is not in", () => {
    expect(shown(panesOf(of(3, 10), at(0, 9, 10)))).toEqual([["A", 0, 10, 2, 11], ["A", 10, 20, 1, 100]])
  })

  it("has all rows of its last millisecond", () => {
    expect(shown(panesOf(of(2, 100), at(0, 5, 5, 5, 6)))).toEqual([["A", 0, 6, 4, 1_111], ["A", 6, 106, 1, 10_000]])
    expect(shown(panesOf(of(1, 100), at(3, 3, 4)))).toEqual([["A", 3, 4, 2, 11], ["A", 4, 5, 1, 100]])
  })

  it("may be full in the very last millisecond of its time", () => {
    expect(shown(panesOf(of(2, 10), at(0, 9, 10)))).toEqual([["A", 0, 10, 2, 11], ["A", 10, 20, 1, 100]])
  })

  it("is of a key, and comes among those of others by its end", () => {
    const rows: ReadonlyArray<Row> = [["B", 0, 1], ["A", 1, 2], ["B", 2, 4], ["C", 2, 8], ["A", 2, 16], ["C", 3, 32]]
    expect(shown(panesOf(of(2, 100), rows))).toEqual([["B", 0, 3, 2, 5], ["A", 1, 3, 2, 18], ["C", 2, 4, 2, 40]])
  })

  it("takes rows in the order of their times, and one behind the watermark is late", () => {
    const job = makeJob([of(2, 100, 5)], 1)
    const rows: ReadonlyArray<Row> = [["A", 3, 1], ["A", 0, 10], ["A", 9, 100], ["A", 3, 1_000], ["A", 4, 10_000], ["A", 30, 100_000]]
    const { panes, unused } = job.take(records(0, 0, rows.map(text)))
    expect(shown([...panes, ...job.close().panes])).toEqual([["A", 0, 4, 2, 11], ["A", 4, 10, 2, 10_100], ["A", 30, 130, 1, 100_000]])
    expect(unused.map(({ offset, reason }) => [offset, reason])).toEqual([[3, "late"]])
  })

  it("is told as soon as the watermark is past its last row", () => {
    const job = makeJob([of(2, 1_000_000)], 1)
    expect(job.take(records(0, 0, at(0, 5).map(text))).panes).toEqual([])
    expect(shown(job.take(records(0, 2, [text(["B", 6, 1])])).panes)).toEqual([["A", 0, 6, 2, 11]])
  })

  it("needs no rows to be held where they come in order already", () => {
    const tags = (pipeline: Pipeline.AnyOfPanes) => pipeline.checked.nodes.map(({ _tag }) => _tag)
    const counts = { n: Aggregate.count }
    expect(tags(of(2, 10))).toEqual(["source", "in-order", "window"])
    const once = source(0).pipe(Events.distinct({ by: "size", within: 5 }), Window.count(2, { within: 10 }), Aggregate.into(counts), Pipeline.named("once"))
    expect(tags(once)).toEqual(["source", "distinct", "window"])
    const staged = source(0).pipe(Window.tumbling(5), Aggregate.into(counts), Panes.toEvents, Window.count(2, { within: 10 }), Aggregate.into(counts), Pipeline.named("staged"))
    expect(tags(staged)).toEqual(["source", "window", "to-events", "window"])
  })

  it("has no allowed lateness, whatever a command line says for all windows", () => {
    const { checked } = Pipeline.withBounds(of(2, 10), { allowedLateness: 5, outOfOrderness: 3 })
    expect(checked.nodes.map((node) => node._tag === "window" ? node.allowedLateness : node._tag === "source" ? node.definition.outOfOrderness : null)).toEqual([3, null, 0])
  })

  it("is of the rows of two sources, in one order", () => {
    const both = source(0).pipe(Events.union(others(0)), Window.count(2, { within: 100 }), Aggregate.into({ sizes: Aggregate.sum("size"), last: Aggregate.last("size") }), Pipeline.named("both"))
    const job = new Job([both], { sources: [{ name: "samples", partitions: 1 }, { name: "others", partitions: 1 }] })
    const taken = [[0, 7, 8], [1, 2, 9]].map((times, source) => job.take(records(numberOf(0, source, 2), 0, at(...times).map(text))))
    const outputs = [...taken, job.close()]
    expect(shown(outputs.flatMap(({ panes }) => panes))).toEqual([["A", 0, 2, 2, 2], ["A", 2, 8, 2, 20], ["A", 8, 10, 2, 200]])
  })

  it("is one of those before for indicators, and becomes a row at its last millisecond", () => {
    const indicated = of(1, 100).plan
    const windows = Aggregate.make<{ readonly sizes: number }, "portable", unknown>(indicated)
    const means = windows.pipe(Panes.derive({ mean: Indicator.sma("sizes", 2) }), Pipeline.named("means"))
    expect(panesOf(means, at(0, 1, 5)).map(({ values }) => values["mean"])).toEqual([null, 5.5, 55])
    const rows = windows.pipe(Panes.toEvents, Window.tumbling(5), Aggregate.into({ n: Aggregate.count }), Pipeline.named("staged"))
    expect(panesOf(rows, at(0, 4, 5)).map(({ start, values }) => [start, values["n"]])).toEqual([[0, 2], [5, 1]])
  })

  it("goes on after a restart with the rows that it has, and is full with as many as it would be", () => {
    const [rows, pipeline] = [at(0, 5, 7, 7, 20, 30), of(3, 100, 1)]
    const whole = shown(panesOf(pipeline, rows))
    expect(whole).toEqual([["A", 0, 8, 4, 1_111], ["A", 20, 120, 2, 110_000]])
    for (let taken = 0; taken <= rows.length; taken++) {
      const [before, after] = [makeJob([pipeline], 1), makeJob([pipeline], 1)]
      const early = before.take(records(0, 0, rows.slice(0, taken).map(text))).panes
      expect(after.restore(before.snapshot())).toBe(true)
      const late = [after.take(records(0, taken, rows.slice(taken).map(text))), after.close()].flatMap(({ panes }) => panes)
      expect(shown([...early, ...late])).toEqual(whole)
    }
  })

  it("is in a checkpoint as it was when that began, though it fills while that is written", () => {
    const job = makeJob([of(2, 100)], 1)
    job.take(records(0, 0, [text(["A", 0, 1]), text(["B", 3, 1])]))
    const [snapshot, sections] = [job.snapshot(), job.checkpoint(true)]
    job.take(records(0, 2, [text(["A", 5, 1]), text(["B", 6, 1]), text(["B", 9, 1])]))
    const written = [...sections].flatMap(([id, bytes]) => bytes === null ? [] : [[id, bytes] as const])
    expect(SnapshotText.of(new Map(written))).toEqual(snapshot)
  })

  it("leaves nothing behind when it is full, however long it might have been open", () => {
    const job = makeJob([of(2, 1_000_000_000)], 1)
    let before = 0
    for (let round = 0; round < 5; round++) {
      const rows = Array.from({ length: 2_000 }, (_, i): Row => [`k${i % 50}`, round * 2_000 + i, 1])
      before += job.take(records(0, round * 2_000, rows.map(text))).panes.length
      expect(job.size).toBeLessThanOrEqual(51)
    }
    expect(before).toBeGreaterThan(4_900)
  })
})
