/** Conditions: that each compares a field of the source with a literal of its kind. */
import { Predicate } from "effect"
import type { Column } from "../Column.ts"
import type * as Expr from "../Expression.ts"
import type { Definition } from "../Source.ts"
import { among, refuse } from "./CheckError.ts"
import { isNumeral, type Type, typeOf } from "./Expressions.ts"
import { fieldOf, isNumber } from "./Fields.ts"

export const conditionOf = (node: string, definition: Definition, condition: Expr.Node): Expr.Node => {
  if (!Predicate.isObject(condition)) return refuse(node, needed)
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
    case "compare":
      compared(node, condition.by, [typeOf(node, definition, condition.left), typeOf(node, definition, condition.right)], condition)
      return condition
    case "isNull":
      typeOf(node, definition, condition.of)
      return condition
    default:
      if (typeOf(node, definition, condition).kind === "boolean") return condition
      return refuse(node, needed)
  }
}

const needed = "it needs a condition made with Expr, such as Expr.gt(\"size\", 0)"

type Compared = Expr.Node & { readonly op: "compare" }

const compared = (node: string, by: Compared["by"], [left, right]: readonly [Type, Type], { left: first, right: second }: Compared): void => {
  const [a, b] = [left, right].map(({ kind }) => kind === "decimal" || kind === "int" || kind === "double" ? "number" : kind)
  if (by !== "eq" && by !== "ne" && by !== "isNot" && (a !== "number" || b !== "number")) {
    // A text that is compared with a number is that number.
    if (a !== "number" || second.op !== "literal" || !isNumeral(second.value)) refuse(node, `Expr.${by} needs numbers, and is given a ${left.kind} and a ${right.kind}`)
    return
  }
  if (a === "number" && b === "string" && second.op === "literal" && isNumeral(second.value)) return
  if (a !== b) refuse(node, `Expr.${by} needs two values of one kind, and is given a ${left.kind} and a ${right.kind}`)
  const isMixed = (x: Type, y: Type, other: Expr.Node) => x.kind === "double" && y.kind === "decimal" && other.op !== "literal"
  if (isMixed(left, right, second) || isMixed(right, left, first)) {
    refuse(node, `Expr.${by} is given a decimal and a double, which are equal by chance only: put Expr.toDouble around the decimal`)
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
