/** Values derived from derived values: whatever comes late, a window is told what it comes to with all windows before it. */
import { describe, expect, it } from "vitest"
import { Aggregate, Expr, Indicator, Panes, Pipeline, Window } from "../../../src/streams/pipeline/index.ts"
import type * as Pane from "../../../src/streams/pipeline/Pane.ts"
import { source } from "../../../src/testing/Arbitraries.ts"
import { makeJob, newest, records, run } from "../../../src/testing/Harness.ts"

type Row = readonly [time: number, size: number]

const texts = (rows: ReadonlyArray<Row>): ReadonlyArray<string> => rows.map(([time, size]) => JSON.stringify({ key: "A", time, price: "1", size }))

const stacked = source(0).pipe(
  Window.tumbling(10),
  Aggregate.into({ size: Aggregate.sum("size") }),
  Panes.derive({ before: Indicator.previous("size") }),
  Panes.derive({ twice: Indicator.previous("before") }),
  Pipeline.allowedLateness(1_000)
)

const shown = (panes: ReadonlyArray<Pane.Pane>) => panes.map(({ changes, pane, start, values }) => [start, pane, changes, values["size"], values["before"], values["twice"]])

/** Four windows; then the first and the third have another row each under one watermark. */
const rows: ReadonlyArray<Row> = [[0, 1], [10, 2], [20, 3], [35, 4], [1, 10], [21, 20], [40, 5]]

describe("two rows that come late in one step of the watermark", () => {
  it("tell each window once, with the windows before it as they are by then, told or not", () => {
    const panes = run(makeJob([stacked.pipe(Pipeline.named("stacked"))], 1), [records(0, 0, texts(rows))])
    expect(shown(panes.slice(3))).toEqual([
      [0, "late", 2, 11, null, null],
      // The window before has 11 before it by now.
      [20, "late", 5, 23, 2, 11],
      [10, "late", 3, 2, 11, null],
      [30, "on-time", 6, 4, 23, 2],
      [40, "on-time", 7, 5, 4, 23]
    ])
  })

  it("do the same if it starts again between them", () => {
    const pipeline = stacked.pipe(Pipeline.named("stacked"))
    const input = texts([[-10, 7], ...rows])
    for (let at = 1; at < input.length; at++) {
      const [whole, after] = [makeJob([pipeline], 1), makeJob([pipeline], 1)]
      whole.take(records(0, 0, input.slice(0, at)))
      expect(after.restore(whole.snapshot())).toBe(true)
      for (const [offset, text] of [...input.entries()].slice(at)) {
        expect(shown(after.take(records(0, offset, [text])).panes)).toEqual(shown(whole.take(records(0, offset, [text])).panes))
        expect(after.snapshot()).toBe(whole.snapshot())
      }
    }
  })

  it("are compared with none that a condition leaves out by then, told or not", () => {
    const passing = source(0).pipe(
      Window.tumbling(10),
      Aggregate.into({ size: Aggregate.sum("size") }),
      Panes.derive({ before: Indicator.previous("size") }),
      Panes.where(Expr.isNot("before", 11)),
      Panes.derive({ twice: Indicator.previous("size") }),
      Pipeline.allowedLateness(1_000),
      Pipeline.named("between")
    )
    const panes = run(makeJob([passing], 1), [records(0, 0, texts(rows))])
    expect(shown(panes.slice(3))).toEqual([
      [0, "late", 2, 11, null, null],
      // The window before is left out: its former one has 11.
      [20, "late", 5, 23, 2, 11],
      [10, "retracted", 3, undefined, undefined, undefined],
      [30, "on-time", 6, 4, 23, 23],
      [40, "on-time", 7, 5, 4, 4]
    ])
  })

  it("take no window back that passes with all of them", () => {
    const passing = stacked.pipe(Panes.where(Expr.or(Expr.lt("size", 20), Expr.gt("twice", 5))), Pipeline.named("passing"))
    const panes = run(makeJob([passing], 1), [records(0, 0, texts(rows))])
    expect(newest(panes).map(({ start }) => start)).toEqual([0, 10, 20, 30, 40])
  })
})

it("a window that a condition has left out is none for those behind it after a start, either", () => {
  const pipeline = source(0).pipe(
    Window.tumbling(10),
    Aggregate.into({ size: Aggregate.sum("size") }),
    Panes.where(Expr.gt("size", 5)),
    Panes.derive({ before: Indicator.previous("size") }),
    Pipeline.allowedLateness(1_000),
    Pipeline.named("passing")
  )
  const input = texts([[0, 10], [10, 1], [20, 7], [35, 8], [1, 2], [40, 9]])
  const [whole, before, after] = [makeJob([pipeline], 1), makeJob([pipeline], 1), makeJob([pipeline], 1)]
  const panes = run(whole, [records(0, 0, input)])
  const early = before.take(records(0, 0, input.slice(0, 4))).panes
  expect(after.restore(before.snapshot())).toBe(true)
  const late = run(after, [records(0, 4, input.slice(4))])
  expect([...early, ...late]).toEqual(panes)
  expect(newest(panes).map(({ start, values }) => [start, values["size"], values["before"]])).toEqual([[0, 12, null], [20, 7, 12], [30, 8, 7], [40, 9, 8]])
})
