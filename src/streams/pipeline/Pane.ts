/**
 * One emission of a window's result for one key.
 *
 * A window may be emitted more than once. The pane says which emission it is: `early`
 * before the watermark has passed the window's end, `on-time` when it passes, `late` when
 * an event within the allowed lateness changed it afterwards. `retracted` takes a window back:
 * a session that a late event has merged into another. Which of two panes of one window is the
 * newer, {@link replaces} says.
 *
 * The words are those of the Dataflow model (Akidau et al., VLDB 2015).
 */
import { BigDecimal, Effect, Schema } from "effect"
import * as Decimal from "../../domain/Decimal.ts"

export type Kind = "early" | "on-time" | "late" | "retracted"

/** A sum of integers is a `bigint` beyond 2^53 - 1, and a number up to there: it has one form, and is never rounded. */
export type Value = Decimal.Decimal | number | bigint | string | boolean | null

export type Values = { readonly [name: string]: Value }

export interface Pane<V = Values> {
  readonly pipeline: string
  readonly key: string
  /** Start of the window, inclusive, in milliseconds since the epoch. */
  readonly start: number
  /** End of the window, exclusive. */
  readonly end: number
  readonly pane: Kind
  /** How many panes of the window were emitted before this one. A restart may count them differently. */
  readonly revision: number
  /**
   * How many rows were added to what the pane was computed from, or taken back from it; of a retracted pane, what
   * the pane had that it takes back. It depends on which rows they are, and not on the order in which they came.
   */
  readonly changes: number
  readonly values: V
}

/** What decides between two panes of one window. */
export type Age = Pick<Pane, "changes" | "pane">

/** Between panes of equally many changes the higher rank counts. */
export const ranks: { readonly [K in Kind]: number } = { early: 0, "on-time": 1, late: 1, retracted: 2 }

/**
 * Whether a pane that is written now takes the place of the one that is stored of its window: every sink and every
 * reader decides by it. The one with more changes is the newer, whatever the order in which partitions were read
 * before and after a crash. Of equally many a result takes the place of an early one, and a retraction that of any;
 * between equals the one that is written later stays.
 */
export const replaces = (written: Age, stored: Age): boolean =>
  written.changes > stored.changes ||
  (written.changes === stored.changes && ranks[written.pane] >= ranks[stored.pane])

/** Whether two values are the same, however many zeros a decimal ends with. */
export const isSame = (a: Value, b: Value): boolean =>
  BigDecimal.isBigDecimal(a) && BigDecimal.isBigDecimal(b) ? BigDecimal.equals(a, b) : a === b

/** A pane as it is written: decimals and integers beyond 2^53 - 1 are strings in plain notation. */
export const Encoded = Schema.Struct({
  pipeline: Schema.String,
  key: Schema.String,
  start: Schema.Int,
  end: Schema.Int,
  pane: Schema.Literals(["early", "on-time", "late", "retracted"]),
  revision: Schema.Int,
  /** Versions before this member wrote none: any pane of today is newer than theirs. */
  changes: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)).pipe(Schema.withDecodingDefaultKey(Effect.succeed(0))),
  values: Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Finite, Schema.Boolean, Schema.Null]))
})

export type Encoded = typeof Encoded.Type

/** A pane on one line of JSON, its members always in the same order. */
export const toJson = (pane: Pane): string =>
  `{"pipeline":${quoted(pane.pipeline)},"key":${quoted(pane.key)},"start":${pane.start},` +
  `"end":${pane.end},"pane":"${pane.pane}","revision":${pane.revision},"changes":${pane.changes},"values":${valuesToJson(pane.values)}}`

/** The results alone, in their order. */
export const valuesToJson = (values: Values): string => {
  let members = ""
  for (const name in values) {
    members += `${members === "" ? "" : ","}${quoted(name)}:${valueToJson(values[name] ?? null)}`
  }
  return `{${members}}`
}

export const valueToJson = (value: Value): string => {
  if (typeof value === "number") return Number.isFinite(value) ? `${value}` : "null"
  if (typeof value === "string") return quoted(value)
  // No other value is an object.
  if (typeof value === "object") return value === null ? "null" : `"${Decimal.format(value)}"`
  return typeof value === "bigint" ? `"${value}"` : `${value}`
}

/** A string in JSON: most have nothing to escape, and looking takes a fraction of `JSON.stringify`. */
const quoted = (text: string): string => {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x20 || unit > 0x7e || unit === 0x22 || unit === 0x5c) return JSON.stringify(text)
  }
  return `"${text}"`
}

/** The written form of a value. */
export const encodeValue = (value: Value): Encoded["values"][string] => {
  if (BigDecimal.isBigDecimal(value)) return Decimal.format(value)
  return typeof value === "bigint" ? String(value) : value
}

/** The written form of a pane as an object. */
export const encode = (pane: Pane): Encoded => ({
  ...pane,
  values: Object.fromEntries(Object.entries(pane.values).map(([name, value]) => [name, encodeValue(value)]))
})

/** Reads the written form back. */
export const decodeJson = Schema.decodeUnknownEffect(Schema.fromJsonString(Encoded))

/** A window of a key, among those of its pipeline. */
type Identity = Pick<Pane, "end" | "key" | "start">

/** Panes in the order in which they are emitted: by end, then start, then key. */
export const order = (a: Identity, b: Identity): number =>
  a.end - b.end || a.start - b.start || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
