/** The alerts, and what they have fired. */
import { html, nothing, render } from "../vendor/lit-html/lit-html.js"
import { remove } from "../api.js"
import * as format from "../format.js"
import { StillView } from "../still.js"
import { digits, hrefOf, keyOf, sentence, states, valueText } from "./words.js"

export class AlertsView extends StillView {
  /** @param {import("../main.js").Page} page @param {HTMLElement} root */
  constructor(page, root) {
    super()
    this.page = page
    this.root = root
    document.title = `Alerts · ${page.status.title}`
  }

  async readAll() {
    await this.page.alerts?.read()
    this.draw()
  }

  selected() {
    return "Alerts"
  }

  draw() {
    const { alerts, time } = this.page
    if (alerts === undefined) return
    const clock = this.page.clock(this.page.status.timeZone)
    // They are looked at.
    if (!time.isPast && !document.hidden && alerts.open.size > 0) alerts.look([...alerts.open])
    render(html`<section class="view alone alerts" tabindex="0" role="region" aria-label="Alerts">
      <h2>Alerts${time.isPast ? html` <small class="muted">as known then</small>` : nothing}</h2>
      ${alerts.problem === null ? nothing : html`<p class="wrong">${alerts.problem}</p>`}
      ${alerts.all.length === 0 ? html`<p>${time.isPast ? "There were none." : "There are none. The button “Alert” beside a symbol or a key makes one."}</p>` : this.table(clock)}
      ${alerts.firings.length === 0 ? html`<p>Nothing has fired${time.isPast ? " then" : " yet"}.</p>` : this.fired(clock)}
    </section>`, this.root)
  }

  /** @param {ReturnType<typeof format.clock>} clock */
  table(clock) {
    const { alerts, pipelines, time } = this.page
    return html`<table class="figures">
      <caption>${alerts.all.length === 1 ? "One alert" : `${alerts.all.length} alerts`}, of 100 that there may be</caption>
      <thead><tr><th scope="col">Of</th><th scope="col">Crosses</th><th scope="col">Pipeline</th><th scope="col">Note</th><th scope="col">Made</th><th scope="col"><span class="hidden">Delete</span></th></tr></thead>
      <tbody>${alerts.all.map((alert) => html`<tr>
        <th scope="row"><a href=${this.page.href({ pipeline: alert.pipeline, key: alert.key, options: {} })}>${keyOf(pipelines, alert)}</a></th>
        <td>${valueText(pipelines, alert)} ${alert.direction} ${digits(alert.level)}</td>
        <td class="text">${alert.pipeline}${alert.idle === null ? nothing : html`<span class="idle">idle: ${alert.idle}</span>`}</td>
        <td class="text">${alert.note}</td>
        <td>${clock.exact(alert.createdAt)}</td>
        <td><button type="button" ?disabled=${time.isPast} aria-label=${`Delete ${sentence(pipelines, alert)}`} @click=${() => void this.delete(alert.id)}>Delete</button></td>
      </tr>`)}</tbody></table>`
  }

  /** @param {ReturnType<typeof format.clock>} clock */
  fired(clock) {
    const { alerts, pipelines } = this.page
    return html`<table class="figures">
      <caption>What has fired, the newest first</caption>
      <thead><tr><th scope="col">Alert</th><th scope="col">State</th><th scope="col" class="number">Value</th><th scope="col" class="number">Before</th><th scope="col">Window</th><th scope="col">Known</th></tr></thead>
      <tbody>${alerts.firings.map((firing) => {
        const alert = alerts.alertOf(firing)
        const { sign, title, word } = states[firing.state]
        return html`<tr data-state=${firing.state}>
          <td>${alert === undefined ? format.missing : sentence(pipelines, alert)}</td>
          <td title=${title}>${sign} ${word}${firing.state === "taken-back" ? html` <span class="muted">${clock.exact(firing.since)}</span>` : nothing}</td>
          <td class="number">${digits(firing.value, alert?.level ?? "", firing.before)}</td>
          <td class="number">${digits(firing.before, alert?.level ?? "", firing.value)}</td>
          <td><a href=${hrefOf(this.page, firing)}>${clock.window(firing.start, firing.end)}</a></td>
          <td>${clock.exact(firing.knownAt)}</td>
        </tr>`
      })}</tbody></table>`
  }

  /** @param {string} id */
  async delete(id) {
    await remove(`alerts/${encodeURIComponent(id)}`).catch(() => undefined)
    await this.readAll()
  }
}
