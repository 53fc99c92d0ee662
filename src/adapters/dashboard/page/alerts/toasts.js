/** What has fired, told over the page until it is dismissed. */
import { html, render } from "../vendor/lit-html/lit-html.js"
import { repeat } from "../vendor/lit-html/directives/repeat.js"
import { digits, hrefOf, sentence, states } from "./words.js"

/**
 * @typedef {import("./words.js").Alert} Alert
 * @typedef {import("./words.js").Firing} Firing
 * @typedef {{ id: string, ids: ReadonlyArray<number>, words: string, more: string, state: string, href: string | undefined, link: string }} Toast
 */

/** So many are shown; those that came last. */
const most = 3

export class Toasts {
  /** @type {Array<Toast>} */
  all = []

  /** @param {HTMLElement} root @param {import("../main.js").Page} page @param {(ids: Iterable<number>) => void} dismissed */
  constructor(root, page, dismissed) {
    this.root = root
    this.page = page
    this.dismissed = dismissed
  }

  /** @param {Firing} firing @param {Alert} alert */
  show(firing, alert) {
    const toast = this.of(firing, alert)
    const at = this.all.findIndex(({ id }) => id === toast.id)
    if (at >= 0) this.all[at] = toast
    else this.all.push(toast)
    this.draw()
  }

  /** One that is shown says what has become of it. @param {Firing} firing @param {Alert | undefined} alert */
  update(firing, alert) {
    if (alert !== undefined && this.all.some(({ id }) => id === String(firing.id))) this.show(firing, alert)
  }

  /** @param {Firing} firing @param {Alert} alert @returns {Toast} */
  of(firing, alert) {
    const { sign, title, word } = states[firing.state]
    return {
      id: String(firing.id), ids: [firing.id], state: firing.state,
      words: sentence(this.page.pipelines, alert),
      more: `${sign} ${word}: ${digits(firing.value, alert.level, firing.before)} after ${digits(firing.before, alert.level, firing.value)}. ${firing.state === "final" ? "" : `${title}.`} ${alert.note}`,
      href: hrefOf(this.page, firing), link: "Go to the bar"
    }
  }

  /** @param {ReadonlyArray<Firing>} firings */
  summary(firings) {
    const takenBack = firings.filter(({ state }) => state === "taken-back").length
    this.all = [{
      id: "summary", ids: firings.map(({ id }) => id), state: "final",
      words: `${firings.length >= 100 ? "100 or more" : firings.length} fired since you last looked`,
      more: takenBack === 0 ? "" : `${takenBack} of them taken back`,
      href: "#/?view=alerts", link: "Show"
    }]
    this.draw()
  }

  /** @param {string} words */
  say(words) {
    this.all.push({ id: words, ids: [], state: "", words, more: "", href: undefined, link: "" })
    this.draw()
  }

  /** @param {Iterable<number>} ids */
  dismiss(ids) {
    const gone = new Set(ids)
    const before = this.all.length
    this.all = this.all.filter((toast) => toast.ids.length === 0 || toast.ids.some((id) => !gone.has(id)))
    if (this.all.length < before) this.draw()
  }

  /** @param {Toast} toast */
  close(toast) {
    this.all = this.all.filter((each) => each !== toast)
    if (toast.ids.length > 0) this.dismissed(toast.ids)
    this.draw()
  }

  draw() {
    const hidden = this.all.length - most
    render(html`
      ${hidden > 0 ? html`<p class="toast"><a href="#/?view=alerts">${hidden} more</a></p>` : ""}
      ${repeat(this.all.slice(-most), ({ id }) => id, (toast) => html`<div class="toast" data-state=${toast.state}>
        <p><b>${toast.words}</b><span>${toast.more}</span></p>
        ${toast.href === undefined ? "" : html`<a href=${toast.href} @click=${() => this.close(toast)}>${toast.link}</a>`}
        <button type="button" aria-label=${`Dismiss: ${toast.words}`} @click=${() => this.close(toast)}>Dismiss</button>
      </div>`)}`, this.root)
  }
}
