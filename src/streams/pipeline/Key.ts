/**
 * Keys: the strings by which rows of one key are told from those of another.
 *
 * A key of one field is that field's value: a string itself, an integer in decimal digits,
 * `true` or `false`. A key of several is the JSON array of their values without spaces, in
 * which `"1"` and `1` never meet. A key of no field is the empty string, for all rows.
 */
import { Option, Schema } from "effect"
import type { Column } from "./Column.ts"

export type Value = string | number | boolean

/** The one string of a key's values; integers are safe ones, and none is minus zero. */
export const encode = (values: ReadonlyArray<Value>): string => {
  const [only] = values
  if (only === undefined) return ""
  return values.length === 1 ? String(only) : JSON.stringify(values)
}

/** The key of some of the values of a key of several, as {@link encode} has given it. */
export const partOf = (key: string, places: ReadonlyArray<number>): string => {
  const values: ReadonlyArray<Value> = JSON.parse(key)
  return encode(places.map((place) => values[place]!))
}

/** The values of the fields that a key is made of; none where it is no key of such fields. */
export const decode = (columns: ReadonlyArray<Column>, key: string): Option.Option<ReadonlyArray<Value>> => {
  const [only] = columns
  const found = only === undefined
    ? Option.some([])
    : columns.length === 1
    ? Option.some([single(only, key)])
    : decodeArray(key)
  return Option.filter(found, (values) =>
    values.length === columns.length && columns.every((column, index) => isOf(column, values[index])) && encode(values) === key)
}

const single = ({ kind }: Column, key: string): Value => kind === "int" ? Number(key) : kind === "boolean" ? key === "true" : key

const decodeArray = Schema.decodeUnknownOption(
  Schema.fromJsonString(Schema.Array(Schema.Union([Schema.String, Schema.Finite, Schema.Boolean])))
)

const isOf = (column: Column, value: Value | undefined): boolean => {
  switch (column.kind) {
    case "int":
      return Number.isSafeInteger(value)
    case "boolean":
      return typeof value === "boolean"
    case "string":
      return typeof value === "string" && (column.literals === null || column.literals.includes(value))
    default:
      return false
  }
}
