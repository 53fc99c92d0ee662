/** Lines over and below the candles have the figures of the pipelines, and the VWAP of the day is Grafana's. */
import { describe, expect, it } from "vitest"
// @ts-expect-error: the page is JavaScript without declarations
import { barOf } from "../../../../src/adapters/dashboard/page/chart/bars.js"
// @ts-expect-error: the page is JavaScript without declarations
import { available, makeLines, offered } from "../../../../src/adapters/dashboard/page/chart/indicators.js"
// @ts-expect-error: the page is JavaScript without declarations
import { makeRollUp } from "../../../../src/adapters/dashboard/page/chart/rollUp.js"
// @ts-expect-error: the page is JavaScript without declarations
import { spansOf } from "../../../../src/adapters/dashboard/page/chart/sessions.js"
import { tradingDays } from "../../../../src/adapters/dashboard/TradingSessions.ts"
import { candles1m } from "../../../../src/analytics/candles.ts"
import { indicators1m } from "../../../../src/analytics/indicators.ts"
import { movingAverage5m } from "../../../../src/analytics/movingAverage.ts"
import type { Encoded } from "../../../../src/streams/pipeline/Pane.ts"
import { play, symbols } from "./recordedSession.ts"

interface Point {
  readonly time: number
  readonly value: number
  readonly text: string
}
interface Line {
  readonly label: string
  readonly field: string
  readonly points: ReadonlyArray<Point>
}
interface Indicator {
  readonly id: string
  readonly pipeline: string
  readonly lines: ReadonlyArray<{ readonly field: string }>
}
const all: ReadonlyArray<Indicator> = offered

const minute = 60_000
const newYork = "America/New_York"
const at = (text: string) => Date.parse(`2013-10-08T${text}-04:00`)
const spans = spansOf(tradingDays({ from: at("00:00"), to: at("23:59") }).days)

const whole = await play([candles1m, indicators1m, movingAverage5m])
const midday = await play([candles1m, indicators1m, movingAverage5m], at("11:52:37"))

const linesOf = ({ panes, watermark }: typeof whole, symbol: string, id: string, size = 1): ReadonlyArray<Line> => {
  const indicator = all.find((each) => each.id === id)!
  const minutes = panes("candles-1m", symbol).map(barOf)
  const bars = size === 1 ? minutes : makeRollUp()(minutes, size * minute, spans, watermark)
  return makeLines()(indicator, bars, panes(indicator.pipeline, symbol), { timeZone: newYork, spans }, -Infinity)
}

const known = (panes: ReadonlyArray<Encoded>, field: string) => panes.filter(({ values }) => values[field] !== null)
const ofPipeline = all.filter(({ pipeline }) => pipeline === "indicators-1m")

describe.each(symbols)("of %s", (symbol) => {
  it.each([["the whole day", whole], ["a day that goes on", midday]])("indicators are those of the pipeline, digit for digit: %s", (_, played) => {
    for (const { id } of ofPipeline) {
      for (const { field, points } of linesOf(played, symbol, id)) {
        const expected = known(played.panes("indicators-1m", symbol), field).map(({ start, values }) => [start, String(values[field]), Number(values[field])])
        expect(expected.length).toBeGreaterThan(100)
        expect(points.map(({ text, time, value }) => [time, text, value])).toEqual(expected)
      }
    }
  })

  it("a bar of five minutes has those of its last minute", () => {
    for (const { id } of ofPipeline) {
      for (const { field, points } of linesOf(whole, symbol, id, 5)) {
        const last = new Map(whole.panes("indicators-1m", symbol).map(({ start, values }) => [start - start % (5 * minute), values[field]]))
        expect(points.map(({ text, time }) => [time, text])).toEqual([...last].filter(([, value]) => value !== null).map(([time, value]) => [time, String(value)]))
      }
    }
  })

  it("the average of five minutes stands at their last one, and ends with the newest candle", () => {
    for (const played of [whole, midday]) {
      const newest = played.panes("candles-1m", symbol).at(-1)!.start
      const minutes = new Set(played.panes("candles-1m", symbol).map(({ start }) => start))
      const expected = known(played.panes("moving-average-5m", symbol), "mean")
        .map(({ end, values }) => [end - minute, values["mean"]] as const).filter(([time]) => time <= newest && minutes.has(time))
      expect(linesOf(played, symbol, "ma5")[0]!.points.map(({ text, time }) => [time, text])).toEqual(expected)
    }
  })

  it("the VWAP is Grafana's: the sum of each minute's VWAP and volume by the volume, as doubles", () => {
    let [worth, traded] = [0, 0]
    const expected = known(whole.panes("candles-1m", symbol), "vwap").map(({ start, values }) => {
      worth += Number(values["vwap"]) * Number(values["volume"])
      traded += Number(values["volume"])
      return [start, worth / traded]
    })
    expect(expected.length).toBeGreaterThan(390)
    const [vwap, estimate] = linesOf(whole, symbol, "vwap")
    expect(vwap!.points.map(({ time, value }) => [time, value])).toEqual(expected)
    expect(estimate!.points).toEqual([])
  })
})

it("the average in a bar that forms is that of its newest minute, and none of a window that is still half empty", () => {
  const start = at("10:00")
  const window = (end: number, mean: string) => ({ ...midday.panes("moving-average-5m", "IBM")[0]!, start: end - 5 * minute, end, values: { mean } })
  const minutes = midday.panes("candles-1m", "IBM").filter((pane) => pane.start >= start && pane.start < start + 2 * minute).map(barOf)
  const bars = makeRollUp()(minutes, 5 * minute, spans, Infinity)
  const windows = [window(start + minute, "1"), window(start + 2 * minute, "2"), window(start + 3 * minute, "3")]
  const [line] = makeLines()(all.find(({ id }) => id === "ma5"), bars, windows, { timeZone: newYork, spans }, -Infinity)
  expect(line.points.map(({ text, time }: Point) => [time, text])).toEqual([[start, "2"]])
})

describe("the VWAP of the day", () => {
  const candle = (text: string, values: Record<string, string | number | null>): Encoded => ({
    pipeline: "candles-1m", key: "A", start: Date.parse(text), end: Date.parse(text) + minute, pane: "on-time", revision: 0, changes: 1,
    values: { open: "10", high: "12", low: "9", close: "12", volume: 10, vwap: "10", ...values }
  })
  const vwap = all.find(({ id }) => id === "vwap")!
  const shown = (panes: ReadonlyArray<Encoded>, knownFrom = -Infinity, lines = makeLines(), trading: ReadonlyArray<unknown> = []): ReadonlyArray<ReadonlyArray<number>> =>
    lines(vwap, panes.map(barOf), panes, { timeZone: newYork, spans: trading }, knownFrom).map(({ points }: Line) => points.map(({ value }) => value))

  it("begins again with each session, with the hours before it", () => {
    const prices = (...times: ReadonlyArray<string>) => times.map((text, i) => candle(text, { vwap: String(10 * (i + 1)) }))
    const trading = (exchange: string) =>
      spansOf(tradingDays({ exchange, from: Date.parse("2024-07-01"), to: Date.parse("2024-07-06") }).days)
    // Futures are traded over midnight; what comes at 18:00 is of the next day.
    const overnight = prices("2024-07-02T03:59Z", "2024-07-02T04:00Z", "2024-07-02T20:59Z", "2024-07-02T22:00Z")
    expect(shown(overnight, -Infinity, makeLines(), trading("GLOBEX"))).toEqual([[10, 15, 20, 40], []])
    // After hours and before the bell, past a midnight of Greenwich.
    const shares = prices("2024-07-01T19:59Z", "2024-07-01T23:59Z", "2024-07-02T08:00Z", "2024-07-02T13:30Z")
    expect(shown(shares, -Infinity, makeLines(), trading("XNYS"))).toEqual([[10, 15, 30, 35], []])
    // Once the sessions are known, the figures are theirs.
    const lines = makeLines()
    expect(shown(overnight, -Infinity, lines)[0]).toEqual([10, 20, 25, 30])
    expect(shown(overnight, -Infinity, lines, trading("GLOBEX"))[0]).toEqual([10, 15, 20, 40])
    // Of the session in which the first candle is not known there is none.
    expect(shown(overnight, overnight[1]!.start, makeLines(), trading("GLOBEX"))).toEqual([[40], []])
  })

  it("begins again at midnight of the exchange where no session is known, whatever its clock does", () => {
    // In New York the 10th of March 2024 ends at 04:00 of Greenwich, the 9th at 05:00.
    const panes = ["2024-03-10T04:59Z", "2024-03-10T05:00Z", "2024-03-11T03:59Z", "2024-03-11T04:00Z"]
      .map((text, i) => candle(text, { vwap: String(10 * (i + 1)) }))
    expect(shown(panes)).toEqual([[10, 20, 25, 40], []])
  })

  it("is an estimate from the first bar without its own on, until midnight", () => {
    const panes = [
      candle("2024-01-02T15:00Z", {}),
      candle("2024-01-02T15:01Z", { vwap: null, volume: 30 }),
      candle("2024-01-02T15:02Z", { vwap: "13", volume: 10 }),
      // Trades that form no price count for nothing, as neither their worth is known.
      candle("2024-01-02T15:03Z", { open: null, high: null, low: null, close: null, vwap: null, volume: 900 }),
      candle("2024-01-03T15:00Z", { vwap: "20" })
    ]
    expect(shown(panes)).toEqual([[10, 20], [(10 * 10 + 30 * 11) / 40, (10 * 10 + 30 * 11 + 13 * 10) / 50]])
  })

  it("is none of a day of which the beginning is not known", () => {
    const panes = [candle("2024-01-02T15:00Z", {}), candle("2024-01-03T15:00Z", { vwap: "20" })]
    expect(shown(panes, panes[0]!.start)).toEqual([[20], []])
    expect(shown(panes, Date.parse("2024-01-02T05:00Z"))).toEqual([[10, 20], []])
  })

  it("changes with a minute that is revised, for all minutes after it", () => {
    const lines = makeLines()
    const panes = ["15:00", "15:01", "15:02"].map((time) => candle(`2024-01-02T${time}Z`, {}))
    expect(shown(panes, -Infinity, lines)[0]).toEqual([10, 10, 10])
    panes[1] = candle("2024-01-02T15:01Z", { vwap: "16" })
    expect(shown(panes, -Infinity, lines)[0]).toEqual([10, 13, 12])
    expect(shown(panes.slice(1), -Infinity, lines)[0]).toEqual([16, 13])
  })
})

it("indicators are offered whose pipelines run", () => {
  expect(available((pipeline: string) => pipeline === "candles-1m").map(({ id }: Indicator) => id)).toEqual(["vwap"])
  const { fields } = { fields: all.flatMap(({ lines }) => lines.map(({ field }) => field)) }
  const panes = [...whole.panes("indicators-1m", "IBM"), ...whole.panes("moving-average-5m", "IBM"), ...whole.panes("candles-1m", "IBM")]
  const names = new Set(["estimate", ...panes.flatMap(({ values }) => Object.keys(values))])
  expect(fields.filter((field) => !names.has(field))).toEqual([])
})
