/**
 * What is said of the bar under the pointer, or of the newest.
 *
 * @typedef {import("./slots.js").Slot} Slot
 * @typedef {import("./bars.js").Bar} Bar
 * @typedef {{ label: string, value: string, kind: string }} Figure `kind` is the colour of its line, or `state`
 * @typedef {{ time: number, figures: Array<Figure>, notes: Array<string>, bar: Bar | null, isHovered: boolean }} Legend
 */
import * as format from "../format.js"

/**
 * @param {Slot} slot
 * @param {{ decimals: number, clock: ReturnType<typeof format.clock>, isDaily: boolean, isHovered: boolean,
 *   lines: ReadonlyArray<{ label: string, color: string, digits: number | null, value: number | null }>,
 *   marks: ReadonlyArray<{ time: number, text: string }>, days: ReadonlyArray<{ from: number, to: number, kind: string, text: string }>,
 *   compared: boolean }} around
 * @returns {Legend}
 */
export const legendOf = (slot, { clock, compared, days, decimals, isDaily, isHovered, lines, marks }) => {
  const { bar, time } = slot
  const price = (value) => format.price(value === null || value === undefined ? null : Number(value), decimals)
  /** @type {Array<Figure>} */
  const figures = [{ label: "", value: isDaily ? clock.date(time) : clock.minutes(time), kind: "" }]
  if (!compared) {
    figures.push({ label: "O", value: price(bar?.open), kind: "" }, { label: "H", value: price(bar?.high), kind: "" })
    figures.push({ label: "L", value: price(bar?.low), kind: "" }, { label: "C", value: price(bar?.close), kind: "" })
    figures.push({ label: "Vol", value: format.shortCount(bar === null || bar.volume === null ? null : Number(bar.volume)), kind: "" })
  }
  for (const { color, digits, label, value } of lines) {
    // Of an estimate and what it stands for there is one.
    if (value === null && color === "vwap" && label !== "VWAP" && digits === null) continue
    figures.push({ label, value: format.price(value, digits ?? decimals), kind: color })
  }
  if (!compared && bar !== null && bar.state !== "final") figures.push({ label: "", value: bar.state, kind: "state" })
  return { time, figures, notes: [...(compared ? [] : barNotes(bar)), ...told(slot, marks), ...dayNotes(slot, days)], bar, isHovered }
}

/** @param {Bar | null} bar */
const barNotes = (bar) => {
  if (bar === null) return ["No trade in this time"]
  const samples = Number(bar.provisional ?? 0)
  return [
    ...(bar.state === "forming" ? ["Still forming: every trade may change it"] : []),
    ...(samples > 0 ? [`Provisional: ${count(samples, "record stands", "records stand")} for trades that are still to come`] : []),
    ...(bar.revisions > 0 ? [`Revised ${count(bar.revisions, "time", "times")} by events that came after it had closed`] : []),
    ...(bar.state !== "forming" && bar.drawn === null ? ["None of its trades formed a price"] : [])
  ]
}

/** @param {Slot} slot @param {ReadonlyArray<{ time: number, text: string }>} marks */
const told = ({ end, time }, marks) => marks.filter((mark) => mark.time >= time && mark.time < end).map(({ text }) => text)

/** Of a short day; of a closed one there is no bar. */
const dayNotes = ({ end, time }, days) => days.filter(({ from, kind, to }) => kind === "half" && from < end && to > time).map(({ text }) => text)

const count = (number, one, more) => `${format.count(number)} ${number === 1 ? one : more}`
