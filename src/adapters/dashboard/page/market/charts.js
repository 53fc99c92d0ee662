/**
 * Which charts stand side by side: that of the address's key and up to three beside it, `beside=AIG,BAC:5m`, of which one names
 * its bars where they are others than those of the first.
 *
 * @typedef {import("../state/address.js").Address} Address
 * @typedef {{ symbol: string, interval: string }} Charted `interval` is what the address says, be there such bars or not
 */
import { decoded } from "../state/address.js"

/** More are too small to be read. */
export const mostCharts = 4

/** Symbols that are compared with the first chart's at most. */
export const mostCompared = 3

/** @param {Address} address @returns {Array<Charted>} */
export const chartsOf = ({ key, options: { beside, interval } }) => {
  if (key === undefined) return []
  const first = { symbol: key, interval: interval || "1m" }
  return [first, ...listed(beside).map((text) => {
    const [symbol = "", own = first.interval] = text.split(":")
    return { symbol: decoded(symbol), interval: own }
  })]
}

/** The address that shows these. @param {Address} address @param {ReadonlyArray<Charted>} charts @returns {Address} */
export const withCharts = (address, [first, ...others]) => ({
  ...address,
  key: first.symbol,
  options: {
    ...address.options,
    interval: first.interval === "1m" && address.options.interval === undefined ? "" : first.interval,
    beside: others.map(({ interval, symbol }) => `${encodeURIComponent(symbol)}${interval === first.interval ? "" : `:${interval}`}`).join(","),
    compare: textOf(comparedIn(address).filter((symbol) => symbol !== first.symbol))
  }
})

/** Symbols that the first chart is compared with. @param {Address} address */
export const comparedIn = ({ options: { compare } }) => listed(compare).map(decoded)

/** @param {ReadonlyArray<string>} symbols */
export const textOf = (symbols) => symbols.map(encodeURIComponent).join(",")

/** @param {Charted} one @param {Charted} other */
export const isSame = (one, other) => one.symbol === other.symbol && one.interval === other.interval

/** @param {string} [text] */
const listed = (text = "") => text.split(",").filter((each) => each !== "")
