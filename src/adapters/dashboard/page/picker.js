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
  const isGraph = page.address.options.view === "graph"
  const known = isGraph || pipelines.some(({ name }) => name === here)
  render(html`<label class="choice"><span class="hidden">Shown</span>
    <select id="shown" @change=${(event) => page.go(page.time.kept(address.parse(event.target.value)))}>
      ${known ? nothing : html`<option selected disabled>${here}</option>`}
      ${market === undefined ? nothing : html`<option value=${address.format({ pipeline: market.name, options: {} })} ?selected=${isMarket}>Market</option>`}
      <optgroup label="Pipelines">${pipelines.map(option)}</optgroup>
      <option value=${address.format({ options: { view: "graph" } })} ?selected=${isGraph}>Graph of all</option>
    </select></label>`, element)
}
