/** Rows that take back others: what is kept for it, and neighbours of the usual case. */
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { Job } from "../../../src/streams/engine/Job.ts"
import { Aggregate, Events, Expr, Indicator, Panes, Pipeline, Source, Window } from "../../../src/streams/pipeline/index.ts"
import type * as Pane from "../../../src/streams/pipeline/Pane.ts"
import { Kind } from "../../../src/streams/records/Records.ts"
import { records } from "../../../src/testing/Harness.ts"

const Trade = Schema.Struct({
  key: Schema.String,
  at: Schema.Int,
  size: Schema.Int,
  id: Schema.optionalKey(Schema.String),
  kind: Schema.optionalKey(Schema.Literals(["cancel", "correction", "bar"]))
})

const Bar = Schema.Struct({ key: Schema.String, at: Schema.Int, volume: Schema.Int, replaces: Schema.optionalKey(Schema.String) })

const trades = (outOfOrderness = 0) => Source.make("trades", { schema: Trade, key: "key", eventTime: "at", outOfOrderness })

const bars = Source.make("bars", { schema: Bar, key: "key", eventTime: "at" })

const all = { cancel: Expr.eq("kind", "cancel"), correction: Expr.eq("kind", "correction"), replacement: Expr.eq("kind", "bar") } as const

const cancels = Events.cancels<Pipeline.RowOf<ReturnType<typeof trades>>, "id">({ id: "id", ...all })

const trade = (at: number, id: string | null, size: number, kind: string | null = null) =>
  JSON.stringify({ key: "A", at, size, ...id === null ? {} : { id }, ...kind === null ? {} : { kind } })

const windows = (lateness: number) =>
  trades().pipe(
    cancels,
    Window.tumbling(60),
    Aggregate.into({ volume: Aggregate.sum("size"), first: Aggregate.first("size"), last: Aggregate.last("size") }),
    Pipeline.allowedLateness(lateness)
  )

const inMinutes = (lateness = 0) => windows(lateness).pipe(Pipeline.named("minutes"))

const told = (panes: ReadonlyArray<Pane.Pane>) => panes.map(({ changes, pane, revision, start, values }) => [start, pane, revision, changes, values["volume"] ?? null])

const run = (pipeline: Pipeline.AnyOfPanes, lines: ReadonlyArray<string>) => {
  const job = new Job([pipeline], { partitions: 1 })
  const taken = job.take(records(0, 0, lines))
  const closed = job.close()
  return { job, panes: [...taken.panes, ...closed.panes], unused: [...taken.unused, ...closed.unused] }
}

describe("rows that are taken back", () => {
  it("leave a window that has none left, which is retracted, and comes back with the next row", () => {
    const { panes } = run(inMinutes(1_000), [trade(1, "a", 5), trade(70, null, 1), trade(80, "a", 5, "cancel"), trade(90, null, 1), trade(2, "b", 7)])
    expect(told(panes)).toEqual([[0, "on-time", 0, 1, 5], [0, "retracted", 1, 2, null], [0, "late", 2, 3, 7], [60, "on-time", 0, 2, 2]])
  })

  it("are all that have the id, and a correction counts at the turn of the last", () => {
    const { panes } = run(inMinutes(), [trade(1, "a", 5), trade(2, null, 1), trade(3, "a", 5), trade(4, null, 2), trade(59, "a", 4, "correction")])
    expect(panes.map(({ changes, values }) => [changes, values])).toEqual([[7, { volume: 7, first: 1, last: 2 }]])
  })

  it("do not come back with one that was a cancel before its trade", () => {
    const late = trades(20).pipe(cancels, Window.tumbling(60), Aggregate.into({ volume: Aggregate.sum("size") }), Pipeline.named("late"))
    const { job, panes } = run(late, [trade(30, "a", 5, "cancel"), trade(25, "a", 5), trade(31, "a", 3)])
    expect(told(panes)).toEqual([[0, "on-time", 0, 3, 3]])
    expect(job.counts.deadLettered).toBe(0)
  })

  it("find no row whose time is later than theirs, and say that there is one", () => {
    const within = trades(20).pipe(cancels, Window.tumbling(60), Aggregate.into({ volume: Aggregate.sum("size") }), Pipeline.named("within"))
    const { job, panes, unused } = run(within, [trade(3, "a", 5), trade(2, "a", 5, "cancel"), trade(81, "b", 3)])
    expect(unused.map(({ detail }) => detail)).toEqual([
      "no row of the key \"A\" that a window can still be without has the id \"a\"; a row of that id has a later time than what takes it back"
    ])
    expect(told(panes)).toEqual([[0, "on-time", 0, 1, 5], [60, "on-time", 0, 1, 3]])
    expect(job.counts.deadLettered).toBe(1)
  })

  it("are none where there is nothing, no id or no window that could be without them, and a second cancel is a duplicate", () => {
    const { job, unused } = run(inMinutes(), [
      trade(1, "a", 5), trade(2, "a", 5, "cancel"), trade(3, "a", 5, "cancel"), trade(4, "x", 5, "correction"), trade(5, null, 5, "cancel"), trade(6, null, 5, "bar"),
      trade(7, "b", 5), trade(61, "b", 5, "cancel")
    ])
    expect(unused.map(({ detail, offset, reason }) => `${offset} ${reason}: ${detail}`).sort()).toEqual([
      "3 nothing-to-cancel: no row of the key \"A\" that a window can still be without has the id \"x\"",
      "4 nothing-to-cancel: \"id\", the id of what it takes back, is missing or null",
      "7 nothing-to-cancel: no row of the key \"A\" that a window can still be without has the id \"b\""
    ])
    expect(job.counts).toMatchObject({ read: 8, aggregated: 4, duplicate: 1, deadLettered: 3, held: 0 })
  })

  it("are found by their ids, however often texts are numbered anew, and so are those that were taken back", () => {
    const pipeline = inMinutes()
    const job = new Job([pipeline], { partitions: 1, dictionaryBound: 8 })
    const ids = Array.from({ length: 40 }, (_, at) => `id${at}`)
    const cancels = (at: number) => ids.toReversed().map((id) => trade(at, id, 1, "cancel"))
    // Between the cancels there are enough others for texts to be numbered anew.
    const others = Array.from({ length: 800 }, (_, at) => trade(4, `other${at}`, 1))
    const lines = [...ids.map((id) => trade(1, id, 1)), ...cancels(2), trade(3, null, 7), ...others, ...cancels(5), trade(6, null, 7)]
    const unused = lines.flatMap((line, offset) => job.take(records(0, offset, [line])).unused)
    expect(told(job.close().panes)).toEqual([[0, "on-time", 0, 80 + 800 + 2, 814]])
    expect([unused, job.counts.duplicate, job.counts.aggregated]).toEqual([[], 40, 40 + 40 + 800 + 2])
  })

  it("are there once more in a window that an end of input told without them, until event time is past what takes them back", () => {
    const within = trades(20).pipe(cancels, Window.tumbling(60), Aggregate.into({ volume: Aggregate.sum("size") }), Pipeline.allowedLateness(1_000), Pipeline.named("within"))
    const job = new Job([within], { partitions: 1 })
    let offset = 0
    const ofFirst = (panes: ReadonlyArray<Pane.Pane>) => told(panes).filter(([start]) => start === 0)
    const take = (...lines: ReadonlyArray<string>) => ofFirst(job.take(records(0, (offset += lines.length) - lines.length, lines)).panes)
    const end = () => ofFirst(job.decide({ _tag: "end", at: [offset] }).panes)
    // What is due before the window ends is never seen otherwise.
    take(trade(1, "a", 5), trade(2, "b", 7), trade(3, "c", 9), trade(58, "c", 9, "cancel"), trade(62, "b", 7, "cancel"))
    expect(end()).toEqual([[0, "on-time", 0, 4, 12], [0, "late", 1, 5, 5]])
    expect(take(trade(81, null, 1))).toEqual([[0, "on-time", 2, 5, 12]])
    expect(end()).toEqual([[0, "late", 3, 5, 5]])
    expect(take(trade(83, null, 1), trade(84, null, 1))).toEqual([])
  })

  it("are not there for what is derived from their window", () => {
    const pipeline = windows(1_000).pipe(Panes.derive({ before: Indicator.previous("volume") }), Pipeline.named("derived"))
    const { panes } = run(pipeline, [trade(1, null, 5), trade(61, "a", 6), trade(121, null, 7), trade(185, "a", 6, "cancel"), trade(190, null, 1)])
    expect(panes.filter(({ start }) => start === 120).map(({ changes, values }) => [changes, values["before"]])).toEqual([[3, 6], [4, 5]])
  })
})

describe("bars in the place of samples", () => {
  const day = trades().pipe(
    cancels,
    Window.tumbling(86_400_000),
    Aggregate.into({ volume: Aggregate.sum("size") }),
    Pipeline.acceptPreAggregated(bars.pipe(Events.cancels({ id: "replaces", replacement: Expr.isNotNull("replaces") })), { volume: "volume" }),
    Pipeline.named("day")
  )

  it("take back all of their minute, each bar the one before, and leave nothing of them", () => {
    const job = new Job([day], { partitions: 1 })
    let offset = 0
    const take = (text: string, kind: Kind) => void job.take(records(0, offset++, [text], [kind]))
    for (let minute = 0; minute < 50; minute++) {
      const at = minute * 60_000
      for (let sample = 0; sample < 20; sample++) take(trade(at + sample, `m${minute}`, 1), Kind.event)
      for (const more of [1, 2]) take(JSON.stringify({ key: "A", at: at + 100 + more, volume: 30 + more, replaces: `m${minute}` }), Kind.preAggregated)
    }
    // A bar for each minute, the samples of the last one or the bar in their place, and the account of what was taken back.
    expect(job.size).toBeLessThanOrEqual(50 + 3)
    expect(job.close().panes.map(({ changes, values }) => [changes, values["volume"]])).toEqual([[50 * (20 + 20 + 1 + 1 + 1), 50 * 32]])
    expect([job.size, job.counts.held]).toEqual([0, 0])
  })
})
