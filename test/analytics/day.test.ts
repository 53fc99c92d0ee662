/** The day of each symbol's exchange. */
import { Effect, Schema, Stream } from "effect"
import { expect, it } from "vitest"
import * as Recorded from "../../src/adapters/recorded/Recorded.ts"
import { dayBy } from "../../src/analytics/day.ts"
import { Job } from "../../src/streams/engine/Job.ts"
import * as Pane from "../../src/streams/pipeline/Pane.ts"
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

const daysOf = (lines: ReadonlyArray<object>, hours: "extended" | "regular" = "regular") => {
  const job = new Job([dayBy(listings, { hours })], { partitions: 1 })
  const output = job.take(records(0, 0, lines.map((line) => JSON.stringify(line))))
  return { panes: [...output.panes, ...job.close().panes].map(Pane.encode), unused: output.unused, counts: job.counts }
}

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

it("a symbol that is in no table is New York's, and one of an exchange without a calendar is refused", () => {
  const times = ["2024-07-05T09:00-04:00", "2024-07-05T09:30-04:00"]
  expect(daysOf(times.map((time) => trade("ABC", time, "1"))).counts).toMatchObject({ aggregated: 1, filtered: 1 })
  expect(daysOf(times.map((time) => trade("ABC", time, "1")), "extended").counts).toMatchObject({ aggregated: 2, filtered: 0 })
  expect(daysOf([trade("XYZ.F", times[1]!, "1")]).unused).toMatchObject([{ reason: "no-calendar" }])
})

it("of the recorded session IBM's day is that of the exchange", async () => {
  const job = new Job([dayBy(listings)], { partitions: 1 })
  const panes: Array<Pane.Pane> = []
  let first = 0
  await Effect.runPromise(Stream.runForEach(Recorded.events, (chunk) => Effect.sync(() => {
    const offsets = Float64Array.from({ length: chunk.length }, (_, i) => first + i)
    first += chunk.length
    panes.push(...job.take({ ...chunk, partition: 0, offsets, appendedAt: new Float64Array(chunk.length) }).panes)
  })))
  const ibm = [...panes, ...job.close().panes].filter(({ key }) => key === "IBM").map(Pane.encode)
  expect(ibm).toHaveLength(1)
  const [{ end, start, values: { low, open } }] = ibm as [Pane.Encoded]
  expect([start, end]).toEqual([Date.parse("2013-10-08T13:30Z"), Date.parse("2013-10-08T20:00Z")])
  expect({ open, low }).toEqual({ open: "181.89", low: "178.71" })
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
