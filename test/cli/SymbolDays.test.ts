/** What is said of symbols that have days of two calendars. */
import { expect, it } from "vitest"
import { SymbolDays } from "../../src/cli/SymbolDays.ts"
import type { Kind, Pane } from "../../src/streams/pipeline/Pane.ts"

const day = (key: string, exchange: string | null, over: { readonly pipeline?: string; readonly pane?: Kind } = {}): Pane => {
  const { pane = "on-time", pipeline = "day" } = over
  return { pipeline, key, start: 0, end: 1, pane, revision: 0, changes: 1, values: pane === "retracted" ? {} : { exchange } }
}

const said = (...panes: ReadonlyArray<Pane>) => {
  const days = new SymbolDays()
  return panes.flatMap((pane) => days.noted([pane])).map((line) => line.slice(0, line.indexOf(":")))
}

it("is once that they have two", () => {
  expect(said(day("7203.T", "JPX"), day("7203.T", null), day("7203.T", "JPX"))).toEqual([`7203.T has days of two calendars, XTKS by "JPX" and XNYS without an exchange`])
  expect(said(day("A", null), day("A", "XXX"), day("B", "LSE"), day("B", "PAR"))).toEqual([
    `A has days of two calendars, XNYS without an exchange and UTC by "XXX"`, `B has days of two calendars, XLON by "LSE" and XPAR by "PAR"`
  ])
})

it("is that an exchange is written otherwise", () => {
  expect(said(day("IBM", "nyq"), day("IBM", "nyq"), day("GC=F", "Globex"))).toEqual([
    `IBM has days of UTC, since no calendar knows "nyq"; there is NYQ`, `GC=F has days of UTC, since no calendar knows "Globex"; there is GLOBEX`
  ])
})

it("is that coins, currencies and futures say no exchange", () => {
  expect(said(day("BTC-USD", null), day("BTC-USD", null), day("EURUSD=X", null), day("GC=F", null), day("BRK-B", null), day("ETH-USD", "CCC"))).toEqual(
    ["BTC-USD", "EURUSD=X", "GC=F"].map((symbol) => `${symbol} has days of New York's sessions alone, since it says no exchange`)
  )
})

it("is nothing of one calendar by two names, of exchanges that nobody knows, of what was taken back and of other pipelines", () => {
  expect(said(day("A", "NMS"), day("A", null), day("A", "XNAS"), day("B", "FRA"), day("B", "FRA"), day("F", "us_futures"))).toEqual([])
  expect(said(day("A", "NMS"), day("A", "JPX", { pane: "retracted" }), day("A", "JPX", { pipeline: "mine" }))).toEqual([])
})

it("is of a few symbols only", () => {
  expect(said(...Array.from({ length: 50 }, (_, at) => day(`S${at}`, "nms")))).toHaveLength(5)
})
