/** Rows as they are read from a log again: on a line of JSON, with decimals as strings, so that nothing is rounded. */
import { BigDecimal } from "effect"
import * as Decimal from "../../domain/Decimal.ts"

/** A value that JSON has no form for is left out, or `null`, and whoever reads the record says what it lacks. */
export const toJson = (row: unknown): string => JSON.stringify(row, exact) ?? "null"

/** A decimal says something else of itself than it is, so that what it is has to be asked of whatever holds it. */
function exact(this: unknown, name: string, value: unknown): unknown {
  const held: unknown = Object(this)[name]
  if (BigDecimal.isBigDecimal(held)) return Decimal.format(held)
  return typeof held === "bigint" ? String(held) : value
}
