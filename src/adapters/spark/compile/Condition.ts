/**
 * Conditions as SQL that is never null: what is absent satisfies nothing but `isNot`, and what `not` makes of it. Decimals
 * are compared as the unscaled integers that their columns hold.
 */
import { BigDecimal, Option } from "effect"
import type { Column } from "../../../streams/pipeline/Column.ts"
import type { Comparison, Literal, Node } from "../../../streams/pipeline/Expression.ts"
import * as Sql from "./Sql.ts"

/** Of the columns of a source, which have these names in the plan. */
export interface Scope {
  readonly columns: ReadonlyArray<Column>
  readonly nameOf: (field: string) => string
}

export const toSql = (node: Node, scope: Scope): string => {
  switch (node.op) {
    case "and":
      return Sql.and(node.all.map((part) => toSql(part, scope)))
    case "or":
      return Sql.or(node.all.map((part) => toSql(part, scope)))
    case "not":
      return `NOT ${toSql(node.that, scope)}`
    case "eq":
    case "ne":
    case "lt":
    case "lte":
    case "gt":
    case "gte":
    case "isNot": {
      const column = scope.columns.find(({ name }) => name === node.field)
      if (column === undefined) throw new TypeError(`there is no field "${node.field}"`)
      const name = scope.nameOf(node.field)
      return compare(node.op, name, column, node.value)
    }
    default:
      throw new TypeError(`Expr.${node.op} has no form in Spark yet`)
  }
}

const compare = (op: Comparison | "isNot", name: string, column: Column, literal: Literal): string => {
  switch (column.kind) {
    case "int":
      return compareWhole(op, name, literal, 0)
    case "decimal":
      return compareWhole(op, name, literal, column.scale)
    case "double":
      return comparing(op, name, Sql.double(Number(literal)))
    case "boolean":
      return typeof literal === "boolean" ? comparing(op, name, String(literal)) : unequal(op, name)
    case "string":
      return typeof literal === "string" ? comparing(op, name, Sql.text(literal)) : unequal(op, name)
  }
}

const operators = { eq: "=", ne: "<>", lt: "<", lte: "<=", gt: ">", gte: ">=", isNot: "IS DISTINCT FROM" } as const

const comparing = (op: Comparison | "isNot", name: string, value: string): string =>
  op === "isNot" ? `(${name} ${operators.isNot} ${value})` : `coalesce(${name} ${operators[op]} ${value}, false)`

/** With a value that no row has. */
const unequal = (op: Comparison | "isNot", name: string): string =>
  op === "isNot" ? "true" : op === "ne" ? `(${name} IS NOT NULL)` : "false"

/** A whole number in a column, against a literal times a power of ten, which need not be whole. */
const compareWhole = (op: Comparison | "isNot", name: string, literal: Literal, scale: number): string => {
  const parsed = typeof literal === "boolean" ? Option.none() : BigDecimal.fromString(String(literal))
  if (Option.isNone(parsed)) throw new TypeError(`${JSON.stringify(literal)} is no number to compare "${name}" with`)
  const unscaled = BigDecimal.multiply(parsed.value, BigDecimal.make(10n ** BigInt(scale), 0))
  const below = floor(unscaled)
  const isWhole = BigDecimal.equals(unscaled, BigDecimal.make(below, 0))
  // Columns hold no more than doubles do exactly: whatever lies beyond compares alike.
  const bounded = below > bound ? bound : below < -bound ? -bound : below
  if (isWhole && bounded === below) return comparing(op, name, `${below}L`)
  switch (op) {
    case "lt":
    case "lte":
      return comparing("lte", name, `${bounded}L`)
    case "gt":
    case "gte":
      return comparing("gt", name, `${bounded}L`)
    default:
      return unequal(op, name)
  }
}

const bound = 10n ** 17n

const floor = (value: BigDecimal.BigDecimal): bigint => {
  const { scale, value: digits } = BigDecimal.normalize(value)
  if (scale <= 0) return digits * 10n ** BigInt(-scale)
  const divisor = 10n ** BigInt(scale)
  const quotient = digits / divisor
  return digits < 0n && quotient * divisor !== digits ? quotient - 1n : quotient
}
