/**
 * One emission of a window's result for one key.
 *
 * A window may be emitted more than once. The pane says which emission it is: `early`
 * before the watermark has passed the window's end, `on-time` when it passes, `late` when
 * an event within the allowed lateness changed it afterwards. Of two panes of one window
 * the one with the higher `revision` is the newer. `retracted` takes a window back: a
 * session that a late event has merged into another.
 *
 * The words are those of the Dataflow model (Akidau et al., VLDB 2015).
 */
import { BigDecimal, Schema } from "effect"
import * as Decimal from "../../domain/Decimal.ts"

export type Kind = "early" | "on-time" | "late" | "retracted"

export type Value = Decimal.Decimal | number | string | boolean | null

export type Values = { readonly [name: string]: Value }

export interface Pane<V = Values> {
  readonly pipeline: string
  readonly key: string
  /** Start of the window, inclusive, in milliseconds since the epoch. */
  readonly start: number
  /** End of the window, exclusive. */
  readonly end: number
  readonly pane: Kind
  readonly revision: number
  readonly values: V
}

/** A pane as it is written: decimals are strings in plain notation. */
export const Encoded = Schema.Struct({
  pipeline: Schema.String,
  key: Schema.String,
  start: Schema.Int,
  end: Schema.Int,
  pane: Schema.Literals(["early", "on-time", "late", "retracted"]),
  revision: Schema.Int,
  values: Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Finite, Schema.Boolean, Schema.Null]))
})

export type Encoded = typeof Encoded.Type

/** A pane on one line of JSON, its members always in the same order. */
export const toJson = (pane: Pane): string => {
  let values = ""
  for (const name in pane.values) {
    values += `${values === "" ? "" : ","}${JSON.stringify(name)}:${valueToJson(pane.values[name] ?? null)}`
  }
  return `{"pipeline":${JSON.stringify(pane.pipeline)},"key":${JSON.stringify(pane.key)},"start":${pane.start},` +
    `"end":${pane.end},"pane":"${pane.pane}","revision":${pane.revision},"values":{${values}}}`
}

const valueToJson = (value: Value): string =>
  BigDecimal.isBigDecimal(value) ? `"${Decimal.format(value)}"` : JSON.stringify(value)

/** The written form of a pane as an object. */
export const encode = (pane: Pane): Encoded => ({
  ...pane,
  values: Object.fromEntries(
    Object.entries(pane.values).map((
      [name, value]
    ) => [name, BigDecimal.isBigDecimal(value) ? Decimal.format(value) : value])
  )
})

/** Reads the written form back. */
export const decodeJson = Schema.decodeUnknownEffect(Schema.fromJsonString(Encoded))

/** Panes in the order in which they are emitted: by end, then start, then key. */
export const order = (a: Pane, b: Pane): number =>
  a.end - b.end || a.start - b.start || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
