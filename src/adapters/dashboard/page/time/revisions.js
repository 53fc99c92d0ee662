/**
 * The panel of a window that was chosen: how it came to be what it is, revision by revision, the records that it was made of,
 * and what it waits for. In the past it says what was known then.
 */
import { html, nothing, render } from "../vendor/lit-html/lit-html.js"
import { get } from "../api.js"
import { decimalsOf, states, text } from "../pipeline/values.js"

/**
 * @typedef {import("../state/panes.js").Pane} Pane
 * @typedef {{ source: string, partition: number, offset: number }} Place
 * @typedef {{ knownAt: number, cause: Place | null, pane: Pane }} Revision
 * @typedef {{ place: Place, kind: string, time: number, knownAt: number | null, record: string | null, counts: boolean, takenBackBy: Place | null }} Contribution
 * @typedef {{ revisions: Array<Revision>, records: Array<Contribution>, total: number,
 *   waitsFor: { closesAt: number, finalAt: number, outOfOrderness: number,
 *     slowest: { source: string, partition: number, of: number, watermark: number | null, lastAt: number | null } | null } }} History
 */

/** Records that are listed: the last ones. */
const listed = 200

export class Revisions {
  /** @type {Pick<Pane, "pipeline" | "key" | "start" | "end"> | undefined} */
  window
  /** @type {History | undefined} */
  history
  /** @type {string | undefined} */
  wrong

  /** @param {HTMLElement} element @param {import("../main.js").Page} page */
  constructor(element, page) {
    this.element = element
    this.page = page
    element.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close()
    })
  }

  /** @param {Pick<Pane, "pipeline" | "key" | "start" | "end">} window */
  async open({ end, key, pipeline, start }) {
    const window = { pipeline, key, start, end }
    this.opener = document.activeElement
    this.window = window
    this.history = undefined
    this.wrong = undefined
    this.draw()
    this.element.querySelector("h2")?.focus()
    try {
      const history = await get("history", window)
      if (this.window === window) this.history = history
    } catch (error) {
      if (this.window === window) this.wrong = error.message
    }
    this.draw()
  }

  close() {
    this.window = undefined
    this.draw()
    if (this.opener instanceof HTMLElement && this.opener.isConnected) this.opener.focus()
  }

  /** What is of another key or pipeline than is shown goes. @param {(window: Pick<Pane, "pipeline" | "key">) => boolean} isShown */
  keep(isShown) {
    if (this.window !== undefined && !isShown(this.window)) this.window = undefined
    this.draw()
  }

  draw() {
    const { history, page, window, wrong } = this
    this.element.hidden = window === undefined
    if (window === undefined) return
    const pipeline = page.pipelines.find(({ name }) => name === window.pipeline)
    const clock = page.clock(pipeline?.timeZone ?? page.status.timeZone)
    const now = page.time.isPast ? page.time.shown : Infinity
    render(html`
      <header>
        <h2 tabindex="-1">${window.key === "" ? "" : `${window.key}, `}${clock.window(window.start, window.end)}</h2>
        <button type="button" class="tool" aria-label="Close" title="Close (Esc)" @click=${() => this.close()}>✕</button>
      </header>
      <p class="muted">${pipeline?.title ?? window.pipeline}</p>
      ${wrong !== undefined ? html`<p role="alert">${wrong}</p>` : history === undefined ? html`<p role="status">Reading the log…</p>` : known(history, { clock, now, pipeline, start: window.start, watermark: page.watermark(), page })}
    `, this.element)
  }
}

/** @param {History} history @param {any} shown */
const known = ({ records, revisions, total, waitsFor }, { clock, now, page, pipeline, start, watermark }) => {
  const told = revisions.filter(({ knownAt }) => knownAt <= now)
  const read = records.filter(({ knownAt }) => knownAt === null || knownAt <= now)
  return html`
    <p class="waits">${waitsText(waitsFor, told.at(-1)?.pane, watermark, (time) => clock.beside(time, start))} ${page.time.isPast || watermark >= waitsFor.finalAt ? nothing : heldBackText(waitsFor.slowest, clock)}</p>
    <h3>Revisions</h3>
    ${told.length === 0 ? html`<p class="muted">None was told yet.</p>` : html`<ol class="revisions">${told.map((revision, index) => html`
      <li>
        <button type="button" title="Show all as it was known then" @click=${() => page.time.stand(revision.knownAt)}>${clock.millis(revision.knownAt)}</button>
        <span>${states[revision.pane.pane]?.word ?? revision.pane.pane}, ${rows(revision.pane.changes)}</span>
        <span class="muted">${causeText(revision.cause)}</span>
        <ul>${changesOf(revision.pane, told[index - 1]?.pane, pipeline).map((value) => html`<li>${value.title} <b>${
          value.before === undefined ? nothing : html`<s>${text(value, value.before, value.shown, clock)}</s> `}${text(value, value.now, value.shown, clock)}</b></li>`)}</ul>
      </li>`)}</ol>`}
    <h3>Records</h3>
    ${read.length === 0 ? html`<p class="muted">None was read yet.</p>` : html`
      ${read.length > listed || total > records.length ? html`<p class="muted">The last ${Math.min(listed, read.length)} of ${total.toLocaleString("en-US")}</p>` : nothing}
      <ol class="records">${read.slice(-listed).map((each) => html`
        <li data-counts=${each.counts}>
          <span>${clock.seconds(each.time)}${each.kind === "event" ? "" : ", a bar"}${stateText(each)}</span>
          <span class="muted">${placeText(each.place)}</span>
          <code>${each.record ?? "The record is gone."}</code>
        </li>`)}</ol>`}`
}

/** @param {History["waitsFor"]} waitsFor @param {Pane | undefined} newest @param {number} watermark @param {(time: number) => string} say */
const waitsText = ({ closesAt, finalAt, outOfOrderness }, newest, watermark, say) => {
  const at = Number.isFinite(watermark) ? `; it is at ${say(watermark)}` : ""
  const isTold = newest !== undefined && newest.pane !== "early"
  if (!isTold && watermark < closesAt) {
    const disorder = outOfOrderness > 0 ? `, for which event time has to go ${outOfOrderness / 1_000} s further` : ""
    return `Open. It closes when the watermark is at ${say(closesAt)}${at}${disorder}.`
  }
  if (watermark < finalAt) return `Closed. Late events may revise it until the watermark is at ${say(finalAt)}${at}.`
  return "Final: nothing revises it any more."
}

/** Which partition the watermark waits for, and since when nothing has come of it. @param {History["waitsFor"]["slowest"]} slowest @param {any} clock */
const heldBackText = (slowest, clock) => {
  if (slowest === null) return ""
  const { lastAt, of, partition, source } = slowest
  const silent = lastAt === null ? "of which nothing has come yet" : `of which nothing has come since ${clock.millis(lastAt)}`
  return `The watermark waits for ${of === 1 ? source : `partition ${partition} of ${source}`}, ${silent}.`
}

/** The values that a revision has changed. @param {Pane} pane @param {Pane | undefined} before @param {any} pipeline */
const changesOf = (pane, before, pipeline) =>
  (pipeline?.values ?? []).flatMap((value) => {
    const [then, now] = [before?.values[value.name], pane.values[value.name]]
    if (before !== undefined && then === now) return []
    return [{ ...value, shown: decimalsOf(value, [pane]), before: before === undefined ? undefined : then, now }]
  })

/** @param {number} changes */
const rows = (changes) => `${changes.toLocaleString("en-US")} ${changes === 1 ? "row" : "rows"}`

/** @param {Place | null} cause */
const causeText = (cause) => cause === null ? "by a decision: nothing came" : `by ${placeText(cause)}`

/** @param {Place} place */
const placeText = ({ offset, partition, source }) => `record ${offset.toLocaleString("en-US")} of ${source}, partition ${partition}`

/** @param {Contribution} record */
const stateText = ({ counts, takenBackBy }) =>
  counts ? "" : takenBackBy === null ? ", took back another" : `, taken back by ${placeText(takenBackBy)}`
