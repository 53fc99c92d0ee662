/** Alerts and what they have fired, in words. */
import * as format from "../format.js"
import { keyText, label } from "../pipeline/values.js"

/**
 * @typedef {{ id: string, pipeline: string, key: string, value: string, direction: "above" | "below", level: string, note: string,
 *   createdAt: number, from: number | null, idle: string | null }} Alert
 * @typedef {{ id: number, alert: string, pipeline: string, key: string, start: number, end: number, state: "forming" | "final" | "taken-back",
 *   value: string, before: string, knownAt: number, since: number }} Firing
 * @typedef {import("../pipeline/values.js").Pipeline} Pipeline
 */

/** @type {Record<Firing["state"], { sign: string, word: string, title: string }>} */
export const states = {
  forming: { sign: "○", word: "forming", title: "The window is open: its result may say otherwise" },
  final: { sign: "●", word: "final", title: "The result of the window says so" },
  "taken-back": { sign: "×", word: "taken back", title: "The result of the window does not say so: late or corrected events changed it, or it was not so when the window closed" }
}

/** @param {string} text a decimal in plain digits @param {ReadonlyArray<string>} beside those that it has as many decimals as, at least */
export const digits = (text, ...beside) => format.figure(text, Math.max(decimalsIn(text), ...beside.map(decimalsIn)))

/** @param {string} text */
const decimalsIn = (text) => (text.split(".")[1] ?? "").length

/** What the value is called. @param {ReadonlyArray<Pipeline>} pipelines @param {Pick<Alert, "pipeline" | "value">} alert */
export const valueText = (pipelines, { pipeline, value }) => {
  const known = pipelines.find(({ name }) => name === pipeline)?.values.find(({ name }) => name === value)
  return known === undefined ? (value === "price" ? "Price" : value) : label(known)
}

/** @param {ReadonlyArray<Pipeline>} pipelines @param {Pick<Alert, "pipeline" | "key">} of */
export const keyOf = (pipelines, { key, pipeline }) => {
  const known = pipelines.find(({ name }) => name === pipeline)
  return known === undefined ? key : keyText(known, key)
}

/** `IBM: Price above 187.50`. @param {ReadonlyArray<Pipeline>} pipelines @param {Alert} alert */
export const sentence = (pipelines, alert) =>
  `${keyOf(pipelines, alert)}: ${valueText(pipelines, alert)} ${alert.direction} ${digits(alert.level)}`

/** A key whose newest windows are more recent than this is shown with the session. */
const recent = 12 * 3_600_000

/** Where the bar of a firing is shown. @param {import("../main.js").Page} page @param {Firing} firing */
export const hrefOf = (page, { key, pipeline, start }) => {
  const isOld = page.market?.name === pipeline && (page.eventTime() ?? start) - start > recent
  return page.href({ pipeline, key, options: { ...(isOld ? { range: "all" } : {}), bar: String(start) } })
}
