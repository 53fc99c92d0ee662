/**
 * Which late events made a revised window what it is. The log tells it, so it is asked for where somebody looks at the window for
 * a while, once, and given up when nobody does any more.
 *
 * @typedef {import("../state/panes.js").Pane} Pane
 * @typedef {import("../time/revisions.js").History} History
 * @typedef {{ time: number, knownAt: number | null, record: string | null }} LateEvent
 * @typedef {{ window: Pane, events: ReadonlyArray<LateEvent> }} Told
 * @typedef {{ time: number, text: string }} Mark
 */
import { get } from "../api.js"

/** From coming to a window until it is asked for, in milliseconds: whoever moves over many reads none of them. */
const resting = 250

/** Windows of which it is remembered. */
const mostKnown = 200

/** Revised windows of a longer bar that are asked for: the newest. */
const mostOfBar = 5

/** Late events that are told one by one. */
const mostTold = 3

/** The records that came when the window had been told. @param {History} history @returns {ReadonlyArray<LateEvent>} */
export const lateEventsOf = ({ records, revisions }) => {
  const causes = new Set(revisions.flatMap(({ cause, pane }) => pane.pane === "late" && cause !== null ? placeId(cause) : []))
  const toldAt = revisions.find(({ pane }) => pane.pane !== "early")?.knownAt ?? Infinity
  return records.filter(({ knownAt, place }) => causes.has(placeId(place)) || (knownAt !== null && knownAt > toldAt))
}

/** @param {{ source: string, partition: number, offset: number }} place */
const placeId = ({ offset, partition, source }) => JSON.stringify([source, partition, offset])

/** @param {ReadonlyArray<LateEvent>} events @param {ReturnType<typeof import("../format.js").clock>} clock @returns {string} empty where there are none */
export const lateText = (events, clock) => {
  if (events.length === 0) return ""
  const each = events.slice(-mostTold).map(({ record, time }) => `${clock.seconds(time)}${priceText(record)}`)
  const others = events.length - each.length
  return `${events.length === 1 ? "A late event" : `${events.length.toLocaleString("en-US")} late events`} made it: ${each.join("; ")}${others > 0 ? `, and ${others.toLocaleString("en-US")} before` : ""}`
}

/** @param {string | null} record */
const priceText = (record) => {
  try {
    const { price } = JSON.parse(record ?? "")
    return typeof price === "string" || typeof price === "number" ? ` at ${price}` : ""
  } catch {
    return ""
  }
}

export class LateEvents {
  /** The windows that are known, the last that was asked for at the end. @type {Map<string, Told>} */
  #known = new Map()
  /** What is looked at. */
  #wanted = ""
  #timer = 0
  #asking = new AbortController()
  /** @type {{ id: string, marks: ReadonlyArray<Mark> }} */
  #made = { id: "[]", marks: [] }

  /** @param {import("../main.js").Page} page @param {() => void} changed something is known that was not */
  constructor(page, changed) {
    this.page = page
    this.changed = changed
  }

  /** The revised ones among the windows that are looked at; none where nothing is. @param {ReadonlyArray<Pane>} panes */
  look(panes) {
    const revised = this.page.status.past ? panes.filter(({ pane }) => pane === "late").slice(-mostOfBar) : []
    const wanted = JSON.stringify(revised.map(idOf))
    if (wanted === this.#wanted) return
    this.#wanted = wanted
    clearTimeout(this.#timer)
    this.#asking.abort()
    const unknown = revised.filter((pane) => !this.#known.has(idOf(pane)))
    if (unknown.length > 0) this.#timer = setTimeout(() => void this.#ask(unknown), resting)
  }

  /** @param {ReadonlyArray<Pane>} panes */
  async #ask(panes) {
    const { signal } = this.#asking = new AbortController()
    try {
      for (const window of panes) {
        const { end, key, pipeline, start } = window
        const events = lateEventsOf(await get("history", { pipeline, key, start, end }, signal))
        this.#known.set(idOf(window), { window, events })
        for (const id of this.#known.keys()) if (this.#known.size > mostKnown) this.#known.delete(id)
      }
    } catch {
      // It was given up, or the log is out of reach, which the panel of a window says.
    }
    if (!signal.aborted) this.changed()
  }

  /** @param {Pane} pane @param {ReturnType<typeof import("../format.js").clock>} clock */
  textOf(pane, clock) {
    return lateText(this.#until(this.#known.get(idOf(pane))?.events ?? []), clock)
  }

  /** Of a key; always the same ones where nothing has changed. @param {string} key @param {ReturnType<typeof import("../format.js").clock>} clock @returns {ReadonlyArray<Mark>} */
  marks(key, clock) {
    const marks = [...this.#known.values()].flatMap(({ events, window }) => {
      const text = window.key === key ? lateText(this.#until(events), clock) : ""
      return text === "" ? [] : [{ time: window.start, text }]
    })
    const id = JSON.stringify(marks)
    if (id !== this.#made.id) this.#made = { id, marks }
    return this.#made.marks
  }

  /** In the past what was known then. @param {ReadonlyArray<LateEvent>} events */
  #until(events) {
    const { time } = this.page
    return time.isPast ? events.filter(({ knownAt }) => knownAt !== null && knownAt <= time.shown) : events
  }

  end() {
    this.look([])
  }
}

/** A revision is asked for anew. @param {Pane} pane */
const idOf = ({ changes, end, key, pipeline, revision, start }) => JSON.stringify([pipeline, key, start, end, revision, changes])
