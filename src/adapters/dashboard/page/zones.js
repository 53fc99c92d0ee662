/** In which time zone times are shown: that of the exchange or pipeline, that of the viewer, or UTC. */
import { isZone, timeZoneOf } from "./chart/zones.js"
import { html, nothing } from "./vendor/lit-html/lit-html.js"

/** @param {string | undefined} choice as the address has it @param {string} own zone of what is shown */
export const zoned = (choice, own) => timeZoneOf(zoneOf(choice), own)

/** @param {string | undefined} choice @returns {import("./chart/zones.js").Zone} */
export const zoneOf = (choice) => choice !== undefined && isZone(choice) ? choice : "exchange"

/** @param {string | undefined} choice @param {string} own @param {(choice: string) => void} choose */
export const zoneChoice = (choice, own, choose) => {
  const chosen = zoneOf(choice)
  const zone = chosen === own ? "exchange" : chosen
  return html`
    <label class="choice"><span class="hidden">Time zone</span>
      <select id="zones" @change=${(event) => choose(event.target.value)}>
        <option value="" ?selected=${zone === "exchange"}>${spaced(own)}</option>
        <option value="local" ?selected=${zone === "local"}>Local: ${spaced(timeZoneOf("local", own))}</option>
        ${own === "UTC" ? nothing : html`<option value="UTC" ?selected=${zone === "UTC"}>UTC</option>`}
      </select>
    </label>`
}

/** @param {string} zone */
const spaced = (zone) => zone.replaceAll("_", " ")
