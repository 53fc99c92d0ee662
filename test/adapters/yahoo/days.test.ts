/** Which day a bar counts in, after outages and from exchanges far from New York. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger, Option, Stream } from "effect"
import * as Yahoo from "../../../src/adapters/yahoo/Yahoo.ts"
import type * as Pane from "../../../src/streams/pipeline/Pane.ts"
import { Kind, valueAt } from "../../../src/streams/records/Records.ts"
import * as FakeYahoo from "./FakeYahoo.ts"
import { dayMillis, figures, flat, flatMinutes, type Market, minute, playing, run } from "./market.ts"

/** Five minutes of 100 shares a day, from the bell on; the price rises by `step` from day to day. */
const market = (bells: ReadonlyArray<number>, zone: string, step: number, before: number) => ({
  minutes: bells.flatMap((bell, day) => flatMinutes(bell, 5, 100 + step * day, 100)),
  days: [flat(bells[0]! - 3 * dayMillis, before, 500), ...bells.map((bell, day) => flat(bell, 100 + step * day, 500))],
  at: (day: number): Omit<Market, "minutes"> => ({
    symbol: "AAA",
    zone,
    time: bells[day]! + 5 * minute,
    price: 100 + step * day,
    volume: 500,
    previousClose: before
  })
})

const daily = (first: number, count: number) => Array.from({ length: count }, (_, day) => first + day * dayMillis)

describe("days", () => {
  // Monday 2024-10-07 to Thursday, from 09:30 in New York.
  const week = market(daily(Date.UTC(2024, 9, 7, 13, 30), 4), "America/New_York", 1, 99)

  it.live("count once after an outage of days, by their minutes or as daily bars", () =>
    Effect.gen(function*() {
      const phase = (day: number) => (yahoo: Parameters<typeof playing>[0]) => playing(yahoo, { ...week, ...week.at(day) })
      const { days, report } = yield* run("AAA", [phase(0), phase(3)])
      assert.deepStrictEqual(figures(days), [
        ["2024-10-04", "99", "99", 500, null],
        ["2024-10-07", "100", "100", 500, "1.0101"],
        ["2024-10-08", "101", "101", 500, "1"],
        ["2024-10-09", "102", "102", 500, "0.9901"],
        ["2024-10-10", "103", "103", 500, "0.9804"]
      ])
      assert.deepInclude(report, { late: 0, deadLettered: 0 })
    }))

  it.live("are not made of an older close where the chart in days is missing", () =>
    Effect.gen(function*() {
      const { minutes } = week
      const phase = (day: number) => (yahoo: Parameters<typeof playing>[0]) => playing(yahoo, { minutes, ...week.at(day) })
      const { days } = yield* run("AAA", [phase(0), phase(3)])
      assert.deepStrictEqual(figures(days), [
        // The close before Monday is Friday's.
        ["2024-10-04", "99", "99", 0, null],
        ["2024-10-07", "100", "100", 500, "1.0101"],
        ["2024-10-08", "101", "101", 500, "1"],
        ["2024-10-09", "102", "102", 500, "0.9901"],
        ["2024-10-10", "103", "103", 500, "0.9804"]
      ])
    }))

  it.live("of which there are no minutes are daily bars, also after two weeks and between others", () =>
    Effect.gen(function*() {
      const bells = daily(Date.UTC(2024, 9, 7, 13, 30), 18).filter((bell) => ![0, 6].includes(new Date(bell).getUTCDay()))
      const long = market(bells, "America/New_York", 1, 99)
      // Yahoo has lost the minutes of the day before the last.
      const minutes = long.minutes.filter(({ t }) => t < bells.at(-2)! || t >= bells.at(-1)!)
      const phase = (day: number) => (yahoo: Parameters<typeof playing>[0]) =>
        playing(yahoo, { minutes, days: long.days, ...long.at(day) })
      const { days } = yield* run("AAA", [phase(0), phase(13)])
      assert.deepStrictEqual(figures(days).map(([day, , close, volume]) => [day, close, volume]), [
        ["2024-10-04", "99", 500],
        ["2024-10-07", "100", 500],
        // Minutes are to be had for a week, and the day before them as a daily bar.
        ...[17, 18, 21, 22, 23, 24].map((date, day) => [`2024-10-${date}`, String(108 + day), 500])
      ])
    }))

  it.live("leave out bars that cannot be, say so, and keep their volume", () =>
    Effect.gen(function*() {
      const { minutes } = week
      const bell = minutes[0]!.t
      const bad = { t: bell + minute, o: 1, h: 1, l: 1, c: 1, v: 100 }
      const odd = [minutes[4]!, minutes[0]!, bad, minutes[3]!, minutes[3]!, minutes[2]!]
      const { days, logged, report } = yield* run("AAA", [(yahoo) => playing(yahoo, { ...week.at(0), minutes: odd })])
      assert.deepStrictEqual(figures(days).slice(1), [["2024-10-07", "100", "100", 500, "1.0101"]])
      assert.deepStrictEqual(logged, [
        "Yahoo Finance gives a bar of AAA that cannot be, left out: 2024-10-07 13:31 UTC, as it is a hundredth of those around it"
      ])
      assert.deepInclude(report, { late: 0, deadLettered: 0 })
    }))

  it.live("are compared over a split, whether the feed ran through it or began after it", () =>
    Effect.gen(function*() {
      const bells = [Date.UTC(2020, 7, 28, 13, 30), Date.UTC(2020, 7, 31, 13, 30)] as const
      const zone = "America/New_York"
      const before = (yahoo: Parameters<typeof playing>[0]) =>
        playing(yahoo, {
          symbol: "AAPL",
          zone,
          time: bells[0] + 390 * minute,
          price: 499.23,
          volume: 39_000,
          minutes: flatMinutes(bells[0], 390, 499.23, 100),
          days: [flat(bells[0] - dayMillis, 500.04, 1)]
        })
      // After it Yahoo gives a quarter of every price before it.
      const after = (more: Partial<Market>) => (yahoo: Parameters<typeof playing>[0]) =>
        playing(yahoo, {
          symbol: "AAPL",
          zone,
          time: bells[1] + 390 * minute,
          price: 129.04,
          volume: 39_000,
          minutes: [...flatMinutes(bells[0], 390, 124.8075, 400), ...flatMinutes(bells[1], 390, 129.04, 100)],
          days: [flat(bells[0] - dayMillis, 125.01, 4), flat(bells[0], 124.8075, 4), flat(bells[1], 129.04, 1)],
          events: { splits: { [bells[1] / 1_000]: { date: bells[1] / 1_000, numerator: 4, denominator: 1, splitRatio: "4:1" } } },
          ...more
        })
      const variations = (days: Parameters<typeof figures>[0]) => figures(days).map(([day, , close, , variation]) => [day, close, variation])
      const through = yield* run("AAPL", [before, after({})])
      assert.deepStrictEqual(variations(through.days).slice(1), [
        ["2020-08-28", "499.23", "-0.162"],
        ["2020-08-31", "129.04", "3.3912"]
      ])
      const fresh = yield* run("AAPL", [after({})])
      assert.deepStrictEqual(variations(fresh.days).slice(1), [["2020-08-31", "129.04", "3.3912"]])
      assert.strictEqual(fresh.days[1]!.values["splitFactor"], null)
      // Once it has counted, it does not count again.
      const nextDay = bells[1] + dayMillis
      const again = yield* run("AAPL", [before, after({}), after({ time: nextDay + 5 * minute, price: 134.18, minutes: flatMinutes(nextDay, 5, 134.18, 100) })])
      assert.deepStrictEqual(variations(again.days).at(-1), ["2020-09-01", "134.18", "3.9833"])
    }))

  it.live("are compared over a split also by a feed that runs through the night, and none of the new day's volume is lost", () =>
    Effect.gen(function*() {
      const bells = [Date.UTC(2020, 7, 28, 13, 30), Date.UTC(2020, 7, 31, 13, 30)] as const
      const yahoo = yield* FakeYahoo.make
      const shares = { symbol: "AAPL", zone: "America/New_York", previousClose: 500 }
      playing(yahoo, { ...shares, time: bells[0] + 5 * minute, price: 500, volume: 500, minutes: flatMinutes(bells[0], 5, 500, 100) })
      const feed = yield* Yahoo.make({ symbols: ["AAPL"], fetch: yahoo.fetch, streamUrl: false, pollInterval: 20 })
      const ticks: Array<Record<string, unknown>> = []
      yield* Effect.forkScoped(Stream.runForEach(feed.events(Option.none()), (chunk) =>
        Effect.sync(() => {
          for (let i = 0; i < chunk.length; i++) {
            if (chunk.kinds[i] === Kind.event) ticks.push(JSON.parse(new TextDecoder().decode(valueAt(chunk, i))))
          }
        })))
      const until = (count: number) =>
        Effect.gen(function*() {
          while (ticks.length < count) yield* Effect.sleep(5)
        }).pipe(Effect.timeout("30 seconds"), Effect.orDie)
      yield* until(1)
      // The chart does not have the first minute yet.
      const split = { splits: { 1: { date: bells[1] / 1_000, numerator: 4, denominator: 1 } } }
      playing(yahoo, { ...shares, time: bells[1] + 10_000, price: 126, volume: 50, minutes: [], events: split })
      yield* until(2)
      assert.deepStrictEqual(ticks, [
        { symbol: "AAPL", time: bells[0] + 5 * minute, price: "500", size: 0, tradeId: "yahoo/2020-08-28T13:35Z", provisional: true, exchange: "NMS" },
        { symbol: "AAPL", time: bells[1] + 10_000, price: "126", size: 50, tradeId: "yahoo/2020-08-31T13:30Z", provisional: true, splitFactor: "4", exchange: "NMS", decimals: 2 }
      ])
    }).pipe(Effect.provide(Logger.layer([])), Effect.scoped))

  it.live("of London are London's sessions", () =>
    Effect.gen(function*() {
      // Monday to Wednesday from 08:00; the feed was off on Tuesday.
      const london = market(daily(Date.UTC(2024, 9, 7, 7, 0), 3), "Europe/London", 10, 90)
      const phase = (day: number) => (yahoo: Parameters<typeof playing>[0]) => playing(yahoo, { ...london, ...london.at(day) })
      const { days } = yield* run("AAA", [phase(0), phase(2)])
      assert.deepStrictEqual(figures(days), [
        ["2024-10-04", "90", "90", 500, null],
        ["2024-10-07", "100", "100", 500, "11.1111"],
        ["2024-10-08", "110", "110", 500, "10"],
        ["2024-10-09", "120", "120", 500, "9.0909"]
      ])
      assert.deepStrictEqual(clocks(days).at(-1), ["2024-10-09T07:00", "2024-10-09T15:30", "LSE"])
    }))

  it.live("of Tokyo are Tokyo's sessions, whole, on both sides of the lunch break", () =>
    Effect.gen(function*() {
      const bells = daily(Date.UTC(2025, 0, 21, 0, 0), 2)
      const minutes = bells.flatMap((bell, day) => [
        ...flatMinutes(bell, 150, 1_000 + 10 * day, 100),
        ...flatMinutes(bell + 210 * minute, 180, 1_001 + 10 * day, 100)
      ])
      const days = [flat(bells[0]! - dayMillis, 990, 33_000), ...bells.map((bell, day) => flat(bell, 1_001 + 10 * day, 33_000))]
      const phase = (day: number) => (yahoo: Parameters<typeof playing>[0]) =>
        playing(yahoo, {
          symbol: "7203.T",
          zone: "Asia/Tokyo",
          time: bells[day]! + 390 * minute,
          price: 1_001 + 10 * day,
          volume: 33_000,
          minutes,
          days,
          previousClose: 990
        })
      const { days: found } = yield* run("7203.T", [phase(0), phase(1)])
      assert.deepStrictEqual(figures(found).map(([, ...values]) => values), [
        ["990", "990", 33_000, null],
        ["1000", "1001", 33_000, "1.1111"],
        ["1010", "1011", 33_000, "0.999"]
      ])
      assert.deepStrictEqual(found.map(({ start }) => start), [-1, 0, 1].map((day) => bells[0]! + day * dayMillis))
      assert.deepStrictEqual(clocks(found).at(-1), ["2025-01-22T00:00", "2025-01-22T06:30", "JPX"])
      // Without a code the time zone says the same.
      const bare = (day: number) => (yahoo: Parameters<typeof playing>[0]) =>
        playing(yahoo, { symbol: "7203.T", zone: "Asia/Tokyo", time: bells[day]! + 390 * minute, price: 1_001, volume: 33_000, minutes, days, quote: { exchange: undefined } })
      const { days: others } = yield* run("7203.T", [bare(0)])
      assert.deepStrictEqual(clocks(others).at(-1), ["2025-01-21T00:00", "2025-01-21T06:30", "XTKS"])
    }))

  it.live("of futures are from 18:00 to 17:00 in New York, those of currencies from 17:00, and those of coins days of UTC, whatever its exchange is called", () =>
    Effect.gen(function*() {
      const sunday = Date.UTC(2024, 9, 6, 22, 0)
      const found = []
      for (const [exchange, quoteType] of [["CME", "FUTURE"], ["CCY", "CURRENCY"], ["CCC", "CRYPTOCURRENCY"], ["CCX", "CRYPTOCURRENCY"]]) {
        const { days, report } = yield* run("AAA", [(yahoo) => playing(yahoo, {
          symbol: "AAA",
          zone: "America/New_York",
          time: sunday + 5 * minute,
          price: 100,
          volume: 500,
          minutes: flatMinutes(sunday, 5, 100, 100),
          days: [],
          quote: { exchange, quoteType, exchangeTimezoneName: quoteType === "CRYPTOCURRENCY" ? "UTC" : "America/New_York" }
        })])
        assert.deepInclude(report, { late: 0, deadLettered: 0, filtered: 0 })
        found.push(...clocks(days.slice(-1)))
      }
      assert.deepStrictEqual(found, [
        ["2024-10-06T22:00", "2024-10-07T21:00", "CME"],
        ["2024-10-06T21:00", "2024-10-07T21:00", "CCY"],
        ["2024-10-06T00:00", "2024-10-07T00:00", "CCC"],
        ["2024-10-06T00:00", "2024-10-07T00:00", "CCX"]
      ])
    }))
})

/** From when to when they are, and where. */
const clocks = (days: ReadonlyArray<Pane.Pane>) =>
  days.map(({ end, start, values }) => [...[start, end].map((time) => new Date(time).toISOString().slice(0, 16)), values["exchange"]])
