/** Evaluates conditions over whole columns: a mask with a 1 for each row that satisfies one. */
import * as Decimal from "../../../domain/Decimal.ts"
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
  const value = storedLiteral(batch.source.columns[index]!, literal, batch)
  const mask = new Uint8Array(batch.length)
  for (let i = 0; i < mask.length; i++) mask[i] = test(op, column[i]!, value) ? 1 : 0
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

/**
 * A literal in the column's own terms. A decimal literal with more decimals than the column
 * is compared as the double it is: between two representable values it is equal to neither.
 */
const storedLiteral = (column: Column, literal: Literal, batch: Batch): number => {
  switch (column.kind) {
    case "decimal":
      return Decimal.toUnscaled(String(literal), column) ?? Number(literal) * 10 ** column.scale
    case "string":
      return batch.dictionary.numberOf(String(literal))
    default:
      return Number(literal)
  }
}
