/** How the page shows values of any pipeline, and what it draws together. */
import { assert, expect, it } from "vitest"
// @ts-expect-error: the page is JavaScript without declarations
import * as format from "../../../src/adapters/dashboard/page/format.js"
// @ts-expect-error: the page is JavaScript without declarations
import { windowOf } from "../../../src/adapters/dashboard/page/list/visible.js"
// @ts-expect-error: the page is JavaScript without declarations
import { pointsOf } from "../../../src/adapters/dashboard/page/market/sparklines.js"
// @ts-expect-error: the page is JavaScript without declarations
import { likely } from "../../../src/adapters/dashboard/page/list/likely.js"
// @ts-expect-error: the page is JavaScript without declarations
import * as values from "../../../src/adapters/dashboard/page/pipeline/values.js"

const value = (name: string, over: object = {}) => ({ name, kind: "decimal", title: name, unit: null, decimals: null, plot: "line", ...over })
const panes = (name: string, all: ReadonlyArray<string | number | null>) => all.map((one) => ({ values: { [name]: one } }))
interface Panel {
  readonly plot: string
  readonly values: ReadonlyArray<{ readonly name: string }>
}
const panels: (given: ReadonlyArray<object>, all: ReadonlyArray<object>) => ReadonlyArray<Panel> = values.panels
const clock = format.clock("Europe/Zurich")

it.each([
  [["1.5", "2.25", "3.75"], 2],
  [["91.93", "89.994783", "78.4005", "110.041667"], 2],
  [["1.13702", "1.13699", "1.13701"], 5],
  [["48.133333333333", "48.166666666667"], 3],
  [["0.00000912", "0.00000913"], 8],
  [["0.1", null, "0.25", "0.75"], 2],
  [["10", "10", "10", "19.5"], 1],
  [[...Array.from({ length: 120 }, () => "0"), "0.4"], 1],
  [[], 0],
  [[0, 0], 0]
])("%j are shown with %i decimals", (all, decimals) => {
  assert.strictEqual(values.decimalsOf(value("x"), panes("x", all)), decimals)
})

it("hints and integers say how many decimals there are", () => {
  assert.strictEqual(values.decimalsOf(value("x", { decimals: 1 }), panes("x", ["1.23"])), 1)
  assert.strictEqual(values.decimalsOf(value("x", { kind: "integer" }), panes("x", [1])), 0)
})

it.each([
  ["decimal", "12345678901234567890.12", 2, "12,345,678,901,234,567,890.12"],
  ["integer", "9007199254740993", 0, "9,007,199,254,740,993"],
  ["double", -0.5, 2, "-0.50"],
  ["boolean", false, 0, "no"],
  ["string", "<b>", 0, "<b>"],
  ["time", Date.UTC(2026, 10, 28, 6), 0, "28 Nov 2026, 07:00:00 GMT+1"],
  ["decimal", null, 2, "—"]
])("a %s %j reads %i decimals", (kind, of, decimals, text) => {
  assert.strictEqual(values.text(value("x", { kind }), of, decimals, clock), text)
})

it("draws together what moves on one axis", () => {
  const all = [
    { takings: 1_000, largest: 157, mean: 78, orders: 4, note: "a" },
    { takings: 2_700, largest: 180, mean: 110, orders: 9, note: "b" }
  ].map((values) => ({ values }))
  const given = [value("orders", { plot: "bars" }), value("takings"), value("largest"), value("mean"), value("note", { plot: null })]
  const names = panels(given, all).map(({ plot, values }) => [plot, ...values.map(({ name }) => name)])
  assert.deepStrictEqual(names, [["line", "takings"], ["line", "largest", "mean"], ["bars", "orders"]])
  const units = [value("a", { unit: "°C" }), value("b", { unit: "%" }), value("c", { unit: "°C" })]
  assert.deepStrictEqual(panels(units, []).map(({ values }) => values.length), [2, 1])
})

it("draws candles where all four prices are there, else lines", () => {
  const prices = ["open", "high", "low", "close"].map((name) => value(name, { plot: "candle" }))
  assert.deepStrictEqual(panels(prices, []).map(({ plot }) => plot), ["candle"])
  const some = panels(prices.slice(1), [])
  assert.isTrue(some.every(({ plot }) => plot === "line"))
})

it("reads keys of several fields and of none", () => {
  const key = (...fields: ReadonlyArray<string>) => ({ key: { fields } })
  assert.strictEqual(values.keyText(key("a"), "[1]"), "[1]")
  assert.strictEqual(values.keyText(key("a", "b"), `["XNYS",155]`), "XNYS · 155")
  assert.strictEqual(values.keyText(key("a", "b"), "broken"), "broken")
  assert.strictEqual(values.keyText(key(), ""), "all rows")
})

it("says windows as exactly as their length asks for", () => {
  const at = Date.UTC(2026, 10, 28, 6)
  const day = Date.UTC(2026, 10, 27, 23)
  expect([
    clock.window(at, at + 3_600_000),
    clock.window(at, at + 15_000),
    clock.window(at, at + 250),
    clock.window(day, day + 86_400_000),
    clock.window(day, day + 7 * 86_400_000),
    clock.window(at, at + 86_400_000),
    clock.window(-Infinity, Infinity)
  ]).toEqual([
    "28 Nov, 07:00 – 08:00",
    "28 Nov, 07:00:00 – 07:00:15",
    "28 Nov, 07:00:00.000 – 07:00:00.250",
    "28 Nov 2026",
    "28 Nov 2026 – 4 Dec 2026",
    "28 Nov, 07:00 – 29 Nov, 07:00",
    "all of time"
  ])
})

it.each([[500, "500 milliseconds"], [1_000, "1 second"], [90_000, "90 seconds"], [86_400_000, "1 day"]])("%i is %s", (millis, words) => {
  assert.strictEqual(format.duration(millis), words)
})

it("offers what is most like what was asked for", () => {
  assert.deepStrictEqual(likely(["AAPL", "IBM", "AIG"], "AI").slice(0, 2), ["AIG", "AAPL"])
  assert.strictEqual(likely(["AAPL", "IBM"], "ibmm")[0], "IBM")
  assert.strictEqual(likely(Array.from({ length: 50 }, (_, i) => String(i)), "x").length, 12)
})

it("has only the rows in view in the document, wherever it is scrolled", () => {
  const at = (scrollTop: number, count: number) => windowOf({ clientHeight: 440, scrollTop }, 44, count)
  assert.deepStrictEqual(at(0, 1_000), { first: 0, last: 16 })
  assert.deepStrictEqual(at(4_400, 1_000), { first: 94, last: 116 })
  // It was scrolled further down before a filter made it short.
  assert.deepStrictEqual(at(4_400, 3), { first: 0, last: 3 })
  assert.deepStrictEqual(at(0, 0), { first: 0, last: 0 })
})

it("draws the way of a price, also of one that stands", () => {
  assert.strictEqual(pointsOf([], 56, 16), "")
  assert.strictEqual(pointsOf([5], 56, 16), "")
  assert.strictEqual(pointsOf([1, 2], 56, 16), "1.0,14.0 55.0,2.0")
  assert.strictEqual(pointsOf([2, 2], 56, 16), "1.0,8.0 55.0,8.0")
})
