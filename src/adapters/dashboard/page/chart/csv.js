/**
 * What the chart shows, as a table for other programs: a line a bar, with all digits.
 *
 * @typedef {import("./bars.js").Bar} Bar
 * @typedef {import("./indicators.js").Line} Line
 */

const columns = ["open", "high", "low", "close", "volume", "trades"]

/**
 * Times are those of UTC, as ISO 8601 writes them. A figure that there is none of is empty.
 * @param {ReadonlyArray<Bar>} bars @param {ReadonlyArray<Line>} lines
 */
export const csvOf = (bars, lines) => {
  const at = lines.map(({ points }) => new Map(points.map(({ text, time }) => [time, text])))
  const header = ["start", "end", ...columns, "state", "revisions", ...lines.map(({ label }) => label)]
  const rows = bars.map((bar) => [
    new Date(bar.time).toISOString(),
    new Date(bar.end).toISOString(),
    ...columns.map((name) => bar[name] ?? ""),
    bar.state,
    bar.revisions,
    ...at.map((texts) => texts.get(bar.time) ?? "")
  ])
  // RFC 4180 ends lines so.
  return [header, ...rows].map((row) => `${row.map(field).join(",")}\r\n`).join("")
}

/** @param {string | number} value */
const field = (value) => /[",\r\n]/.test(String(value)) ? `"${String(value).replaceAll("\"", "\"\"")}"` : String(value)

/** A name for a file, of what may stand in one everywhere. @param {string} symbol @param {string} interval @param {string} ending */
export const fileName = (symbol, interval, ending) => `${symbol.replace(/[^\w.-]+/g, "_").replace(/^\.+/, "_")}-${interval}.${ending}`
