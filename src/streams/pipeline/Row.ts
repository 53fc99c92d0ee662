/**
 * What a pipeline that ends in events puts out: one row for each that it keeps, with the place that it has in the log, or
 * with the window that it is the result of. A row of one place is always the same one, so that whoever has it already can
 * tell when it comes again.
 */
import { BigDecimal, Schema } from "effect"
import { encodeValue, type Value, valueToJson } from "./Pane.ts"

/** The source's name, and where in the log a row was read: no two rows of a pipeline have the same place. */
export interface Place {
  readonly source: string
  readonly partition: number
  readonly offset: number
  /**
   * Of a pair, whose place begins with that of its left row: the place of its right row, `null` where a left join has found
   * none. Where a pair is joined again there are more of them, in the order of the joins.
   */
  readonly joined?: ReadonlyArray<Place | null>
  /** Of a row of `Panes.toEvents`, which was read nowhere: the window that it is the result of. Its partition and offset are 0. */
  readonly window?: WindowPlace
}

/** What tells the windows of a pipeline apart. */
export interface WindowPlace {
  readonly start: number
  readonly end: number
  /** The key of the window; rows may have another one. */
  readonly key: string
}

/** The fields of a row, those of structs in their structs; an absent field is `null`. */
export type Values = { readonly [name: string]: Value | Values }

export interface Row<V = Values> {
  readonly pipeline: string
  readonly place: Place
  /** The key as panes have it. */
  readonly key: string
  /** The event time in milliseconds since the epoch. */
  readonly time: number
  readonly values: V
}

/** Fields in their written form: decimals are strings in plain notation. */
export type EncodedValues = { readonly [name: string]: string | number | boolean | null | EncodedValues }

const EncodedValues: Schema.Codec<EncodedValues> = Schema.Record(
  Schema.String,
  Schema.Union([
    Schema.String,
    Schema.Finite,
    Schema.Boolean,
    Schema.Null,
    Schema.suspend((): Schema.Codec<EncodedValues> => EncodedValues)
  ])
)

const WindowPlace = Schema.Struct({ start: Schema.Int, end: Schema.Int, key: Schema.String })

const Place: Schema.Codec<Place> = Schema.Struct({
  source: Schema.String,
  partition: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
  // Of a row of results that is held for a pair it is the end of its window, which may be before the epoch.
  offset: Schema.Int,
  joined: Schema.optionalKey(Schema.Array(Schema.NullOr(Schema.suspend((): Schema.Codec<Place> => Place)))),
  window: Schema.optionalKey(WindowPlace)
})

/** Of a pair the rows that were joined to its first one, in their written form. */
export const Joined = Schema.Array(Schema.NullOr(Place))

/** A row as it is written. */
export const Encoded = Schema.Struct({
  pipeline: Schema.String,
  place: Place,
  key: Schema.String,
  time: Schema.Int,
  values: EncodedValues
})

export type Encoded = typeof Encoded.Type

/** A row on one line of JSON, its members always in the same order. */
export const toJson = ({ key, pipeline, place, time, values }: Row): string =>
  `{"pipeline":${JSON.stringify(pipeline)},"place":${placeToJson(place)},"key":${JSON.stringify(key)},"time":${time},` +
  `"values":${valuesToJson(values)}}`

/** Each on a line of its own, with its line break. */
export const toLines = (rows: ReadonlyArray<Row>): string => {
  let lines = ""
  for (const row of rows) lines += `${toJson(row)}\n`
  return lines
}

export const placeToJson = (place: Place): string => {
  const { joined, offset, partition, source, window } = place
  const name = joined !== undefined ? "joined" : window !== undefined ? "window" : null
  return `{"source":${JSON.stringify(source)},"partition":${partition},"offset":${offset}${name === null ? "" : `,"${name}":${besideToJson(place)}`}}`
}

/** What tells rows apart that have source, partition and offset in common: pairs of one left row, and windows. Empty for others. */
export const besideToJson = ({ joined, window }: Place): string => {
  if (joined !== undefined) return `[${joined.map((place) => place === null ? "null" : placeToJson(place)).join(",")}]`
  return window === undefined ? "" : `{"start":${window.start},"end":${window.end},"key":${JSON.stringify(window.key)}}`
}

/** The member of a place of which {@link besideToJson} is the written form. */
export const besideFrom = (json: string): { readonly [name: string]: unknown } => {
  if (json === "") return {}
  const beside: unknown = JSON.parse(json)
  return Array.isArray(beside) ? { joined: beside } : { window: beside }
}

/** The fields alone, in the order of the schema. */
export const valuesToJson = (values: Values): string => {
  let members = ""
  for (const name in values) {
    const value = values[name] ?? null
    const json = isStruct(value) ? valuesToJson(value) : valueToJson(value)
    members += `${members === "" ? "" : ","}${JSON.stringify(name)}:${json}`
  }
  return `{${members}}`
}

const isStruct = (value: Value | Values): value is Values =>
  typeof value === "object" && value !== null && !BigDecimal.isBigDecimal(value)

/** The written form of a row as an object. */
export const encode = (row: Row): Encoded => ({ ...row, place: { ...row.place }, values: encodeValues(row.values) })

const encodeValues = (values: Values): EncodedValues =>
  Object.fromEntries(Object.entries(values).map(([name, value]) =>
    [name, isStruct(value) ? encodeValues(value) : encodeValue(value)]))

/** Reads the written form back. */
export const decodeJson = Schema.decodeUnknownEffect(Schema.fromJsonString(Encoded))

/** What tells the rows of one store apart. */
export const identityOf = ({ pipeline, place }: Pick<Row, "pipeline" | "place">): string =>
  JSON.stringify([pipeline, place.source, place.partition, place.offset, ...[besideToJson(place)].filter((beside) => beside !== "")])
