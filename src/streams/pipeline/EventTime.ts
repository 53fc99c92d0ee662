/** Event times: in which form the field of a source says when an event happened. */
import { optionsOf } from "./check/Declarations.ts"
import type { Column } from "./Column.ts"

/** A field that holds a time, as engines read it. What is finer than a millisecond belongs to the millisecond that it is in. */
export type EventTime =
  | { readonly field: string; readonly unit: "milliseconds" | "seconds" }
  | { readonly field: string; readonly unit: "iso8601"; readonly withoutZone: "UTC" | "refused" }

/** How the field is declared, by the names of those that may be one. */
export type Declared<Integer extends string, Numeric extends string, Text extends string> =
  | Integer
  | { readonly seconds: Numeric }
  | { readonly iso8601: Text; readonly withoutZone?: "UTC" }

/** All that a declaration may have, whatever its form. */
type Members = { readonly seconds?: string; readonly iso8601?: string; readonly withoutZone?: "UTC" }

/** Throws a `TypeError` where it has none of the forms. */
export const from = (source: string, declared: Declared<string, string, string>): EventTime => {
  if (typeof declared === "string") return { field: declared, unit: "milliseconds" }
  const what = `the event time of "${source}"`
  optionsOf<Members>(what, declared, ["seconds", "iso8601", "withoutZone"])
  if ("seconds" in declared && Object.keys(declared).length > 1) {
    throw new TypeError(`${what} is given in seconds and in another form: leave all but one out`)
  }
  if ("seconds" in declared) return { field: declared.seconds, unit: "seconds" }
  const withoutZone: unknown = declared.withoutZone
  if (withoutZone !== undefined && withoutZone !== "UTC") {
    throw new TypeError(`times without a zone can be taken for UTC or be refused: ${JSON.stringify(withoutZone)} is neither`)
  }
  return { field: declared.iso8601, unit: "iso8601", withoutZone: withoutZone ?? "refused" }
}

/** Some 250,000 years from 1970: a little further dates end, and a window there would never close. */
const farthest = 8_000_000_000_000_000

/**
 * The column of an event time, its range that of times; other columns are left as they are.
 * Throws a `TypeError` where the column cannot hold times in this form.
 */
export const narrowed = (source: string, { field, unit }: EventTime, column: Column): Column => {
  if (column.name !== field) return column
  switch (unit) {
    case "milliseconds":
      if (column.kind === "int") return between(column, farthest)
      throw unfit(source, column, "an integer of milliseconds", column.kind === "string"
        ? `{ iso8601: "${field}" }`
        : `{ seconds: "${field}" }, or Schema.Int`)
    case "seconds":
      if (column.kind === "int") return between(column, farthest / 1_000)
      if (column.kind === "decimal" && column.isWide !== true) return { ...column, limit: Math.min(column.limit, farthest / 1_000) }
      throw unfit(source, column, "an integer or a decimal of seconds", column.kind === "string"
        ? `{ iso8601: "${field}" }`
        : "Schema.Int, or Decimal.Decimal({ scale: 3, limit: 10_000_000_000 })")
    case "iso8601":
      if (column.kind === "string") return column
      throw unfit(source, column, "a string", `"${field}" for milliseconds, or { seconds: "${field}" }`)
  }
}

const between = (column: Column & { readonly kind: "int" | "double" }, limit: number): Column => ({
  ...column,
  minimum: Math.max(column.minimum, -limit),
  maximum: Math.min(column.maximum, limit)
})

const unfit = (source: string, column: Column, wanted: string, instead: string): TypeError => {
  const kind = column.kind === "decimal" && column.isWide === true ? `decimal with a limit of ${column.limit}` : column.kind
  return new TypeError(`the event time of "${source}" is to be ${wanted}, and "${column.name}" is of kind ${kind}: declare ${instead}`)
}
