/** What of a key an alert may be about: the price, the lines that are shown, and the values of its pipeline. */
import * as format from "../format.js"
import { decimalsOf, isNumber, label } from "../pipeline/values.js"

/**
 * @param {import("../main.js").Page} page @param {string} key
 * @param {import("../pipeline/values.js").Pipeline} pipeline @param {ReadonlyArray<import("../chart/indicators.js").Indicator>} indicators
 * @returns {ReadonlyArray<import("./form.js").Choice>}
 */
export const choicesOf = (page, key, pipeline, indicators) => {
  const valueNow = (name, value) => {
    const pane = page.panes.newest(name, key)
    const known = page.pipelines.find((one) => one.name === name)?.values.find((one) => one.name === value)
    return pane === undefined ? undefined : known === undefined ? pane.values[value] : asShown(pane.values[value], decimalsOf(known, [pane]))
  }
  const numbers = pipeline.values.filter(isNumber)
  const hasPrice = prices.every((price) => numbers.some(({ name }) => name === price)) && !numbers.some(({ name }) => name === "price")
  const lines = indicators.flatMap((indicator) => indicator.lines.map((line) => ({ ...line, pipeline: indicator.pipeline })))
    .filter(({ field, pipeline }) => page.pipelines.some(({ name, values }) => name === pipeline && values.some((value) => value.name === field && isNumber(value))))
  const all = [
    ...hasPrice ? [{ pipeline: pipeline.name, value: "price", words: "Price", now: valueNow(pipeline.name, "close") }] : [],
    ...lines.map(({ field, label, pipeline }) => ({ pipeline, value: field, words: label, now: valueNow(pipeline, field) })),
    ...numbers.map((value) => ({ pipeline: pipeline.name, value: value.name, words: hasPrice ? `${label(value)} of ${page.pipelines.find(({ name }) => name === pipeline.name)?.title}` : label(value), now: valueNow(pipeline.name, value.name) }))
  ]
  return all.filter(({ pipeline, value }, at) => all.findIndex((each) => each.pipeline === pipeline && each.value === value) === at)
    .map((choice) => ({ ...choice, now: format.number(choice.now) === null ? null : choice.now }))
}

/** Nobody thinks of a level with the twelve decimals that a mean has. @param {unknown} value @param {number} decimals */
const asShown = (value, decimals) => typeof value === "string" && (value.split(".")[1] ?? "").length > decimals
  ? format.figure(value, decimals).replaceAll(",", "") : value

const prices = ["open", "high", "low", "close"]
