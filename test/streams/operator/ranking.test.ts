/** The first of a window: how they are ranked, revised and taken back. */
import { describe, expect, it } from "vitest"
import * as Calendar from "../../../src/domain/TradingCalendar.ts"
import { Ranking } from "../../../src/streams/operator/results/Ranking.ts"
import { Aggregate, Events, Expr, Panes, Pipeline, Window } from "../../../src/streams/pipeline/index.ts"
import type * as Pane from "../../../src/streams/pipeline/Pane.ts"
import { source } from "../../../src/testing/Arbitraries.ts"
import { makeJob, records, run } from "../../../src/testing/Harness.ts"
import { randomFrom } from "../../random.ts"

type Row = readonly [key: string, time: number, size: number, ratio?: number]

const text = ([key, time, size, ratio]: Row): string => JSON.stringify({ key, time, price: "1", size, ...(ratio === undefined ? {} : { ratio }) })

const tumbling = source(0).pipe(Window.tumbling(10), Aggregate.into({ size: Aggregate.sum("size"), ratio: Aggregate.last("ratio") }))

const panesOf = (pipeline: Pipeline.AnyOfPanes, rows: ReadonlyArray<Row>) => run(makeJob([pipeline], 1), [records(0, 0, rows.map(text))])

const shown = (panes: ReadonlyArray<Pane.Pane>) => panes.map(({ changes, key, pane, revision, start, values }) => [start, key, pane, revision, changes, values["rank"] ?? null])

describe("the first of a window", () => {
  it("have their ranks, ties by key, and a key without a value has none", () => {
    const rows: ReadonlyArray<Row> = [["B", 0, 1, 2], ["C", 1, 1, 3], ["A", 2, 1, 2], ["D", 3, 1], ["E", 4, 1, 1]]
    const first = tumbling.pipe(Panes.top(3, { by: "ratio" }), Pipeline.named("first"))
    expect(shown(panesOf(first, rows))).toEqual([[0, "A", "on-time", 0, 5, 2], [0, "B", "on-time", 0, 5, 3], [0, "C", "on-time", 0, 5, 1]])
    const last = tumbling.pipe(Panes.top(2, { by: "ratio", order: "ascending" }), Pipeline.named("last"))
    expect(shown(panesOf(last, rows))).toEqual([[0, "A", "on-time", 0, 5, 2], [0, "E", "on-time", 0, 5, 1]])
  })

  it("are told once more when a late row has changed them, and one that falls out is taken back", () => {
    const pipeline = tumbling.pipe(Panes.top(2, { by: "size" }), Pipeline.allowedLateness(100), Pipeline.named("late"))
    expect(shown(panesOf(pipeline, [["A", 0, 3], ["B", 1, 2], ["C", 2, 1], ["A", 10, 1], ["C", 3, 2], ["C", 4, 1], ["A", 20, 1]]))).toEqual([
      [0, "A", "on-time", 0, 3, 1],
      [0, "B", "on-time", 0, 3, 2],
      [0, "A", "late", 1, 5, 2],
      [0, "B", "retracted", 1, 5, null],
      [0, "C", "late", 0, 5, 1],
      [10, "A", "on-time", 0, 1, 1],
      [20, "A", "on-time", 0, 1, 1]
    ])
  })

  it("may be a key that was far from the first and has not changed, where those before it have fallen", () => {
    const pipeline = tumbling.pipe(Panes.top(1, { by: "ratio" }), Pipeline.allowedLateness(100), Pipeline.named("late"))
    const closed: ReadonlyArray<Row> = [["A", 0, 1, 4], ["B", 1, 1, 3], ["C", 2, 1, 2], ["D", 3, 1, 1], ["A", 10, 1, 1]]
    const fallen: ReadonlyArray<Row> = [["A", 5, 1, 0], ["B", 5, 1, 0], ["C", 5, 1, 0], ["A", 20, 1, 1]]
    expect(shown(panesOf(pipeline, [...closed, ...fallen])).filter(([start]) => start === 0)).toEqual([
      [0, "A", "on-time", 0, 4, 1],
      [0, "A", "retracted", 1, 7, null],
      [0, "D", "late", 0, 7, 1]
    ])
  })

  it("are those of each window, where the keys of two that end together come among one another", () => {
    const day = Calendar.named("24/7")
    const afternoon = Calendar.make("afternoon", { ...day.definition, hours: [{ from: "2000-01-01", hours: ["12:00", "00:00+1d"] }] })
    const pipeline = source(0).pipe(
      Window.trading({ by: "venue", calendars: { N: day, Q: afternoon } }),
      Aggregate.into({ size: Aggregate.sum("size") }),
      Panes.top(1, { by: "size" }),
      Pipeline.named("first")
    )
    const [start, noon] = ["2024-05-01T00:00Z", "2024-05-01T12:00Z"].map(Date.parse) as [number, number]
    const rows = [["A", "N", 1], ["A", "Q", 4], ["B", "N", 3]].map(([key, venue, size]) => JSON.stringify({ key, time: noon, price: "1", size, venue }))
    expect(shown(run(makeJob([pipeline], 1), [records(0, 0, rows)]))).toEqual([[noon, "A", "on-time", 0, 1, 1], [start, "B", "on-time", 0, 2, 1]])
  })

  it("are those of the windows that pass a condition, and may be left out by another", () => {
    const pipeline = tumbling.pipe(Panes.where(Expr.lt("size", 3)), Panes.top(2, { by: "size" }), Panes.where(Expr.gt("rank", 1)), Pipeline.named("second"))
    expect(shown(panesOf(pipeline, [["A", 0, 3], ["B", 1, 2], ["C", 2, 1]]))).toEqual([[0, "C", "on-time", 0, 3, 2]])
  })

  describe("per part of the key", () => {
    const per = (order: ReadonlyArray<"key" | "venue">) =>
      source(0).pipe(
        Events.keyBy(order),
        Window.tumbling(10),
        Aggregate.into({ size: Aggregate.sum("size") }),
        Panes.top(1, { by: "size", per: "venue" }),
        Pipeline.allowedLateness(100),
        Pipeline.named("leaders")
      )
    const venues = (pipeline: Pipeline.AnyOfPanes, rows: ReadonlyArray<readonly [venue: string, ...Row]>) =>
      shown(run(makeJob([pipeline], 1), [records(0, 0, rows.map(([venue, key, time, size]) => JSON.stringify({ key, time, price: "1", size, venue })))]))
    const rows = [["N", "A", 0, 1], ["Q", "A", 1, 3], ["N", "B", 2, 2], ["Q", "B", 3, 2]] as const

    it("each have ranks of their own, and count the rows of their part alone", () => {
      expect(venues(per(["venue", "key"]), rows)).toEqual([[0, `["N","B"]`, "on-time", 0, 2, 1], [0, `["Q","A"]`, "on-time", 0, 2, 1]])
    })

    it("come in the order of the whole keys, wherever in these the part stands", () => {
      expect(venues(per(["key", "venue"]), rows)).toEqual([[0, `["A","Q"]`, "on-time", 0, 2, 1], [0, `["B","N"]`, "on-time", 0, 2, 1]])
    })

    it("are told once more where a late row has changed their part, and nowhere else", () => {
      const late = [...rows, ["N", "A", 10, 1], ["N", "A", 5, 4], ["N", "A", 20, 1]] as const
      expect(venues(per(["key", "venue"]), late).filter(([start, , kind]) => start === 0 && kind !== "on-time")).toEqual([
        [0, `["A","N"]`, "late", 0, 3, 1],
        [0, `["B","N"]`, "retracted", 1, 3, null]
      ])
    })

    it("are those of values that differ, whatever is in them", () => {
      const odd = [["N\",\"A", "B", 0, 1], ["N", "A\",\"B", 1, 3], ["", "B", 2, 2]] as const
      expect(venues(per(["venue", "key"]), odd).map(([, key]) => key)).toEqual(odd.map(([venue, key]) => JSON.stringify([venue, key])).sort())
    })
  })

  it("of many keys are the same however large the state is, and however often it is revised", () => {
    const keys = 5_000
    const random = randomFrom(3)
    const late = tumbling.pipe(Panes.top(3, { by: "size" }), Pipeline.allowedLateness(1_000), Pipeline.named("many"))
    const sizes = Array.from({ length: keys }, () => Math.floor(random() * 1e6))
    const rows = sizes.map((size, key): Row => [`k${key}`, 0, size])
    const revisions = Array.from({ length: 50 }, (_, index): ReadonlyArray<Row> => {
      sizes[index * 7]! += 1_000_000 + index
      return [[`k${index * 7}`, 1, 1_000_000 + index], ["k0", 11 + index, 1]]
    }).flat()
    const panes = panesOf(late, [...rows, ["k0", 10, 1], ...revisions]).filter(({ start }) => start === 0)
    const first = sizes.map((size, key) => ({ size, key: `k${key}` })).sort((a, b) => b.size - a.size).slice(0, 3)
    expect(panes.slice(-3).map(({ key }) => key).sort()).toEqual(first.map(({ key }) => key).sort())
  })
})

it("a ranking keeps its order whatever comes and goes, with few comparisons", () => {
  const random = randomFrom(5)
  let compared = 0
  const ranking = new Ranking<number>((a, b) => {
    compared++
    return a - b
  })
  const all = new Set<number>()
  for (let step = 0; step < 20_000; step++) {
    const item = Math.floor(random() * 5_000)
    if (all.delete(item)) ranking.remove(item)
    else {
      all.add(item)
      ranking.add(item)
    }
    if (step % 500 === 0) expect(ranking.first(50)).toEqual([...all].sort((a, b) => a - b).slice(0, 50))
  }
  expect(compared / 20_000).toBeLessThan(2 * Math.log2(5_000))
  expect(ranking.first(Infinity)).toEqual([...all].sort((a, b) => a - b))
})
