/** When exchanges trade: read once for the stretch of time that is shown, and again where it becomes longer. */
import { get } from "../api.js"
import { spanAt, spansOf } from "../chart/sessions.js"

const day = 86_400_000

/** @typedef {{ timeZone: string | null, from: number, to: number, days: ReadonlyArray<import("../chart/sessions.js").Day>, spans: ReadonlyArray<import("../chart/sessions.js").Span> }} Known */

/** @param {() => void} changed */
export const makeDays = (changed) => {
  /** By exchange. @type {Map<string, Known>} */
  const known = new Map()
  /** @type {Set<string>} */
  const reading = new Set()

  /** @param {string} exchange @param {number} from @param {number} to */
  const read = async (exchange, from, to) => {
    if (reading.has(exchange)) return
    reading.add(exchange)
    try {
      const { days, timeZone } = await get("sessions", { exchange: exchange === "" ? undefined : exchange, from, to })
      known.set(exchange, { days, timeZone, from, to, spans: spansOf(days) })
      changed()
    } catch {
      // Without it nothing is shaded; it is asked for again when another stretch is shown.
      known.set(exchange, { days: [], timeZone: null, from, to, spans: [] })
    }
    reading.delete(exchange)
  }

  /** What is known now; more is read where it does not reach. @param {string | undefined} exchange @param {number} from @param {number} to @returns {Known | undefined} */
  const of = (exchange = "", from, to) => {
    const its = known.get(exchange)
    if (its === undefined || from < its.from || to > its.to) {
      const first = Math.min(from, its?.from ?? from)
      const last = Math.max(to, its?.to ?? to)
      void read(exchange, Math.floor(first / day - 1) * day, Math.ceil(last / day + 2) * day)
    }
    return its
  }

  return {
    of,
    /** Where a symbol's exchange is in its day. @param {string | undefined} exchange @param {number} time @returns {{ word: string, open: boolean } | undefined} */
    session: (exchange, time) => {
      const its = of(exchange, time, time)
      if (its === undefined || its.spans.length === 0) return undefined
      return sessions[spanAt(its.spans, time)?.kind ?? "closed"]
    }
  }
}

const sessions = {
  pre: { word: "Pre-market", open: false },
  regular: { word: "Open", open: true },
  post: { word: "After hours", open: false },
  closed: { word: "Closed", open: false }
}
