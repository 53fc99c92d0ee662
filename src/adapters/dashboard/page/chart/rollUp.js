/**
 * Bars of several minutes out of those of one: the same figures that a pipeline with such windows gives, to the last digit.
 *
 * Open, high, low, close, volume and the number of trades of a longer bar are those of its minutes. Its mean and its VWAP are not:
 * the minutes' own are rounded, and do not say how many trades they are of. So a longer bar has none.
 *
 * @typedef {import("./bars.js").Bar} Bar
 * @typedef {import("./sessions.js").Span} Span
 */
import { bar, stateOf } from "./bars.js"
import { compare, sum } from "./decimal.js"
import { barAt } from "./sessions.js"

/** Of one symbol: what has not changed since the last time is not made again. */
export const makeRollUp = () => {
  /** @type {Map<number, { minutes: Array<Bar>, bar: Bar }>} */
  let known = new Map()

  /**
   * @param {ReadonlyArray<Bar>} minutes in the order of time
   * @param {number} size in milliseconds
   * @param {ReadonlyArray<Span>} spans that bars are counted in
   * @param {number} watermark up to which all has come: a bar that ends later still forms
   * @returns {Array<Bar>}
   */
  return (minutes, size, spans, watermark) => {
    const next = new Map()
    for (const { end, minutes: its, start } of groups(minutes, size, spans)) {
      const before = known.get(start)
      const isForming = end > watermark || its.some(({ state }) => state === "forming")
      const isSame = before !== undefined && before.bar.end === end && (before.bar.state === "forming") === isForming &&
        before.minutes.length === its.length && before.minutes.every((minute, i) => minute === its[i])
      next.set(start, isSame ? before : { minutes: its, bar: merged(its, start, end, isForming) })
    }
    known = next
    return [...next.values()].map(({ bar }) => bar)
  }
}

/** @param {ReadonlyArray<Bar>} minutes @param {number} size @param {ReadonlyArray<Span>} spans */
const groups = (minutes, size, spans) => {
  /** @type {Array<{ start: number, end: number, minutes: Array<Bar> }>} */
  const all = []
  for (const minute of minutes) {
    const last = all.at(-1)
    if (last !== undefined && minute.time < last.end) last.minutes.push(minute)
    else all.push({ ...barAt(minute.time, size, spans), minutes: [minute] })
  }
  return all
}

/** @param {Array<Bar>} minutes @param {number} time @param {number} end @param {boolean} isForming @returns {Bar} */
const merged = (minutes, time, end, isForming) => {
  const all = (name) => minutes.flatMap((minute) => minute[name] ?? [])
  const total = (name) => {
    const values = all(name)
    return values.length === 0 ? null : sum(values)
  }
  const extreme = (name, sign) => all(name).reduce((most, value) => most === null || sign * compare(value, most) > 0 ? value : most, null)
  const provisional = total("provisional")
  const revisions = minutes.reduce((sum, { revisions }) => sum + revisions, 0)
  return bar({
    time, end, last: minutes.at(-1).time, provisional, revisions, pane: null,
    open: all("open")[0] ?? null,
    high: extreme("high", 1),
    low: extreme("low", -1),
    close: all("close").at(-1) ?? null,
    volume: total("volume"),
    // A publisher's bar does not say of how many trades it is.
    trades: minutes.some(({ trades }) => trades === null) ? null : total("trades"),
    state: stateOf({ isForming, provisional, isRevised: revisions > 0 })
  })
}
