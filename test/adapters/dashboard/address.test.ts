/** The address of the page, which says what it shows. */
import * as fc from "fast-check"
import { expect, it } from "vitest"
// @ts-expect-error: the page is JavaScript without declarations
import { format, parse } from "../../../src/adapters/dashboard/page/state/address.js"

it("brings back any pipeline, key and options", () => {
  const text = fc.string({ unit: "grapheme" })
  const given = fc.record({
    pipeline: fc.string({ unit: "grapheme", minLength: 1 }),
    key: fc.option(text, { nil: undefined }),
    options: fc.dictionary(fc.constantFrom("interval", "range", "zone"), fc.string({ minLength: 1 }), { noNullPrototype: true })
  })
  fc.assert(fc.property(given, ({ key, ...rest }) => {
    const address = key === undefined ? rest : { ...rest, key }
    expect(parse(format(address))).toEqual(address)
  }))
})

it.each(["AAPL", "BTC/USDT", "M&M.NS", "^GSPC", "GC=F", "EURUSD=X", "AAPL241220C00220000", "GOOGL1241220C00150000"])("still reads the address of before of %s", (symbol) => {
  for (const interval of ["1m", "5m"]) {
    expect(parse(`#${symbol}/${interval}`)).toEqual({ key: symbol, options: { interval } })
    expect(parse(`#${encodeURIComponent(symbol)}/${interval}`)).toEqual({ key: symbol, options: { interval } })
  }
  expect(parse(`#${symbol}`)).toEqual({ key: symbol, options: {} })
  expect(parse(`#${symbol.toLowerCase()}/5m`)).toEqual({ key: symbol, options: { interval: "5m" } })
})

it.each([
  ["", {}],
  ["#", {}],
  ["#/", {}],
  ["#/takings", { pipeline: "takings" }],
  ["#/takings/", { pipeline: "takings", key: "" }],
  ["#/takings/a/b", { pipeline: "takings", key: "a/b" }],
  ["#/%/%zz", { pipeline: "%", key: "%zz" }]
])("takes %s as it is", (hash, wanted) => {
  expect(parse(hash)).toEqual({ ...wanted, options: {} })
})
