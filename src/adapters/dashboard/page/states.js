/** How fresh the numbers are, whether the connection stands, how far the engine is. */
import * as format from "./format.js"
import { setText } from "./text.js"

/** @typedef {{ _tag: string, minutes?: number, date?: string, speed?: number, reason?: string }} Freshness */

/** The badge's words. @param {Freshness} freshness */
export const freshnessText = (freshness) => {
  switch (freshness._tag) {
    case "live":
      return "LIVE"
    case "delayed":
      return `DELAYED ${freshness.minutes} min`
    case "recorded":
      // As fast as possible is no number in JSON.
      return `RECORDED ${freshness.date}${freshness.speed ? ` ×${freshness.speed}` : ""}`
    case "closed":
      return "CLOSED"
    case "stale":
      return "STALE"
    case "simulated":
      return "SIMULATED"
    default:
      return "UNKNOWN"
  }
}

const explanations = {
  live: "Prices as they are traded",
  delayed: "The source holds prices back by this much",
  recorded: "A recorded session, replayed: these are not today's prices",
  simulated: "Made-up prices"
}

/**
 * @typedef {{ name: string, freshness: Freshness, ended: boolean, control: null | { paused: boolean, speed: number } }} Feed
 * @param {Record<string, HTMLElement>} parts @param {Feed} feed
 */
export const showFeed = (parts, { control, ended, freshness }) => {
  const badge = parts["freshness"]
  setText(badge, freshnessText(freshness))
  badge.dataset.state = freshness._tag
  badge.title = freshness.reason ?? explanations[freshness._tag] ?? ""
  parts["ended"].hidden = !ended
  parts["control"].hidden = control === null || ended
  if (control === null) return
  setText(parts["pause"], control.paused ? "Resume" : "Pause")
  const speed = /** @type {HTMLSelectElement} */ (parts["speed"])
  if (document.activeElement === speed) return
  const value = String(control.speed ?? "")
  if (![...speed.options].some((option) => option.value === value)) speed.add(new Option(`×${format.count(control.speed)}`, value))
  speed.value = value
}

/** What the feed is asked to do is done by the server, and shown as it answers. @param {Record<string, HTMLElement>} parts @param {(wish: object) => void} ask */
export const bindFeed = (parts, ask) => {
  parts["pause"].addEventListener("click", () => ask({ paused: parts["pause"].textContent === "Pause" }))
  parts["speed"].addEventListener("change", (event) => ask({ speed: Number(event.target.value) }))
}

const connectionTexts = { connecting: "Connecting…", connected: "Connected", lost: "Reconnecting…", refused: "Refused" }

/** @param {HTMLElement} label @param {keyof typeof connectionTexts} state */
export const showConnection = (label, state) => {
  document.body.dataset.connection = state
  setText(/** @type {HTMLElement} */ (label.lastElementChild), connectionTexts[state])
}

/** With its date where that is not today's. @param {number | null} watermark @param {ReturnType<typeof format.clock>} clock */
const watermarkText = (watermark, clock) => {
  if (watermark === null) return format.missing
  return format.isDate(watermark) ? clock.beside(watermark, Date.now()) : "end of data"
}

/**
 * What nodes hold until event time has come further: most pipelines hold nothing. Of several sources each that has some.
 *
 * @param {HTMLElement} part
 * @param {{ held: number, bySource?: Record<string, { held: number }> }} progress
 */
const showHeld = (part, { bySource = {}, held }) => {
  const sources = Object.entries(bySource).filter(([, counts]) => counts.held > 0).map(([name, counts]) => `${name} ${format.count(counts.held)}`)
  setText(part, `${format.count(held)}${sources.length === 0 ? "" : ` (${sources.join(", ")})`}`)
  if (held > 0) /** @type {HTMLElement} */ (part.parentElement).hidden = false
}

/**
 * @param {Record<string, HTMLElement>} parts
 * @param {{ watermark: number | null, lastEventAt?: number, lag: number, read: number, held: number, bySource?: Record<string, { held: number }>, late: number, deadLettered: number }} progress
 * @param {ReturnType<typeof format.clock>} clock
 */
export const showProgress = (parts, progress, clock) => {
  const { watermark } = progress
  setText(parts["watermark"], watermarkText(watermark, clock))
  setText(parts["lag"], `${format.count(progress.lag)} records`)
  setText(parts["read"], format.count(progress.read))
  showHeld(parts["held"], progress)
  setText(parts["late"], format.count(progress.late))
  setText(parts["dead"], format.count(progress.deadLettered))
  const time = document.getElementById("market-time")
  const event = progress.lastEventAt ?? watermark
  if (time !== null) setText(time, event !== null && format.isDate(event) ? clock.exact(event) : format.missing)
}
