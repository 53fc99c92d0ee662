/**
 * How much of the past is in view.
 *
 * @typedef {"15m" | "1h" | "session" | "5d" | "all"} Range
 * @typedef {"1m" | "5m" | "15m" | "1h" | "1D"} Interval
 * @typedef {import("./sessions.js").Span} Span
 */
import { begunAt } from "./sessions.js"

const minute = 60_000
const day = 1_440 * minute

/** @type {Record<Range, { name: string, interval: Interval }>} with the length of bars that suits each */
export const ranges = {
  "15m": { name: "15 minutes", interval: "1m" },
  "1h": { name: "1 hour", interval: "1m" },
  session: { name: "Session", interval: "1m" },
  "5d": { name: "5 days", interval: "15m" },
  all: { name: "All", interval: "1h" }
}

/** @type {Record<Interval, { name: string, size: number }>} in milliseconds; a day's bar is that of its session */
export const intervals = {
  "1m": { name: "1 minute", size: minute },
  "5m": { name: "5 minutes", size: 5 * minute },
  "15m": { name: "15 minutes", size: 15 * minute },
  "1h": { name: "1 hour", size: 60 * minute },
  "1D": { name: "1 day", size: day }
}

/** @param {string} text @returns {text is Range} */
export const isRange = (text) => Object.hasOwn(ranges, text)

/** @param {string} text @returns {text is Interval} */
export const isInterval = (text) => Object.hasOwn(intervals, text)

/**
 * Where a range begins. A session is the newest whose first trade there may have been, from its opening bell on, or from the
 * beginning of the hours before it while the bell has not rung. Of an exchange without known sessions it is a day.
 * @param {Range} range @param {number} newest the end of the newest bar @param {ReadonlyArray<Span>} spans
 */
export const rangeStart = (range, newest, spans) => {
  if (range === "all") return -Infinity
  if (range === "15m") return newest - 15 * minute
  if (range === "1h") return newest - 60 * minute
  return sessionStart(newest, spans, range === "session" ? 1 : 5)
}

/** @param {number} newest @param {ReadonlyArray<Span>} spans @param {number} sessions how many, with the newest */
const sessionStart = (newest, spans, sessions) => {
  const at = begunAt(spans, newest - 1)
  if (at < 0) return newest - sessions * day
  let wanted = sessions
  let date = ""
  let start = NaN
  for (let i = at; i >= 0; i--) {
    const its = spans[i]
    if (its.date !== date) {
      if (wanted-- === 0) break
      date = its.date
      start = its.from
    } else if (its.kind === "regular") start = its.from
  }
  return start
}
