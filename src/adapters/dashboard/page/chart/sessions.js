/**
 * When the symbol's exchange trades, out of the days that `/api/v1/sessions` gives.
 *
 * @typedef {{ start: number, end: number }} Stretch
 * @typedef {{ date: string, name: string | null, open: number | null, close: number | null, breaks: Array<Stretch>,
 *   pre: Stretch | null, post: Stretch | null, half: boolean }} Day
 * @typedef {{ kind: "pre" | "regular" | "post", from: number, to: number, date: string }} Span half-open; a session with a break is
 *   two of them
 * @typedef {{ timeZone: string, spans: ReadonlyArray<Span> }} Exchange with the IANA name of its clock
 */

/** In the order of time. @param {ReadonlyArray<Day>} days @returns {Array<Span>} */
export const spansOf = (days) => days.flatMap(spansOfDay).sort((a, b) => a.from - b.from)

/** @param {Day} day @returns {Array<Span>} */
const spansOfDay = ({ breaks, close, date, open, post, pre }) => {
  if (open === null || close === null) return []
  const starts = [open, ...breaks.map(({ end }) => end)]
  const regular = starts.map((from, i) => span("regular", from, breaks[i]?.start ?? close, date))
  return [
    ...(pre === null ? [] : [span("pre", pre.start, pre.end, date)]),
    ...regular,
    ...(post === null ? [] : [span("post", post.start, post.end, date)])
  ].filter(({ from, to }) => to > from)
}

/** @param {Span["kind"]} kind @param {number} from @param {number} to @param {string} date @returns {Span} */
const span = (kind, from, to, date) => ({ kind, from, to, date })

/** The last span that has begun by a time, be it over or not. @param {ReadonlyArray<Span>} spans @param {number} time */
export const begunAt = (spans, time) => {
  let [from, to] = [0, spans.length]
  while (from < to) {
    const middle = (from + to) >>> 1
    if (spans[middle].from <= time) from = middle + 1
    else to = middle
  }
  return from - 1
}

/** The span that holds a time. @param {ReadonlyArray<Span>} spans @param {number} time @returns {Span | undefined} */
export const spanAt = (spans, time) => {
  const its = spans[begunAt(spans, time)]
  return its !== undefined && time < its.to ? its : undefined
}

/**
 * The bar of a length that a time is in. Bars are counted from the opening bell, from the end of a break, and from the close;
 * before the bell they are counted back from it. None reaches over a bell: the last one before it is as much shorter. Where
 * nothing is known of trading they are counted from midnight of UTC.
 * @param {number} time @param {number} size both in milliseconds @param {ReadonlyArray<Span>} spans
 * @returns {Stretch}
 */
export const barAt = (time, size, spans) => {
  const at = begunAt(spans, time)
  const begun = spans[at]
  if (begun !== undefined && time < begun.to) {
    const { from, kind, to } = begun
    if (kind === "pre") {
      const end = to - Math.floor((to - 1 - time) / size) * size
      return { start: Math.max(end - size, from), end }
    }
    const start = from + Math.floor((time - from) / size) * size
    return { start, end: Math.min(start + size, to) }
  }
  const start = Math.floor(time / size) * size
  return { start: Math.max(start, begun?.to ?? -Infinity), end: Math.min(start + size, spans[at + 1]?.from ?? Infinity) }
}

/**
 * Whether the market was closed between two times. Where no day is known it was after an hour without a bar.
 * @param {number} end of one bar @param {number} start of the next @param {ReadonlyArray<Span>} spans
 */
export const isClosedBetween = (end, start, spans) => {
  const next = begunAt(spans, start)
  const before = begunAt(spans, end - 1)
  if (spans[before] === undefined && spans[next] === undefined) return start - end >= 3_600_000
  for (let at = Math.max(before, 0) + 1; at <= next; at++) if (spans[at].from > (spans[at - 1]?.to ?? -Infinity)) return true
  // What is outside of all hours has no market that could have been closed before it, but for a break of an hour.
  return spanAt(spans, end - 1) === undefined && spanAt(spans, start) === undefined && start - end >= 3_600_000
}

/**
 * What is told where the market was closed: half days, and holidays that were in between.
 * @param {ReadonlyArray<Day>} days @param {(time: number) => string} hour @param {(date: string) => string} day both in words
 * @returns {Array<{ from: number, to: number, kind: "half" | "closed", text: string }>} with the time that each is about
 */
export const notesOf = (days, hour, day) => days.flatMap((its) => {
  const { close, date, half, name, open } = its
  if (open === null || close === null) {
    const from = Date.parse(date)
    return [{ from, to: from + 86_400_000, kind: "closed", text: `${day(date)}: closed${name === null ? "" : `, ${name}`}` }]
  }
  return half ? [{ from: open, to: close, kind: "half", text: `Half day${name === null ? "" : `, ${name}`}: closes at ${hour(close)}` }] : []
})
