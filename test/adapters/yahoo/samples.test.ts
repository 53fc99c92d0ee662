/** Samples of the price give way to Yahoo's own bars, live and at a start, in candles and days. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type * as FakeYahoo from "./FakeYahoo.ts"
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
    const [seconds, price, volume] = prices[Math.min(2, Math.floor(asked++ / 3))]!
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
        assert.deepInclude(days.at(-1)!.values, { open: "99", high: "105", low: "98", close: "101", volume: 10_000, provisional: 1 })
        assert.deepInclude(report, { late: 0, deadLettered: 0 })
      }
    }))
})
