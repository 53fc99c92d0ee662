/** A pipeline that ends in events: its newest rows as a table that moves with what comes, of all keys or of one. */
import { html, render } from "../vendor/lit-html/lit-html.js"
import { repeat } from "../vendor/lit-html/directives/repeat.js"
import { get } from "../api.js"
import { keyWords } from "../keyWords.js"
import { notice } from "../notice.js"
import * as address from "../state/address.js"
import { ReadView } from "../still.js"
import { decimalsOf, isNumber, keyText, label, text } from "./values.js"

/** @typedef {{ key: string, time: number, place: { source: string, partition: number, offset: number, window?: object, joined?: Array<any> }, values: Record<string, unknown> }} Row */

/** How often rows are read while they are looked at, in milliseconds. */
const often = 2_000

/** From the last letter of a filter until it is asked for, in milliseconds. */
const settling = 200

/** Rows that are shown. */
const most = 200

export class RowsView extends ReadView {
  /** What is told of the time that is shown, where that is past. */
  ofNow = "; the rows are those of now"
  contains = ""
  /** @type {{ rows: Array<Row>, since: number | null } | undefined} */
  found = undefined
  /** @type {string | undefined} */
  wrong = undefined

  /** @param {import("../main.js").Page} page @param {import("./values.js").Pipeline} pipeline @param {HTMLElement} root */
  constructor(page, pipeline, root) {
    super(page, root, { title: pipeline.title, often })
    this.pipeline = pipeline
  }

  async readAll() {
    if (document.hidden) return
    await this.read()
  }

  /** Another key, or another filter, is shown at once. */
  async readSelected() {
    await this.read()
  }

  async read() {
    const { contains, page: { address: { key } }, pipeline: { name } } = this
    const query = { pipeline: name, limit: most, ...key === undefined ? {} : { key }, ...contains === "" ? {} : { contains } }
    const found = await get("rows", query).catch(({ message }) => ({ message }))
    if (this.timer === undefined || contains !== this.contains || key !== this.page.address.key) return
    this.wrong = found.message
    if (this.wrong === undefined) this.found = found
    this.draw()
  }

  selected() {
    const { key } = this.page.address
    return key === undefined ? `${this.pipeline.title}, rows` : `${keyText(this.pipeline, key)}, ${this.pipeline.title}, rows`
  }

  /** @param {string} contains */
  filter(contains) {
    this.contains = contains.trim()
    clearTimeout(this.settling)
    this.settling = setTimeout(() => void this.read(), settling)
  }

  draw() {
    const { found, page, pipeline } = this
    const { key } = page.address
    const clock = page.clock(pipeline.timeZone)
    document.title = `${key === undefined ? "" : `${keyText(pipeline, key)} · `}${pipeline.title} · ${page.status.title}`
    render(html`<section class="view alone ends-in-rows" aria-label=${pipeline.title}>
      <div class="heading">
        <div class="name">
          <h2 id="symbol">${key === undefined ? pipeline.title : keyText(pipeline, key)}</h2>
          <p class="muted">${key === undefined ? "" : html`<a href=${address.format({ ...page.address, key: undefined })}>All keys</a>, `}rows from ${pipeline.sources.join(" and ")}, the newest first. ${whence(found, clock)}</p>
        </div>
        ${page.zones(pipeline.timeZone, clock)}
      </div>
      <label class="rows-filter"><span>Filter</span>
        <input type="search" placeholder="part of a key or value" maxlength="200" autocomplete="off" @input=${(event) => this.filter(event.target.value)}></label>
      ${this.wrong === undefined ? "" : html`<p role="status">${this.wrong}</p>`}
      ${found === undefined ? "" : found.rows.length === 0 ? this.nothing() : this.table(found.rows, clock)}
    </section>`, this.root)
  }

  nothing() {
    const { contains, page: { address: { key } }, pipeline } = this
    if (contains !== "") return notice(`No row has “${contains}” in it`, "Of the newest thousand rows none has it in its key or a value.", [])
    if (key === undefined) return notice("Waiting for the first row…", `${pipeline.title} shows its rows as soon as ${pipeline.sources.join(" and ")} has events that pass.`, [])
    return notice(`There is no row of “${keyText(pipeline, key)}”`, "It shows here if one comes.", [{ words: "Rows of all keys", href: address.format({ ...this.page.address, key: undefined }) }])
  }

  /** @param {Array<Row>} rows @param {ReturnType<typeof import("../format.js").clock>} clock */
  table(rows, clock) {
    const { key: { fields }, values } = this.pipeline
    // The key has a column of its own where no value is all of it.
    const isKeyed = fields.length > 0 && !(fields.length === 1 && values.some(({ name }) => name === fields[0]))
    const decimals = values.map((value) => decimalsOf(value, rows))
    const cell = (row, value, i) => {
      const said = text(value, row.values[value.name], decimals[i], clock)
      const isKey = fields.length === 1 && value.name === fields[0]
      return html`<td class=${isNumber(value) ? "number" : isKey ? "key" : ""}>${isKey ? this.link(row.key, keyWords(said)) : said}</td>`
    }
    return html`<div class="windows"><div class="table" tabindex="0" role="region" aria-label=${`Rows of ${this.pipeline.title}`}>
      <table>
        <thead><tr>
          <th scope="col">Event time</th>
          ${isKeyed ? html`<th scope="col">Key</th>` : ""}
          ${values.map((value) => html`<th scope="col" class=${isNumber(value) ? "number" : ""}>${label(value)}</th>`)}
        </tr></thead>
        <tbody>${repeat(rows, ({ place }) => JSON.stringify(place), (row) => html`<tr title=${placeText(row.place)}>
          <th scope="row">${clock.exact(row.time)}</th>
          ${isKeyed ? html`<td>${this.link(row.key, keyText(this.pipeline, row.key))}</td>` : ""}
          ${values.map((value, i) => cell(row, value, i))}</tr>`)}</tbody>
      </table></div></div>`
  }

  /** @param {string} key @param {string} words */
  link(key, words) {
    return html`<a href=${address.format({ ...this.page.address, key })}>${words}</a>`
  }
}

/** Where in the log it was read, as far as it was. @param {Row["place"]} place @returns {string} */
const placeText = ({ joined = [], offset, partition, source, window }) =>
  window !== undefined ? "the result of a window" : [`${source} ${partition}@${offset}`, ...joined.map((place) => place === null ? "nothing" : placeText(place))].join(" with ")

/** @param {{ since: number | null } | undefined} found @param {ReturnType<typeof import("../format.js").clock>} clock */
const whence = (found, clock) =>
  found === undefined || found.since === null ? "" : `The sink of rows cannot be read back: these are the last that came since ${clock.exact(found.since)}.`
