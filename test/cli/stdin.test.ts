/** The contract of `run --feed stdin --once`: ticks in, panes out, byte for byte. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { closeSync, openSync, readFileSync, readSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { account, courant, input, linesOf, minute, type Outcome, temporaryFolder, type Tick } from "./courant.ts"

const run = (ticks: ReadonlyArray<Tick> | string | Uint8Array, flags = "") =>
  Effect.scoped(Effect.flatMap(temporaryFolder, (cwd) => runIn(cwd, ticks, flags)))

const runIn = (cwd: string, ticks: ReadonlyArray<Tick> | string | Uint8Array, flags = "") =>
  courant(`run --feed stdin --log memory --sink stdout --once ${flags}`, {
    cwd,
    input: typeof ticks === "string" || ticks instanceof Uint8Array ? ticks : input(ticks)
  })

/** A candle's line, its values in the order of the contract; it has been changed by each of its trades. */
const candle = (start: number, values: string, over: { key?: string; pane?: string; revision?: number } = {}) =>
  `{"pipeline":"candles-1m","key":"${over.key ?? "AAPL"}","start":${start},"end":${start + 60_000},` +
  `"pane":"${over.pane ?? "on-time"}","revision":${over.revision ?? 0},"changes":${/"trades":(\d+)/.exec(values)?.[1]},"values":{${values},"provisional":0}}`

/** Open, high, low and close the same. */
const flat = (price: string, volume: number, trades: number) =>
  `"open":"${price}","high":"${price}","low":"${price}","close":"${price}","mean":"${price}",` +
  `"volume":"${volume}","vwap":"${price}","trades":${trades}`

const nothing = `"open":null,"high":null,"low":null,"close":null,"mean":null`

const moving = (minutes: number, volume: number, trades: number, mean: string | null) =>
  `{"pipeline":"moving-average-5m","key":"AAPL","start":${minute + minutes * 60_000},` +
  `"end":${minute + (minutes + 5) * 60_000},"pane":"on-time","revision":0,"changes":${trades},` +
  `"values":{"mean":${mean === null ? null : `"${mean}"`},"volume":"${volume}","trades":${trades}}}`

/** Of the first minutes, of which there are too few for any indicator. */
const indicators = (start: number, price: string | null) => {
  const none = { sma20: null, ema20: null, bollingerUpper: null, bollingerLower: null, rsi14: null }
  const values = { high: price, low: price, close: price, splitFactor: null, ...none, macd: null, macdSignal: null, macdHistogram: null, atr14: null }
  return `{"pipeline":"indicators-1m","key":"AAPL","start":${start},"end":${start + 60_000},"pane":"on-time","revision":0,` +
    `"changes":${(start - minute) / 60_000 + 1},"values":${JSON.stringify(values)}}`
}

const expectDone = (outcome: Outcome, expected: ReadonlyArray<string>, counts: string) => {
  assert.strictEqual(outcome.stdout, expected.map((line) => `${line}\n`).join(""))
  assert.strictEqual(account(outcome), counts)
  assert.strictEqual(outcome.code, 0)
}

describe("times", () => {
  it.live("in another unit are told once, with what they are taken for", () =>
    Effect.gen(function*() {
      const tick = (time: number) => ({ time, price: "1", size: 1 })
      const { code, stderr } = yield* run([tick(20241125), tick(20241126)], "--pipelines candles-1m")
      assert.strictEqual(code, 0)
      assert.deepStrictEqual(linesOf(stderr), [
        `the first event's time 20241125 looks like the date 2024-11-25; in milliseconds it is 1970-01-01T05:37:21.125Z: give "time" in whole milliseconds since the epoch, such as 1732545000000`,
        "read 2, aggregated 2, late 0, dead-lettered 0, duplicate 0"
      ])
    }))
})

describe("values", () => {
  it.live("are exact decimals in plain notation, of price-forming trades only", () =>
    Effect.gen(function*() {
      const outcome = yield* run([
        { time: minute + 123, price: "189.37", size: 100 },
        { time: minute + 30_000, price: 189.5, size: 200 },
        { time: minute + 45_000, price: "188.90", size: 0 },
        { time: minute + 50_000, price: "1000", size: 50, priceForming: false },
        // In disorder within its minute: neither the first nor the last by its time.
        { time: minute + 20_000, price: "190.1", size: 3, priceForming: true }
      ], "--pipelines candles-1m")
      // The mean is 757.87 / 4; the vwap is 57407.3 / 303 = 189.463036303630 363…
      expectDone(outcome, [
        candle(minute, `"open":"189.37","high":"190.1","low":"188.9","close":"188.9","mean":"189.4675","volume":"353",` +
          `"vwap":"189.46303630363","trades":5`)
      ], "read 5, aggregated 5, late 0, dead-lettered 0, duplicate 0")
    }))

  it.live("are rounded half up at 12 decimals, away from zero, and never written with an exponent", () =>
    Effect.gen(function*() {
      const outcome = yield* run([
        // 1 + 0.00000001 / 32 = 1.0000000003125, which half-even would round down.
        { symbol: "A", time: minute, price: "1.00000001", size: 1 },
        { symbol: "A", time: minute, price: 1, size: 31 },
        { symbol: "B", time: minute, price: "-1.00000001", size: 1 },
        { symbol: "B", time: minute, price: -1, size: 31 },
        { symbol: "C", time: minute, price: 1e-8, size: 1_000_000_000_000 },
        { symbol: "D", time: minute, price: "90000000", size: 1 },
        // 1 / 3 and 2 / 3.
        { symbol: "E", time: minute, price: 0, size: 2 },
        { symbol: "E", time: minute, price: "1", size: 1 },
        { symbol: "E", time: minute, price: "1e0", size: 0 }
      ], "--pipelines candles-1m")
      expectDone(outcome, [
        candle(minute, `"open":"1.00000001","high":"1.00000001","low":"1","close":"1","mean":"1.000000005",` +
          `"volume":"32","vwap":"1.000000000313","trades":2`, { key: "A" }),
        candle(minute, `"open":"-1.00000001","high":"-1","low":"-1.00000001","close":"-1","mean":"-1.000000005",` +
          `"volume":"32","vwap":"-1.000000000313","trades":2`, { key: "B" }),
        candle(minute, flat("0.00000001", 1_000_000_000_000, 1), { key: "C" }),
        candle(minute, flat("90000000", 1, 1), { key: "D" }),
        candle(minute, `"open":"0","high":"1","low":"0","close":"1","mean":"0.666666666667",` +
          `"volume":"3","vwap":"0.333333333333","trades":3`, { key: "E" })
      ], "read 9, aggregated 9, late 0, dead-lettered 0, duplicate 0")
    }))

  it.live("are null where no trade forms the price, the vwap also where sizes sum to 0", () =>
    Effect.gen(function*() {
      const outcome = yield* run([
        { time: minute, price: "10", size: 7, priceForming: false },
        { time: minute + 60_000, price: "10.50", size: 0 }
      ])
      // The watermark is at 55 s: all panes are those of the end of the input, pipeline after pipeline.
      expectDone(outcome, [
        candle(minute, `${nothing},"volume":"7","vwap":null,"trades":1`),
        candle(minute + 60_000, flat("10.5", 0, 1).replace(`"vwap":"10.5"`, `"vwap":null`)),
        moving(-4, 7, 1, null),
        moving(-3, 7, 2, "10.5"),
        moving(-2, 7, 2, "10.5"),
        moving(-1, 7, 2, "10.5"),
        moving(0, 7, 2, "10.5"),
        moving(1, 0, 1, "10.5"),
        `{"pipeline":"candles-5m","key":"AAPL","start":${minute},"end":${minute + 300_000},"pane":"on-time",` +
        `"revision":0,"changes":2,"values":{"open":"10.5","high":"10.5","low":"10.5","close":"10.5","mean":"10.5","volume":"7",` +
        `"vwap":null,"trades":2,"provisional":0}}`,
        `{"pipeline":"day","key":"AAPL","start":1732545000000,"end":1732568400000,"pane":"on-time","revision":0,"changes":2,` +
        `"values":{"open":"10.5","high":"10.5","low":"10.5","close":"10.5","mean":"10.5","volume":"7","splitFactor":null,"provisional":0,` +
        `"currency":null,"decimals":null,"exchange":null,"adjustedClose":"10.5","variation":null}}`,
        indicators(minute, null),
        indicators(minute + 60_000, "10.5")
      ], "read 2, aggregated 2, late 0, dead-lettered 0, duplicate 0")
    }))

  it.live("compare the day with the one before", () =>
    Effect.gen(function*() {
      const day = 86_400_000
      const { stdout } = yield* run([
        { time: minute, price: "30", size: 1 },
        { time: minute + day, price: "31", size: 1 },
        { time: minute + 2 * day, price: "30", size: 1 }
      ], "--pipelines day")
      const variations = linesOf(stdout).map((line) => /"variation":("[^"]*"|null)/.exec(line)?.[1])
      assert.deepStrictEqual(variations, ["null", `"3.3333"`, `"-3.2258"`])
    }))
})

// The window that ends at one minute closes with the tick that carries the watermark there.
const straggler = (newest: number) => [
  { time: minute + 10_000, price: "10", size: 1 },
  { time: minute + newest, price: "20", size: 2 },
  { time: minute + 59_999, price: "12", size: 4 }
]

describe("time", () => {
  const mended = `"open":"10","high":"12","low":"10","close":"12","mean":"11","volume":"5","vwap":"11.6","trades":2`
  const second = candle(minute + 60_000, flat("20", 2, 1))

  it.live("a tick is late when the watermark has reached its window's end, and not a millisecond before", () =>
    Effect.gen(function*() {
      expectDone(yield* run(straggler(64_999), "--pipelines candles-1m --allowed-lateness 0s"), [candle(minute, mended), second],
        "read 3, aggregated 3, late 0, dead-lettered 0, duplicate 0")
      expectDone(yield* run(straggler(65_000), "--pipelines candles-1m --allowed-lateness 0s"), [candle(minute, flat("10", 1, 1)), second],
        "read 3, aggregated 2, late 1, dead-lettered 0, duplicate 0")
    }))

  it.live("--out-of-orderness moves the watermark", () =>
    Effect.gen(function*() {
      expectDone(yield* run(straggler(65_000), "--pipelines candles-1m --allowed-lateness 0s --out-of-orderness 5001ms"),
        [candle(minute, mended), second], "read 3, aggregated 3, late 0, dead-lettered 0, duplicate 0")
      expectDone(yield* run(straggler(60_000), "--pipelines candles-1m --allowed-lateness 0s --out-of-orderness 0s"),
        [candle(minute, flat("10", 1, 1)), second], "read 3, aggregated 2, late 1, dead-lettered 0, duplicate 0")
    }))

  it.live("--allowed-lateness gives a late tick's window a new revision, up to its end", () =>
    Effect.gen(function*() {
      const first = candle(minute, flat("10", 1, 1))
      expectDone(yield* run(straggler(124_999), "--pipelines candles-1m --allowed-lateness 1m"), [
        first,
        candle(minute, mended, { pane: "late", revision: 1 }),
        candle(minute + 120_000, flat("20", 2, 1))
      ], "read 3, aggregated 3, late 0, dead-lettered 0, duplicate 0")
      expectDone(yield* run(straggler(125_000), "--pipelines candles-1m --allowed-lateness 1m"),
        [first, candle(minute + 120_000, flat("20", 2, 1))],
        "read 3, aggregated 2, late 1, dead-lettered 0, duplicate 0")
    }))

  it.live("windows are half-open and aligned, before 1970 too", () =>
    Effect.gen(function*() {
      const outcome = yield* run([
        { time: -1, price: 1, size: 1 },
        { time: -60_000, price: 2, size: 1 },
        { time: 0, price: 3, size: 1 },
        { time: 59_999, price: 3, size: 1 },
        { time: 60_000, price: 4, size: 1 }
      ], "--pipelines candles-1m")
      const panes = linesOf(outcome.stdout).map((line) => JSON.parse(line))
      const trades = panes.map(({ start, values }) => [start, values.trades])
      assert.deepStrictEqual(trades, [[-60_000, 2], [0, 2], [60_000, 1]])
    }))
})

describe("pipelines", () => {
  it.live("are those that were asked for, in that order where their windows end together", () =>
    Effect.gen(function*() {
      const ticks = [
        { time: minute, price: "10", size: 1 },
        // Closes the minutes and the five minutes before it by its watermark, those from it on by the end.
        { time: minute + 300_000 + 5_000, price: "10", size: 1 }
      ]
      const names = (flags: string) =>
        Effect.map(run(ticks, flags), ({ stdout }) =>
          linesOf(stdout).map((line) => `${/"pipeline":"([^"]+)"/.exec(line)?.[1]} ${/"end":(\d+)/.exec(line)?.[1]}`))
      const [one, five, six, ten] = [1, 5, 6, 10].map((minutes) => String(minute + minutes * 60_000))
      assert.deepStrictEqual(yield* names("--pipelines candles-5m,candles-1m"), [
        `candles-1m ${one}`,
        `candles-5m ${five}`,
        `candles-5m ${ten}`,
        `candles-1m ${six}`
      ])
      assert.deepStrictEqual(yield* names("--pipelines candles-1m,candles-5m"), [
        `candles-1m ${one}`,
        `candles-5m ${five}`,
        `candles-1m ${six}`,
        `candles-5m ${ten}`
      ])
    }))
})

describe("lines", () => {
  const lines = linesOf(input([
    { time: minute, price: "10", size: 1 },
    { symbol: "MSFT", time: minute, price: "20", size: 2 }
  ]))
  const panes = [candle(minute, flat("10", 1, 1)), candle(minute, flat("20", 2, 1), { key: "MSFT" })]
  const counts = "read 2, aggregated 2, late 0, dead-lettered 0, duplicate 0"

  const forms = {
    "without a line break at the end": lines.join("\n"),
    "with CRLF": lines.map((line) => `${line}\r\n`).join(""),
    "with blank lines between and around": `\n\n${lines.join("\n\r\n\n")}\n\n\r\n`,
    "with members in another order, spaces, and members nobody knows":
      ` { "conditions" : ["N", {"id": 1}],\t"size" : 1, "price":"1\\u0030", "time" : ${minute}, "symbol":"AAPL" } \n` +
      `{"size":2,"price":2e1,"time":${minute},"symbol":"MSFT","price_forming":false}\n`
  }
  for (const [form, text] of Object.entries(forms)) {
    it.live(form, () =>
      Effect.gen(function*() {
        expectDone(yield* run(text, "--pipelines candles-1m"), panes, counts)
      }))
  }

  it.live("of a file are read from where it has been read to, and are those of a pipe", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const ticks = Array.from({ length: 40_000 }, (_, i) => ({ symbol: `S${i % 7}`, time: minute + i * 50, price: "1.5", size: i }))
      const [first = "", ...others] = linesOf(input(ticks))
      const path = join(cwd, "ticks.ndjson")
      writeFileSync(path, `${[first, ...others].join("\n")}\n`)
      const file = openSync(path, "r")
      readSync(file, Buffer.alloc(first.length + 1))
      const ofFile = yield* courant("run --feed stdin --log memory --sink stdout --once", { cwd, file })
      closeSync(file)
      expectDone(ofFile, linesOf((yield* runIn(cwd, others.join("\n"))).stdout), "read 39999, aggregated 39999, late 0, dead-lettered 0, duplicate 0")
    })))

  it.live("none at all", () =>
    Effect.gen(function*() {
      expectDone(yield* run(""), [], "read 0, aggregated 0, late 0, dead-lettered 0, duplicate 0")
    }))
})

const Counted = ["read", "aggregated", "late", "dead-lettered", "duplicate"] as const

it.live("--report is the last line of stderr as JSON, and for each pipeline; every event is counted once", () =>
  Effect.scoped(Effect.gen(function*() {
    const cwd = yield* temporaryFolder
    const outcome = yield* runIn(
      cwd,
      `${input([
        { time: minute, price: "10", size: 1 },
        { time: minute + 400_000, price: "10", size: 1 },
        { time: minute + 200_000, price: "10", size: 1 },
        { time: minute + 345_000, price: "10", size: 1 }
      ])}nonsense\n`,
      "--pipelines candles-1m,moving-average-5m --allowed-lateness 0s --report report.json"
    )
    assert.strictEqual(account(outcome), "read 5, aggregated 2, late 2, dead-lettered 1, duplicate 0")
    const report = JSON.parse(readFileSync(join(cwd, "report.json"), "utf8"))
    assert.strictEqual(account(outcome), Counted.map((name) => `${name} ${report[name]}`).join(", "))
    assert.strictEqual(report.panes, linesOf(outcome.stdout).length)
    // The hopping windows still take what the minute's own window refuses.
    assert.deepStrictEqual([report.pipelines["candles-1m"].late, report.pipelines["moving-average-5m"].late], [2, 0])
    for (const counts of [report, ...Object.values<typeof report>(report.pipelines)]) {
      const { aggregated, "dead-lettered": deadLettered, duplicate, filtered, late, read } = counts
      assert.strictEqual(read, aggregated + late + deadLettered + duplicate + filtered)
      assert.strictEqual(filtered, 0)
    }
  })))

describe("a run in which many ticks are late", () => {
  /** One after the other for each of some keys, as files of theirs that are put together have them. */
  const concatenated = (keys: number, each: number): ReadonlyArray<Tick> =>
    Array.from({ length: keys * each }, (_, i) => ({
      symbol: `K${Math.floor(i / each)}`,
      time: minute + (i % each) * 10_000,
      price: "100",
      size: 1
    }))

  const said = (ticks: ReadonlyArray<Tick>, flags = "") =>
    Effect.map(run(ticks, `--pipelines candles-1m --allowed-lateness 0s ${flags}`), ({ code, stderr }) => [code, ...linesOf(stderr)])

  it.live("says how many before its account, and what helps", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* said(concatenated(3, 60)), [
        0,
        "108 of 180 events came too late (60 %): sort the input by time, or allow for more disorder with --out-of-orderness " +
        "or --allowed-lateness",
        "read 180, aggregated 72, late 108, dead-lettered 0, duplicate 0"
      ])
      const account = "read 180, aggregated 180, late 0, dead-lettered 0, duplicate 0"
      assert.deepStrictEqual(yield* said(concatenated(3, 60), "--out-of-orderness 10m"), [0, account])
      const sorted = concatenated(3, 60).toSorted((a, b) => a.time - b.time)
      assert.deepStrictEqual(yield* said(sorted), [0, account])
    }))

  it.live("and nothing where they are few, or no more than a tenth", () =>
    Effect.gen(function*() {
      assert.lengthOf(yield* said(concatenated(3, 30)), 2)
      const tenth = [...concatenated(1, 180), ...concatenated(1, 20)]
      const [code, ...lines] = yield* said(tenth)
      assert.deepStrictEqual([code, lines.length], [0, 1])
      assert.match(String(lines[0]), /late 20,/)
    }))
})
