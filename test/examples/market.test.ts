/**
 * Each of the market's jobs is what plain arithmetic makes of the same trades: those of the recorded session, or a few made
 * ones.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { beforeAll, describe, expect, it } from "vitest"
import * as atr from "../../examples/market/atr.ts"
import * as bollinger from "../../examples/market/bollinger.ts"
import * as cancels from "../../examples/market/cancels.ts"
import * as coins from "../../examples/market/coins.ts"
import * as correlation from "../../examples/market/correlation.ts"
import * as crossRate from "../../examples/market/crossRate.ts"
import * as deduplication from "../../examples/market/deduplication.ts"
import * as ema from "../../examples/market/ema.ts"
import * as gapFilling from "../../examples/market/gapFilling.ts"
import * as halts from "../../examples/market/halts.ts"
import * as macd from "../../examples/market/macd.ts"
import * as orderImbalance from "../../examples/market/orderImbalance.ts"
import * as patternAlerts from "../../examples/market/patternAlerts.ts"
import * as rsi from "../../examples/market/rsi.ts"
import * as sectors from "../../examples/market/sectors.ts"
import * as sessionVwap from "../../examples/market/sessionVwap.ts"
import * as splits from "../../examples/market/splits.ts"
import * as topMovers from "../../examples/market/topMovers.ts"
import * as tradeSide from "../../examples/market/tradeSide.ts"
import * as volatility from "../../examples/market/volatility.ts"
import * as volumeProfile from "../../examples/market/volumeProfile.ts"
import type * as Pane from "../../src/streams/pipeline/Pane.ts"
import { placed } from "../cli/session.ts"
import { runOver, runOverSources } from "./partitions.ts"

const ofTicks = { rsi, ema, macd, bollinger, sessionVwap, atr, volumeProfile, halts, volatility, splits, sectors, gapFilling }
const ofOthers = { orderImbalance, cancels, topMovers, patternAlerts, deduplication, correlation, tradeSide, crossRate }

interface Trade {
  readonly symbol: string
  readonly time: number
  readonly price: string
  readonly size: number
  readonly priceForming: boolean
  readonly updatesLast: boolean
  readonly updatesVolume: boolean
}

const minute = 60_000
const file = join(import.meta.dirname, "../../data/recorded/us-equities-2013-10-08.csv.gz")

/** The trades of symbols in a time, as they were recorded. */
const recorded = (symbols: ReadonlyArray<string>, from: number, to: number) =>
  gunzipSync(readFileSync(file)).toString().split("\n").flatMap((line): ReadonlyArray<Trade> => {
    const [symbol = "", stamp = "", price = "", size = "", flags, forming = "", counted] = line.split(",")
    const { time, updatesLast } = placed(flags, Number(stamp))
    if (!symbols.includes(symbol) || time < from || time >= to) return []
    const isForming = forming === "1"
    return [{ symbol, time, price, size: Number(size), priceForming: isForming, updatesLast: updatesLast ?? isForming, updatesVolume: counted === "1" }]
  })

/** Of two symbols the morning, from before the bell. */
const trades = recorded(["IBM", "AIG"], -Infinity, Date.UTC(2013, 9, 8, 14, 40))
const forming = trades.filter(({ priceForming }) => priceForming)

let panes: ReadonlyArray<Pane.Encoded>

beforeAll(() => {
  const outcome = runOver(Object.values(ofTicks).map(({ pipeline }) => pipeline), trades, 1)
  expect(outcome.unused).toEqual([])
  panes = outcome.panes
})

/** The panes of a job for a symbol, in the order of time. */
const panesOf = (pipeline: string, key: string) => panes.filter((pane) => pane.pipeline === pipeline && pane.key === key)

const numbersOf = (pipeline: string, name: string) =>
  panesOf(pipeline, "IBM").map(({ values }) => values[name] === null ? null : Number(values[name]))

/** Equal to a part in a billion, and missing in the same places. */
const expectClose = (found: ReadonlyArray<number | null>, expected: ReadonlyArray<number | null>) => {
  expect(found.map((each) => each === null)).toEqual(expected.map((each) => each === null))
  found.forEach((each, index) => expect(Math.abs(Number(each) - Number(expected[index]))).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(Number(each)))))
}

/** The trades of a symbol in windows of one length, in the order of time. */
const grouped = (all: ReadonlyArray<Trade>, size: number) =>
  [...Map.groupBy(all, ({ time }) => Math.floor(time / size) * size)].sort(([a], [b]) => a - b)

const ibm = trades.filter(({ symbol }) => symbol === "IBM")
const bars = grouped(ibm, minute).map(([start, all]) => {
  const prices = all.filter(({ priceForming }) => priceForming).map(({ price }) => Number(price))
  return { start, high: Math.max(...prices), low: Math.min(...prices), close: Number(all.findLast(({ updatesLast }) => updatesLast)!.price) }
})
const closes = bars.map(({ close }) => close)

const counted = (all: ReadonlyArray<Trade>) => all.filter(({ updatesVolume }) => updatesVolume)
const volumeOf = (all: ReadonlyArray<Trade>) => sum(counted(all).map(({ size }) => size))

const sum = (all: ReadonlyArray<number>) => all.reduce((total, each) => total + each, 0)
const mean = (all: ReadonlyArray<number>) => sum(all) / all.length

/** An average that begins with the mean of its first n and then moves by a share of the way to each next. */
const smoothed = (all: ReadonlyArray<number>, n: number, share: number): ReadonlyArray<number | null> => {
  let value = mean(all.slice(0, n))
  return all.map((each, index) => {
    if (index < n - 1) return null
    if (index >= n) value += share * (each - value)
    return value
  })
}
const emaOf = (all: ReadonlyArray<number>, n: number) => smoothed(all, n, 2 / (n + 1))

const deviationOf = (all: ReadonlyArray<number>, less: 0 | 1) => Math.sqrt(sum(all.map((each) => (each - mean(all)) ** 2)) / (all.length - less))

describe("over the recorded session", () => {
  it("there is enough of it", () => {
    expect(closes.length).toBeGreaterThan(60)
    // In each of its minutes a price was formed.
    expect(closes).not.toContain(undefined)
  })

  it("rsi", () => {
    const moves = closes.slice(1).map((close, index) => close - closes[index]!)
    const up = smoothed(moves.map((move) => Math.max(move, 0)), 14, 1 / 14)
    const down = smoothed(moves.map((move) => Math.max(-move, 0)), 14, 1 / 14)
    expectClose(numbersOf("rsi", "rsi"), [null, ...up.map((each, index) => each === null ? null : 100 * each / (each + down[index]!))])
  })

  it("ema", () => {
    expectClose(numbersOf("ema", "quick"), emaOf(closes, 12))
    expectClose(numbersOf("ema", "slow"), emaOf(closes, 26))
  })

  it("macd", () => {
    // The quick average begins as late as the slow one has its first value.
    const quick = [...Array.from({ length: 14 }, () => null), ...emaOf(closes.slice(14), 12)]
    const slow = emaOf(closes, 26)
    const apart = quick.flatMap((each, index) => each === null ? [] : [each - slow[index]!])
    const signal = emaOf(apart, 9)
    const late = (all: ReadonlyArray<number | null>) => [...Array.from({ length: 25 }, () => null), ...all]
    expectClose(numbersOf("macd", "macd"), late(apart.map((each, index) => signal[index] === null ? null : each)))
    expectClose(numbersOf("macd", "signal"), late(signal))
    expectClose(numbersOf("macd", "histogram"), late(apart.map((each, index) => signal[index] == null ? null : each - signal[index])))
  })

  it("bollinger", () => {
    const last = closes.map((_, index) => index < 19 ? null : closes.slice(index - 19, index + 1))
    expectClose(numbersOf("bollinger", "middle"), last.map((all) => all && mean(all)))
    expectClose(numbersOf("bollinger", "upper"), last.map((all) => all && mean(all) + 2 * deviationOf(all, 0)))
    expectClose(numbersOf("bollinger", "lower"), last.map((all) => all && mean(all) - 2 * deviationOf(all, 0)))
  })

  it("atr", () => {
    const ranges = bars.slice(1).map(({ high, low }, index) => Math.max(high, closes[index]!) - Math.min(low, closes[index]!))
    expectClose(numbersOf("atr", "atr"), [null, ...smoothed(ranges, 14, 1 / 14)])
  })

  it("session VWAP", () => {
    const [day] = panesOf("session-vwap", "IBM")
    const all = forming.filter(({ symbol }) => symbol === "IBM")
    const paid = sum(all.map(({ price, size }) => Number(price) * size)) / sum(all.map(({ size }) => size))
    expect(Number(day?.values["vwap"])).toBeCloseTo(paid, 9)
    expect(day?.values["volume"]).toBe(String(volumeOf(ibm)))
    expect([day?.start, day?.end]).toEqual([Date.UTC(2013, 9, 8, 4), Date.UTC(2013, 9, 9, 4)])
  })

  it("volume profile", () => {
    const expected = grouped(ibm, 30 * minute).map(([start, all]) => {
      const volumes = [...Map.groupBy(counted(all), ({ price }) => Number(price))].map(([price, those]) => [price, volumeOf(those)])
      return { start, volumes: volumes.sort(([a], [b]) => a! - b!) }
    })
    const found = panesOf("volume-profile", "IBM").map(({ start, values }) => ({
      start,
      volumes: Object.entries(JSON.parse(String(values["profile"]))).map(([price, volume]) => [Number(price), Number(volume)]).sort(([a], [b]) => Number(a) - Number(b))
    }))
    expect(found).toEqual(expected)
  })

  it("halts", () => {
    const times = ibm.map(({ time }) => time)
    const last = times.filter((time, index) => index === times.length - 1 || times[index + 1]! - time > 5 * minute)
    expect(last.length).toBeGreaterThan(1)
    expect(panesOf("halts", "IBM").map(({ end, values }) => [values["lastTrade"], end])).toEqual(last.map((time) => [time, time + 5 * minute]))
  })

  it("gap filling", () => {
    for (const symbol of ["IBM", "AIG"]) {
      const traded = grouped(trades.filter((trade) => trade.symbol === symbol), minute)
      // As far as there are minutes of the other.
      const newest = Math.max(...grouped(trades, minute).map(([start]) => start))
      const expected = traded.flatMap(([start, all], index) => {
        const close = Number(all.findLast(({ updatesLast }) => updatesLast)!.price)
        const next = Math.min(traded[index + 1]?.[0] ?? Infinity, newest + minute, start + 16 * minute)
        const quiet = Array.from({ length: (next - start) / minute - 1 }, (_, i) => [start + (i + 1) * minute, close, 0, 0])
        return [[start, close, volumeOf(all), counted(all).length], ...quiet]
      })
      expect(expected.length).toBeGreaterThan(traded.length)
      expect(panesOf("gap-filling", symbol).map(({ start, values }) => [start, Number(values["close"]), Number(values["volume"]), values["trades"]])).toEqual(expected)
      expect(panesOf("gap-filling", symbol).every(({ values }) => (values["vwap"] === null) === (values["trades"] === 0))).toBe(true)
    }
  })

  it("volatility", () => {
    const found = panesOf("volatility", "IBM").filter(({ values }) => values["deviation"] !== null)
    expect(found.length).toBeGreaterThan(60)
    for (const { end, start, values } of found) {
      const prices = forming.filter(({ symbol, time }) => symbol === "IBM" && time >= start && time < end).map(({ price }) => Number(price))
      expect(values["deviation"]).toBeCloseTo(deviationOf(prices, 1), 9)
    }
    const minutes = new Set(bars.flatMap(({ start }) => [0, 1, 2, 3, 4].map((later) => start + later * minute + minute)))
    expect(new Set(panesOf("volatility", "IBM").map(({ end }) => end))).toEqual(minutes)
  })

  it("sectors", () => {
    for (const [sector, symbol] of [["technology", "IBM"], ["financials", "AIG"]] as const) {
      const expected = grouped(trades.filter((trade) => trade.symbol === symbol), 5 * minute).map(([start, all]) => {
        const thousandths = sum(counted(all).map(({ price, size }) => Math.round(Number(price) * 10_000) * size))
        return [start, thousandths / 10_000, counted(all).length]
      })
      expect(panesOf("sectors", sector).map(({ start, values }) => [start, Number(values["turnover"]), values["trades"]])).toEqual(expected)
    }
  })
})

describe("over two sides", () => {
  it("correlation of two symbols", () => {
    const opening = recorded(["IBM", "SPY"], Date.UTC(2013, 9, 8, 13, 30), Date.UTC(2013, 9, 8, 13, 40))
    const { panes, unused } = runOver(correlation.pipeline, opening, 1)
    expect(unused).toEqual([])
    const forming = opening.filter(({ priceForming }) => priceForming)
    const market = forming.filter(({ symbol }) => symbol === "SPY")
    const expected = grouped(forming.filter(({ symbol }) => symbol === "IBM"), 5 * minute).map(([start, all]) => {
      const pairs = all.map(({ price, time }) =>
        [Number(price), Number(market.findLast((trade) => trade.time <= time && trade.time >= time - minute)!.price)] as const)
      const [x, y] = [mean(pairs.map(([x]) => x)), mean(pairs.map(([, y]) => y))]
      const squares = (side: 0 | 1, middle: number) => sum(pairs.map((pair) => (pair[side] - middle) ** 2))
      return { start, trades: pairs.length, correlation: sum(pairs.map(([a, b]) => (a - x) * (b - y))) / Math.sqrt(squares(0, x) * squares(1, y)) }
    })
    expect(panes.map(({ key, start, values }) => [key, start, values["trades"]])).toEqual(expected.map(({ start, trades }) => ["IBM", start, trades]))
    panes.forEach(({ values }, index) => expect(values["correlation"]).toBeCloseTo(expected[index]!.correlation, 9))
  })

  it("trade side", () => {
    const trade = { symbol: "IBM", size: 100 }
    const quote = { symbol: "IBM", bidSize: 1, askSize: 1 }
    const { panes, unused } = runOverSources(tradeSide.pipeline, {
      ticks: [
        { ...trade, time: 1_000, price: "185.2" },
        { ...trade, time: 2_000, price: "185.1", size: 30 },
        { ...trade, time: 2_500, price: "185.15", size: 7 },
        { ...trade, time: 9_000, price: "185.2", size: 5 }
      ],
      quotes: [
        { ...quote, time: 1_000, bid: "185.1", ask: "185.2" },
        { ...quote, time: 2_400, bid: "185.1", ask: "185.3" },
        { ...quote, symbol: "AIG", time: 9_000, bid: "50", ask: "50.1" }
      ]
    })
    expect(unused).toEqual([])
    // The last trade has no quote of its symbol that is new enough.
    expect(panes.map(({ key, values }) => [key, values])).toEqual([["IBM", { spread: "0.13333333", bought: "100", sold: "30", trades: 4 }]])
  })

  it("cross rate", () => {
    const trade = { symbol: "IBM", price: "185", size: 10 }
    const { panes, unused } = runOverSources(crossRate.pipeline, {
      ticks: [{ ...trade, time: 1_000 }, { ...trade, time: 30_000, symbol: "AIG", price: "50" }, { ...trade, time: 90_000 }],
      rates: [{ time: 0, dollarsPerEuro: "1.25" }, { time: 30_000, dollarsPerEuro: "1" }, { time: 60_000, dollarsPerEuro: "1.6" }]
    })
    expect(unused).toEqual([])
    expect(panes.map(({ key, start, values }) => [key, start, values["turnover"]])).toEqual([["AIG", 0, "500"], ["IBM", 0, "1480"], ["IBM", 60_000, "1156.25"]])
  })
})

describe("over made events", () => {
  it("deduplication by trade id", () => {
    const trade = { symbol: "A", price: "10", size: 5 }
    const { panes } = runOver(deduplication.pipeline, [
      { ...trade, time: 0, tradeId: "x" },
      { ...trade, time: 1_000, tradeId: "y" },
      { ...trade, time: 0, tradeId: "x" },
      { ...trade, time: 61_000, tradeId: "x" },
      { ...trade, time: 62_000, tradeId: "z" },
      { ...trade, time: 700_000, tradeId: "x" }
    ], 1)
    expect(panes.map(({ start, values }) => [start, values["trades"], values["volume"]])).toEqual([[0, 2, 10], [60_000, 1, 5], [660_000, 1, 5]])
  })

  it("top movers", () => {
    const { panes } = runOver(topMovers.pipeline, ["A", "B", "C", "D", "E", "F"].flatMap((symbol, index) => [
      { symbol, time: index, price: "100", size: 10 },
      { symbol, time: 60_000 + index, price: String(100 + index), size: 10 }
    ]), 1)
    expect(panes.map(({ key, values }) => [key, values["move"], values["rank"]]).toSorted((a, b) => Number(a[2]) - Number(b[2]))).toEqual([
      ["F", "5", 1], ["E", "4", 2], ["D", "3", 3], ["C", "2", 4], ["B", "1", 5]
    ])
  })

  it("pattern alerts", () => {
    const prices = Array.from({ length: 120 }, (_, index) => Math.round(10_000 + 500 * Math.sin(index / 9)) / 100)
    const { panes } = runOver(patternAlerts.pipeline, prices.map((price, index) => ({ symbol: "A", time: index * minute, price: String(price), size: 1 })), 1)
    const [quick, slow] = [emaOf(prices, 12), emaOf(prices, 26)]
    const apart = prices.map((_, index) => slow[index] === null ? null : quick[index]! - slow[index]!)
    const crossed = apart.flatMap((each, index) => each !== null && apart[index - 1] != null && each > 0 && apart[index - 1]! <= 0 ? [index * minute] : [])
    expect(crossed.length).toBeGreaterThan(0)
    expect(panes.map(({ start }) => start)).toEqual(crossed)
  })

  it("splits", () => {
    const day = (date: string) => Date.parse(`${date}T15:00:00-04:00`)
    const { panes, unused } = runOver(splits.pipeline, [
      { symbol: "AAPL", time: day("2014-06-06"), price: "645.57", size: 100 },
      { symbol: "AAPL", time: day("2014-06-09"), price: "93.70", size: 100 },
      { symbol: "AAPL", time: day("2020-08-28"), price: "499.23", size: 100 },
      { symbol: "AAPL", time: day("2020-08-31"), price: "129.04", size: 100 },
      { symbol: "IBM", time: day("2020-08-31"), price: "123.31", size: 100 }
    ], 1)
    expect(unused).toEqual([])
    expect(panes.map(({ key, values }) => [key, values["close"], values["volume"]])).toEqual([
      ["AAPL", "23.05607143", "2800"],
      ["AAPL", "23.425", "400"],
      ["AAPL", "124.8075", "400"],
      ["AAPL", "129.04", "100"],
      ["IBM", "123.31", "100"]
    ])
  })

  it("order imbalance", () => {
    const quote = { symbol: "IBM", bid: "185.1", ask: "185.2" }
    const { panes } = runOver(orderImbalance.pipeline, [
      { ...quote, time: 0, bidSize: 300, askSize: 100 },
      { ...quote, time: 1_000, bidSize: 0, askSize: 500 },
      { ...quote, time: 2_000, bidSize: 0, askSize: 0 }
    ], 1)
    expect(panes.map(({ values }) => values)).toEqual([{ imbalance: "-0.25", last: "-1", quotes: 3 }])
  })

  it("cancels", () => {
    const { panes } = runOver(cancels.pipeline, [
      { symbol: "IBM", time: 0, price: "185", size: 100, kind: "trade" },
      { symbol: "IBM", time: 1_000, price: "200", size: 50, kind: "trade" },
      { symbol: "IBM", time: 2_000, price: "186", size: 300, kind: "trade" },
      { symbol: "IBM", time: 90_000, price: "187", size: 10, kind: "trade" },
      { symbol: "IBM", time: 1_000, price: "200", size: 50, kind: "cancel" }
    ], 1)
    expect(panes.map(({ pane, values }) => [pane, values])).toEqual([
      ["late", { volume: 400, vwap: "185.75", cancels: 1 }],
      ["on-time", { volume: 10, vwap: "187", cancels: 0 }]
    ])
  })
})

describe("over coins", () => {
  it("sizes have decimals, prices are small and large, and all sums are exact", () => {
    const { panes, unused } = runOver(coins.pipeline, [
      { symbol: "BTC/KRW", time: 0, price: 163_512_345, size: 0.00012345 },
      { symbol: "BTC/KRW", time: 1, price: "163512346.5", size: 1e-8 },
      { symbol: "BTC/KRW", time: 2, price: 163_512_344, size: 0.1 + 0.2 },
      { symbol: "SHIB-USD", time: 0, price: "0.00000912", size: "19999999999" },
      { symbol: "SHIB-USD", time: 1, price: 0.00000913, size: "0.5" },
      { symbol: "EURUSD=X", time: 0, price: 1.13702, size: 0.5 }
    ], 1)
    expect(unused).toEqual([])
    const found = Object.fromEntries(panes.map(({ key, values }) => [key, values]))
    expect(found["BTC/KRW"]).toEqual({
      open: "163512345", high: "163512346.5", low: "163512344", close: "163512344",
      volume: "0.30012346", largest: "0.3", vwap: vwapOf([[163_512_345n * 10n ** 8n, 12_345n], [16_351_234_650_000_000n, 1n], [163_512_344n * 10n ** 8n, 30_000_000n]]), trades: 3
    })
    expect(found["SHIB-USD"]).toMatchObject({ volume: "19999999999.5", largest: "19999999999", vwap: vwapOf([[912n, 19_999_999_999n * 10n ** 8n], [913n, 50_000_000n]]) })
    expect(found["EURUSD=X"]).toMatchObject({ close: "1.13702", volume: "0.5", vwap: "1.13702" })
  })
})

/** Of prices and sizes at 8 decimals, to 12, rounded half up. */
const vwapOf = (trades: ReadonlyArray<readonly [price: bigint, size: bigint]>): string => {
  const [products, sizes] = [trades.reduce((sum, [price, size]) => sum + price * size, 0n), trades.reduce((sum, [, size]) => sum + size, 0n)]
  const digits = ((2n * products * 10_000n + sizes) / (2n * sizes)).toString().padStart(13, "0")
  return `${digits.slice(0, -12)}.${digits.slice(-12)}`.replace(/\.?0+$/, "")
}

describe("of the twenty jobs", () => {
  it("each is written", () => {
    expect(Object.keys({ ...ofTicks, ...ofOthers })).toHaveLength(20)
  })
})
