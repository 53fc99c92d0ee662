/** Conditions: that each compares values of one kind. */
import { BigDecimal, Option } from "effect"
import type { Table } from "../Column.ts"
import type * as Expr from "../Expression.ts"
import { among, refuse } from "./CheckError.ts"
import type { Type } from "./Expressions.ts"
import { fieldOf, isNumber, nounOf } from "./Fields.ts"

type Compared = Expr.Node & { readonly op: "compare" }

/** Two values of one kind; a number may be compared with a text of one. */
export const checkCompared = (node: string, { by, left: first, right: second }: Compared, left: Type, right: Type): void => {
  const [a, b] = [groupOf(left), groupOf(right)]
  if (a === "number" && b === "string" && second.op === "literal" && isNumeral(second.value)) return
  if (by !== "eq" && by !== "ne" && by !== "isNot" && (a !== "number" || b !== "number")) {
    refuse(node, `Expr.${by} needs numbers, and is given a ${left.kind} and a ${right.kind}`)
  }
  if (a !== b) refuse(node, `Expr.${by} needs two values of one kind, and is given a ${left.kind} and a ${right.kind}`)
  if (!isMixed(left, right, second) && !isMixed(right, left, first)) return
  refuse(node, `Expr.${by} is given a decimal and a double, which are equal by chance only: put Expr.toDouble around the decimal`)
}

const groupOf = ({ kind }: Type): string => kind === "decimal" || kind === "int" || kind === "double" ? "number" : kind

/** A literal beside a double is one. */
const isMixed = (one: Type, other: Type, { op }: Expr.Node): boolean => one.kind === "double" && other.kind === "decimal" && op !== "literal"

type Simple = Expr.Node & { readonly op: Expr.Comparison | "isNot" }

/** A field against a literal of its kind. */
export const checkLiteral = (node: string, table: Table, { field, op, value: literal }: Simple): void => {
  const { column } = fieldOf(node, table, field)
  const what = `the ${nounOf(table)} "${column.name}"`
  if (op !== "eq" && op !== "ne" && op !== "isNot" && !isNumber(column)) {
    refuse(node, `Expr.${op} needs a number, and ${what} is a ${column.kind}`)
  }
  const given = `${what} is compared with ${JSON.stringify(literal) ?? String(literal)}`
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

/** A number or a text of one, which a number is compared with. */
export const isNumeral = (literal: Expr.Literal): boolean =>
  typeof literal === "number"
    ? Number.isFinite(literal)
    : typeof literal === "string" && literal.trim() !== "" && Option.isSome(BigDecimal.fromString(literal))
