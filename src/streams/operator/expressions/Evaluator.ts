/** Evaluates expressions over whole columns: each node of one becomes a loop over the rows of a batch. */
import { typeOf } from "../../pipeline/check/Expressions.ts"
import type { Table } from "../../pipeline/Column.ts"
import type { Node } from "../../pipeline/Expression.ts"
import type { Use } from "../../pipeline/Uses.ts"
import { indexOf } from "../../records/Batch.ts"
import { arithmetic, literal, numeral, quotient, signed, toDouble } from "./Arithmetic.ts"
import { coalesce, conditional, extreme } from "./Choice.ts"
import { compared, type Condition, type Mask, simple } from "./Comparison.ts"
import { concat, extract, split, substring, text } from "./Text.ts"
import { all, bounded, type Columns, type Evaluator, vectorOf } from "./Vector.ts"
import { clock } from "./WallClock.ts"

/** Whether values that do not fit are refused; what is only compared may be of any size. */
interface Scope {
  readonly table: Table
  readonly isBounded: boolean
  /** What is done with its texts. */
  readonly use: Use
}

/** The values of an expression over the rows, or the results, of a node. */
export const valuesOf = (table: Table, node: Node, use: Use = "compared"): Evaluator =>
  compile({ table, isBounded: true, use }, node)

/** A 1 for each row for which a condition holds. */
export const maskOf = (table: Table, node: Node): Mask => {
  const condition = conditionOf(table, node)
  return (rows) => {
    const bits = condition(rows)
    return typeof bits === "boolean" ? new Uint8Array(rows.batch.length).fill(bits ? 1 : 0) : bits
  }
}

export const conditionOf = (table: Table, node: Node): Condition => {
  const scope: Scope = { table, isBounded: false, use: "compared" }
  switch (node.op) {
    case "and":
    case "or":
      return together(node.op === "and", node.all.map((part) => conditionOf(table, part)))
    case "not": {
      const condition = conditionOf(table, node.that)
      return (rows) => {
        const bits = condition(rows)
        return typeof bits === "boolean" ? !bits : bits.map((bit) => 1 - bit)
      }
    }
    case "isNull": {
      const { evaluate } = compile(scope, node.of)
      return ({ batch }) => ones(batch, evaluate(all(batch)).values, (value) => value !== value)
    }
    case "compare":
      return compared(node.by, compile(scope, node.left), beside(scope, node.left, node.right))
    case "eq":
    case "ne":
    case "lt":
    case "lte":
    case "gt":
    case "gte":
    case "isNot": {
      const column = table.columns[indexOf(table, node.field)]!
      if (!("isWide" in column) || column.isWide !== true) return simple(node, table)
      const index = indexOf(table, node.field)
      const [fast, wide] = [simple(node, table), maskOf(table, { op: "compare", by: node.op, left: { op: "field", field: node.field }, right: { op: "literal", value: node.value } })]
      return (rows) => rows.batch.large?.[index] == null ? fast(rows) : wide(rows)
    }
    default: {
      const { evaluate } = compile(scope, node)
      return ({ batch }) => ones(batch, evaluate(all(batch)).values, (value) => value === 1)
    }
  }
}

/** A number may be compared with a text of one. */
const beside = (scope: Scope, left: Node, right: Node): Evaluator =>
  right.op === "literal" && typeof right.value === "string" && typeOf("Expr", scope.table, left).kind !== "string"
    ? numeral(right.value)
    : compile(scope, right)

/** A mask that would change nothing is not gone through bit by bit: mostly all of a batch's rows are the same. */
const together = (isAnd: boolean, conditions: ReadonlyArray<Condition>): Condition => (rows) => {
  let mask: Uint8Array | null = null
  for (const part of conditions) {
    const other = part(rows)
    if (other === isAnd) continue
    if (typeof other === "boolean") return other
    if (!other.includes(isAnd ? 0 : 1)) continue
    if (mask === null) mask = other
    else for (let i = 0; i < mask.length; i++) mask[i] = isAnd ? mask[i]! & other[i]! : mask[i]! | other[i]!
    // All others would change nothing.
    if (!mask.includes(isAnd ? 1 : 0)) return !isAnd
  }
  return mask ?? isAnd
}

const ones = (batch: Columns, values: Float64Array, isOne: (value: number) => boolean): Uint8Array => {
  const mask = new Uint8Array(batch.length)
  for (let row = 0; row < mask.length; row++) mask[row] = isOne(values[row]!) ? 1 : 0
  return mask
}

const compile = (scope: Scope, node: Node): Evaluator => {
  const { isBounded, table, use } = scope
  const type = typeOf("Expr", table, node)
  const part = (of: Node) => compile(scope, of)
  switch (node.op) {
    case "field": {
      const index = indexOf(table, node.field)
      return { type, evaluate: (rows) => isBounded ? bounded(vectorOf(rows.batch, index), rows) : vectorOf(rows.batch, index) }
    }
    case "literal":
      return literal(type, node.value)
    case "add":
    case "subtract":
    case "multiply":
      return arithmetic(node.op, type, part(node.left), part(node.right), isBounded)
    case "divide":
      return quotient(type, part(node.left), part(node.right), isBounded)
    case "negate":
    case "abs":
      return signed(node.op, type, part(node.of))
    case "toDouble":
      return toDouble(part(node.of))
    case "least":
    case "greatest":
      return extreme(type, part(node.left), part(node.right), node.op === "least" ? 1 : -1, isBounded)
    case "coalesce":
      return coalesce(type, part(node.value), part(node.instead), isBounded)
    case "conditional":
      return conditional(type, maskOf(table, node.condition), { value: part(node.value), otherwise: part(node.otherwise) }, isBounded)
    case "hour":
    case "dayOfWeek":
      return clock(type, part(node.of), node.timeZone, node.op)
    case "concat":
      return concat(type, node.all.map(part), use)
    case "lower":
      return text(type, part(node.of), (value) => value.toLowerCase(), use)
    case "upper":
      return text(type, part(node.of), (value) => value.toUpperCase(), use)
    case "substring":
      return text(type, part(node.of), substring(node.from, node.length), use)
    case "extract":
      return text(type, part(node.of), extract(node.pattern, node.group), use)
    case "split":
      return text(type, part(node.of), split(node.pattern, node.part), use)
    default: {
      const mask = maskOf(table, node)
      return { type, evaluate: (rows) => ({ values: Float64Array.from(mask(rows)), large: null }) }
    }
  }
}
