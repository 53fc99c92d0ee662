/**
 * Any text as a name in line protocol, readable where it is an ordinary one, and never two texts as one name.
 *
 * Line protocol cannot hold every text: a backslash before a separator or at the end is ambiguous, a line break ends
 * the line, an empty tag is no tag. So `%`, backslashes and control characters become `%` and two hexadecimal digits,
 * halves of a surrogate pair `%u` and four, and the empty text a lone `%`. Commas, spaces and equals signs are left to
 * line protocol's own escapes, which the server takes away again.
 *
 * Source: https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/#special-characters
 */

/** Tags of every pane's point. */
export const tags = { key: "key", window: "window" } as const

/** Fields of every pane's point, beside those of its results. */
export const fields = {
  windowEnd: "window_end",
  revision: "revision",
  changes: "changes",
  pane: "pane",
  exact: "exact"
} as const

/** The measurements of the program's own metrics and of trading sessions; a pipeline of such a name gets another. */
export const metrics = "courant"
export const sessions = "courant-sessions"

const isOwn = (pipeline: string): boolean => pipeline === metrics || pipeline === sessions

/** Equals signs of a measurement are not escaped, and a backslash before one would stay. */
export const measurement = (pipeline: string): string =>
  isPlain(pipeline) && !isOwn(pipeline) ? pipeline : measurementName(pipeline).replaceAll(/[, ]/g, "\\$&")

export const tag = (value: string): string => isPlain(value) ? value : escape(encode(value))

export const field = (name: string): string => escape(encode(name))

/** The name as queries see it. A line that begins with `#` would be a comment. */
export const measurementName = (pipeline: string): string =>
  pipeline.startsWith("#") || isOwn(pipeline)
    ? `${percent(pipeline.slice(0, 1))}${pipeline.length === 1 ? "" : encode(pipeline.slice(1))}`
    : encode(pipeline)

/** The name as queries see it, of a tag's value or a field. */
export const encode = (text: string): string => text === "" ? "%" : text.replaceAll(special, percent)

/** Control characters, and, as the expression sees whole characters, surrogates that have no other half. */
const special = /[%\\\p{Cc}\p{Cs}]/gu

/** Most names are symbols and the like, and every line has two of them. */
const isPlain = (text: string): boolean => /^[\w.^:/-]+$/.test(text)

const percent = (character: string): string => {
  const code = character.charCodeAt(0).toString(16).toUpperCase()
  return code.length <= 2 ? `%${code.padStart(2, "0")}` : `%u${code}`
}

const escape = (name: string): string => name.replaceAll(/[, =]/g, "\\$&")

/** The text that a name stands for; a `%` that we did not write stays as it is. */
export const decode = (name: string): string =>
  name === "%" ? "" : name.replaceAll(/%(?:u([0-9A-F]{4})|([0-9A-F]{2}))/g, (_, long?: string, short?: string) =>
    String.fromCharCode(Number.parseInt(long ?? short ?? "", 16)))
