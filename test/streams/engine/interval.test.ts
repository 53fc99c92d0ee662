/** Pairs of rows of two sources, in whole jobs: when they come, what the account knows of them, and what is refused behind. */
import { Effect, Schema, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { Aggregate, Events, Expr, Job, Join, Pane, Pipeline, Row, Source, Window } from "../../../src/index.ts"
import { records } from "../../../src/testing/Harness.ts"

const Fields = Schema.Struct({ key: Schema.String, time: Schema.Int, id: Schema.Int, until: Schema.NullOr(Schema.Int) })
const of = (name: string) => Source.make(name, { schema: Fields, key: "key", eventTime: "time" })
const line = (time: number, id: number, until: number | null = null) => JSON.stringify({ key: "A", time, id, until })
const sources = [{ name: "left", partitions: 1 }, { name: "right", partitions: 1 }]
const [left, right] = [of("left"), of("right")]
const idsOf = (rows: ReadonlyArray<Row.Row>) => rows.map(({ time, values }) => [time, values["id"], values["other"]])

describe("pairs of two sources", () => {
  const pairs = left.pipe(Join.interval(right, { before: 10, after: 20, select: { other: "id" } }), Pipeline.named("pairs"))

  it("come when both sides are past the later row, in the order of time, then of left places, then of right ones", () => {
    const job = new Job([pairs], { sources })
    expect(job.take(records(0, 0, [line(20, 1), line(20, 2), line(41, 3)])).rows).toEqual([])
    const { rows } = job.take(records(1, 0, [line(9, 10), line(10, 11), line(20, 12), line(40, 13), line(41, 14)]))
    expect(idsOf(rows)).toEqual([[20, 1, 11], [20, 1, 12], [20, 2, 11], [20, 2, 12], [40, 1, 13], [40, 2, 13]])
    expect(rows[0]!.place).toEqual({ source: "left", partition: 0, offset: 0, joined: [{ source: "right", partition: 0, offset: 1 }] })
    expect(idsOf(job.close().rows)).toEqual([[41, 3, 13], [41, 3, 14]])
    expect(job.size).toBe(0)
  })

  it("count for nothing: rows of either side are taken when they come, late where their partition is past them", () => {
    const job = new Job([pairs], { sources })
    job.take(records(0, 0, [line(20, 1), line(5, 2)]))
    job.take(records(1, 0, [line(100, 10)]))
    expect(job.counts).toMatchObject({ read: 3, aggregated: 2, late: 1, held: 0 })
    expect(job.countsBySource.get("left")).toMatchObject({ read: 2, aggregated: 1, late: 1 })
  })

  it("that are refused behind the join are dead letters of their left rows, which were taken", () => {
    const refused = left.pipe(
      Join.interval(right, { within: 10, select: { other: "id" } }),
      Events.derive({ product: Expr.multiply("id", "other") }),
      Pipeline.named("refused")
    )
    const job = new Job([refused], { sources })
    job.take(records(0, 0, [line(1, 2 ** 40), line(2, 1), line(50, 0)]))
    const { rows, unused } = job.take(records(1, 0, [line(1, 2 ** 40), line(50, 0)]))
    expect(idsOf(rows)).toEqual([[2, 1, 2 ** 40]])
    expect(unused).toMatchObject([{ reason: "does-not-fit", pipeline: "refused", partition: 0, offset: 0 }])
    expect(job.counts).toMatchObject({ read: 5, aggregated: 5, deadLettered: 0 })
  })

  it("lie before the time in a field, and where that is absent there are none", () => {
    const until = left.pipe(Join.interval(right, { after: 20, until: "until", type: "left", select: { other: "id" } }), Pipeline.named("until"))
    const job = new Job([until], { sources })
    job.take(records(0, 0, [line(0, 1, 5), line(1, 2), line(2, 3, 1_000), line(3, 4, 3)]))
    job.take(records(1, 0, [line(4, 10), line(5, 11), line(22, 12), line(23, 13)]))
    expect(idsOf(job.close().rows)).toEqual([[1, 2, null], [3, 4, null], [4, 1, 10], [4, 3, 10], [5, 3, 11], [22, 3, 12]])
  })
})

describe("a left join", () => {
  const joined = left.pipe(Join.interval(right, { after: 20, type: "left", select: { other: "id" } }))

  it("gives a row without a partner when none can come any more, and nothing before", () => {
    const job = new Job([joined.pipe(Pipeline.named("joined"))], { sources })
    job.take(records(0, 0, [line(10, 1), line(100, 2)]))
    expect(job.take(records(1, 0, [line(30, 10)])).rows).toEqual([])
    expect(idsOf(job.take(records(1, 1, [line(31, 11)])).rows)).toEqual([])
    expect(idsOf(job.take(records(1, 2, [line(51, 12)])).rows)).toEqual([[30, 1, 10]])
  })

  it("closes windows behind it later by what it waits", () => {
    const counts = joined.pipe(Window.tumbling(10), Aggregate.into({ n: Aggregate.count, last: Aggregate.last("other") }), Pipeline.named("counts"))
    const job = new Job([counts], { sources })
    job.take(records(0, 0, [line(1, 1), line(100, 2)]))
    expect(job.take(records(1, 0, [line(29, 10)])).panes).toEqual([])
    const { panes } = job.take(records(1, 1, [line(30, 11)]))
    expect(panes.map((pane) => [Pane.encode(pane).end, pane.values["n"], pane.values["last"]])).toEqual([[10, 1, null]])
  })
})

it("joins a stream of rows with itself, and gives the row itself of a pair that is refused", () => {
  const self = left.pipe(
    Join.interval(left, { before: 5, select: { other: "id" } }),
    Events.where(Expr.not(Expr.eq("id", Expr.field("other")))),
    Events.derive({ product: Expr.multiply("id", "other") }),
    Pipeline.named("self")
  )
  const rows = [{ key: "A", time: 1, id: 3, until: null }, { key: "A", time: 4, id: 2 ** 52, until: null }, { key: "A", time: 30, id: 1, until: null }]
  const out = Stream.fromIterable(rows).pipe(Stream.rechunk(1), Pipeline.toRowsWith(self, { refused: "side-output" }), Stream.runCollect)
  return Effect.runPromise(out).then((told) => expect([...told].map(({ _tag, row }) => [_tag, row])).toEqual([["refused", rows[1]]]))
})
