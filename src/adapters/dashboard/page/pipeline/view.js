/**
 * Any pipeline: its keys, the windows of one of them as a table with revisions, and a plot of their numbers. What a value is
 * called, its unit and decimals come from the pipeline's hints if it has some.
 */
import { html, render } from "../vendor/lit-html/lit-html.js"
import { choicesOf } from "../alerts/choices.js"
import { get } from "../api.js"
import * as format from "../format.js"
import { KeyList } from "../list/keyList.js"
import { likely } from "../list/likely.js"
import { notice } from "../notice.js"
import * as address from "../state/address.js"
import { prefer, preference, preferredSet, preferSet } from "../state/preferences.js"
import { makePlot, seriesOf } from "./plot.js"
import { LateEvents } from "./lateEvents.js"
import { decimalsOf, isNumber, keyText, label, panels, states, text } from "./values.js"
import { makeWindows } from "./windows.js"

/** @typedef {import("./values.js").Pipeline} Pipeline */

export class PipelineView {
  /** The window under the pointer, by its start. @type {number | undefined} */
  pointed = undefined

  /** @param {import("../main.js").Page} page @param {Pipeline} pipeline @param {HTMLElement} root */
  constructor(page, pipeline, root) {
    this.page = page
    this.pipeline = pipeline
    this.keys = page.keysOf(pipeline.name)
    /** Values that are not drawn; decided by what there is until the viewer has. @type {Set<string> | undefined} */
    this.hidden = preferredSet(`hidden.${pipeline.name}`)
    render(skeleton(pipeline), root)
    /** @param {string} part */
    const part = (part) => /** @type {HTMLElement} */ (root.querySelector(`[data-part="${part}"]`))
    this.parts = { heading: part("heading"), readings: part("readings"), plot: part("plot"), windows: part("windows"), notice: part("notice"), body: part("body") }
    const first = pipeline.values.find(isNumber)
    this.list = new KeyList(part("keys"), {
      words: { one: "key", many: pipeline.key.fields.length === 1 ? `keys (${pipeline.key.fields[0]})` : "keys", none: "No keys yet" },
      sorts: pipeline.values.filter(isNumber).map((value) => ({
        id: value.name,
        words: label(value),
        of: (key) => format.number(page.panes.newest(pipeline.name, key)?.values[value.name])
      })),
      sort: preference(`sort.${pipeline.name}`, ""),
      sortBy: (sort) => prefer(`sort.${pipeline.name}`, sort),
      find: (contains) => this.keys.find(contains).then(() => page.changed("list")),
      select: (key) => page.go({ ...page.address, key }),
      row: (key) => this.row(key, first)
    })
    this.lateEvents = new LateEvents(page, () => page.changed("readings"))
    this.plot = makePlot(this.parts.plot, (start) => this.point(start))
    this.windows = makeWindows(this.parts.windows, (pane) => this.point(pane?.start), (pane) => page.inspect(pane))
  }

  /** What of the stream this view shows. */
  wanted() {
    const { name, values } = this.pipeline
    const listed = values.filter(isNumber).slice(0, mostListed).map(({ name }) => name)
    return {
      follow: this.key === undefined ? [] : [/** @type {[string, string]} */ ([name, this.key])],
      watch: [/** @type {[string, Array<string>]} */ ([name, listed])]
    }
  }

  get key() {
    return this.page.address.key
  }

  async readAll() {
    await this.keys.read()
    if (this.key === undefined) this.page.choose(this.keys.all()[0])
    await this.readSelected()
  }

  async readSelected() {
    const { key, keys, page, pipeline } = this
    if (key === undefined) return
    const found = await get("panes", { pipeline: pipeline.name, key, limit: 1_000 })
    page.take(found)
    if (found.length > 0) keys.meet(key)
    this.read = key
    page.changed("list", "windows")
  }

  /** What was read is of another instant. */
  forget() {
    this.read = undefined
  }

  /** @param {number} by */
  step(by) {
    const next = this.list.beside(this.key, by)
    if (next !== undefined) this.page.go({ ...this.page.address, key: next }, true)
  }

  selected() {
    const { bar } = this.page.address.options
    this.pointed = bar === undefined ? undefined : Number(bar)
    if (this.key !== undefined) this.list.reveal(this.key)
    return this.key === undefined ? this.pipeline.title : `${keyText(this.pipeline, this.key)}, ${this.pipeline.title}`
  }

  /** Opens the form of an alert. */
  alert() {
    const { key, page, pipeline } = this
    if (key !== undefined) page.alerts.form.show({ name: keyText(pipeline, key), key, choices: choicesOf(page, key, pipeline, []) })
  }

  /** @param {string} pressed */
  press(pressed) {
    const isAlert = pressed === "a" || pressed === "A"
    if (isAlert) this.alert()
    return isAlert
  }

  /** @param {number | undefined} start */
  point(start) {
    this.pointed = start
    this.page.changed("readings")
  }

  /** @param {ReadonlySet<string>} changed */
  draw(changed) {
    const { key, keys, pipeline } = this
    if (changed.has("list")) {
      const value = pipeline.values.find(isNumber)
      this.listDecimals = value === undefined ? 0 : decimalsOf(value, keys.all().slice(0, 200).flatMap((key) => this.page.panes.newest(pipeline.name, key) ?? []))
      this.list.show({ keys: keys.all(), selected: key, total: keys.total(), more: keys.more() })
    }
    if (changed.has("windows") || changed.has("list")) this.drawWindows()
    else if (changed.has("readings")) this.drawReadings()
    document.title = `${key === undefined ? "" : `${keyText(pipeline, key)} · `}${pipeline.title} · ${this.page.status.title}`
  }

  drawWindows() {
    const { key, page, parts, pipeline } = this
    const clock = page.clock(pipeline.timeZone)
    const panes = key === undefined ? [] : page.panes.of(pipeline.name, key)
    render(this.heading(clock), parts.heading)
    const unknown = key !== undefined && this.read === key && panes.length === 0 && !this.keys.has(key)
    parts.body.hidden = panes.length === 0
    parts.notice.hidden = panes.length > 0
    render(this.noticeOf(unknown), parts.notice)
    if (panes.length === 0) return
    const drawable = pipeline.values.filter((value) => isNumber(value) && value.plot !== null)
    const hidden = this.hidden ??= beyond(panels(drawable, panes))
    const values = drawable.filter(({ name }) => !hidden.has(name))
    parts.plot.parentElement?.toggleAttribute("hidden", values.length === 0)
    parts.plot.setAttribute("aria-label", `${keyText(pipeline, key ?? "")}: ${values.map(label).join(", ")} of ${panes.length} windows`)
    this.plot.show({ id: JSON.stringify([key, values.map(({ name }) => name)]), values, panes, clock })
    this.windows.show({ values: pipeline.values, panes, before: page.panes.before, clock, name: keyText(pipeline, key ?? "") })
    this.drawReadings()
  }

  /** @param {boolean} unknown */
  noticeOf(unknown) {
    const { key, keys, page, pipeline } = this
    if (!unknown || key === undefined) {
      const { sources } = pipeline
      return notice("Waiting for the first window…", `${pipeline.title} shows its windows as soon as ${sources.join(" and ")} has events.`, [])
    }
    const offers = likely(keys.all(), key).map((one) => ({
      words: keyText(pipeline, one),
      href: address.format({ ...page.address, key: one })
    }))
    return notice(`There is no key “${key}”`, `${pipeline.title} has no window of it yet. It shows here if one comes.${offers.length > 0 ? " There are:" : ""}`, offers)
  }

  /** @param {ReturnType<typeof format.clock>} clock */
  heading(clock) {
    const { key, page, pipeline } = this
    return html`
      <div class="name">
        <h2 id="symbol">${key === undefined ? format.missing : keyText(pipeline, key)}</h2>
        <p class="muted">${sentence(pipeline)}</p>
      </div>
      ${key === undefined || !pipeline.values.some(isNumber) ? "" : html`<button type="button" class="alert-button" title="Tell me when a value crosses a level (A)" @click=${() => this.alert()}>Alert</button>`}
      ${page.zones(pipeline.timeZone, clock)}`
  }

  /** The values of the window under the pointer, else of the newest. */
  drawReadings() {
    const { hidden = new Set(), key, page, pipeline, pointed } = this
    if (key === undefined) return
    const clock = page.clock(pipeline.timeZone)
    const panes = page.panes.of(pipeline.name, key)
    const pane = panes.findLast(({ start }) => start === pointed) ?? panes.at(-1)
    if (pane === undefined) return
    const drawn = this.plot.panels()
    this.lateEvents.look(pane.start === pointed ? [pane] : [])
    const late = this.lateEvents.textOf(pane, clock)
    const state = states[pane.pane] ?? states["on-time"]
    render(html`
      <p class="reading-window"><span>${clock.window(pane.start, pane.end)}</span> <span class="muted" title=${state.title}>${state.sign} ${state.word}</span> <span class="late-events">${late}</span></p>
      <ul>${pipeline.values.map((value) => html`<li>
        ${isNumber(value) && value.plot !== null
          ? html`<button type="button" aria-pressed=${!hidden.has(value.name)} title="Draw it or not" @click=${() => this.toggle(value.name)}>
              <i class="swatch" data-series=${seriesOf(drawn, value)} aria-hidden="true"></i>${label(value)}</button>`
          : html`<span>${label(value)}</span>`}
        <b>${text(value, pane.values[value.name], decimalsOf(value, panes), clock)}</b>
      </li>`)}</ul>`, this.parts.readings)
  }

  /** @param {string} name */
  toggle(name) {
    const { hidden = new Set(), pipeline } = this
    if (!hidden.delete(name)) hidden.add(name)
    this.hidden = hidden
    preferSet(`hidden.${pipeline.name}`, hidden)
    this.page.changed("windows")
  }

  /** @param {string} key @param {import("./values.js").Value | undefined} value */
  row(key, value) {
    const { page, pipeline } = this
    const newest = page.panes.newest(pipeline.name, key)
    const clock = page.clock(pipeline.timeZone)
    const figure = value === undefined || newest === undefined ? "" : text(value, newest.values[value.name], this.listDecimals ?? 0, clock)
    return html`<span class="name" title=${key}>${keyText(pipeline, key)}</span><span class="last">${figure}</span>
      <span class="note">${newest === undefined ? "" : clock.window(newest.start, newest.end)}</span>`
  }

  end() {
    this.lateEvents.end()
    this.plot.end()
  }
}

/** More panels than these are too low to be read. */
const mostPanels = 4

/** @param {ReturnType<typeof panels>} all */
const beyond = (all) => new Set(all.slice(mostPanels).flatMap(({ values }) => values.map(({ name }) => name)))

/** Values of all keys that the list can be sorted by. */
const mostListed = 8

/** @param {Pipeline} pipeline */
const skeleton = ({ title }) => html`
  <nav class="side" aria-label="Keys" data-part="keys"></nav>
  <section class="view" aria-label=${title}>
    <div class="heading" data-part="heading"></div>
    <div data-part="notice" hidden></div>
    <div class="body" data-part="body">
      <div class="readings" data-part="readings"></div>
      <div class="plot"><div id="plot" data-part="plot" role="img" tabindex="0"></div></div>
      <div class="windows" data-part="windows"></div>
    </div>
  </section>`

/** What the pipeline does, in one line. @param {Pipeline} pipeline */
const sentence = ({ allowedLateness, key, sources, window }) => {
  const by = key.fields.length === 0 ? "over all rows" : `by ${key.fields.join(" and ")}`
  const late = allowedLateness > 0 ? `, revised by events that are up to ${format.duration(allowedLateness)} late` : ""
  return `${window === null ? "" : `${window.text} `}${by}, from ${sources.join(" and ")}${late}`
}
