/**
 * What an address asks of the market that cannot be shown, in words with what there is.
 *
 * @typedef {{ title: string, words: string, offers: ReadonlyArray<import("../notice.js").Offer> }} Fault
 * @typedef {import("../state/address.js").Address} Address
 */
import { isRange, ranges } from "../chart/ranges.js"
import { likely } from "../list/likely.js"
import * as address from "../state/address.js"
import { chartsOf, comparedIn, isSame, mostCharts, mostCompared, textOf, withCharts } from "./charts.js"

/**
 * @param {Address} asked
 * @param {{ symbols: ReadonlyArray<string>, isThere: (symbol: string) => boolean }} known
 * @returns {Fault | undefined} the first there is
 */
export const faultOf = (asked, known) => ofRange(asked) ?? ofBar(asked) ?? ofCompared(asked, known) ?? ofCharts(asked)

/** @param {Address} asked @returns {Fault | undefined} */
const ofRange = (asked) => {
  const { range } = asked.options
  if (range === undefined || isRange(range)) return undefined
  return {
    title: `There is no range “${range}”`,
    words: "There are:",
    offers: Object.entries(ranges).map(([id, { name }]) => ({ words: name, href: at(asked, { range: id }) }))
  }
}

/** @param {Address} asked @returns {Fault | undefined} */
const ofBar = (asked) => {
  const { key = "", options: { bar = "" } } = asked
  if (bar === "" || /^-?\d{1,16}$/.test(bar)) return undefined
  return {
    title: `There is no bar “${bar}”`,
    words: "A bar is named by a time in it, in milliseconds since 1970. Without it:",
    offers: [{ words: key, href: at(asked, { bar: "" }) }]
  }
}

/** @param {Address} asked @param {Parameters<typeof faultOf>[1]} known @returns {Fault | undefined} */
const ofCompared = (asked, { isThere, symbols }) => {
  const compared = comparedIn(asked)
  const { key = "" } = asked
  const others = [...new Set(compared)].filter((symbol) => symbol !== key)
  /** @param {ReadonlyArray<string>} these */
  const offer = (these) => ({
    words: these.length === 0 ? `${key} alone` : `Compare with ${inWords(these)}`,
    href: at(asked, { compare: textOf(these) })
  })
  if (compared.includes(key)) return { title: `“${key}” is not compared with itself`, words: "Without it:", offers: [offer(others)] }
  const twice = compared.find((symbol, i) => compared.indexOf(symbol) < i)
  if (twice !== undefined) return { title: `“${twice}” is compared twice`, words: "Once is enough:", offers: [offer(others)] }
  if (compared.length > mostCompared) {
    return { title: `${compared.length} symbols are too many to compare with`, words: `There is room for ${mostCompared}:`, offers: [offer(compared.slice(0, mostCompared))] }
  }
  const unknown = compared.find((symbol) => !isThere(symbol))
  if (unknown === undefined) return undefined
  const free = symbols.filter((symbol) => symbol !== key && !compared.includes(symbol))
  return {
    title: `There is no symbol “${unknown}” to compare with`,
    words: `It shows here if it is traded.${free.length > 0 ? " There are:" : ""}`,
    offers: likely(free, unknown).map((symbol) => ({ words: symbol, href: at(asked, { compare: textOf(compared.map((one) => one === unknown ? symbol : one)) }) }))
  }
}

/** @param {Address} asked @returns {Fault | undefined} */
const ofCharts = (asked) => {
  const charts = chartsOf(asked)
  /** @param {ReadonlyArray<import("./charts.js").Charted>} these */
  const offer = (these) => ({ words: inWords(these.map(({ symbol }) => symbol)), href: address.format(withCharts(asked, these)) })
  const twice = charts.find((one, i) => charts.findIndex((other) => isSame(one, other)) < i)
  if (twice !== undefined) {
    const once = charts.filter((one, i) => charts.findIndex((other) => isSame(one, other)) === i)
    return { title: `“${twice.symbol}” is shown twice with the same bars`, words: "Once is enough:", offers: [offer(once)] }
  }
  if (charts.length <= mostCharts) return undefined
  return { title: `${charts.length} charts are too many`, words: `There is room for ${mostCharts} side by side:`, offers: [offer(charts.slice(0, mostCharts))] }
}

/** @param {Address} asked @param {Record<string, string>} options */
const at = (asked, options) => address.format({ ...asked, options: { ...asked.options, ...options } })

/** @param {ReadonlyArray<string>} texts */
const inWords = (texts) => texts.length < 2 ? texts.join("") : `${texts.slice(0, -1).join(", ")} and ${texts.at(-1)}`
