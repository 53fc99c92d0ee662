/**
 * A pane as a point of InfluxDB: a line of line protocol to write it, a row to read it back.
 *
 * - Measurement: the pipeline's name. Tags: `key`, and `window`, the window's length, because windows of one pipeline
 *   may share a start. Timestamp: the window's start, in milliseconds.
 * - Fields: `window_end` and `revision` (integers), `pane` (string), `exact` (string: the values as JSON, decimals as
 *   strings), and each value under its own name for charts and queries: every number as a float, since InfluxDB holds
 *   a field to its first type only within a shard; an absent value has no field.
 * - A retracted window keeps its `window_end`, `revision`, `pane` and `exact`, so that charts show nothing and an
 *   older revision does not bring it back.
 *
 * Source: https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/
 */
import { BigDecimal, Option, Schema } from "effect"
import * as Decimal from "../../domain/Decimal.ts"
import * as Pane from "../../streams/Pane.ts"
import * as Names from "./Names.ts"

export interface Point {
  readonly line: string
  /** The fields that show values, each once, in the pane's order and parted by commas. */
  readonly shown: string
}

export const fromPane = (pane: Pane.Pane): Point => {
  const isRetracted = pane.pane === "retracted"
  let exact = ""
  let fields = ""
  let shown = ""
  for (const name in pane.values) {
    const value = pane.values[name] ?? null
    const { inExact, key } = writtenName(name)
    exact += exact === "" ? inExact : `,${inExact}`
    // A decimal is the most frequent value by far: its digits need no escapes, and are written twice.
    const text = BigDecimal.isBigDecimal(value) ? Decimal.format(value) : null
    exact += text === null ? escaped(JSON.stringify(value)) : `\\"${text}\\"`
    if (key === null || isRetracted) continue
    const field = text === null ? fieldOf(value) : decimalField(text)
    if (field === null) continue
    fields += `,${key}=${field}`
    shown += shown === "" ? key : `,${key}`
  }
  const { end, key, pipeline, revision, start } = pane
  const line = `${Names.measurement(pipeline)},key=${Names.tag(key)},window=${windowOf(end - start)} ` +
    `window_end=${end}i,revision=${revision}i,pane="${pane.pane}",exact="{${exact}}"${fields} ${start}`
  return { line: flat(line), shown: flat(shown) }
}

/** The name of a value, as it is written into every line. */
interface WrittenName {
  /** `\"close\":`, within the quotes of `exact`. */
  readonly inExact: string
  /** Of the field that shows the value; none where it is in `exact` only. */
  readonly key: string | null
}

/** A pipeline has the same few names in every pane. */
const writtenNames = new Map<string, WrittenName>()
const mostNames = 1_000

const writtenName = (name: string): WrittenName => {
  const known = writtenNames.get(name)
  if (known !== undefined) return known
  const written = { inExact: `${escaped(JSON.stringify(name))}:`, key: isHidden(name) ? null : Names.field(name) }
  if (writtenNames.size >= mostNames) writtenNames.clear()
  writtenNames.set(name, written)
  return written
}

/**
 * V8 keeps a text that was put together as a tree of its pieces, and the garbage collector walks those of thousands of
 * lines again and again: three quarters of the time of a write. Looking at a character makes one piece of it. (No
 * line begins with a zero; but what is looked at for nothing is not looked at.)
 */
const flat = (text: string): string => text.charCodeAt(0) === 0 ? "" : text

/** The fields that show values at a point that was read back. */
export const shownBy = ({ pane, values }: Pane.Encoded): string =>
  pane === "retracted"
    ? ""
    : Object.entries(values).flatMap(([name, value]) => value === null || isHidden(name) ? [] : [Names.field(name)]).join()

/** Values of these names are in `exact` only: fields of our own, our tags, and what InfluxDB keeps for itself. */
const isHidden = (name: string): boolean => name.startsWith("_") || taken.has(name)

const taken: ReadonlySet<string> = new Set(["window_end", "revision", "pane", "exact", "key", "window", "time"])

const fieldOf = (value: Pane.Value): string | null => {
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : null
  if (typeof value === "string") return quoted(value)
  return typeof value === "boolean" ? String(value) : null
}

/** The server rounds to the nearest double itself. What has fewer digits than the largest of them is not beyond it. */
const decimalField = (text: string): string | null => text.length < 300 || Number.isFinite(Number(text)) ? text : null

const quoted = (text: string): string => `"${escaped(text)}"`

const escaped = (text: string): string => /["\\]/.test(text) ? text.replaceAll(/["\\]/g, "\\$&") : text

/** A point as it comes out of a query. */
export interface Row {
  readonly measurement: string
  readonly key: string
  readonly window: string
  /** The window's start, in milliseconds since the epoch. */
  readonly start: number
  readonly revision: number
  readonly pane: string
  readonly exact: string
}

const decodePane = Schema.decodeUnknownOption(Pane.Encoded)
const decodeValues = Schema.decodeUnknownOption(Schema.fromJsonString(Pane.Encoded.fields.values))

/** None for what is no pane of ours. */
export const toPane = (row: Row): Option.Option<Pane.Encoded> => {
  const length = lengthOf(row.window)
  if (length === null) return Option.none()
  return Option.flatMap(decodeValues(row.exact), (values) =>
    decodePane({
      pipeline: Names.decode(row.measurement),
      key: Names.decode(row.key),
      start: row.start,
      end: row.start + length,
      pane: row.pane,
      revision: row.revision,
      values
    }))
}

const units: ReadonlyArray<readonly [unit: string, milliseconds: number]> = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1]
]

/** A length in milliseconds as a count of the largest unit that divides it: `1m`, `90s`, `23h`, `61001ms`. */
export const windowOf = (length: number): string => {
  for (const [unit, milliseconds] of units) {
    if (length % milliseconds === 0) return `${length / milliseconds}${unit}`
  }
  return `${length}ms`
}

const lengthOf = (window: string): number | null => {
  const [, count, unit] = /^(-?\d+)(d|h|m|s|ms)$/.exec(window) ?? []
  const milliseconds = units.find(([name]) => name === unit)?.[1]
  return milliseconds === undefined ? null : Number(count) * milliseconds
}
