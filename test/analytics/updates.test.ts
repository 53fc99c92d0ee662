/** What a tick updates: each by itself, by the long form where it is there, and by the short form else. */
import { expect, it } from "vitest"
import { candles1m, day, Job, movingAverage5m, Pane, Records } from "../../src/index.ts"

const all = [undefined, false, true]
const minute = 60_000

/** A trade of every sort, each in a minute of its own, behind one that updates everything. */
const ticks = all.flatMap((priceForming) =>
  all.flatMap((updatesLast) => all.flatMap((updatesHighLow) => all.map((updatesVolume) => ({ priceForming, updatesLast, updatesHighLow, updatesVolume })))))

const lines = ticks.flatMap((tick, index) => [
  { symbol: "A", time: index * minute, price: "10", size: 1 },
  { symbol: "A", time: index * minute + 1, price: "20", size: 4, ...tick }
]).map((tick) => JSON.stringify(tick))

const recordsOf = (lines: ReadonlyArray<string>): Records.Records => ({
  ...Records.fromTexts(lines),
  partition: 0,
  offsets: Float64Array.from(lines, (_, index) => index),
  appendedAt: new Float64Array(lines.length)
})

const job = new Job([candles1m, day, movingAverage5m], { partitions: 1 })
const taken = job.take(recordsOf(lines))
const panes = [...taken.panes, ...job.close().panes].map(Pane.encode)
const of = (name: string) => panes.filter(({ pipeline }) => pipeline === name).map(({ values }) => values)

it("is said by the tick for the last price, for high and low, and for volume and count", () => {
  const candles = of("candles-1m")
  expect(candles).toHaveLength(81)
  candles.forEach((values, index) => {
    const { priceForming = true, updatesHighLow = priceForming, updatesLast = priceForming, updatesVolume = true } = ticks[index]!
    const [mean, vwap] = [priceForming ? "15" : "10", priceForming && updatesVolume ? "18" : "10"]
    const [high, close] = [updatesHighLow ? "20" : "10", updatesLast ? "20" : "10"]
    const [volume, trades] = updatesVolume ? ["5", 2] : ["1", 1]
    expect(values, JSON.stringify(ticks[index])).toEqual({ open: "10", high, low: "10", close, mean, volume, vwap, trades, provisional: 0 })
  })
})

it("is the same for the day and for the moving average", () => {
  const total = (name: string) => of(name).reduce((sum, { volume }) => sum + Number(volume), 0)
  const volume = ticks.reduce((sum, { updatesVolume = true }) => sum + (updatesVolume ? 5 : 1), 0)
  // Each trade is in five windows of the moving average.
  expect([total("day"), total("moving-average-5m")]).toEqual([volume, 5 * volume])
})

it("is nothing for a gap, whatever it says, but that what there is of its time is not final", () => {
  const gaps = ticks.map((tick, index) => ({ symbol: "A", time: index, price: "99", size: 7, kind: "gap", provisional: true, ...tick }))
  const trade = { symbol: "A", time: 1_000, price: "10", size: 1 }
  const gapsOnly = (pipeline: typeof candles1m | typeof day | typeof movingAverage5m, lines: ReadonlyArray<object>) => {
    const job = new Job([pipeline], { partitions: 1 })
    const { panes } = job.take(recordsOf(lines.map((line) => JSON.stringify(line))))
    return [...panes, ...job.close().panes].map(Pane.encode).map(({ values }) => values)
  }
  const flat = { open: "10", high: "10", low: "10", close: "10", mean: "10", volume: "1" }
  const none = { open: null, high: null, low: null, close: null, mean: null, volume: null, vwap: null, trades: 0 }
  expect(gapsOnly(candles1m, gaps)).toEqual([{ ...none, provisional: 81 }])
  expect(gapsOnly(candles1m, [...gaps, trade])).toEqual([{ ...flat, vwap: "10", trades: 1, provisional: 81 }])
  expect(gapsOnly(day, [...gaps, trade])).toMatchObject([{ ...flat, provisional: 81 }])
  expect(gapsOnly(movingAverage5m, gaps)).toEqual([])
})
