/** What the chart is to show, out of what the page knows. */
import { describe, expect, it } from "vitest"
// @ts-expect-error: the page is JavaScript without declarations
import { makeModel, previousClose } from "../../../../src/adapters/dashboard/page/chart/model.js"
// @ts-expect-error: the page is JavaScript without declarations
import { offered } from "../../../../src/adapters/dashboard/page/chart/indicators.js"
// @ts-expect-error: the page is JavaScript without declarations
import { spansOf } from "../../../../src/adapters/dashboard/page/chart/sessions.js"
import { tradingDays } from "../../../../src/adapters/dashboard/TradingSessions.ts"
import type { Encoded } from "../../../../src/streams/pipeline/Pane.ts"

const minute = 60_000
const at = (text: string) => Date.parse(text)
const { days } = tradingDays({ exchange: "NYQ", from: at("2024-07-01T00:00Z"), to: at("2024-07-10T00:00Z") })
const spans = spansOf(days)

const pane = (pipeline: string, start: number, values: Encoded["values"], over: Partial<Encoded> = {}): Encoded =>
  ({ pipeline, key: "A", start, end: start + minute, pane: "on-time", revision: 0, changes: 1, values, ...over })

const prices = (close: string) => ({ open: close, high: close, low: close, close, volume: 1, trades: 1, provisional: 0 })

describe("the previous close", () => {
  const session = (date: string, close: string, more: Encoded["values"] = {}) =>
    pane("day", at(`${date}T13:30Z`), { close, adjustedClose: close, ...more }, { end: at(`${date}T20:00Z`) })
  const sessions = [session("2024-07-01", "10"), session("2024-07-02", "12")]

  it("is that of the session before the newest candle's", () => {
    expect(previousClose(sessions, at("2024-07-02T15:00Z"), spans)).toBe(10)
    expect(previousClose(sessions, at("2024-07-02T21:00Z"), spans)).toBe(10)
  })

  it("is that of the newest session where today's has not begun", () => {
    expect(previousClose(sessions, at("2024-07-03T12:00Z"), spans)).toBe(12)
    expect(previousClose(sessions.slice(1), at("2024-07-02T15:00Z"), spans)).toBe(null)
    expect(previousClose([], at("2024-07-02T15:00Z"), spans)).toBe(null)
  })

  it("is in prices of today over a split, and goes without what a pipeline of one's own does not have", () => {
    const split = [session("2024-07-01", "100", { adjustedClose: "100", splitFactor: "1" }), session("2024-07-02", "26", { adjustedClose: "104", splitFactor: "4" })]
    expect(previousClose(split, at("2024-07-02T15:00Z"), spans)).toBe(25)
    const plain = [pane("day", 0, { close: "7" }), pane("day", minute, { close: "8" })]
    expect(previousClose(plain, minute, [])).toBe(7)
    expect(previousClose([pane("day", 0, { close: null }), pane("day", minute, { close: "8" })], minute, [])).toBe(null)
  })
})

describe("a model", () => {
  const start = at("2024-07-02T14:00Z")
  const panes: Record<string, ReadonlyArray<Encoded>> = {
    "candles-1m A": [0, 1, 2].map((i) => pane("candles-1m", start + i * minute, prices(String(10 + i)))),
    "candles-1m B": [1, 2].map((i) => pane("candles-1m", start + i * minute, prices(String(20 * i)), { key: "B" })),
    "indicators-1m A": [0, 1, 2].map((i) => pane("indicators-1m", start + i * minute, { sma20: String(i) })),
    "day A": [pane("day", at("2024-07-02T13:30Z"), prices("12"), { end: at("2024-07-02T20:00Z"), pane: "early" })]
  }
  const known = {
    symbol: "A", interval: "5m", range: "all", zone: "UTC", exchangeZone: "America/New_York", days, watermark: null, knownFrom: -Infinity,
    chosen: offered.filter(({ id }: { readonly id: string }) => id === "sma20"), compared: [], marks: [], decimals: 2, reset: false,
    panesOf: (pipeline: string, symbol: string) => panes[`${pipeline} ${symbol}`] ?? []
  }

  it("of minutes, longer bars or days has bars from the right pipeline", () => {
    const modelOf = makeModel()
    expect(modelOf(known).candles).toMatchObject([{ time: start, end: start + 5 * minute, close: "12", volume: 3, state: "final" }])
    expect(modelOf({ ...known, watermark: start + 3 * minute }).candles).toMatchObject([{ state: "forming" }])
    expect(modelOf({ ...known, interval: "1m" }).candles).toHaveLength(3)
    const daily = modelOf({ ...known, interval: "1D" })
    expect(daily.candles).toMatchObject([{ time: at("2024-07-02T13:30Z"), state: "forming" }])
    expect([daily.indicators, daily.previousClose]).toEqual([[], null])
  })

  it("has the chosen indicators at its bars", () => {
    const { indicators } = makeModel()(known)
    expect(indicators[0].lines).toMatchObject([{ label: "SMA 20", points: [{ time: start, text: "2" }] }])
  })

  it("compares symbols, the chosen one first and none twice", () => {
    const { compared } = makeModel()({ ...known, interval: "1m", compared: ["B", "A"] })
    expect(compared.map(({ symbol }: { readonly symbol: string }) => symbol)).toEqual(["A", "B"])
    expect(compared[1].points.map(({ value }: { readonly value: number }) => value)).toEqual([100, 200])
  })

  it("tells the time of the exchange, the viewer or Greenwich", () => {
    const here = Intl.DateTimeFormat().resolvedOptions().timeZone
    expect(["exchange", "local", "UTC"].map((zone) => makeModel()({ ...known, zone }).timeZone)).toEqual(["America/New_York", here, "UTC"])
  })

  it("stays the same where nothing has changed", () => {
    const modelOf = makeModel()
    const [first, second] = [modelOf(known), modelOf(known)]
    expect(second.candles[0]).toBe(first.candles[0])
    expect(second.spans).toBe(first.spans)
    expect(second.indicators[0].lines[0].points[0]).toBe(first.indicators[0].lines[0].points[0])
  })
})
