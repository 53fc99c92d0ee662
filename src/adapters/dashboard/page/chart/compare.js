/**
 * Several symbols on one scale: each in per cent of its first price in view, as Grafana's panel has it.
 *
 * @typedef {import("./bars.js").Bar} Bar
 * @typedef {{ symbol: string, points: Array<{ time: number, value: number, close: number }>, from: number | null }} Compared
 *   `from` is the time of the price that is 100
 */

/**
 * @param {ReadonlyArray<{ symbol: string, bars: ReadonlyArray<Bar> }>} all @param {number} from in milliseconds
 * @returns {Array<Compared>}
 */
export const indexed = (all, from) => all.map(({ bars, symbol }) => {
  const priced = bars.filter(({ close, time }) => close !== null && time >= from)
  // What has no price, or one of nothing, has no hundredth of it.
  const first = priced.find(({ close }) => Number(close) !== 0)
  const base = Number(first?.close)
  return {
    symbol,
    from: first?.time ?? null,
    points: first === undefined ? [] : priced.map(({ close, time }) => ({ time, value: 100 * Number(close) / base, close: Number(close) }))
  }
})
