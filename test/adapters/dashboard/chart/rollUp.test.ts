/** Bars of several minutes on the page are those that pipelines with such windows make of the trades. */
import * as FastCheck from "fast-check"
import { describe, expect, it } from "vitest"
// @ts-expect-error: the page is JavaScript without declarations
import { barOf } from "../../../../src/adapters/dashboard/page/chart/bars.js"
// @ts-expect-error: the page is JavaScript without declarations
import { makeRollUp } from "../../../../src/adapters/dashboard/page/chart/rollUp.js"
// @ts-expect-error: the page is JavaScript without declarations
import { spansOf } from "../../../../src/adapters/dashboard/page/chart/sessions.js"
import { tradingDays } from "../../../../src/adapters/dashboard/TradingSessions.ts"
import { candles1m, candles5m } from "../../../../src/analytics/candles.ts"
import { Job } from "../../../../src/streams/engine/Job.ts"
import { encode, type Encoded } from "../../../../src/streams/pipeline/Pane.ts"
import { Pipeline } from "../../../../src/streams/pipeline/index.ts"
import { fromBytes, Kind } from "../../../../src/streams/records/Records.ts"
import { play, symbols } from "./recordedSession.ts"

const minute = 60_000
const at = (text: string) => Date.parse(`2013-10-08T${text}-04:00`)
const day = { from: at("00:00"), to: at("23:59") }
const spans = spansOf(tradingDays(day).days)

/** Longer candles, the hours both of the clock and of the opening bell. */
const pipelines = [
  candles1m,
  candles5m,
  Pipeline.rollUp(candles1m, "15 minutes").pipe(Pipeline.named("15")),
  Pipeline.rollUp(candles1m, "30 minutes").pipe(Pipeline.named("30")),
  Pipeline.rollUp(candles1m, "1 hour").pipe(Pipeline.named("60")),
  Pipeline.rollUp(candles1m, "1 hour", { offset: "30 minutes" }).pipe(Pipeline.named("60-from-the-bell"))
]

const whole = await play(pipelines)
/** In the middle of a minute, a five minutes, a quarter and an hour. */
const midday = await play(pipelines, at("11:52:37"))

const names = ["open", "high", "low", "close", "volume", "trades", "provisional"]
const figuresOf = (of: Record<string, unknown>) => Object.fromEntries(names.map((name) => [name, of[name]]))

interface Bar extends Record<string, unknown> {
  readonly time: number
  readonly end: number
  readonly state: string
}

const rolled = (panes: ReadonlyArray<Encoded>, size: number, watermark: number, within = spans): ReadonlyArray<Bar> =>
  makeRollUp()(panes.map(barOf), size * minute, within, watermark)

const expectSame = (bars: ReadonlyArray<Bar>, panes: ReadonlyArray<Encoded>) => {
  expect(bars.map((bar) => ({ time: bar.time, ...figuresOf(bar) }))).toEqual(panes.map(({ start, values }) => ({ time: start, ...figuresOf(values) })))
}

describe.each(symbols)("of %s, as the pipelines have it letter for letter, are", (symbol) => {
  it.each([["the whole day", whole], ["a day that goes on, with its forming minute", midday]])("bars of %s", (_, { panes, watermark }) => {
    const minutes = panes("candles-1m", symbol)
    expect(minutes.length).toBeGreaterThan(watermark === Infinity ? 390 : 142)
    expect(minutes.some(({ pane }) => pane === "early")).toBe(watermark < Infinity)
    expectSame(rolled(minutes, 5, watermark), panes("candles-5m", symbol))
    expectSame(rolled(minutes, 15, watermark), panes("15", symbol))
    // From the opening bell to the last hour that is whole, then half an hour to the close, then from the close on.
    const hours = rolled(minutes, 60, watermark)
    const expected = [
      ...panes("60-from-the-bell", symbol).filter(({ start }) => start < at("15:30")),
      ...panes("30", symbol).filter(({ start }) => start === at("15:30")),
      ...panes("60", symbol).filter(({ start }) => start >= at("16:00"))
    ]
    expectSame(hours.filter(({ time }) => time >= at("04:30")), expected.filter(({ start }) => start >= at("04:30")))
  })

  it("forming where the pipeline's window is, and final up to there", () => {
    const { panes, watermark } = midday
    const bars = rolled(panes("candles-1m", symbol), 5, watermark)
    const early = panes("candles-5m", symbol).filter(({ pane }) => pane === "early").map(({ start }) => start)
    expect(early).toContain(at("11:50"))
    expect(bars.filter(({ state }) => state === "forming").map(({ time }) => time)).toEqual(early)
  })
})

/** Trades of every sort, samples that wait for others, and bars of a publisher, in a quarter of an hour. */
const price = FastCheck.integer({ min: 1, max: 400 }).map((cents) => String(cents / 100))
const maybe = FastCheck.option(FastCheck.boolean(), { nil: undefined })
const trade = FastCheck.record({
  time: FastCheck.integer({ min: 0, max: 15 * minute - 1 }), price, size: FastCheck.integer({ min: 0, max: 9 }),
  priceForming: maybe, updatesLast: maybe, updatesHighLow: maybe, updatesVolume: maybe, provisional: maybe
}).map((tick) => ({ kind: Kind.event, value: { symbol: "A", ...tick } }))
const published = FastCheck.record({ at: FastCheck.integer({ min: 0, max: 14 }), prices: FastCheck.array(price, { minLength: 4, maxLength: 4 }), volume: FastCheck.integer({ min: 0, max: 9 }) })
  .map(({ at, prices, volume }) => {
    const [low, open, close, high] = prices.sort((a, b) => Number(a) - Number(b))
    return { kind: Kind.preAggregated, value: { symbol: "A", start: at * minute, interval: minute, open, high, low, close, volume } }
  })

it("of any trades and publishers' bars, longer bars are those of the pipelines", () => {
  FastCheck.assert(FastCheck.property(FastCheck.array(FastCheck.oneof({ weight: 4, arbitrary: trade }, { weight: 1, arbitrary: published }), { minLength: 1, maxLength: 30 }), (records) => {
    const job = new Job(pipelines, { partitions: 1 })
    const ordered = records.sort((a, b) => timeOf(a.value) - timeOf(b.value))
    const taken = job.take({
      ...fromBytes(ordered.map(({ value }) => new TextEncoder().encode(JSON.stringify(value))), ordered.map(({ kind }) => kind)),
      partition: 0, offsets: Float64Array.from(ordered, (_, i) => i), appendedAt: new Float64Array(ordered.length)
    })
    const panes = [...taken.panes, ...job.close().panes].map(encode)
    const of = (name: string) => panes.filter(({ pipeline }) => pipeline === name).sort((a, b) => a.start - b.start)
    expectSame(rolled(of("candles-1m"), 5, Infinity, []), of("candles-5m"))
    expectSame(rolled(of("candles-1m"), 15, Infinity, []), of("15"))
  }), { numRuns: 100 })
})

const timeOf = (value: { readonly time?: number; readonly start?: number }): number => value.time ?? value.start ?? 0

describe("a roll-up", () => {
  const pane = (text: string, values: Record<string, string | number | null>, over: Partial<Encoded> = {}): Encoded => ({
    pipeline: "candles-1m", key: "A", start: Date.parse(text), end: Date.parse(text) + minute, pane: "on-time", revision: 0, changes: 1,
    values: { open: "1", high: "1", low: "1", close: "1", volume: 1, trades: 1, provisional: 0, ...values }, ...over
  })
  const of = (exchange: string, panes: ReadonlyArray<Encoded>, size: number) => {
    const from = panes[0]!.start
    const to = panes.at(-1)!.end
    return rolled(panes, size, Infinity, spansOf(tradingDays({ exchange, from, to }).days))
  }
  const times = (bars: ReadonlyArray<Bar>) => bars.map(({ end, time }) => [new Date(time).toISOString().slice(11, 16), new Date(end).toISOString().slice(11, 16)])

  it("adds and compares exactly what no double holds", () => {
    const [bar] = rolled([
      pane("2024-01-02T15:00Z", { high: "16351234567.00000001", low: "16351234567.00000001", volume: "0.1" }),
      pane("2024-01-02T15:01Z", { high: "16351234567.00000002", low: "16351234567.00000003", volume: "0.2" })
    ], 5, Infinity)
    expect(bar).toMatchObject({ high: "16351234567.00000002", low: "16351234567.00000001", volume: "0.3" })
    const [large] = rolled([pane("2024-01-02T15:00Z", { volume: Number.MAX_SAFE_INTEGER }), pane("2024-01-02T15:01Z", { volume: 2 })], 5, Infinity)
    expect(large!["volume"]).toBe("9007199254740993")
    const [back] = rolled([pane("2024-01-02T15:00Z", { volume: "9007199254740993" }), pane("2024-01-02T15:01Z", { volume: -2 })], 5, Infinity)
    expect(back!["volume"]).toBe(Number.MAX_SAFE_INTEGER)
  })

  it("begins at the bell on both sides of a change of the clock", () => {
    const hours = (day: string, bell: string) => times(of("NYQ", ["00", "29", "30", "59"].map((m) => pane(`${day}T${bell}:${m}Z`, {})), 60))
    expect(hours("2024-03-08", "14")).toEqual([["13:30", "14:30"], ["14:30", "15:30"]])
    expect(hours("2024-03-11", "13")).toEqual([["12:30", "13:30"], ["13:30", "14:30"]])
    expect(hours("2024-11-01", "13")).toEqual([["12:30", "13:30"], ["13:30", "14:30"]])
    expect(hours("2024-11-04", "14")).toEqual([["13:30", "14:30"], ["14:30", "15:30"]])
  })

  it("ends with the close of a half day, and goes on behind it", () => {
    const bars = of("NYQ", ["16:29", "16:30", "16:59", "17:00", "17:59", "18:00"].map((time) => pane(`2024-07-03T${time}Z`, {})), 60)
    expect(times(bars)).toEqual([["15:30", "16:30"], ["16:30", "17:00"], ["17:00", "18:00"], ["18:00", "19:00"]])
  })

  it("does not reach over a break, nor from evening to morning", () => {
    const bars = of("JPX", ["02:29", "03:30", "06:29", "06:30"].map((time) => pane(`2024-11-05T${time}Z`, {})), 60)
    expect(times(bars)).toEqual([["02:00", "02:30"], ["03:30", "04:30"], ["05:30", "06:30"], ["06:30", "07:00"]])
    // Futures begin at 18:00 in New York, where the day before ended at 17:00.
    const futures = of("CME", ["21:59", "23:00", "23:59"].map((time) => pane(`2024-01-09T${time}Z`, {})), 60)
    expect(times(futures)).toEqual([["21:00", "22:00"], ["23:00", "00:00"]])
  })

  it("leaves out what has no price, and keeps the place of a bar that has none", () => {
    const none = { open: null, high: null, low: null, close: null }
    const [bar] = rolled([pane("2024-01-02T15:00Z", { ...none, volume: 300 }), pane("2024-01-02T15:01Z", { open: "2", close: "3", high: "3", low: "2" })], 5, Infinity)
    expect(bar).toMatchObject({ open: "2", high: "3", low: "2", close: "3", volume: 301 })
    const [empty] = rolled([pane("2024-01-02T15:00Z", { ...none, volume: null })], 5, Infinity)
    expect(empty).toMatchObject({ open: null, close: null, volume: null, drawn: null })
    expect(rolled([], 5, Infinity)).toEqual([])
  })

  it("says what a bar's minutes say: forming before provisional before revised", () => {
    const state = (...panes: ReadonlyArray<Partial<Encoded> & { provisional?: number }>) =>
      rolled(panes.map(({ provisional = 0, ...over }, i) => pane(`2024-01-02T15:0${i}Z`, { provisional }, over)), 5, Infinity)[0]
    expect(state({}, {})).toMatchObject({ state: "final", revisions: 0 })
    expect(state({ pane: "late", revision: 2 }, { pane: "late", revision: 1 })).toMatchObject({ state: "revised", revisions: 3 })
    expect(state({ pane: "late", revision: 1 }, { provisional: 2 })).toMatchObject({ state: "provisional", revisions: 1 })
    expect(state({ provisional: 2 }, { pane: "early" })).toMatchObject({ state: "forming" })
    const quiet = rolled([pane("2024-01-02T15:00Z", {})], 5, Date.parse("2024-01-02T15:04Z"))
    expect(quiet[0]).toMatchObject({ state: "forming" })
  })

  it("makes again only what has changed", () => {
    const rollUp = makeRollUp()
    const panes = [0, 4, 5, 6].map((m) => pane(`2024-01-02T15:0${m}Z`, {}))
    const before = rollUp(panes.map(barOf), 5 * minute, [], Infinity)
    panes[3] = pane("2024-01-02T15:06Z", { close: "2" })
    const after = rollUp(panes.map(barOf), 5 * minute, [], Infinity)
    expect(after[0]).toBe(before[0])
    expect(after[1]).not.toBe(before[1])
    expect(after[1]).toMatchObject({ close: "2" })
  })
})
