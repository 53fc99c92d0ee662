/**
 * Comparisons as SQL that is never null: what is absent satisfies nothing but `isNot`. Decimals are compared as the unscaled
 * integers that their columns hold.
 */
import { BigDecimal, Option } from "effect"
import type { Column } from "../../../streams/pipeline/Column.ts"
import type { Comparison, Literal } from "../../../streams/pipeline/Expression.ts"
import { largest } from "../../../streams/pipeline/check/Expressions.ts"
import * as Sql from "./Sql.ts"

/** A column, which has this name in the plan, against a literal. */
export const toSql = (op: Comparison | "isNot", name: string, column: Column, literal: Literal): string => {
  switch (column.kind) {
    case "int":
      return compareWhole(op, name, literal, { scale: 0, isWide: false })
    case "decimal":
      return compareWhole(op, name, literal, { scale: column.scale, isWide: column.isWide === true })
    case "double":
      return comparing(op, name, Sql.double(Number(literal)))
    case "boolean":
      return typeof literal === "boolean" ? comparing(op, name, String(literal)) : unequal(op, name)
    case "string":
      return typeof literal === "string" ? comparing(op, name, Sql.text(literal)) : unequal(op, name)
  }
}

const operators = { eq: "=", ne: "<>", lt: "<", lte: "<=", gt: ">", gte: ">=", isNot: "IS DISTINCT FROM" } as const

/** Of two values in SQL. */
export const comparing = (op: Comparison | "isNot", name: string, value: string): string =>
  op === "isNot" ? `(${name} ${operators.isNot} ${value})` : `coalesce(${name} ${operators[op]} ${value}, false)`

/** With a value that no row has. */
const unequal = (op: Comparison | "isNot", name: string): string =>
  op === "isNot" ? "true" : op === "ne" ? `(${name} IS NOT NULL)` : "false"

/** A whole number in a column, against a literal times a power of ten, which need not be whole. */
const compareWhole = (
  op: Comparison | "isNot",
  name: string,
  literal: Literal,
  { isWide, scale }: { readonly scale: number; readonly isWide: boolean }
): string => {
  const [bound, suffix] = isWide ? [largest, "BD"] : [beyondColumns, "L"]
  const parsed = typeof literal === "boolean" ? Option.none() : BigDecimal.fromString(String(literal))
  if (Option.isNone(parsed)) throw new TypeError(`${JSON.stringify(literal)} is no number to compare "${name}" with`)
  const unscaled = BigDecimal.multiply(parsed.value, BigDecimal.make(10n ** BigInt(scale), 0))
  const below = floor(unscaled)
  const isWhole = BigDecimal.equals(unscaled, BigDecimal.make(below, 0))
  // What lies beyond all that a column holds compares alike.
  const bounded = below > bound ? bound : below < -bound ? -bound : below
  if (isWhole && bounded === below) return comparing(op, name, `${below}${suffix}`)
  switch (op) {
    case "lt":
    case "lte":
      return comparing("lte", name, `${bounded}${suffix}`)
    case "gt":
    case "gte":
      return comparing("gt", name, `${bounded}${suffix}`)
    default:
      return unequal(op, name)
  }
}

/** More than any column holds, and an integer of 64 bits. */
const beyondColumns = 2n ** 63n - 1n

const floor = (value: BigDecimal.BigDecimal): bigint => {
  const { scale, value: digits } = BigDecimal.normalize(value)
  if (scale <= 0) return digits * 10n ** BigInt(-scale)
  const divisor = 10n ** BigInt(scale)
  const quotient = digits / divisor
  return digits < 0n && quotient * divisor !== digits ? quotient - 1n : quotient
}
