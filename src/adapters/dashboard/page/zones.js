/** In which time zone times are shown: that of the exchange or pipeline, that of the viewer, or UTC. */
import { html } from "./vendor/lit-html/lit-html.js"

const local = () => Intl.DateTimeFormat().resolvedOptions().timeZone

/** @param {string | undefined} choice @param {string} own zone of what is shown */
export const zoned = (choice, own) => choice === "utc" ? "UTC" : choice === "local" ? local() : own

/** @param {string} choice @param {string} own @param {(choice: string) => void} choose */
export const zoneChoice = (choice, own, choose) => html`
  <label class="choice"><span class="hidden">Time zone</span>
    <select id="zones" @change=${(event) => choose(event.target.value)}>
      <option value="" ?selected=${choice === ""}>${own.replaceAll("_", " ")}</option>
      <option value="local" ?selected=${choice === "local"}>Local: ${local().replaceAll("_", " ")}</option>
      <option value="utc" ?selected=${choice === "utc"}>UTC</option>
    </select>
  </label>`
