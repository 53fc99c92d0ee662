/** What can be chosen about the charts: how many there are, their bars, how much of the past is in view, indicators, other symbols; and what can be taken along. */
import { html, nothing } from "../vendor/lit-html/lit-html.js"
import { intervals, ranges } from "../chart/ranges.js"
import { mostCompared } from "./charts.js"

/**
 * @typedef {import("../chart/indicators.js").Indicator} Indicator
 * @typedef {{
 *   interval: string, range: string, charts: { count: number, most: number }, compared: ReadonlyArray<string> | undefined, symbols: ReadonlyArray<string>,
 *   indicators: ReadonlyArray<Indicator>, chosen: ReadonlyArray<string>, zones: unknown, runs: (interval: string) => boolean,
 *   chooseInterval: (interval: string) => void, chooseRange: (range: string) => void, arrange: (count: number) => void, alert: () => void,
 *   toggle: (indicator: string) => void, compare: (symbols: ReadonlyArray<string>) => void, csv: () => void, png: () => void, link: () => void
 * }} Tools `compared` is nothing where the chart is one that is not compared
 * @param {Tools} tools
 */
export const toolsOf = (tools) => html`
  <div class="intervals" role="group" aria-label="Interval">${Object.entries(intervals).map(([id, { name }]) => html`
    <button type="button" aria-pressed=${id === tools.interval} ?disabled=${!tools.runs(id)} title=${name}
      @click=${() => tools.chooseInterval(id)}>${id}</button>`)}</div>
  <label class="choice"><span class="hidden">Range</span>
    <select id="range" @change=${(event) => tools.chooseRange(event.target.value)}>
      ${Object.entries(ranges).map(([id, { name }]) => html`<option value=${id} ?selected=${id === tools.range}>${name}</option>`)}
    </select></label>
  <label class="choice"><span class="hidden">Charts side by side</span>
    <select id="count" @change=${(event) => tools.arrange(Number(event.target.value))}>
      ${Array.from({ length: Math.max(tools.charts.most, 1) }, (_, i) => html`<option value=${i + 1} ?selected=${i + 1 === tools.charts.count}>${i === 0 ? "1 chart" : `${i + 1} charts`}</option>`)}
    </select></label>
  ${indicatorsOf(tools)}
  <button type="button" class="alert-button" title="Tell me when the price or a line crosses a level (A)" @click=${tools.alert}>Alert</button>
  ${comparedOf(tools)}
  <details class="menu"><summary>Export</summary><div>
    <button type="button" @click=${tools.csv}>Table (CSV)</button>
    <button type="button" @click=${tools.png}>Picture (PNG)</button>
    <button type="button" @click=${tools.link}>Copy link</button>
  </div></details>
  ${tools.zones}`

/** @param {Tools} tools */
const indicatorsOf = ({ chosen, indicators, toggle }) => indicators.length === 0 ? nothing : html`
  <details class="menu"><summary>Indicators</summary><div>${indicators.map(({ id, name }) => html`
    <label><input type="checkbox" .checked=${chosen.includes(id)} @change=${() => toggle(id)}> ${name}</label>`)}
  </div></details>`

/** @param {Tools} tools */
const comparedOf = ({ compare, compared, symbols }) => compared === undefined ? nothing : html`
  <details class="menu"><summary>Compare${compared.length === 0 ? "" : ` (${compared.length})`}</summary><div>
    ${compared.map((symbol) => html`<button type="button" aria-label=${`Do not compare with ${symbol}`} @click=${() => compare(compared.filter((one) => one !== symbol))}>${symbol} ×</button>`)}
    ${compared.length >= mostCompared ? nothing : html`<input type="search" list="comparable" placeholder="Symbol" aria-label="Compare with" autocomplete="off"
      @change=${({ target }) => {
        const typed = target.value.trim()
        if (typed === "") return
        target.value = ""
        // One that there is not is told of where the chart would be.
        compare([...compared, symbols.find((symbol) => symbol.toLowerCase() === typed.toLowerCase()) ?? typed])
      }}>
      <datalist id="comparable">${symbols.slice(0, mostOffered).map((symbol) => html`<option value=${symbol}></option>`)}</datalist>`}
  </div></details>`

/** Of more symbols, those that are not offered can be typed. */
const mostOffered = 200
