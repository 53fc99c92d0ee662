/** Evaluates conditions over whole columns: a mask with a 1 for each row that satisfies one. */
import { BigDecimal } from "effect"
import { type Batch, indexOf } from "../../records/Batch.ts"
import type { Column } from "../../pipeline/Column.ts"
import type { Comparison, Literal, Node } from "../../pipeline/Expr.ts"

export const evaluate = (node: Node, batch: Batch): Uint8Array => {
  switch (node.op) {
    case "and":
    case "or": {
      const all = node.op === "and"
      const mask = new Uint8Array(batch.length).fill(all ? 1 : 0)
      for (const part of node.all) {
        const other = evaluate(part, batch)
        for (let i = 0; i < mask.length; i++) mask[i] = all ? mask[i]! & other[i]! : mask[i]! | other[i]!
      }
      return mask
    }
    case "not":
      return evaluate(node.that, batch).map((bit) => 1 - bit)
    default:
      return compare(node.op, node.field, node.value, batch)
  }
}

const compare = (op: Comparison | "isNot", field: string, literal: Literal, batch: Batch): Uint8Array => {
  const index = indexOf(batch.source, field)
  const column = batch.columns[index]!
  const stored = storedTest(op, batch.source.columns[index]!, literal, batch)
  const mask = new Uint8Array(batch.length)
  for (let i = 0; i < mask.length; i++) mask[i] = test(stored.op, column[i]!, stored.value) ? 1 : 0
  return mask
}

const test = (op: Comparison | "isNot", left: number, right: number): boolean => {
  switch (op) {
    case "eq":
      return left === right
    case "ne":
      return left === left && left !== right
    case "isNot":
      return left !== right
    case "lt":
      return left < right
    case "lte":
      return left <= right
    case "gt":
      return left > right
    case "gte":
      return left >= right
  }
}

interface Test {
  readonly op: Comparison | "isNot"
  readonly value: number
}

/** A comparison in the column's own terms. */
const storedTest = (op: Test["op"], column: Column, literal: Literal, batch: Batch): Test => {
  switch (column.kind) {
    case "decimal":
      return amongIntegers(op, String(literal), column.scale)
    case "int":
      return amongIntegers(op, String(literal), 0)
    case "string":
      return { op, value: batch.dictionary.numberOf(String(literal)) }
    default:
      return { op, value: Number(literal) }
  }
}

/**
 * A number with more decimals than the column has lies between two of its values: it equals neither, and what is less than
 * it is the smaller of them at most.
 */
const amongIntegers = (op: Test["op"], literal: string, scale: number): Test => {
  const exact = BigDecimal.fromStringUnsafe(literal)
  const floor = BigDecimal.floor(exact, scale)
  const value = Number(BigDecimal.scale(floor, scale).value)
  if (BigDecimal.equals(floor, exact)) return { op, value }
  if (op === "lt") return { op: "lte", value }
  if (op === "gte") return { op: "gt", value }
  return { op, value: op === "lte" || op === "gt" ? value : NaN }
}
