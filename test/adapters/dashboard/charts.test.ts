/** Which charts an address asks for, and what is wrong with it. */
import * as fc from "fast-check"
import { expect, it } from "vitest"
// @ts-expect-error: the page is JavaScript without declarations
import { chartsOf, comparedIn, withCharts } from "../../../src/adapters/dashboard/page/market/charts.js"
// @ts-expect-error: the page is JavaScript without declarations
import { faultOf } from "../../../src/adapters/dashboard/page/market/faults.js"
// @ts-expect-error: the page is JavaScript without declarations
import { keyWords } from "../../../src/adapters/dashboard/page/keyWords.js"
// @ts-expect-error: the page is JavaScript without declarations
import { format, parse } from "../../../src/adapters/dashboard/page/state/address.js"

const symbol = fc.oneof(fc.constantFrom("IBM", "AIG", "BTC:USD", "A,B", "BRK/B", "50%", "a b"), fc.string({ unit: "grapheme", minLength: 1 }))
const charted = fc.record({ symbol, interval: fc.constantFrom("1m", "5m", "15m", "1h", "1D") })

it("an address brings back the charts that it was made of, of whatever symbols and bars", () => {
  fc.assert(fc.property(fc.array(charted, { minLength: 1, maxLength: 4 }), fc.constantFrom<object>({}, { interval: "5m" }, { range: "5d", beside: "X" }), (charts, options) => {
    const address = parse(format(withCharts({ pipeline: "candles-1m", key: "Z", options }, charts)))
    expect(chartsOf(address)).toEqual(charts)
  }))
})

it("is read as it is written, commas and colons included", () => {
  const hash = "#/candles-1m/IBM?interval=15m&beside=AIG,BAC:5m,C"
  expect(chartsOf(parse(hash))).toEqual([["IBM", "15m"], ["AIG", "15m"], ["BAC", "5m"], ["C", "15m"]].map(([symbol, interval]) => ({ symbol, interval })))
  expect(format(parse(hash))).toBe(hash)
  expect(chartsOf(parse("#/candles-1m"))).toEqual([])
})

it("what is shown first is no longer compared with itself", () => {
  const address = withCharts(parse("#/candles-1m/IBM?compare=AIG,BAC"), [{ symbol: "AIG", interval: "1m" }])
  expect(comparedIn(address)).toEqual(["BAC"])
})

const symbols = ["AIG", "BAC", "C", "IBM", "SPY"]
const faultIn = (options: string) => faultOf(parse(`#/candles-1m/IBM?${options}`), { symbols, isThere: (symbol: string) => symbols.includes(symbol) })

it.each([
  ["range=9d", "There is no range “9d”", "#/candles-1m/IBM?range=5d"],
  ["compare=AIG,AIG", "“AIG” is compared twice", "#/candles-1m/IBM?compare=AIG"],
  ["compare=AIG,IBM", "“IBM” is not compared with itself", "#/candles-1m/IBM?compare=AIG"],
  ["compare=IBM", "“IBM” is not compared with itself", "#/candles-1m/IBM"],
  ["compare=AIG,BAC,C,SPY", "4 symbols are too many to compare with", "#/candles-1m/IBM?compare=AIG,BAC,C"],
  ["compare=AIG,BAD", "There is no symbol “BAD” to compare with", "#/candles-1m/IBM?compare=AIG,BAC"],
  ["beside=AIG,AIG", "“AIG” is shown twice with the same bars", "#/candles-1m/IBM?beside=AIG"],
  ["beside=IBM:1m", "“IBM” is shown twice with the same bars", "#/candles-1m/IBM"],
  ["beside=AIG,BAC,C,SPY", "5 charts are too many", "#/candles-1m/IBM?beside=AIG,BAC,C"]
])("%s: %s", (options, title, offered) => {
  const fault = faultIn(options)
  expect(fault.title).toBe(title)
  const offers: Array<string> = fault.offers.map(({ href }: { href: string }) => href)
  expect(offers).toContain(offered)
  // Whatever is offered is something that there is.
  for (const offer of offers) expect(faultIn(offer.split("?")[1] ?? ""), offer).toBeUndefined()
})

it.each(["", "range=all", "compare=AIG,BAC,C", "beside=IBM:5m", "beside=AIG,BAC:5m,C&compare=AIG"])("%j is right", (options) => {
  expect(faultIn(options)).toBeUndefined()
})

it.each([["", "(empty)"], [" ", "“ ”"], [" IBM", "“ IBM”"], ["​", "“​”"], ["IBM", "IBM"], ["a b", "a b"]])("the key %j reads %s", (key, words) => {
  expect(keyWords(key)).toBe(words)
})
