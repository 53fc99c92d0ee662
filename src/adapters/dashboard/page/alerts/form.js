/** The form with which an alert is made. */
import { html, nothing, render } from "../vendor/lit-html/lit-html.js"
import { post } from "../api.js"

/**
 * What an alert may be about, with what it is now.
 * @typedef {{ pipeline: string, value: string, words: string, now: string | number | null | undefined }} Choice
 */

export class AlertForm {
  /** @type {{ name: string, key: string, choices: ReadonlyArray<Choice> }} */
  of = { name: "", key: "", choices: [] }
  wrong = ""

  /** @param {HTMLDialogElement} dialog @param {import("./alerts.js").Alerts} alerts */
  constructor(dialog, alerts) {
    this.dialog = dialog
    this.alerts = alerts
  }

  /**
   * @param {{ name: string, key: string, choices: ReadonlyArray<Choice> }} of
   * @param {number} [level] in the place of what the first choice is now
   */
  show(of, level) {
    const [first] = of.choices
    if (first === undefined) return
    this.of = of
    this.wrong = ""
    const now = Number(first.now)
    this.draw()
    this.field("direction").value = level !== undefined && level < now ? "below" : "above"
    this.field("what").value = "0"
    this.field("level").value = textOf(level ?? first.now)
    this.field("note").value = ""
    this.dialog.showModal()
    this.field("level").select()
  }

  /** @param {string} name @returns {any} */
  field(name) {
    return this.dialog.querySelector(`[name="${name}"]`)
  }

  draw() {
    const { choices, name } = this.of
    const isPast = this.alerts.page.time.isPast
    render(html`
      <h2 id="alert-title">Alert for ${name}</h2>
      <form @submit=${(event) => void this.submit(event)}>
        <label><span>What</span><select name="what" @change=${({ target }) => this.field("level").value = textOf(choices[target.value].now)}>
          ${choices.map(({ words }, at) => html`<option value=${at}>${words}</option>`)}</select></label>
        <label><span>Crosses</span><select name="direction"><option value="above">above</option><option value="below">below</option></select></label>
        <label><span>Level</span><input name="level" inputmode="decimal" autocomplete="off" required></label>
        <label><span>Note</span><input name="note" maxlength="200" autocomplete="off" placeholder="optional"></label>
        <p class="muted">${isPast ? "The page shows the past: go back to live to make an alert." : permissionText(this.alerts.all.length)}</p>
        <p class="wrong" role="alert">${this.wrong}</p>
        <div class="buttons">
          <button type="button" @click=${() => this.dialog.close()}>Cancel</button>
          <button type="submit" class="primary" ?disabled=${isPast}>Make alert</button>
        </div>
      </form>`, this.dialog)
  }

  /** @param {SubmitEvent} event */
  async submit(event) {
    event.preventDefault()
    const { pipeline, value } = this.of.choices[this.field("what").value]
    const wish = { pipeline, key: this.of.key, value, direction: this.field("direction").value, level: this.field("level").value.trim(), note: this.field("note").value.trim() }
    // Browsers let a page ask as an answer to a click alone, and it asks once.
    const asked = typeof Notification !== "undefined" && Notification.permission === "default" ? Notification.requestPermission() : undefined
    try {
      await post("alerts", wish)
      this.dialog.close()
      const permission = await asked
      if (permission !== undefined && permission !== "granted") this.alerts.toasts.say("The browser does not allow notifications: alerts are told on this page alone.")
    } catch (error) {
      this.wrong = error.message.replace(/^alerts: \d+ /, "").replace(/ at \["\w+"\]$/, "")
      this.draw()
    }
  }
}

/** As a level is written: plain digits. @param {unknown} value */
const textOf = (value) => {
  if (value === null || value === undefined || value === "") return ""
  return typeof value === "string" ? value : Number(value).toFixed(20).replace(/\.?0+$/, "").slice(0, 24)
}

/** @param {number} alerts */
const permissionText = (alerts) => {
  if (typeof Notification === "undefined") return nothing
  if (Notification.permission === "denied") return "The browser does not allow notifications: alerts are told on this page alone."
  return Notification.permission === "default" && alerts === 0 ? "The browser will ask whether it may notify you." : nothing
}
