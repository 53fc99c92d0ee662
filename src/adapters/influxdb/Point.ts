/**
 * A pane as a point of InfluxDB: a line of line protocol to write it, a row to read it back.
 *
 * - Measurement: the pipeline's name. Tags: `key`, and `window`, the window's length, because windows of one pipeline
 *   may share a start. Timestamp: the window's start, in milliseconds.
 * - Fields: `window_end`, `revision` and `changes` (integers), `pane` (string), `exact` (string: the values as JSON,
 *   decimals and large integers as strings), and each value under its own name for charts and queries: every number as a float, since
 *   InfluxDB holds a field to its first type only within a shard; an absent value has no field.
 * - A retracted window keeps its `window_end`, `revision`, `changes`, `pane` and `exact`, so that charts show nothing
 *   and an older pane does not bring it back.
 *
 * Source: https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/
 */
import { Option, Schema } from "effect"
import * as Pane from "../../streams/pipeline/Pane.ts"
import * as Names from "./Names.ts"

export interface Point {
  readonly line: string
  /** The fields that show values, each once, in the pane's order and parted by commas. */
  readonly shown: string
}

/**
 * Makes points of panes, one after the other. What a point has in common with the one before is kept by the encoder, so
 * that it is put together once: each sink has an encoder of its own.
 */
export const encoder = () => {
  const frameOf = frames()
  const nameOf = names()
  const joined = joins()
  return (pane: Pane.Pane): Point => {
    const isRetracted = pane.pane === "retracted"
    let exact = ""
    let fields = ""
    const shown: Array<string> = []
    for (const name in pane.values) {
      const value = pane.values[name] ?? null
      const { field, first, key, next } = nameOf(name)
      // Nearly every value is a decimal or a number: its digits need no escapes, and are written twice.
      const isQuoted = (typeof value === "object" && value !== null) || typeof value === "bigint"
      const digits = isQuoted ? String(Pane.encodeValue(value)) : Number.isFinite(value) ? String(value) : null
      const json = digits === null ? escaped(JSON.stringify(value)) : isQuoted ? `\\"${digits}\\"` : digits
      exact += (exact === "" ? first : next) + json
      if (field === null || isRetracted) continue
      const shownAs = digits === null ? fieldOf(value) : finite(digits)
      if (shownAs === null) continue
      fields += field + shownAs
      shown.push(key)
    }
    const { beforeKey, beforeRevision, time } = frameOf(pane)
    const line = `${beforeKey}${Names.tag(pane.key)}${beforeRevision}${pane.revision}${beforeChanges}${pane.changes}` +
      `${beforePane}${pane.pane}${beforeExact}{${exact}}"${fields}${time}`
    return { line: flat(line), shown: joined(shown) }
  }
}

const beforeChanges = `i,${Names.fields.changes}=`
const beforePane = `i,${Names.fields.pane}="`
const beforeExact = `",${Names.fields.exact}="`

/** What the points of a pipeline and a window have in common. Panes of one window come one after the other. */
const frames = () => {
  let frame: Frame = { pipeline: "", start: Number.NaN, end: Number.NaN, beforeKey: "", beforeRevision: "", time: "" }
  return ({ end, pipeline, start }: Pane.Pane): Frame => {
    if (pipeline !== frame.pipeline || start !== frame.start || end !== frame.end) {
      const beforeKey = `${Names.measurement(pipeline)},${Names.tags.key}=`
      const beforeRevision = `,${Names.tags.window}=${windowOf(end - start)} ${Names.fields.windowEnd}=${end}i,` +
        `${Names.fields.revision}=`
      frame = { pipeline, start, end, beforeKey, beforeRevision, time: ` ${start}` }
    }
    return frame
  }
}

interface Frame extends Pick<Pane.Pane, "end" | "pipeline" | "start"> {
  readonly beforeKey: string
  readonly beforeRevision: string
  readonly time: string
}

/** The fields as one string, which is nearly always that of the point before. */
const joins = () => {
  let latest: ReadonlyArray<string> = []
  let joined = ""
  return (fields: ReadonlyArray<string>): string => {
    if (fields.length !== latest.length || fields.some((field, i) => field !== latest[i])) {
      latest = fields
      joined = fields.join()
    }
    return joined
  }
}

/** The name of a value, as it is written into every line. */
interface WrittenName {
  /** `\"close\":`, within the quotes of `exact`; of a value that is not the first, after a comma. */
  readonly first: string
  readonly next: string
  readonly key: string
  /** `,close=`, before the value that is shown; none where it is in `exact` only. */
  readonly field: string | null
}

/** A pipeline has the same few names in every pane. */
const names = () => {
  const written = new Map<string, WrittenName>()
  return (name: string): WrittenName => {
    const known = written.get(name)
    if (known !== undefined) return known
    const first = `${escaped(JSON.stringify(name))}:`
    const key = Names.field(name)
    const made = { first, next: `,${first}`, key, field: isHidden(name) ? null : `,${key}=` }
    if (written.size >= mostNames) written.clear()
    written.set(name, made)
    return made
  }
}

const mostNames = 1_000

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

const taken: ReadonlySet<string> = new Set([...Object.values(Names.fields), ...Object.values(Names.tags), "time"])

const fieldOf = (value: Pane.Value): string | null =>
  typeof value === "string" ? quoted(value) : typeof value === "boolean" ? String(value) : null

/** The server rounds to the nearest double itself. What has fewer digits than the largest of them is not beyond it. */
const finite = (text: string): string | null => text.length < 300 || Number.isFinite(Number(text)) ? text : null

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
  readonly changes: number
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
      changes: row.changes,
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
