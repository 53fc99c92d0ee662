/**
 * Which instant of the log the page shows: now, or one that is past, which stands still or is played on. All that is shown is
 * of that instant, as it was known then.
 */
import { get, isGivenUp, past } from "../api.js"
import * as format from "../format.js"
import { setText } from "../text.js"
import { drawBar } from "./bar.js"

/**
 * @typedef {{ from: number | null, to: number | null, records: number, counts: Array<[number, number]>, width: number }} Log
 * @typedef {{ at: number | undefined, speed: number, shown: number | undefined }} Instant
 */

/** Milliseconds from one state that is played to the next: what is asked for while it plays lies so much ahead. */
const tick = 250

/** From one look at how far the log has come to the next, in milliseconds. */
const lookEvery = 15_000

/** From the last move of the pointer until the log is read, in milliseconds. */
const settling = 150

export class Time {
  /** Nothing where the server does not have the log. @type {Log | undefined} */
  log
  /** How the address says it. @type {string | undefined} */
  text
  /** Whether it is found out if what is played has come to the end of the log. */
  isEnding = false
  /** Times the speed at which the log was written. */
  chosenSpeed = 1
  isReading = false
  /** Where the pointer drags to. @type {number | undefined} */
  dragged
  /** Why nothing of the instant is known yet. @type {string | undefined} */
  waiting
  /** What is wrong with the address. @type {string | undefined} */
  wrong

  /** @param {HTMLElement} element @param {import("../main.js").Page} page */
  constructor(element, page) {
    this.element = element
    this.page = page
    void this.look()
    setInterval(() => !this.isPast && !document.hidden && this.log !== undefined && this.look(), lookEvery)
  }

  get isPast() {
    return past.at !== undefined
  }

  get isPlaying() {
    return past.speed > 0
  }

  /** The instant that is shown, in milliseconds; at the end of the log where that is now. */
  get shown() {
    return this.dragged ?? past.at ?? this.log?.to ?? 0
  }

  /** How far the log has come. */
  async look() {
    if (!this.page.status.past) return
    try {
      this.log = await get("log")
    } catch {
      // The server does not have it, or is out of reach: then what was known stays.
    }
    this.draw()
  }

  /** Whether the address now says another instant than before. @param {string | undefined} text */
  take(text) {
    if (text === this.text) return false
    this.text = text
    this.dragged = undefined
    this.waiting = undefined
    const at = text === undefined ? undefined : instantOf(text)
    this.wrong = text !== undefined && at === undefined ? text : undefined
    past.at = at
    past.speed = 0
    return true
  }

  /** What is looked at next is looked at of the same instant. @param {import("../state/address.js").Address} next @returns {import("../state/address.js").Address} */
  kept(next) {
    return this.text === undefined ? next : { ...next, options: { ...next.options, at: this.text } }
  }

  /** @param {number} at @param {boolean} replace */
  stand(at, replace = false) {
    const { page } = this
    page.go({ ...page.address, options: { ...page.address.options, at: textOf(at) } }, replace)
  }

  goLive() {
    const { at: _, ...options } = this.page.address.options
    // What has the focus may be gone with the past.
    const hasFocus = this.element.contains(document.activeElement)
    this.page.go({ ...this.page.address, options })
    if (hasFocus && !isUsable(document.activeElement)) document.getElementById("time-play")?.focus()
    void this.look()
  }

  /** From the instant that is shown, from now on from the beginning of the log. */
  play() {
    const from = past.at ?? this.log?.from ?? undefined
    if (from === undefined || from === null) return
    if (past.at === undefined) this.note(from, false)
    this.goOn(from, this.chosenSpeed)
  }

  pause() {
    const at = this.ahead()
    this.note(at, true)
    this.goOn(at, 0)
  }

  /** What is shown already is said by the address. @param {number} at @param {boolean} replace */
  note(at, replace) {
    const { page } = this
    this.text = textOf(at)
    page.note({ ...page.address, options: { ...page.address.options, at: this.text } }, replace)
  }

  toggle() {
    if (this.isPlaying) this.pause()
    else this.play()
    announce(this.isPlaying ? `Playing, ${this.chosenSpeed} times as fast as it was written` : "Paused")
  }

  /** @param {number} at @param {number} speed */
  goOn(at, speed) {
    past.at = at
    past.speed = speed
    this.page.jump()
  }

  /** What is asked for of what plays, so that nothing has to be read again: it does not go back. */
  ahead() {
    return Math.round((past.at ?? 0) + tick * past.speed)
  }

  /** To the change of what is looked at before or after. @param {number} by */
  async step(by) {
    const { address: { pipeline }, view: { key } } = this.page
    if (this.log === undefined || key === undefined || pipeline === undefined) return
    if (this.isPlaying) this.pause()
    if (!this.isPast) await this.look()
    this.reads(true)
    try {
      const { after, before } = await get("changes", { pipeline, key, asKnownAt: this.shown })
      const at = by < 0 ? before : after
      if (at !== null) return this.stand(at)
      announce(`Nothing became known of ${key} ${by < 0 ? "before" : "after"} that`)
    } catch (error) {
      // Where the server is out of reach the page says so.
      if (!isGivenUp(error)) announce(error.message)
    }
    this.reads(false)
  }

  /** @param {string} key */
  press(key) {
    if (this.log === undefined) return false
    const actions = { p: () => this.toggle(), ",": () => void this.step(-1), ".": () => void this.step(1), l: () => this.goLive() }
    const action = actions[key.toLowerCase()]
    action?.()
    return action !== undefined
  }

  /** @param {number} speed */
  choose(speed) {
    this.chosenSpeed = speed
    if (this.isPlaying) this.goOn(this.ahead(), speed)
    else this.draw()
  }

  /** @param {number} at @param {boolean} isLast whether the pointer has let go */
  drag(at, isLast) {
    clearTimeout(this.dragging)
    this.dragged = at
    this.draw()
    const go = () => {
      this.dragged = undefined
      if (at >= (this.log?.to ?? Infinity)) this.goLive()
      else this.stand(at, this.isPast)
    }
    if (isLast) go()
    else this.dragging = setTimeout(go, settling)
  }

  /** What is shown has come so far. @param {{ knownAt?: number }} progress */
  hear({ knownAt }) {
    if (knownAt === undefined || !this.isPast) return
    this.waiting = undefined
    past.at = knownAt
    if (this.isPlaying && knownAt >= (this.log?.to ?? Infinity)) void this.endAt(knownAt)
    else this.draw()
  }

  /** The log may have gone on since it was looked at. @param {number} knownAt */
  async endAt(knownAt) {
    if (this.isEnding) return
    this.isEnding = true
    await this.look()
    this.isEnding = false
    if (this.isPlaying && knownAt >= (this.log?.to ?? Infinity)) this.goLive()
  }

  /** Nothing comes until another viewer has gone. @param {string} why */
  wait(why) {
    this.waiting = why
    this.draw()
  }

  /** @param {boolean} isReading */
  reads(isReading) {
    this.isReading = isReading
    this.draw()
  }

  draw() {
    document.body.dataset.time = this.isPast ? "past" : "now"
    this.element.hidden = (this.log?.records ?? 0) === 0 && !this.isPast
    document.body.toggleAttribute("data-log", !this.element.hidden)
    if (!this.element.hidden) drawBar(this.element, this, this.page.clock(this.page.status.timeZone))
  }
}

/** @param {string} text */
const announce = (text) => setText(/** @type {HTMLElement} */ (document.getElementById("announce")), text)

/** Whether it can have the focus. @param {Element | null} element */
const isUsable = (element) => element !== null && element !== document.body && element.isConnected && !element.matches(":disabled")

/** An instant as the address has it: as a date, or in milliseconds. @param {string} text @returns {number | undefined} */
export const instantOf = (text) => {
  const at = /^-?\d{1,15}$/.test(text) ? Number(text) : /^\d{4}-\d\d-\d\dT.*(?:Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : NaN
  return format.isDate(at) ? at : undefined
}

/** @param {number} at */
export const textOf = (at) => new Date(at).toISOString()
