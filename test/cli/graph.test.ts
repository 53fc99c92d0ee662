/** What `courant explain --engine process` says of nodes that rows come through together. */
import { Schema } from "effect"
import { expect, it } from "vitest"
import { describe } from "../../src/cli/terminal/Graph.ts"
import { Aggregate, Events, Fill, Join, Panes, Pipeline, Source, Table, Window } from "../../src/index.ts"

const schema = Schema.Struct({ symbol: Schema.String, time: Schema.Int, id: Schema.Int, size: Schema.Int })
const of = (name: string) => Source.make(name, { schema, key: "symbol", eventTime: "time", outOfOrderness: "1 second" })

it("names both sides of a node, what it selects, and for how long it keeps it", () => {
  const pipeline = of("one").pipe(
    Events.union(of("two")),
    Events.distinct({ by: "id", within: "10 minutes" }),
    Join.asOf(of("three"), { within: "2 seconds", select: { before: "size" } }),
    Window.tumbling("1 minute"),
    Aggregate.into({ before: Aggregate.last("before") }),
    Pipeline.named("all")
  )
  const lines = describe(pipeline.checked).split("\n").map((line) => line.replace(/ +/g, " "))
  const holds = " holds rows until the watermark is past them, and puts them out in the order of event time and place: none is late behind it"
  expect(lines.slice(6, 16)).toEqual([
    "2-union from 0-source and 1-source, the rows of both",
    "3-distinct from 2-union, one row of each id of a key within 10m",
    holds,
    " keeps of a key one entry for each id, of some 64 bytes each, until 10m 1s behind the watermark",
    "4-source rows of three: symbol, time, id, size",
    " key symbol; event time time in milliseconds; out of order by 1s at most",
    "5-as-of from 3-distinct, each with fields of the newest row of 4-source that its key has at its time, at most 2s older",
    " before = size: int",
    holds,
    " keeps of a key one entry for each row of either side, of some 104 bytes each, until 3s behind the watermark"
  ])
})

it("says of pairs how far apart their rows may be, and for how long the rows are kept", () => {
  const pipeline = of("one").pipe(
    Join.interval(of("two"), { before: "1 second", after: "1 minute", until: "size", type: "left", select: { next: "size" } }),
    Pipeline.named("pairs")
  )
  const lines = describe(pipeline.checked).split("\n").map((line) => line.replace(/ +/g, " "))
  expect(lines.slice(6, 10)).toEqual([
    "2-interval from 0-source, each with fields of every row, or of none, of 1-source of its key, from 1s older to 1m newer, and before size",
    " next = size: int",
    " holds rows until the watermark is past them, and puts them out in the order of event time and place: none is late behind it",
    " keeps of a key one entry for each row of either side, of some 104 bytes each, until 2m 1s behind the watermark"
  ])
})

it("says what rows of results are, and how long after their windows they come", () => {
  const pipeline = of("one").pipe(
    Window.tumbling("1 minute"),
    Aggregate.into({ size: Aggregate.sum("size"), id: Aggregate.last("id") }),
    Pipeline.allowedLateness("30 seconds"),
    Panes.toEvents,
    Events.keyBy("id"),
    Window.tumbling("1 hour"),
    Aggregate.into({ size: Aggregate.sum("size") }),
    Pipeline.named("all")
  )
  const lines = describe(pipeline.checked).split("\n").map((line) => line.replace(/ +/g, " "))
  expect(lines.slice(9, 16)).toEqual([
    "2-to-events from 1-window, final results as rows: key, start, end, size, id",
    " they come 30s after a window's end, and event time is the last millisecond of the window",
    " keeps of a key 2 windows at most, of some 148 bytes each, until 1m 30s behind the watermark",
    "3-key-by from 2-to-events, rows by the key id; those without one are left out",
    "4-window from 3-key-by, tumbling windows of 1h",
    " size = sum(size): decimal of scale 0",
    " emitted as they close; allowed lateness 0"
  ])
})

it("says what windows without events have, and for how long they are filled", () => {
  const pipeline = of("one").pipe(
    Window.tumbling("1 minute"),
    Aggregate.into({ last: Aggregate.last("id"), mean: Aggregate.mean("size"), rows: Aggregate.count }),
    Panes.fill({ last: Fill.previous, mean: null, rows: 0 }, { within: "1 hour" }),
    Pipeline.named("unbroken")
  )
  const lines = describe(pipeline.checked).split("\n").map((line) => line.replace(/ +/g, " "))
  expect(lines.slice(-7, -2)).toEqual([
    "2-fill from 1-window, with the windows without events that end at most 1h after one with events",
    " last = that of the last window with events",
    " mean = null",
    " rows = 0",
    " keeps of a key 2 windows at most, of some 152 bytes each, until 1h 1m behind the watermark"
  ])
})

it("says which fields are kept, and what a table has for a row", () => {
  const lots = Table.make("lots", { schema: Schema.Struct({ name: Schema.String, lot: Schema.Int }), key: "name", rows: [{ name: "IBM", lot: 10 }] })
  const pipeline = of("one").pipe(
    Events.select({ symbol: "symbol", time: "time", pieces: "size" }),
    Events.lookup(lots, { by: "symbol", select: { unit: "lot" } }),
    Pipeline.named("kept")
  )
  expect(describe(pipeline.checked).split("\n").slice(4, 8).map((line) => line.replace(/ +/g, " "))).toEqual([
    "1-select from 0-source, of each row symbol, time, pieces = size",
    "2-lookup from 1-select, each with fields of the row that the table lots of 1 rows has for symbol",
    " unit = lot: int",
    "out rows of 2-lookup, with all fields and their places; nothing is kept"
  ])
})
