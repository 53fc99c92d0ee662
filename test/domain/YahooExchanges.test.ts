/** A symbol's calendar by Yahoo's exchange, by a field, and by a table. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { calendarOf, yahooExchanges } from "../../src/domain/YahooExchanges.ts"
import * as Calendar from "../../src/domain/TradingCalendar.ts"
import { Job } from "../../src/streams/engine/Job.ts"
import { Aggregate, Events, Pipeline, Source, Table, Window } from "../../src/streams/pipeline/index.ts"
import { records } from "../../src/testing/Harness.ts"

describe("Yahoo's exchanges", () => {
  it("have calendars that there are", () => {
    expect(Object.values(yahooExchanges).filter((name) => !Calendar.isName(name))).toEqual([])
  })

  it.each([
    ["EQUITY", "America/New_York", "XNYS"],
    ["EQUITY", "Asia/Tokyo", "XTKS"],
    ["EQUITY", "Europe/London", "XLON"],
    [undefined, "Europe/Berlin", "XETR"],
    ["CURRENCY", "Europe/London", "FX"],
    ["FUTURE", "America/New_York", "GLOBEX"],
    ["CRYPTOCURRENCY", "UTC", "24/7"],
    ["EQUITY", "Europe/Oslo", "24/7"]
  ])("of a quote without one, %s in %s, have the calendar %s", (type, zone, name) => {
    expect(calendarOf(type, zone)).toBe(name)
  })

  it("have one wherever a recorded answer names them", () => {
    const folder = join(import.meta.dirname, "../fixtures/yahoo")
    const texts = readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8"))
    const codes = new Set(texts.flatMap((text) => [...text.matchAll(/"exchange(?:Name)?"\s*:\s*"([A-Z]{3})"/g)].map(([, code]) => code!)))
    expect(codes.size).toBeGreaterThan(3)
    // An exchange that Yahoo does not know.
    expect([...codes].filter((code) => yahooExchanges[code] === undefined && code !== "YHD")).toEqual([])
  })
})

const Trade = Schema.Struct({ symbol: Schema.String, time: Schema.Int, size: Schema.Int })

const trades = Source.make("trades", { schema: Trade, key: "symbol", eventTime: "time" })

const listings = Table.make("listings", {
  schema: Schema.Struct({ symbol: Schema.String, exchange: Schema.String }),
  key: "symbol",
  rows: [
    { symbol: "7203.T", exchange: "JPX" },
    { symbol: "BARC.L", exchange: "LSE" },
    { symbol: "BTC-USD", exchange: "CCC" },
    { symbol: "GC=F", exchange: "CMX" },
    { symbol: "EURUSD=X", exchange: "CCY" }
  ]
})

it("a table of exchanges gives each symbol its day: Tokyo's, London's, that of futures, currencies and coins", () => {
  const sessions = trades.pipe(
    Events.lookup(listings, { by: "symbol", select: { exchange: "exchange" } }),
    Window.trading({ by: "exchange", calendars: yahooExchanges, otherwise: "XNYS" }),
    Aggregate.into({ trades: Aggregate.count }),
    Pipeline.named("sessions")
  )
  const job = new Job([sessions], { partitions: 1 })
  const noon = Date.parse("2024-03-12T12:00Z")
  const lines = ["IBM", "7203.T", "BARC.L", "BTC-USD", "GC=F", "EURUSD=X"].flatMap((symbol) =>
    Array.from({ length: 48 }, (_, hour) => ({ symbol, time: noon + (hour - 24) * 3_600_000, size: 1 })))
  const sorted = lines.toSorted((a, b) => a.time - b.time).map((line) => JSON.stringify(line))
  const panes = [...job.take(records(0, 0, sorted)).panes, ...job.close().panes]
  const dayOf = (symbol: string) => {
    const { end, start } = panes.find(({ end, key }) => key === symbol && end >= noon - 6 * 3_600_000)!
    return [start, end].map((time) => new Date(time).toISOString().slice(5, 16))
  }
  expect(dayOf("IBM")).toEqual(["03-12T13:30", "03-12T20:00"])
  expect(dayOf("7203.T")).toEqual(["03-12T00:00", "03-12T06:00"])
  expect(dayOf("BARC.L")).toEqual(["03-12T08:00", "03-12T16:30"])
  expect(dayOf("BTC-USD")).toEqual(["03-12T00:00", "03-13T00:00"])
  expect(dayOf("GC=F")).toEqual(["03-11T22:00", "03-12T21:00"])
  expect(dayOf("EURUSD=X")).toEqual(["03-11T21:00", "03-12T21:00"])
})
