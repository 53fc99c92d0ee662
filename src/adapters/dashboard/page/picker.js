/** Which of the pipelines that run is looked at. */
import { html, nothing, render } from "./vendor/lit-html/lit-html.js"
import * as address from "./state/address.js"

/** @param {HTMLElement} element @param {import("./main.js").Page} page @param {boolean} isMarket */
export const showPicker = (element, page, isMarket) => {
  const { market, pipelines } = page
  const here = page.address.pipeline
  /** @param {import("./pipeline/values.js").Pipeline} pipeline */
  const option = (pipeline) => {
    const options = pipeline === market ? { view: "windows" } : {}
    return html`<option value=${address.format({ pipeline: pipeline.name, options })} ?selected=${pipeline.name === here && !isMarket}>
      ${pipeline.title}</option>`
  }
  const { view } = page.address.options
  const known = others.some(({ name }) => name === view) || pipelines.some(({ name }) => name === here)
  render(html`<label class="choice"><span class="hidden">Shown view</span>
    <select id="shown" @change=${(event) => page.go(page.kept(address.parse(event.target.value)))}>
      ${known ? nothing : html`<option selected disabled>${here}</option>`}
      ${market === undefined ? nothing : html`<option value=${address.format({ pipeline: market.name, options: {} })} ?selected=${isMarket}>Market</option>`}
      <optgroup label="Pipelines">${pipelines.map(option)}</optgroup>
      ${others.map(({ name, text }) => html`<option value=${address.format({ options: { view: name } })} ?selected=${name === view}>${text}</option>`)}
    </select></label>`, element)
}

/** Views of all pipelines together. */
const others = [{ name: "graph", text: "Graph of all" }, { name: "left-out", text: "Late and left out" }, { name: "alerts", text: "Alerts" }]
