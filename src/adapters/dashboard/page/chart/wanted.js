/**
 * Which lines a model wants, and which places on the axis: those of the candles with indicators, or those of several symbols.
 *
 * @typedef {import("./trader.js").Model} Model
 * @typedef {import("./bars.js").Bar} Bar
 */

/** @param {Model} model @returns {Array<import("./frame.js").Wanted>} */
export const wantedOf = ({ compared, indicators }) => compared.length === 0
  ? indicators.map(({ indicator: { digits, id, name, pane }, lines }) => ({ id, title: name, digits, inPrice: pane === "price", isNamed: false, lines }))
  : compared.map(({ points, symbol }, i) => ({
    id: `compared ${i} ${symbol}`,
    title: symbol,
    digits: 2,
    inPrice: true,
    isNamed: true,
    lines: [{ field: symbol, label: symbol, kind: "line", color: `compare-${i % 4 + 1}`, points }]
  }))

/** The bars that places are made of; of several symbols those of whichever has one. @param {Model} model @returns {ReadonlyArray<Bar>} */
export const timelineOf = ({ candles, compared }) => {
  if (compared.length === 0) return candles
  const byTime = new Map()
  for (const { points } of compared) for (const { bar, time } of points) if (!byTime.has(time)) byTime.set(time, bar)
  return [...byTime.values()].sort((a, b) => a.time - b.time)
}
