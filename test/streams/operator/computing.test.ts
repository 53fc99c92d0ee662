/** What expressions over results give, and what becomes of windows for which a condition on them does not hold. */
import { describe, expect, it } from "vitest"
import { Aggregate, Expr, Indicator, Panes, Pipeline, Window } from "../../../src/streams/pipeline/index.ts"
import * as Pane from "../../../src/streams/pipeline/Pane.ts"
import { source } from "../../../src/testing/Arbitraries.ts"
import { makeJob, newest, records, run } from "../../../src/testing/Harness.ts"

type Row = readonly [time: number, size: number, ratio?: number]

const texts = (rows: ReadonlyArray<Row>): ReadonlyArray<string> =>
  rows.map(([time, size, ratio]) => JSON.stringify({ key: "A", time, price: String(size % 1000), size, ...(ratio === undefined ? {} : { ratio }) }))

const tumbling = source(0).pipe(
  Window.tumbling(10),
  Aggregate.into({ size: Aggregate.sum("size"), count: Aggregate.count, price: Aggregate.last("price"), ratio: Aggregate.last("ratio"), venue: Aggregate.last("venue") })
)

const panesOf = (pipeline: Pipeline.AnyOfPanes, ...batches: ReadonlyArray<ReadonlyArray<Row>>) => {
  let offset = 0
  return run(makeJob([pipeline], 1), batches.map((rows) => {
    const piece = records(0, offset, texts(rows))
    offset += rows.length
    return piece
  }))
}

const valuesOf = (pipeline: Pipeline.AnyOfPanes, rows: ReadonlyArray<Row>) => newest(panesOf(pipeline, rows)).map((pane) => Pane.encode(pane).values)

describe("an expression over results", () => {
  it("is computed beside indicators and behind them, in the order of the declaration", () => {
    const pipeline = tumbling.pipe(
      Panes.derive({ each: Expr.divide("size", "count", { scale: 2 }), before: Indicator.previous("size"), text: Expr.coalesce("venue", Expr.literal("none")) }),
      Panes.derive({ more: Expr.subtract("size", "before") }),
      Pipeline.named("computed")
    )
    const values = valuesOf(pipeline, [[0, 1], [1, 2], [10, 7]])
    expect(Object.keys(values[0]!)).toEqual(["size", "count", "price", "ratio", "venue", "each", "before", "text", "more"])
    expect(values.map(({ before, each, more, text }) => ({ before, each, more, text }))).toEqual([
      { each: "1.5", before: null, text: "none", more: null },
      { each: "7", before: 3, text: "none", more: 4 }
    ])
  })

  it("takes sums beyond 2^53 exactly, and gives integers as large as they", () => {
    const large = 8_000_000_000_000_001
    const pipeline = tumbling.pipe(
      Panes.derive({ twice: Expr.add("size", "size"), half: Expr.divide("size", 2, { scale: 1 }), same: Expr.field("size"), isLarge: Expr.gt("size", "16000000000000001") }),
      Pipeline.named("large")
    )
    const [pane] = newest(panesOf(pipeline, [[0, large], [1, large]]))
    expect(pane!.values).toMatchObject({ size: 16_000_000_000_000_002n, twice: 32_000_000_000_000_004n, same: 16_000_000_000_000_002n, isLarge: true })
    expect(Pane.encode(pane!).values["half"]).toBe("8000000000000001")
  })

  it("that does not fit is null, and so is a quotient by 0", () => {
    const cube = Expr.multiply(Expr.multiply("size", "size"), "size")
    const pipeline = tumbling.pipe(Panes.derive({ cube, instead: Expr.coalesce(cube, Expr.literal(0)), ninth: Expr.multiply("count", 9_007_199_254_740_991), byZero: Expr.divide("count", Expr.subtract("count", "count"), { scale: 2 }) }), Pipeline.named("small"))
    const [first, second] = valuesOf(pipeline, [[0, 8_000_000_000_000_001], [10, 2], [11, 1]])
    expect(first).toMatchObject({ cube: null, instead: null, ninth: 9_007_199_254_740_991, byZero: null })
    expect(second).toMatchObject({ cube: 27, instead: 27, ninth: null, byZero: null })
  })
})

it("the smaller of two numbers is there though the larger has too many digits at the scale of both, and the larger is not", () => {
  const square = Expr.multiply("size", "size")
  const pipeline = tumbling.pipe(Panes.derive({ least: Expr.least("price", square), greatest: Expr.greatest("price", square) }), Pipeline.named("extreme"))
  expect(valuesOf(pipeline, [[0, 8_000_000_000_000_001]])).toMatchObject([{ least: "1", greatest: null }])
})

describe("a condition on results", () => {
  const few = tumbling.pipe(Panes.where(Expr.lte("count", 2)), Pipeline.allowedLateness(1_000))
  const kinds = (panes: ReadonlyArray<Pane.Pane>) => panes.map(({ changes, pane, revision, start }) => [start, pane, revision, changes])

  it("takes back a window that has passed and no longer does, and says nothing of one that has not", () => {
    const pipeline = few.pipe(Pipeline.named("few"))
    expect(kinds(panesOf(pipeline, [[0, 1], [1, 1], [1, 1], [15, 1]], [[20, 1], [16, 1]], [[17, 1], [18, 1]]))).toEqual([
      [10, "on-time", 0, 1],
      [10, "late", 1, 2],
      [10, "retracted", 2, 3],
      [20, "on-time", 0, 1]
    ])
  })

  it("is told again where it passes once more, with the next revision", () => {
    const odd = tumbling.pipe(Panes.where(Expr.or(Expr.eq("count", 1), Expr.eq("count", 3))), Pipeline.allowedLateness(1_000), Pipeline.named("odd"))
    expect(kinds(panesOf(odd, [[0, 1], [10, 1]], [[1, 1]], [[2, 1]])).filter(([start]) => start === 0)).toEqual([
      [0, "on-time", 0, 1],
      [0, "retracted", 1, 2],
      [0, "late", 2, 3]
    ])
  })

  it("takes back what only an early pane has told", () => {
    const early = few.pipe(Pipeline.emitOnUpdate(), Pipeline.named("early"))
    expect(kinds(panesOf(early, [[0, 1]], [[1, 1]], [[2, 1]], [[3, 1]], [[10, 1]])).filter(([start]) => start === 0)).toEqual([
      [0, "early", 0, 1],
      [0, "early", 1, 2],
      [0, "retracted", 2, 3]
    ])
  })

  it("makes the windows that passed those before", () => {
    const pipeline = tumbling.pipe(Panes.where(Expr.gt("size", 1)), Panes.derive({ before: Indicator.previous("size"), mean: Indicator.sma("size", 2) }), Pipeline.named("before"))
    expect(valuesOf(pipeline, [[0, 5], [10, 1], [20, 7], [30, 9]]).map(({ before, mean }) => [before, mean])).toEqual([[null, null], [5, 6], [7, 8]])
  })
})
