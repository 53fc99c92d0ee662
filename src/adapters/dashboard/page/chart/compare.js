/**
 * Several symbols on one scale: each in per cent of its first price in view, as Grafana's panel has it.
 *
 * @typedef {import("./bars.js").Bar} Bar
 * @typedef {{ time: number, value: number, bar: Bar, base: number }} Point
 * @typedef {{ symbol: string, points: Array<Point>, from: number | null }} Compared `from` is the time of the price that is 100
 */

/** Points that have not changed stay the same ones. */
export const makeIndexed = () => {
  /** @type {Map<string, Array<Point>>} */
  let before = new Map()

  /** @param {ReadonlyArray<{ symbol: string, bars: ReadonlyArray<Bar> }>} all @param {number} from in milliseconds @returns {Array<Compared>} */
  return (all, from) => {
    const compared = all.map(({ bars, symbol }) => {
      const priced = bars.filter(({ close, time }) => close !== null && time >= from)
      // What has no price, or one of nothing, has no hundredth of it.
      const first = priced.find(({ close }) => Number(close) !== 0)
      return { symbol, from: first?.time ?? null, points: first === undefined ? [] : pointsOf(priced, Number(first.close), before.get(symbol) ?? []) }
    })
    before = new Map(compared.map(({ points, symbol }) => [symbol, points]))
    return compared
  }
}

/** @param {ReadonlyArray<Bar>} bars @param {number} base @param {ReadonlyArray<Point>} before */
const pointsOf = (bars, base, before) => bars.map((bar, i) => {
  const same = before[i]
  return same?.bar === bar && same.base === base ? same : { time: bar.time, value: 100 * Number(bar.close) / base, bar, base }
})
