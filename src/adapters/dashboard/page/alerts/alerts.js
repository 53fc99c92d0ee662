/**
 * The alerts that the server has, and what they fire: it is told in a toast that stays, by the browser where that is allowed, and
 * in the title. What fired while nobody looked is told when somebody does.
 */
import { get, past } from "../api.js"
import { offered } from "../chart/indicators.js"
import { candle, pricePipeline } from "../market/names.js"
import { prefer, preference } from "../state/preferences.js"
import { setText } from "../text.js"
import { AlertForm } from "./form.js"
import { Toasts } from "./toasts.js"
import { digits, sentence, states } from "./words.js"

/**
 * @typedef {import("./words.js").Alert} Alert
 * @typedef {import("./words.js").Firing} Firing
 */

export class Alerts {
  /** @type {Array<Alert>} */
  all = []
  /** The newest first. @type {Array<Firing>} */
  firings = []
  /** @type {string | null} */
  problem = null
  /** Whether they have been read once. */
  isRead = false
  /** When they were asked for last, in milliseconds of the page. */
  readAt = 0
  /** Firings that were told here and have not been dismissed. @type {Set<number>} */
  open = new Set()

  /** @param {Record<string, HTMLElement>} parts @param {import("../main.js").Page} page */
  constructor(parts, page) {
    this.page = page
    this.count = parts["alert-count"]
    this.toasts = new Toasts(parts["toasts"], page, (ids) => this.look(ids))
    this.form = new AlertForm(/** @type {HTMLDialogElement} */ (parts["alert-form"]), this)
    const title = /** @type {HTMLElement} */ (document.querySelector("title"))
    new MutationObserver(() => this.drawTitle()).observe(title, { childList: true })
  }

  // What is known

  async read() {
    const at = past.at
    this.readAt = performance.now()
    const answer = await get("alerts").catch(() => undefined)
    // Another instant that was gone to gives up what was asked; one that is played on has gone a little further.
    if (answer === undefined || (at === undefined) !== (past.at === undefined)) return
    const before = new Set(this.firings.map(({ id }) => id))
    Object.assign(this, { all: answer.alerts, firings: answer.firings, problem: answer.problem })
    if (at === undefined) this.tellMissed(before)
    this.isRead ||= at === undefined
    this.changed()
  }

  /** The past is played on: what has fired by then. */
  keepUp() {
    if (past.at !== undefined && performance.now() - this.readAt >= keepingUp) void this.read()
  }

  /** What fired while the page was not there, or could not hear. @param {ReadonlySet<number>} before */
  tellMissed(before) {
    const seen = Number(preference("alerts.seen", "0"))
    const missed = this.firings.filter(({ id }) => id > seen && !before.has(id))
    if (missed.length === 0) return
    if (this.isRead && missed.length <= 3) return missed.toReversed().forEach((firing) => this.tell(firing))
    for (const { id } of missed) this.open.add(id)
    this.toasts.summary(missed)
  }

  /** @param {Firing} firing */
  hear(firing) {
    if (past.at !== undefined) return
    const known = this.firings.find(({ id }) => id === firing.id)
    this.firings = [firing, ...this.firings.filter(({ id }) => id !== firing.id)].sort((a, b) => b.id - a.id).slice(0, 100)
    if (known === undefined || firing.state === "taken-back") this.tell(firing)
    else this.toasts.update(firing, this.alertOf(firing))
    this.changed()
  }

  /** @param {Firing} firing */
  tell(firing) {
    const alert = this.alertOf(firing)
    if (alert === undefined) return
    this.open.add(firing.id)
    this.toasts.show(firing, alert)
    this.notify(firing, alert)
    this.drawTitle()
  }

  /** The browser takes one for all windows of the page. @param {Firing} firing @param {Alert} alert */
  notify({ id, state, value }, alert) {
    if (typeof Notification === "undefined" || Notification.permission !== "granted") return
    const body = [`${digits(value, alert.level)}, ${states[state].word}`, alert.note].filter((text) => text !== "").join("\n")
    try {
      this.notified = new Notification(sentence(this.page.pipelines, alert), { body, tag: `courant ${id} ${state === "taken-back"}` })
    } catch {
      // Browsers of phones have them for workers alone; the toast is there.
    }
  }

  /** @param {Firing} firing */
  alertOf({ alert }) {
    return this.all.find(({ id }) => id === alert)
  }

  /** What was told has been looked at. @param {Iterable<number>} ids */
  look(ids) {
    for (const id of ids) this.open.delete(id)
    prefer("alerts.seen", String(Math.max(Number(preference("alerts.seen", "0")), ...ids)))
    this.toasts.dismiss(ids)
    this.drawTitle()
  }

  // How it is shown

  changed() {
    setText(this.count, String(this.all.length))
    this.drawTitle()
    this.page.changed("windows", "list")
  }

  drawTitle() {
    const text = document.title.replace(/^\(\d+\) /, "")
    const wanted = this.open.size > 0 ? `(${this.open.size}) ${text}` : text
    if (document.title !== wanted) document.title = wanted
  }

  /** Levels on the axis of a symbol's prices. @param {string} key */
  levels(key) {
    return this.all.filter((alert) => alert.key === key && isOfPrice(alert)).map((alert) => ({
      id: alert.id, price: Number(alert.level), title: `${alert.direction} ${digits(alert.level)}${alert.value === "price" ? "" : ` ${alert.value}`}`
    }))
  }

  /** What the bars of a symbol have fired. @param {string} key */
  marks(key) {
    return this.firings.filter((firing) => firing.key === key && isOfMarket(firing)).flatMap((firing) => {
      const alert = this.alertOf(firing)
      return alert === undefined ? [] : [{ time: firing.end - 60_000, text: `Alert ${states[firing.state].word}: ${sentence(this.page.pipelines, alert)}` }]
    })
  }
}

/** Milliseconds between two looks at what has fired, while the past is played. */
const keepingUp = 1_000

const ofPrice = new Set([
  ...["price", candle.open, candle.high, candle.low, candle.close, "mean", "vwap"].map((value) => `${pricePipeline} ${value}`),
  ...offered.filter(({ pane }) => pane === "price").flatMap(({ lines, pipeline }) => lines.map(({ field }) => `${pipeline} ${field}`))
])

/** @param {Alert} alert */
const isOfPrice = ({ pipeline, value }) => ofPrice.has(`${pipeline} ${value}`)

/** @param {Firing} firing */
const isOfMarket = ({ pipeline }) => pipeline === pricePipeline || offered.some((indicator) => indicator.pipeline === pipeline)
