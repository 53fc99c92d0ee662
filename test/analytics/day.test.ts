/** The day of each symbol's exchange. */
import { Effect, Schema, Stream } from "effect"
import { expect, it } from "vitest"
import * as Recorded from "../../src/adapters/recorded/Recorded.ts"
import { day, dayBy, dayOf } from "../../src/analytics/day.ts"
import { Job } from "../../src/streams/engine/Job.ts"
import * as Pane from "../../src/streams/pipeline/Pane.ts"
import type * as Pipeline from "../../src/streams/pipeline/Pipeline.ts"
import * as Table from "../../src/streams/pipeline/Table.ts"
import { records } from "../../src/testing/Harness.ts"

const listings = Table.make("listings", {
  schema: Schema.Struct({ symbol: Schema.String, exchange: Schema.String }),
  key: "symbol",
  rows: [
    { symbol: "IBM", exchange: "NYQ" },
    { symbol: "7203.T", exchange: "JPX" },
    { symbol: "GC=F", exchange: "CMX" },
    { symbol: "XYZ.F", exchange: "FRA" }
  ]
})

const daysOf = (lines: ReadonlyArray<object>, hours: "extended" | "regular" = "regular") => panesOf(dayBy(listings, { hours }), lines)

const trade = (symbol: string, time: string, price: string) => ({ symbol, time: Date.parse(time), price, size: 100 })

it("a day's close is compared with that of the exchange's day before, over a night of futures and a weekend in Tokyo", () => {
  const { counts, panes, unused } = daysOf([
    trade("7203.T", "2024-11-01T09:00+09:00", "2600"),
    trade("7203.T", "2024-11-01T15:01+09:00", "1"),
    trade("GC=F", "2024-11-03T17:59-05:00", "1"),
    trade("GC=F", "2024-11-03T18:00-05:00", "2700"),
    trade("GC=F", "2024-11-04T16:59-05:00", "2727"),
    trade("GC=F", "2024-11-04T18:00-05:00", "2754.27"),
    trade("7203.T", "2024-11-05T15:29+09:00", "2626")
  ])
  expect(unused).toEqual([])
  expect(counts.filtered).toBe(2)
  expect(panes.map(({ key, values }) => [key, values["open"], values["close"], values["variation"]])).toEqual([
    ["7203.T", "2600", "2600", null],
    ["GC=F", "2700", "2727", null],
    ["7203.T", "2626", "2626", "1"],
    ["GC=F", "2754.27", "2754.27", "1"]
  ])
})

const panesOf = (pipeline: Pipeline.AnyOfPanes, lines: ReadonlyArray<object>) => {
  const job = new Job([pipeline], { partitions: 1 })
  const output = job.take(records(0, 0, lines.map((line) => JSON.stringify(line))))
  return { panes: [...output.panes, ...job.close().panes].map(Pane.encode), unused: output.unused, counts: job.counts }
}

it("a cancel of a trade outside of the session is filtered, as the trade is; of no trade it has nothing to cancel", () => {
  const tick = (time: string, tradeId: string, kind: "cancel" | "trade") => ({ ...trade("IBM", `2024-07-05T${time}-04:00`, "100"), tradeId, kind })
  // Of two trades of an id the cancel sees the first.
  const twice = [tick("08:30", "f", "trade"), tick("08:30:01", "f", "cancel"), tick("08:30:02", "f", "trade")]
  const before = [tick("08:00", "a", "trade"), tick("08:01", "a", "cancel"), ...twice, tick("09:20", "b", "trade"), tick("09:29", "c", "trade")]
  const { counts, panes, unused } = panesOf(day, [
    ...before, tick("09:30", "d", "trade"), tick("09:31", "b", "cancel"), tick("09:32", "d", "cancel"), tick("16:30", "e", "cancel"), tick("16:31", "c", "cancel")
  ])
  expect(unused.map(({ offset, reason }) => [offset, reason])).toEqual([[10, "nothing-to-cancel"]])
  expect(counts).toMatchObject({ read: 12, filtered: 9, aggregated: 2, deadLettered: 1, held: 0 })
  expect(panes).toEqual([])
})

const clocks = (panes: ReadonlyArray<Pane.Encoded>) =>
  panes.map(({ end, key, start, values }) => [key, ...[start, end].map((time) => new Date(time).toISOString().slice(0, 16)), values["exchange"]])

it("a symbol that is in no table is of the exchange that it says, or New York's", () => {
  const times = ["2024-07-05T09:00-04:00", "2024-07-05T09:30-04:00"]
  expect(daysOf(times.map((time) => trade("ABC", time, "1"))).counts).toMatchObject({ aggregated: 1, filtered: 1 })
  expect(daysOf(times.map((time) => trade("ABC", time, "1")), "extended").counts).toMatchObject({ aggregated: 2, filtered: 0 })
  const other = daysOf([{ ...trade("ABC", times[0]!, "1"), exchange: "LSE" }, { ...trade("7203.T", "2024-07-08T09:00+09:00", "1"), exchange: "LSE" }])
  expect(clocks(other.panes)).toEqual([
    ["ABC", "2024-07-05T07:00", "2024-07-05T15:30", "LSE"],
    ["7203.T", "2024-07-08T00:00", "2024-07-08T06:00", "JPX"]
  ])
})

it("of an exchange that no calendar knows, and in years that its calendar does not, a day is one of UTC, and nothing is left out", () => {
  expect(daysOf([trade("XYZ.F", "2024-07-05T09:30-04:00", "1")])).toMatchObject({ unused: [], panes: [{ start: Date.parse("2024-07-05T00:00Z") }] })
  const { panes, unused } = panesOf(day, [
    { ...trade("IBM", "1987-10-19T16:00-04:00", "103"), exchange: "NYQ" },
    trade("IBM", "1987-10-20T20:00Z", "115"),
    { ...trade("EQNR.OL", "2024-07-05T16:24+02:00", "300"), exchange: "OSL" },
    { ...trade("NEW-USD", "2024-07-07T03:00Z", "2"), exchange: "" },
    { ...trade("IBM", "2050-01-01T03:00Z", "1"), exchange: "NYQ" }
  ])
  expect(unused).toEqual([])
  expect(clocks(panes)).toEqual([
    ["IBM", "1987-10-19T00:00", "1987-10-20T00:00", "NYQ"],
    ["IBM", "1987-10-20T00:00", "1987-10-21T00:00", null],
    ["EQNR.OL", "2024-07-05T00:00", "2024-07-06T00:00", "OSL"],
    ["NEW-USD", "2024-07-07T00:00", "2024-07-08T00:00", ""],
    ["IBM", "2050-01-01T00:00", "2050-01-02T00:00", "NYQ"]
  ])
})

it("a day is the session of the exchange that its records say, and what is outside is filtered", () => {
  const { counts, panes } = panesOf(day, [
    { ...trade("7203.T", "2024-11-05T09:00+09:00", "2600"), exchange: "JPX" },
    { ...trade("7203.T", "2024-11-05T12:00+09:00", "1"), exchange: "JPX" },
    { ...trade("7203.T", "2024-11-05T15:29+09:00", "2626"), exchange: "JPX" },
    { ...trade("AAPL", "2024-11-05T09:29-05:00", "1"), exchange: "NMS" },
    { ...trade("AAPL", "2024-11-05T09:30-05:00", "222"), exchange: "NMS" },
    trade("IBM", "2024-11-05T15:59-05:00", "205"),
    trade("IBM", "2024-11-05T16:00-05:00", "1")
  ])
  expect(counts).toMatchObject({ aggregated: 4, filtered: 3, late: 0, deadLettered: 0 })
  expect(clocks(panes)).toEqual([
    ["7203.T", "2024-11-05T00:00", "2024-11-05T06:30", "JPX"],
    ["AAPL", "2024-11-05T14:30", "2024-11-05T21:00", "NMS"],
    ["IBM", "2024-11-05T14:30", "2024-11-05T21:00", null]
  ])
  const byName = panesOf(day, [["A", "XTKS"], ["B", "XNAS"]].map(([symbol, exchange]) => ({ ...trade(symbol!, "2024-11-05T09:30-05:00", "1"), exchange })))
  expect([byName.counts.filtered, ...clocks(byName.panes)]).toEqual([1, ["B", "2024-11-05T14:30", "2024-11-05T21:00", "XNAS"]])
  const { panes: [extended] } = panesOf(dayOf({ hours: "extended" }), [trade("IBM", "2024-11-05T04:00-05:00", "204"), trade("IBM", "2024-11-05T19:59-05:00", "206")])
  expect(extended).toMatchObject({ start: Date.parse("2024-11-05T09:00Z"), end: Date.parse("2024-11-06T01:00Z"), values: { open: "204", close: "206" } })
})

it("what comes within a day after the close still counts, and revises the days after it", () => {
  const { counts, panes } = panesOf(day, [
    trade("IBM", "2024-11-05T15:00-05:00", "200"),
    trade("IBM", "2024-11-06T10:00-05:00", "220"),
    trade("IBM", "2024-11-05T15:59-05:00", "205"),
    trade("IBM", "2024-11-06T16:10-05:00", "1"),
    trade("IBM", "2024-11-05T15:59-05:00", "206")
  ])
  expect(counts).toMatchObject({ aggregated: 3, filtered: 1, late: 1 })
  expect(panes.map(({ pane, values }) => [pane, values["close"], values["variation"]])).toEqual([
    ["on-time", "200", null],
    ["late", "205", null],
    ["on-time", "220", "7.3171"]
  ])
})

const recordedDay = async (pipeline: Pipeline.AnyOfPanes) => {
  const job = new Job([pipeline], { partitions: 1 })
  const panes: Array<Pane.Pane> = []
  let first = 0
  await Effect.runPromise(Stream.runForEach(Recorded.events, (chunk) => Effect.sync(() => {
    const offsets = Float64Array.from({ length: chunk.length }, (_, i) => first + i)
    first += chunk.length
    panes.push(...job.take({ ...chunk, partition: 0, offsets, appendedAt: new Float64Array(chunk.length) }).panes)
  })))
  return [...panes, ...job.close().panes].filter(({ key }) => key === "IBM").map(Pane.encode)
}

it.each([["by itself", day], ["by a table", dayBy(listings)]])("of the recorded session IBM's day is that of the exchange, %s", async (_, pipeline) => {
  const ibm = await recordedDay(pipeline)
  expect(ibm).toHaveLength(1)
  const [{ end, start, values: { close, high, low, open } }] = ibm as [Pane.Encoded]
  expect([start, end]).toEqual([Date.parse("2013-10-08T13:30Z"), Date.parse("2013-10-08T20:00Z")])
  // The publisher's own: the highest of its minutes is 181.99.
  expect({ open, high, low, close }).toEqual({ open: "181.89", high: "181.99", low: "178.71", close: "178.72" })
})

it("has the currency and the decimals that were said last", () => {
  const said = (time: string, more: object) => ({ ...trade("VOD.L", time, "73.12"), ...more })
  const { panes, unused } = daysOf([
    said("2024-07-05T09:30-04:00", { currency: "GBP", decimals: 4 }),
    said("2024-07-05T09:31-04:00", { currency: "GBp" }),
    said("2024-07-05T09:32-04:00", { updatesLast: false, decimals: 1 }),
    said("2024-07-05T09:33-04:00", {}),
    said("2024-07-08T09:30-04:00", {})
  ])
  expect(unused).toEqual([])
  expect(panes.map(({ values }) => [values["currency"], values["decimals"], values["close"]])).toEqual([["GBp", 1, "73.12"], [null, null, "73.12"]])
})
