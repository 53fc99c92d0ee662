import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Bars from "../../../src/adapters/yahoo/Bars.ts"
import type { Instrument } from "../../../src/adapters/yahoo/Instrument.ts"
import * as Responses from "../../../src/adapters/yahoo/Responses.ts"
import * as Rows from "../../../src/adapters/yahoo/Rows.ts"
import * as TradingDay from "../../../src/adapters/yahoo/TradingDay.ts"
import { fixture } from "./fixtures.ts"

const chart = (file: string): Responses.Chart =>
  Schema.decodeUnknownSync(Responses.Chart)(
    // The form of a chart, which its Schema checks.
    (fixture(file) as { chart: { result: [unknown] } }).chart.result[0]
  )

const instrument = (zone: string, more: Partial<Instrument> = {}): Instrument => ({
  symbol: "X",
  zone,
  delay: 0,
  cumulativeVolume: true,
  everyDay: false,
  overnight: false,
  ...more
})

const apple = instrument("America/New_York")
const minute = 60_000
const bell = Date.UTC(2024, 9, 2, 13, 30)
const day = TradingDay.at(apple.zone, bell)

const live = (rows: ReadonlyArray<readonly [time: number, volume: number | null]>): Responses.Chart => {
  const ones = rows.map(() => 1)
  return {
    meta: {},
    timestamp: rows.map(([time]) => time),
    indicators: {
      quote: [{ open: ones, high: ones, low: ones, close: ones, volume: rows.map(([, volume]) => volume) }]
    }
  }
}

const hours = (zone: string, millis: number) => {
  const { end, start } = TradingDay.at(zone, millis)
  assert.isTrue(start <= millis && millis < end)
  return (end - start) / 3_600_000
}

describe("Bars.minutes", () => {
  const full = chart("chart-1m-aapl-full-day.json")

  it("takes the 389 minutes with trades of a recorded day, and not the row stamped a day later", () => {
    const { bars, heldBack } = Bars.minutes(full, apple, day, Infinity)
    assert.strictEqual(full.timestamp?.length, 391)
    assert.strictEqual(bars.length, 389)
    assert.strictEqual(bars[0]!.start, bell)
    assert.strictEqual(bars.at(-1)!.start, bell + 389 * minute)
    assert.isFalse(bars.some(({ start }) => start === Date.UTC(2024, 9, 2, 15, 15)))
    assert.strictEqual(Bars.volumeOf(heldBack), 0)
  })

  it("leaves out that row also where its day is asked for, as it is outside the regular hours", () => {
    const twoDays = { start: day.start, end: day.end + 86_400_000 }
    assert.deepStrictEqual(Bars.minutes(full, apple, twoDays, Infinity), Bars.minutes(full, apple, day, Infinity))
  })

  it("holds back minutes that are not over, and says how much was traded in them", () => {
    for (const settled of [bell - 1, bell, bell + minute - 1, bell + minute, bell + 100 * minute + 1]) {
      const all = Bars.minutes(full, apple, day, Infinity).bars
      const { bars, heldBack } = Bars.minutes(full, apple, day, settled)
      assert.deepStrictEqual(bars, all.filter(({ start }) => start + minute <= settled))
      const rest = all.slice(bars.length).reduce((sum, { volume }) => sum + volume, 0)
      assert.strictEqual(Bars.volumeOf(heldBack), rest)
    }
  })


  it("leaves out the last row while it has no volume or does not begin with a minute", () => {
    const starts = (rows: ReadonlyArray<readonly [number, number | null]>, of = apple) =>
      Bars.minutes(live(rows), of, day, Infinity).bars.map(({ start }) => (start - bell) / minute)
    assert.deepStrictEqual(starts([[bell, 0], [bell + minute, 5], [bell + 2 * minute, 0]]), [0, 1])
    assert.deepStrictEqual(starts([[bell, 5], [bell + minute, 5], [bell + minute + 17_000, 5]]), [0, 1])
    assert.deepStrictEqual(starts([[bell, 5], [bell + minute, null]]), [0])
    const currency = instrument("Europe/London", { cumulativeVolume: false })
    assert.deepStrictEqual(starts([[bell, 0], [bell + minute, 0]], currency), [0, 1])
  })

  it("leaves out rows after the close and of other days, whatever they hold", () => {
    const rows = live([[bell - 86_400_000, 5], [bell, 5], [bell + minute, 5], [bell + 2 * minute, 5]])
    const tradingPeriods = [
      [{ start: bell / 1_000 - 86_400, end: bell / 1_000 - 86_280 }],
      [{ start: bell / 1_000, end: bell / 1_000 + 120 }]
    ]
    const { bars, heldBack } = Bars.minutes({ ...rows, meta: { tradingPeriods } }, apple, day, Infinity)
    assert.deepStrictEqual(bars.map(({ start }) => start), [bell, bell + minute])
    assert.strictEqual(Bars.volumeOf(heldBack), 0)
  })

  it("finds no bars in a closed day", () => {
    const weekend = TradingDay.at(apple.zone, Date.UTC(2025, 1, 1, 17))
    assert.deepStrictEqual(Bars.minutes(chart("chart-1m-aapl-closed-weekend.json"), apple, weekend, Infinity), {
      bars: [],
      heldBack: []
    })
  })

  it("takes every minute of a market that never closes", () => {
    const coin = chart("chart-1d-btc-usd.json")
    const midnight = Date.UTC(2020, 0, 1)
    const hours = { start: midnight, end: midnight + 86_340_000 }
    const lastMinute = midnight + 86_340_000
    const rows = live([[midnight, 0], [lastMinute, 0]])
    const tradingPeriods = [[{ start: hours.start / 1_000, end: hours.end / 1_000 }]]
    const whole = { ...rows, meta: { ...coin.meta, tradingPeriods } }
    const utc = instrument("UTC", { cumulativeVolume: false })
    const { bars } = Bars.minutes(whole, utc, TradingDay.at("UTC", midnight), Infinity)
    assert.deepStrictEqual(bars.map(({ start }) => start), [midnight, lastMinute])
  })
})

describe("Bars.days", () => {
  const minutes = chart("chart-1m-aapl-full-day.json")
  const charts = (session: TradingDay.TradingDay, days?: Responses.Chart, from = session.start) => ({ session, from, minutes, days })

  it("are the last day before the session, when its exchange opened", () => {
    const cases = [
      ["chart-1d-ocdo.l.json", "Europe/London", Date.UTC(2020, 0, 3, 12), 1259.5, Date.UTC(2020, 0, 2, 8)],
      ["chart-1d-gc_f.json", "America/New_York", Date.UTC(2020, 0, 3, 12), 1524.5, Date.UTC(2020, 0, 2, 5)],
      ["chart-1d-btc-usd.json", "UTC", Date.UTC(2020, 0, 2, 15), 7200.17431640625, Date.UTC(2020, 0, 1)],
      ["chart-1d-eurusd_x.json", "Europe/London", Date.UTC(2020, 0, 2, 15), 1.1220825910568237, Date.UTC(2020, 0, 1)]
    ] as const
    for (const [file, zone, time, close, start] of cases) {
      const bars = Bars.days(charts(TradingDay.at(zone, time), chart(file)), [], instrument(zone))
      assert.deepStrictEqual(bars.map((bar) => [bar.close, bar.start, bar.interval]), [[close, start, 86_400_000]])
    }
  })

  it("are those without minutes in between too, once each", () => {
    const opens = [-4, -3, -2, -2, -1, 0].map((days) => bell + days * 86_400_000)
    const days = live(opens.map((time) => [time, 5]))
    const from = TradingDay.at(apple.zone, opens[1]!).start
    const known = [{ start: opens[4]!, interval: minute, open: 1, high: 1, low: 1, close: 1, volume: 5 }]
    assert.deepStrictEqual(
      Bars.days(charts(day, days, from), known, apple).map(({ start }) => start),
      [opens[0]!, opens[1]!, opens[2]!]
    )
  })

  it("are made of the close before the minutes where there is nothing else, on the weekday before", () => {
    const [bar] = Bars.days(charts(day), [], apple)
    const close = { open: 226.21, high: 226.21, low: 226.21, close: 226.21, volume: 0, interval: 86_400_000 }
    assert.deepStrictEqual(bar, { start: bell - 86_400_000, ...close })
    const monday = TradingDay.at(apple.zone, Date.UTC(2024, 9, 7, 12))
    const empty = { ...charts(monday), minutes: { ...minutes, timestamp: [] } }
    assert.strictEqual(Bars.days(empty, [], apple)[0]!.start, monday.start - 3 * 86_400_000)
    assert.strictEqual(Bars.days(empty, [], { ...apple, everyDay: true })[0]!.start, monday.start - 86_400_000)
  })

  it("are then of the session before by the calendar of the exchange, over holidays and where there are no minutes yet", () => {
    const startOf = (exchange: string, zone: string, time: string) => {
      const session = TradingDay.at(zone, Date.parse(time))
      const [bar] = Bars.days({ ...charts(session), minutes: { ...minutes, timestamp: [] } }, [], instrument(zone, { exchange }))
      return new Date(bar!.start).toISOString().slice(0, 16)
    }
    // Behind Labor Day, the weekend of futures, Tokyo's new year, and of an exchange without a calendar.
    assert.strictEqual(startOf("NMS", "America/New_York", "2024-09-03T12:00-04:00"), "2024-08-30T13:30")
    assert.strictEqual(startOf("CME", "America/New_York", "2024-10-07T12:00-04:00"), "2024-10-03T22:00")
    assert.strictEqual(startOf("JPX", "Asia/Tokyo", "2024-01-04T12:00+09:00"), "2023-12-29T00:00")
    assert.strictEqual(startOf("CCC", "UTC", "2024-10-07T12:00Z"), "2024-10-06T00:00")
    assert.strictEqual(startOf("OSL", "Europe/Oslo", "2024-10-07T12:00+02:00"), "2024-10-03T22:00")
    assert.strictEqual(startOf("NMS", "America/New_York", "2031-10-07T12:00-04:00"), "2031-10-06T04:00")
  })
})

describe("TradingDay", () => {
  it("has 23 and 25 hours when the clocks change", () => {
    assert.strictEqual(hours("America/New_York", Date.UTC(2024, 2, 10, 12)), 23)
    assert.strictEqual(hours("America/New_York", Date.UTC(2024, 10, 3, 12)), 25)
    assert.strictEqual(hours("America/New_York", Date.UTC(2024, 10, 4, 12)), 24)
    assert.strictEqual(hours("no such zone", Date.UTC(2024, 10, 3, 12)), 24)
  })
})

describe("Rows", () => {
  const columns = (rows: ReadonlyArray<readonly [minute: number, open: number, high: number, low: number, close: number, volume: number | null]>): Responses.Chart => ({
    meta: {},
    timestamp: rows.map(([index]) => bell + index * minute),
    indicators: {
      quote: [{
        open: rows.map(([, open]) => open),
        high: rows.map(([, , high]) => high),
        low: rows.map(([, , , low]) => low),
        close: rows.map(([, , , , close]) => close),
        volume: rows.map(([, , , , , volume]) => volume)
      }]
    }
  })
  const minutesOf = (rows: Parameters<typeof columns>[0], of = apple) => {
    const { bars, heldBack } = Bars.minutes(columns(rows), of, day, Infinity)
    return { bars: bars.map(({ close, start, volume }) => [(start - bell) / minute, close, volume]), heldBack: Bars.volumeOf(heldBack) }
  }

  it("are one a minute in order of time, whatever order they came in: the one with the most volume", () => {
    assert.deepStrictEqual(
      minutesOf([[2, 10, 10, 10, 10, 3], [0, 10, 10, 10, 10, 5], [1, 10, 11, 10, 10, 4], [0, 10, 12, 10, 12, 9], [1, 10, 11, 10, 11, 4]]),
      { bars: [[0, 12, 9], [1, 11, 4], [2, 10, 3]], heldBack: 0 }
    )
  })

  it("that cannot be are left out, and their volume is not lost", () => {
    const cases = [
      [[1, 10, 9, 11, 10, 7], "its low is above its high"],
      [[1, 0, 10, 0, 10, 7], "it has a price of nothing"],
      [[1, -10, 10, -10, 10, 7], "it has a price of nothing"],
      [[1, 10, 11, 10, 12, 7], "it opens or closes beyond its high and low"],
      [[1, 0.1, 0.1, 0.1, 0.1, 7], "it is a hundredth of those around it"],
      [[1, 10, 10, 0.1, 10, 7], "its low is a hundredth of its high"],
      [[1, 1_010, 1_010, 1_010, 1_010, 7], "it is a hundred times those around it"]
    ] as const
    for (const [bad, reason] of cases) {
      const rows = [[0, 10, 10, 10, 10, 5], bad, [2, 10, 10, 10, 10, 5]] as const
      assert.deepStrictEqual(minutesOf(rows), { bars: [[0, 10, 5], [2, 10, 5]], heldBack: 7 })
      assert.deepStrictEqual(Rows.of(columns(rows), minute, apple).impossible.map(({ reason }) => reason), [reason])
    }
  })

  it("that are odd and can be stay: a fall of nine tenths, a future below nothing, a run of them", () => {
    assert.strictEqual(minutesOf([[0, 10, 10, 1, 1, 5], [1, 1, 1, 0.1, 0.1, 5], [2, 0.1, 0.1, 0.01, 0.01, 5]]).bars.length, 3)
    const oil = { ...apple, overnight: true }
    assert.strictEqual(minutesOf([[0, 10, 10, 10, 10, 5], [1, 10, 10, -37.63, -37.63, 5], [2, -37, -37, -37, -37, 5]], oil).bars.length, 3)
    const run = [0.1, 0.1, 0.1].map((price, index) => [index + 4, price, price, price, price, 1] as const)
    const around = [0, 1, 2, 3, 7, 8].map((index) => [index, 10, 10, 10, 10, 1] as const)
    assert.deepStrictEqual(minutesOf([...run, ...around]).bars.map(([index]) => index), [0, 1, 2, 3, 7, 8])
  })

  it("of an index without volume are all whole, the last one too", () => {
    assert.deepStrictEqual(minutesOf([[0, 10, 10, 10, 10, 0], [1, 10, 10, 10, 10, null]]).bars.length, 2)
  })

  it("count whole units", () => {
    assert.deepStrictEqual(minutesOf([[0, 10, 10, 10, 10, 1.5]]).bars, [[0, 10, 2]])
  })
})
