/** Conditions: that each compares a field of the source with a literal of its kind. */
import { BigDecimal, Option, Predicate } from "effect"
import type { Column } from "../Column.ts"
import type * as Expr from "../Expr.ts"
import type { Definition } from "../Source.ts"
import { among, refuse } from "./CheckError.ts"
import { fieldOf, isNumber } from "./Fields.ts"

export const conditionOf = (node: string, definition: Definition, condition: Expr.Node): Expr.Node => {
  if (!Predicate.isObject(condition)) return refuse(node, "it needs a condition made with Expr, such as Expr.gt(\"size\", 0)")
  switch (condition.op) {
    case "and":
    case "or":
      for (const part of condition.all) conditionOf(node, definition, part)
      return condition
    case "not":
      conditionOf(node, definition, condition.that)
      return condition
    case "eq":
    case "ne":
    case "isNot":
      literalOf(node, fieldOf(node, definition, condition.field).column, condition.value)
      return condition
    case "lt":
    case "lte":
    case "gt":
    case "gte": {
      const { column } = fieldOf(node, definition, condition.field)
      if (!isNumber(column)) {
        refuse(node, `Expr.${condition.op} needs a number, and the field "${column.name}" is a ${column.kind}`)
      }
      literalOf(node, column, condition.value)
      return condition
    }
    default:
      return refuse(node, "it needs a condition made with Expr, such as Expr.gt(\"size\", 0)")
  }
}

const literalOf = (node: string, column: Column, literal: Expr.Literal): void => {
  const given = `the field "${column.name}" is compared with ${JSON.stringify(literal) ?? String(literal)}`
  switch (column.kind) {
    case "string":
      if (typeof literal !== "string") refuse(node, `${given}: it is a string, and so is what it equals`)
      else if (column.literals?.includes(literal) === false) refuse(node, `${given}, which it never is: ${among(literal, column.literals)}`)
      return
    case "boolean":
      return typeof literal === "boolean" ? undefined : refuse(node, `${given}: it is a boolean, and equals true or false`)
    default:
      return isNumeral(literal) ? undefined : refuse(node, `${given}: it is a number, and so is what it is compared with`)
  }
}

const isNumeral = (literal: Expr.Literal): boolean =>
  typeof literal === "number"
    ? Number.isFinite(literal)
    : typeof literal === "string" && literal.trim() !== "" && Option.isSome(BigDecimal.fromString(literal))
