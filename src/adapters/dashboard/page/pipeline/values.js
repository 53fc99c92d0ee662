/** Values of any pipeline in words and figures, and which of them can be drawn. */
import * as format from "../format.js"
import { keyWords } from "../keyWords.js"

/**
 * @typedef {import("../state/panes.js").Pane} Pane
 * @typedef {{ name: string, kind: string, title: string, unit: string | null, decimals: number | null, plot: string | null }} Value
 * @typedef {{ name: string, title: string, sources: Array<string>, ends: "panes" | "rows", key: { fields: Array<string> },
 *   window: { kind: string, text: string, size: number | null, advance: number | null, calendar: boolean } | null,
 *   values: Array<Value>, allowedLateness: number, timeZone: string }} Pipeline
 */

/**
 * How many decimals a column has: what the pipeline asks for, else what all of its values need. A tail that a division leaves
 * is cut where it says nothing more.
 * @param {Value} value @param {ReadonlyArray<Pick<Pane, "values">>} panes
 */
export const decimalsOf = ({ decimals, kind, name }, panes) => {
  if (decimals !== null) return decimals
  if (kind === "integer") return 0
  const numbers = panes.flatMap(({ values }) => format.number(values[name]) ?? [])
  const largest = Math.max(0, ...numbers.map(Math.abs))
  const magnitude = largest === 0 ? 0 : Math.floor(Math.log10(largest))
  const most = Math.min(Math.max(2, 6 - magnitude), 12)
  for (let decimals = 0; decimals <= most; decimals++) {
    if (numbers.every((number) => Math.abs(number - Number(number.toFixed(decimals))) <= Math.abs(number) * 1e-12)) return decimals
  }
  return Math.min(Math.max(2, 4 - magnitude), 12)
}

/**
 * A value as a figure or as text. Decimals and large integers are strings, and are shown from their digits.
 * @param {Value} value @param {unknown} of @param {number} decimals @param {ReturnType<typeof format.clock>} clock
 */
export const text = ({ kind }, of, decimals, clock) => {
  if (of === null || of === undefined) return format.missing
  switch (kind) {
    case "integer":
    case "decimal":
    case "double":
      return format.figure(of, decimals)
    case "time":
      return typeof of === "number" && format.isDate(of) ? clock.exact(of) : String(of)
    case "boolean":
      return of ? "yes" : "no"
    default:
      return String(of)
  }
}

/** @param {Value} value */
export const isNumber = ({ kind }) => kind === "integer" || kind === "decimal" || kind === "double"

/** @param {Value} value */
export const label = ({ title, unit }) => unit === null ? title : `${title} (${unit})`

const prices = ["open", "high", "low", "close"]

/**
 * What is drawn together: the four prices of candles, lines whose figures are of one size or of one unit, each kind of bars.
 * @typedef {{ plot: "candle" | "line" | "bars", values: Array<Value> }} Panel
 * @param {ReadonlyArray<Value>} values @param {ReadonlyArray<Pick<Pane, "values">>} panes
 * @returns {Array<Panel>}
 */
export const panels = (values, panes) => {
  const candle = prices.flatMap((name) => values.find((value) => value.name === name && value.plot === "candle") ?? [])
  /** @type {Array<Panel & { low: number, high: number }>} */
  const lines = []
  /** @type {Array<Panel>} */
  const bars = []
  for (const value of values) {
    if (value.plot === "bars") bars.push({ plot: "bars", values: [value] })
    if (value.plot === "line" || (value.plot === "candle" && candle.length < prices.length)) placed(lines, value, panes)
  }
  return [
    ...(candle.length === prices.length ? [{ plot: /** @type {const} */ ("candle"), values: candle }] : []),
    ...lines.map(({ plot, values }) => ({ plot, values })),
    ...bars
  ]
}

/** @param {Array<Panel & { low: number, high: number }>} lines @param {Value} value @param {ReadonlyArray<Pick<Pane, "values">>} panes */
const placed = (lines, value, panes) => {
  const numbers = panes.flatMap(({ values }) => format.number(values[value.name]) ?? [])
  const low = Math.min(...numbers)
  const high = Math.max(...numbers)
  const among = lines.find((line) =>
    line.values[0]?.unit === value.unit && (value.unit !== null || numbers.length === 0 || near(line, { low, high })))
  if (among === undefined) return void lines.push({ plot: "line", values: [value], low, high })
  among.values.push(value)
  among.low = Math.min(among.low, low)
  among.high = Math.max(among.high, high)
}

/** On one axis both move: neither is a flat line beside the other. */
const near = (a, b) => {
  const range = Math.max(a.high, b.high) - Math.min(a.low, b.low)
  const isInside = b.low === b.high && b.low >= a.low && b.high <= a.high
  return isInside || range === 0 || Math.min(a.high - a.low, b.high - b.low) / range >= 0.15
}

/** Words for what a pane is. */
export const states = {
  early: { sign: "○", word: "early", title: "The window is open: these are its values so far" },
  "on-time": { sign: "●", word: "on time", title: "The result when the watermark passed the window's end" },
  late: { sign: "◆", word: "late", title: "A late event has revised the result" },
  retracted: { sign: "×", word: "retracted", title: "The window has become part of another" }
}

/** The key of a pane as it reads: several fields are a JSON array. @param {Pick<Pipeline, "key">} pipeline @param {string} key */
export const keyText = ({ key: { fields } }, key) => {
  if (fields.length === 0 && key === "") return "all rows"
  if (fields.length < 2) return keyWords(key)
  try {
    return JSON.parse(key).map((part) => keyWords(String(part ?? format.missing))).join(" · ")
  } catch {
    return keyWords(key)
  }
}
