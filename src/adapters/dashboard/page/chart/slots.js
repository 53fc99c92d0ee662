/**
 * The places on the time axis. A closed market takes none; a minute of trading without a trade takes its own, so that the axis does
 * not run faster where there is less to see.
 *
 * @typedef {import("./bars.js").Bar} Bar
 * @typedef {import("./sessions.js").Span} Span
 * @typedef {{ time: number, end: number, bar: Bar | null, afterClosed: boolean }} Slot `afterClosed`: the market was closed before it
 */
import { barAt, isClosedBetween, spanAt } from "./sessions.js"

/** A longer stretch without a trade takes no more places than this. */
const mostEmpty = 30

/** Of one symbol and interval; slots that have not changed stay the same ones. */
export const makeSlots = () => {
  /** @type {Array<Slot>} */
  let known = []
  /** @type {ReadonlyArray<Span>} */
  let within = []

  /** @param {ReadonlyArray<Bar>} bars @param {number} size in milliseconds, of each that is missing @param {ReadonlyArray<Span>} spans */
  return (bars, size, spans) => {
    if (within !== spans) [known, within] = [[], spans]
    /** @type {Array<Slot>} */
    const slots = []
    const add = (time, end, bar, afterClosed) => {
      const same = known[slots.length]
      const isSame = same !== undefined && same.time === time && same.end === end && same.bar === bar && same.afterClosed === afterClosed
      slots.push(isSame ? same : { time, end, bar, afterClosed })
    }
    let before
    for (const bar of bars) {
      const isAdjacent = before === undefined || before.end === bar.time
      if (!isAdjacent && isTrading(before.end, bar.time, spans)) {
        for (const { end, start } of missing(before.end, bar.time, size, spans)) add(start, end, null, false)
      }
      add(bar.time, bar.end, bar, !isAdjacent && isClosedBetween(before.end, bar.time, spans))
      before = bar
    }
    known = slots
    return slots
  }
}

/** Whether both are of one stretch of regular trading: hours before and after it are too quiet for empty places. */
const isTrading = (end, start, spans) => {
  const its = spanAt(spans, end)
  return its !== undefined && its.kind === "regular" && start < its.to
}

/** @param {number} from @param {number} to @param {number} size @param {ReadonlyArray<Span>} spans */
const missing = (from, to, size, spans) => {
  if (to - from > mostEmpty * size) return []
  const all = []
  for (let time = from; time < to;) {
    const its = barAt(time, size, spans)
    all.push(its)
    time = its.end
  }
  return all
}

/** The last slot that begins by a time, or -1. @param {ReadonlyArray<Slot>} slots @param {number} time */
export const slotAt = (slots, time) => {
  let [from, to] = [0, slots.length]
  while (from < to) {
    const middle = (from + to) >>> 1
    if (slots[middle].time <= time) from = middle + 1
    else to = middle
  }
  return from - 1
}

/** The slot of an instant of another chart: the one that it lies in, else the first that begins within it. @param {ReadonlyArray<Slot>} slots @param {{ time: number, end: number }} instant */
export const placeOf = (slots, { end, time }) => {
  const at = slotAt(slots, time)
  if (at >= 0 && slots[at].end > time) return at
  return at + 1 < slots.length && slots[at + 1].time < end ? at + 1 : null
}
