/** What did not count: how much of each pipeline's input, for which reasons, and what came last. */
import { html, nothing, render } from "../vendor/lit-html/lit-html.js"
import { get, isGivenUp } from "../api.js"
import * as format from "../format.js"
import { ReadView } from "../still.js"

/** How often it is read while it is looked at, in milliseconds. */
const often = 2_000

export class LeftOutView extends ReadView {
  /** @param {import("../main.js").Page} page @param {HTMLElement} root */
  constructor(page, root) {
    super(page, root, { title: "Late and left out", often })
  }

  /** A process that has no dead letters within its reach says so in place of them. */
  async readAll() {
    if (document.hidden) return
    const { pipeline } = this.page.address
    const letters = await get("letters", pipeline === undefined ? {} : { pipeline }).catch((error) => {
      if (isGivenUp(error)) throw error
      return { message: error.message }
    })
    if (this.timer === undefined || pipeline !== this.page.address.pipeline) return
    this.letters = letters
    this.show()
  }

  async readSelected() {
    await this.readAll()
  }

  selected() {
    return "Late and left out"
  }

  draw() {
    this.show()
  }

  show() {
    const { address: { pipeline }, pipelines, status } = this.page
    const counts = Object.entries(status.progress.byPipeline).filter(([name]) => pipeline === undefined || name === pipeline)
    const link = (name) => html`<a href=${this.page.href({ pipeline: name, options: {} })}>${pipelines.find((one) => one.name === name)?.title ?? name}</a>`
    render(html`<section class="view alone left-out" tabindex="0" role="region" aria-label="Late and left out">
      <h2>Late and left out</h2>
      <label class="choice"><span>Pipeline</span>
        <select @change=${(event) => this.page.go({ ...event.target.value === "" ? {} : { pipeline: event.target.value }, options: this.page.address.options })}>
          <option value="" ?selected=${pipeline === undefined}>All</option>
          ${pipelines.map(({ name, title }) => html`<option value=${name} ?selected=${name === pipeline}>${title}</option>`)}
        </select></label>
      ${countsTable(counts, link)}
      ${this.letters === undefined ? nothing : this.letters.message !== undefined ? html`<p>${this.letters.message}</p>` : this.lettersOf(this.letters, link)}
    </section>`, this.root)
  }

  /** @param {{ byReason: Array<any>, latest: Array<any> }} letters @param {(pipeline: string) => unknown} link */
  lettersOf({ byReason, latest }, link) {
    if (byReason.length === 0) return html`<p>No event was refused, and none was so late that it did not count.</p>`
    const clock = this.page.clock(this.page.status.timeZone)
    return html`
      <table class="figures">
        <caption>Dead letters by reason</caption>
        <thead><tr><th scope="col">Reason</th><th scope="col" class="number">Letters</th><th scope="col">What it means</th></tr></thead>
        <tbody>${byReason.map(({ count, reason }) => html`<tr>
          <th scope="row">${reason}</th><td class="number">${format.count(count)}</td><td class="text">${meanings[reason] ?? ""}</td></tr>`)}</tbody>
      </table>
      <table class="figures">
        <caption>The last ${latest.length === 1 ? "one" : format.count(latest.length)}, the newest first</caption>
        <thead><tr><th scope="col">Event time</th><th scope="col">Reason</th><th scope="col">Pipeline</th><th scope="col">Place</th><th scope="col">Why, and the record</th></tr></thead>
        <tbody>${latest.map(({ detail, offset, partition, pipeline, reason, record, source, time }) => html`<tr>
          <td>${time !== null && format.isDate(time) ? clock.exact(time) : format.missing}</td>
          <td>${reason}</td>
          <td>${pipeline === null ? "all" : link(pipeline)}</td>
          <td>${source} ${partition}@${offset}</td>
          <td class="text">${detail}<code>${record}</code></td></tr>`)}</tbody>
      </table>`
  }
}

const columns = [["read", "read"], ["counted", "aggregated"], ["late", "late"], ["refused", "deadLettered"], ["duplicate", "duplicate"], ["filtered", "filtered"], ["held", "held"]]

/** @param {Array<[string, any]>} counts by pipeline @param {(pipeline: string) => unknown} link */
const countsTable = (counts, link) => html`
  <table class="figures">
    <caption>Events of each pipeline: what was read is the sum of the rest</caption>
    <thead><tr><th scope="col">Pipeline</th>${columns.map(([name]) => html`<th scope="col" class="number">${name}</th>`)}</tr></thead>
    <tbody>${counts.map(([name, of]) => html`<tr>
      <th scope="row">${link(name)}</th>
      ${columns.map(([, field]) => html`<td class="number">${format.count(of[field])}</td>`)}</tr>`)}</tbody>
  </table>`

/** What to think of when a reason is read for the first time. @type {Record<string, string>} */
const meanings = {
  "not-json": "The line is no JSON",
  "missing-field": "A field that has to be there is missing or null",
  "invalid-field": "A field has another kind of value, or one that is out of bounds",
  "no-key": "The field that the key is made of is null",
  "no-calendar": "Its calendar is not known, or does not know its date",
  "does-not-fit": "A computed field has more digits than a number may have",
  "time-ahead": "Its event time is further ahead of the clock than is allowed",
  "not-milliseconds": "Its event time looks like seconds or microseconds",
  "too-long": "The line is longer than a line may be",
  "empty": "The record has no value",
  "unknown-source": "It names none of the feed's sources",
  "late": "Its windows were final when it came: a larger out-of-orderness or allowed lateness would have taken it",
  "nothing-to-cancel": "What it takes back is not known, or can no longer change",
  "refused": "No event but a window that a sink refused"
}
