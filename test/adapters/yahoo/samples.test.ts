/** Samples of the price give way to Yahoo's own bars, live and at a start, in candles and days. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as FakeYahoo from "./FakeYahoo.ts"
import { type Market, minute, playing, quoteOf, type Row, run } from "./market.ts"

const bell = Date.UTC(2024, 9, 7, 13, 30)
const own = (index: number): Row => ({ t: bell + index * minute, o: 99, h: 105, l: 98, c: 101, v: 1_000 })
const shares = { symbol: "AAA", zone: "America/New_York", previousClose: 99, quote: { marketState: "REGULAR" } }
const market = (more: Pick<Market, "minutes" | "price" | "time" | "volume">): Market => ({ ...shares, ...more })

/** Three prices in the first two minutes, of which Yahoo has no bars yet. */
const beginning = (yahoo: FakeYahoo.FakeYahoo): void => {
  const prices = [[10, 100, 200], [40, 101, 600], [70, 101, 1_200]] as const
  let asked = 0
  playing(yahoo, market({ time: bell + 10_000, price: 100, volume: 200, minutes: [] }))
  yahoo.answers.quote = () => {
    const [seconds, price, volume] = prices[Math.min(2, Math.floor(asked++ / 2))]!
    return quoteOf(market({ time: bell + seconds * 1_000, price, volume, minutes: [] }))
  }
}

/** Later, with a bar of every minute. */
const later = (count: number) => (yahoo: FakeYahoo.FakeYahoo): void =>
  playing(yahoo, market({ time: bell + count * minute + 1_000, price: 101, volume: 1_000 * count, minutes: Array.from({ length: count }, (_, index) => own(index)) }))

const shown = (panes: ReadonlyArray<{ readonly start: number; readonly values: Readonly<Record<string, unknown>> }>) =>
  panes.map(({ start, values: { close, high, low, open, provisional, volume } }) =>
    `${(start - bell) / minute} o${open} h${high} l${low} c${close} v${volume} p${provisional}`)

const bars = (count: number) => Array.from({ length: count }, (_, index) => `${index} o99 h105 l98 c101 v1000 p0`)

describe("samples of the price", () => {
  it.live("are Yahoo's bars in the end, after a start in the middle, and after two", () =>
    Effect.gen(function*() {
      for (const phases of [[beginning, later(10)], [beginning, later(5), later(10)]]) {
        const { days, minutes, report } = yield* run("AAA", phases)
        assert.deepStrictEqual(shown(minutes), [...bars(10), "10 o101 h101 l101 c101 v0 p1"])
        assert.deepInclude(days.at(-1)!.values, { open: "99", high: "105", low: "98", close: "101", volume: "10000", provisional: 1 })
        assert.deepInclude(report, { late: 0, deadLettered: 0 })
      }
    }))

  it.live("are Yahoo's bars without a start, too", () =>
    Effect.gen(function*() {
      const { minutes, report } = yield* run("AAA", [(yahoo) => {
        beginning(yahoo)
        const { quote } = yahoo.answers
        let asked = 0
        const polled: typeof quote = (symbols, crumb) => {
          if (asked++ < 6) return quote(symbols, crumb)
          later(asked < 20 ? 5 : 7)(yahoo)
          const answer = yahoo.answers.quote(symbols, crumb)
          yahoo.answers.quote = polled
          return answer
        }
        yahoo.answers.quote = polled
      }], 700)
      assert.deepStrictEqual(shown(minutes), [...bars(7), "7 o101 h101 l101 c101 v0 p1"])
      assert.deepInclude(report, { late: 0, deadLettered: 0 })
    }))

  it.live("are missing in an outage, which is told until there are bars of it, or none", () =>
    Effect.gen(function*() {
      const without = (yahoo: FakeYahoo.FakeYahoo) => {
        later(5)(yahoo)
        yahoo.answers.chart = () => FakeYahoo.notFound
      }
      const cut = yield* run("AAA", [beginning, without], 400)
      const gaps = [2, 3, 4].map((index) => `${index} onull hnull lnull cnull vnull p1`)
      assert.deepStrictEqual(shown(cut.minutes).slice(2), [...gaps, "5 o101 h101 l101 c101 v3800 p1"])
      // Of the first 200 it is not known whether they are in a minute before.
      assert.deepInclude(cut.days.at(-1)!.values, { volume: "4800" })
      const quietMinute = (yahoo: FakeYahoo.FakeYahoo) => {
        const minutes = Array.from({ length: 12 }, (_, index) => own(index)).filter((_, index) => index !== 3)
        playing(yahoo, market({ time: bell + 12 * minute + 1_000, price: 101, volume: 11_000, minutes }))
      }
      const { days, minutes, report } = yield* run("AAA", [beginning, without, quietMinute])
      assert.deepStrictEqual(shown(minutes), [...bars(12).filter((_, index) => index !== 3), "12 o101 h101 l101 c101 v0 p1"])
      assert.deepInclude(days.at(-1)!.values, { open: "99", close: "101", volume: "11000", provisional: 1 })
      assert.deepInclude(report, { late: 0, deadLettered: 0 })
      // What the back-fill closes at once is told by nothing.
      const closed = yield* run("AAA", [beginning, later(5)])
      assert.isTrue(closed.minutes.every(({ values }) => values["open"] !== null))
    }))
})
