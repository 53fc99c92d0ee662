/** Symbols on one scale, and the chart as a table. */
import { expect, it } from "vitest"
// @ts-expect-error: the page is JavaScript without declarations
import { barOf } from "../../../../src/adapters/dashboard/page/chart/bars.js"
// @ts-expect-error: the page is JavaScript without declarations
import { makeIndexed } from "../../../../src/adapters/dashboard/page/chart/compare.js"
// @ts-expect-error: the page is JavaScript without declarations
import { csvOf, fileName } from "../../../../src/adapters/dashboard/page/chart/csv.js"

const minute = 60_000
const bars = (closes: ReadonlyArray<string | null>, over = {}) => closes.map((close, i) => barOf({
  pipeline: "candles-1m", key: "A", start: i * minute, end: (i + 1) * minute, pane: "on-time", revision: 0, changes: 1,
  values: { open: close, high: close, low: close, close, volume: 7, trades: 1, provisional: 0 }, ...over
}))

it("each symbol begins at 100 with its first price in view", () => {
  const all = [{ symbol: "A", bars: bars(["5", "10", null, "11"]) }, { symbol: "B", bars: bars(["0", "0", "3", "1.5"]) }, { symbol: "C", bars: [] }]
  const indexed = makeIndexed()
  const values = (from: number) => indexed(all, from).map(({ from, points, symbol }: { from: number; symbol: string; points: ReadonlyArray<{ value: number }> }) =>
    [symbol, from, ...points.map(({ value }) => value)])
  expect(values(minute)).toEqual([["A", minute, 100, 100 * 11 / 10], ["B", 2 * minute, 0, 100, 50], ["C", null]])
  expect(values(-Infinity)[0]).toEqual(["A", 0, 100, 200, 100 * 11 / 5])
  expect(indexed(all, minute)[0].points[0]).toBe(indexed(all, minute)[0].points[0])
})

it("a table has every digit, an empty field for what there is none of, and quotes where needed", () => {
  const lines = [{ label: "SMA 20, \"plain\"", points: [{ time: minute, text: "10.123456789012", value: 10.1, pane: null }] }]
  const [first, second] = [bars(["163512345.00000001"])[0], bars([null, null], { pane: "late", revision: 2 })[1]]
  expect(csvOf([first, second], lines)).toBe([
    "start,end,open,high,low,close,volume,trades,state,revisions,\"SMA 20, \"\"plain\"\"\"",
    "1970-01-01T00:00:00.000Z,1970-01-01T00:01:00.000Z,163512345.00000001,163512345.00000001,163512345.00000001,163512345.00000001,7,1,final,0,",
    "1970-01-01T00:01:00.000Z,1970-01-01T00:02:00.000Z,,,,,7,1,revised,2,10.123456789012",
    ""
  ].join("\r\n"))
  expect(csvOf([], [])).toBe("start,end,open,high,low,close,volume,trades,state,revisions\r\n")
})

it("a file is called by what may stand in a name everywhere", () => {
  expect(["BTC/USDT", "^GSPC", "../x", "0700.HK"].map((symbol) => fileName(symbol, "5m", "csv"))).toEqual(["BTC_USDT-5m.csv", "_GSPC-5m.csv", "__x-5m.csv", "0700.HK-5m.csv"])
})
