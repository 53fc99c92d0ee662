/** How a trace is kept in a small file, and how what comes later is held against it. */
import { createHash } from "node:crypto"
import { gunzipSync, gzipSync } from "node:zlib"

export interface Recording {
  readonly lines: number
  /** Of all lines, each with its line break. */
  readonly sha256: string
  /** All lines, gzip in base64, where they are few. */
  readonly text?: string
  /** Else the first 2 bytes of each line's SHA-256, in base64: enough to say which line is another. */
  readonly marks?: string
}

/** Longer traces are kept as marks. */
const longest = 500

const markLength = 2

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest()

const textOf = (lines: ReadonlyArray<string>): string => lines.map((line) => `${line}\n`).join("")

const marksOf = (lines: ReadonlyArray<string>): Buffer =>
  Buffer.concat(lines.map((line) => sha256(line).subarray(0, markLength)))

export const record = (lines: ReadonlyArray<string>): Recording => {
  const text = textOf(lines)
  const kept = lines.length <= longest
    ? { text: gzipSync(text, { level: 9 }).toString("base64") }
    : { marks: marksOf(lines).toString("base64") }
  return { lines: lines.length, sha256: sha256(text).toString("hex"), ...kept }
}

const bytesOf = (base64: string): Buffer => Buffer.from(base64, "base64")

/** What the first difference is, in words; `null` where there is none. */
export const difference = (recorded: Recording, lines: ReadonlyArray<string>): string | null => {
  if (lines.length === recorded.lines && sha256(textOf(lines)).toString("hex") === recorded.sha256) return null
  const was = recorded.text === undefined ? null : gunzipSync(bytesOf(recorded.text)).toString().split("\n")
  const marks = bytesOf(recorded.marks ?? "")
  const markAt = (index: number) => marks.subarray(index * markLength, (index + 1) * markLength)
  const isSame = (line: string, index: number) => was === null ? markAt(index).equals(marksOf([line])) : was[index] === line
  const both = Math.min(lines.length, recorded.lines)
  const at = lines.slice(0, both).findIndex((line, index) => !isSame(line, index))
  // Where no mark tells them apart and all are as many, it is a line whose mark is the same by chance.
  if (at === -1 && lines.length === recorded.lines) return "a line is another, and its mark does not say which"
  const index = at === -1 ? both : at
  const counts = lines.length === recorded.lines ? "" : ` (${lines.length} lines came, and were ${recorded.lines})`
  const expected = index >= recorded.lines ? "nothing" : was?.[index] ?? "another, of which only a digest is kept"
  return `line ${index + 1}${counts}\ncame: ${lines[index] ?? "nothing"}\nwas:  ${expected}`
}

/** A member that panes have gained since the traces were recorded, and which values of it are in order. */
export interface Gained {
  readonly member: string
  readonly allows: (value: unknown) => boolean
}

/**
 * A line without what panes have gained. A line that is no pane, and a pane with a value that is
 * not in order, stay as they are, and so differ from what was recorded.
 */
export const without = (gained: ReadonlyArray<Gained>, line: string): string => {
  if (!line.startsWith(`{"pipeline":`) || !gained.some(({ member }) => line.includes(`"${member}":`))) return line
  const pane: { readonly [member: string]: unknown } = JSON.parse(line)
  // Only where it can be put together again as it was; a result of the same name is in `values` and stays.
  if (JSON.stringify(pane) !== line) return line
  const isGained = (name: string, value: unknown) => gained.some(({ allows, member }) => member === name && allows(value))
  return JSON.stringify(Object.fromEntries(Object.entries(pane).filter(([name, value]) => !isGained(name, value))))
}
