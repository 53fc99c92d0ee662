/** Comparisons over whole columns: a mask with a 1 for each row for which one holds. */
import { BigDecimal } from "effect"
import { isDouble } from "../../../domain/Decimal.ts"
import { scaleOf } from "../../pipeline/check/Expressions.ts"
import type { Column, Table } from "../../pipeline/Column.ts"
import type { Comparison, Literal } from "../../pipeline/Expression.ts"
import { indexOf, isAbsent } from "../../records/Batch.ts"
import { asDoubles, most, power } from "./Arithmetic.ts"
import { all, type Columns, type Evaluator, integerAt, type Rows } from "./Vector.ts"

export type Mask = (rows: Pick<Rows, "batch">) => Uint8Array

/** The same, where what holds for all rows or for none is said in a word: mostly all rows of a batch are the same. */
export type Condition = (rows: Pick<Rows, "batch">) => Uint8Array | boolean

interface Simple {
  readonly op: Comparison | "isNot"
  readonly field: string
  readonly value: Literal
}

/** A field against a literal: in the column's own terms it is one comparison of doubles a row. */
export const simple = ({ field, op, value }: Simple, table: Table): Condition => {
  const index = indexOf(table, field)
  return ({ batch }) => {
    const column = batch.columns[index]!
    const test = storedTest(op, table.columns[index]!, value, batch)
    if (isAbsent(batch, column)) return holdsWithout(test)
    const mask = new Uint8Array(batch.length)
    fill(mask, test, column)
    return mask
  }
}

const absent = Float64Array.of(NaN)

const holdsWithout = (test: Test): boolean => {
  const mask = new Uint8Array(1)
  fill(mask, test, absent)
  return mask[0] === 1
}

/** The commonest comparisons have loops of their own, of one comparison a row. */
const fill = (mask: Uint8Array, { op, value }: Test, column: Float64Array): void => {
  const wanted = wantedBy[op]
  if (op === "isNot") for (let i = 0; i < mask.length; i++) mask[i] = column[i] === value ? 0 : 1
  else if (op === "eq") for (let i = 0; i < mask.length; i++) mask[i] = column[i] === value ? 1 : 0
  else for (let i = 0; i < mask.length; i++) mask[i] = (wanted & orderOf(column[i]!, value)) === 0 ? 0 : 1
}

/** Two values of one kind. */
export const compared = (op: Comparison | "isNot", first: Evaluator, second: Evaluator): Mask => {
  const areDoubles = first.type.kind === "double" || second.type.kind === "double"
  const [left, right] = areDoubles ? [asDoubles(first), asDoubles(second)] : [first, second]
  const scale = Math.max(scaleOf(left.type), scaleOf(right.type))
  const [f, g] = [power(scale - scaleOf(left.type)), power(scale - scaleOf(right.type))]
  const [fast, other] = [Number(f), Number(g)]
  const wanted = wantedBy[op]
  return ({ batch }) => {
    const rows = all(batch)
    const [a, b] = [left.evaluate(rows), right.evaluate(rows)]
    const mask = new Uint8Array(batch.length)
    for (let row = 0; row < mask.length; row++) {
      const [x, y] = [a.values[row]!, b.values[row]!]
      const [u, v] = [x * fast, y * other]
      const order = x !== x || y !== y
        ? x !== x && y !== y ? Order.none : Order.unknown
        : areDoubles || (Math.abs(u) <= most && Math.abs(v) <= most)
        ? orderOf(u, v)
        : orderOf(signOf(integerAt(a, row) * f - integerAt(b, row) * g), 0)
      mask[row] = (wanted & order) === 0 ? 0 : 1
    }
    return mask
  }
}

/** How two values stand to each other; unknown where one of them is absent, and none where both are. */
const Order = { none: 0, less: 1, equal: 2, greater: 4, unknown: 8 } as const

/** Of a difference only the sign counts. */
const signOf = (difference: bigint): number => difference > 0n ? 1 : difference < 0n ? -1 : 0

const orderOf = (left: number, right: number): number =>
  left < right ? Order.less : left === right ? Order.equal : left > right ? Order.greater : Order.unknown

/** For which of these a comparison holds: of every row that is one operation, whatever the comparison. */
const wantedBy: { readonly [Op in Comparison | "isNot"]: number } = {
  eq: Order.equal,
  ne: Order.less | Order.greater,
  isNot: Order.less | Order.greater | Order.unknown,
  lt: Order.less,
  lte: Order.less | Order.equal,
  gt: Order.greater,
  gte: Order.greater | Order.equal
}

interface Test {
  readonly op: Comparison | "isNot"
  readonly value: number
}

/** A comparison in the column's own terms. */
const storedTest = (op: Test["op"], column: Column, literal: Literal, batch: Columns): Test => {
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
 * A number with more decimals than the column has, or with more digits than a double, lies between two of its values: it
 * equals neither, and what is less than it is the smaller of them at most.
 */
const amongIntegers = (op: Test["op"], literal: string, scale: number): Test => {
  const exact = BigDecimal.fromStringUnsafe(literal)
  const floor = BigDecimal.floor(exact, scale)
  const unscaled = BigDecimal.scale(floor, scale).value
  const value = doubleBelow(unscaled)
  if (BigDecimal.equals(floor, exact) && (isDouble(unscaled) || !Number.isFinite(value))) return { op, value }
  if (op === "lt") return { op: "lte", value }
  if (op === "gte") return { op: "gt", value }
  // Whatever there is differs from it.
  if (op === "ne") return { op: "gte", value: -Infinity }
  return { op, value: op === "lte" || op === "gt" ? value : NaN }
}

/** The largest double that is no larger than an integer. */
const doubleBelow = (integer: bigint): number => {
  const beyond = BigInt(Math.max(0, (integer < 0n ? -integer : integer).toString(2).length - 53))
  return Number(integer >> beyond << beyond)
}
