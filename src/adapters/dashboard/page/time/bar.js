/** The bar over all views with which the page is taken to an instant of the log. */
import { html, nothing, render, svg } from "../vendor/lit-html/lit-html.js"

/** Times the speed at which the log was written. */
const speeds = [0.1, 1, 10, 60, 600]

/** Of the span of the log that a page up or down goes. */
const page = 0.05

/** @param {HTMLElement} element @param {import("./time.js").Time} time @param {ReturnType<typeof import("../format.js").clock>} clock */
export const drawBar = (element, time, clock) => {
  const { isPast, isPlaying, isReading, log, waiting } = time
  const from = log?.from ?? 0
  const to = Math.max(log?.to ?? 0, from + 1)
  const words = isPast ? `As known at ${clock.millis(time.shown)}${time.page.view?.ofNow ?? ""}` : "Now"
  const state = waiting === undefined ? isReading ? "Reading the log…" : words : `Waiting: ${waiting}`
  render(html`
    <button id="time-play" type="button" title=${isPlaying ? "Pause (P)" : isPast ? "Play on from here (P)" : "Play the log from its beginning (P)"}
      @click=${() => time.toggle()}>${isPlaying ? "Pause" : isPast ? "Play" : time.page.status.feed.ended ? "Replay again" : "Replay"}</button>
    <span class="steps">
      <button id="time-back" type="button" aria-label="To the change before" title="To the change before (,)" @click=${() => time.step(-1)}>◂</button>
      <button id="time-forward" type="button" aria-label="To the next change" title="To the next change (.)" ?disabled=${!isPast} @click=${() => time.step(1)}>▸</button>
    </span>
    <label class="choice"><span class="hidden">Speed</span>
      <select id="time-speed" title="Times the speed at which the log was written" @change=${(event) => time.choose(Number(event.target.value))}>
        ${speeds.map((speed) => html`<option value=${speed} ?selected=${speed === time.chosenSpeed}>×${speed}</option>`)}
      </select></label>
    <span class="ruler">
      <svg viewBox="0 0 500 100" preserveAspectRatio="none" aria-hidden="true">${log === undefined ? nothing : svg`<path d=${pathOf(log)} />`}</svg>
      <input id="time-at" type="range" aria-label="Instant of the log" aria-valuetext=${words} step="1" min=${from} max=${to}
        @input=${(event) => time.drag(Number(event.target.value), false)} @change=${(event) => time.drag(Number(event.target.value), true)}
        @keydown=${(event) => press(event, time, { from, to })}>
    </span>
    <output id="time-now" aria-live=${isPlaying ? "off" : "polite"} aria-busy=${isReading}>${state}</output>
    ${isPast ? html`<button id="time-live" type="button" title="Back to live (L)" @click=${() => time.goLive()}>Back to live</button>` : nothing}
    ${time.wrong === undefined ? nothing : html`<p class="wrong" role="alert">“${time.wrong}” is no time such as 2026-03-18T14:00:00Z; what is shown is live.</p>`}
  `, element)
  // Only now its bounds are these.
  const input = /** @type {HTMLInputElement} */ (element.querySelector("#time-at"))
  input.value = String(isPast || time.dragged !== undefined ? time.shown : to)
}

/** A step of the control would be a millisecond. @param {KeyboardEvent} event @param {import("./time.js").Time} time @param {{ from: number, to: number }} log */
const press = (event, time, { from, to }) => {
  const by = Math.round((to - from) * page)
  const actions = {
    ArrowLeft: () => time.step(-1),
    ArrowDown: () => time.step(-1),
    Enter: () => time.toggle(),
    " ": () => time.toggle(),
    ArrowRight: () => time.isPast && time.step(1),
    ArrowUp: () => time.isPast && time.step(1),
    PageDown: () => time.drag(Math.max(from, time.shown - by), true),
    PageUp: () => time.drag(Math.min(to, time.shown + by), true),
    Home: () => time.drag(from, true),
    End: () => time.goLive()
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const action = actions[event.key]
  if (action === undefined && !time.press(event.key)) return
  event.preventDefault()
  void action?.()
}

/** How many records came when, as a line of bars; their roots, so that little is seen beside much. @param {import("./time.js").Log} log */
const pathOf = ({ counts, from, to, width }) => {
  if (from === null || to === null) return ""
  const most = Math.max(...counts.map(([, count]) => count))
  const x = (time) => (Math.min(1, Math.max(0, (time - from) / Math.max(1, to - from))) * 500).toFixed(1)
  return counts.map(([time, count]) => `M${x(time)} 100V${(100 - Math.sqrt(count / most) * 100).toFixed(1)}H${x(time + width)}V100`).join("")
}
