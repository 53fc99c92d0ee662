/**
 * The meaning of expressions, row by row: numbers are exact decimals, doubles are JavaScript's, and what does not fit is
 * thrown. See `BatchFold`.
 */
import { BigDecimal, DateTime } from "effect"
import type { Decimal } from "../../domain/Decimal.ts"
import { safe, type Type, typeOf } from "../pipeline/check/Expressions.ts"
import type { Table } from "../pipeline/Column.ts"
import type { Comparison, Node } from "../pipeline/Expression.ts"
import type { Value } from "../pipeline/Pane.ts"

type Fields = { readonly [name: string]: Value }

/** Thrown by a value that has more than 38 digits, or is an integer beyond 2^53 - 1 that is not made of sums. */
export class DoesNotFit extends Error {}

/** The value of an expression in a row, or a pane; `null` where it is absent. */
export const valueOf = (node: Node, table: Table, fields: Fields): Value =>
  fitted(typeOf("Expr", table, node), new Reading(table, fields, true).value(node))

/** Whether a condition holds there. */
export const holds = (node: Node, table: Table, fields: Fields): boolean => new Reading(table, fields, false).holds(node)

const fitted = (type: Type, value: Value): Value => {
  if (value === null || (type.kind !== "int" && type.kind !== "decimal")) return value
  const exact = decimal(value)
  const scaled = BigDecimal.scale(exact, type.kind === "int" ? 0 : type.scale)
  if (type.kind === "int" && Number.isSafeInteger(Number(scaled.value))) return Number(scaled.value)
  const isSmall = type.kind === "int" && type.bound <= safe
  if (isSmall || String(scaled.value).replace("-", "").length > 38) throw new DoesNotFit()
  return type.kind === "int" ? scaled.value : scaled
}

class Reading {
  readonly #table: Table
  readonly #fields: Fields
  readonly #isBounded: boolean

  /** `isBounded` where each part has to fit; what is only compared may be of any size. */
  constructor(table: Table, fields: Fields, isBounded: boolean) {
    this.#table = table
    this.#fields = fields
    this.#isBounded = isBounded
  }

  #kind(node: Node): Type["kind"] {
    return typeOf("Expr", this.#table, node).kind
  }

  #part(node: Node): Value {
    return this.#isBounded ? valueOf(node, this.#table, this.#fields) : this.value(node)
  }

  value(node: Node): Value {
    switch (node.op) {
      case "field":
        return this.#fields[node.field] ?? null
      case "literal":
        return node.value
      case "add":
      case "subtract":
      case "multiply":
        return this.#calculated(node.op, this.#kind(node), this.#part(node.left), this.#part(node.right))
      case "divide":
        return this.#quotient(node)
      case "least":
      case "greatest":
        return this.#extreme(node.op, this.#part(node.left), this.#part(node.right), this.#kind(node))
      case "negate":
      case "abs": {
        const value = this.#part(node.of)
        if (value === null) return null
        if (typeof value === "number") return (node.op === "abs" ? Math.abs(value) : -value) + 0
        return node.op === "abs" ? BigDecimal.abs(decimal(value)) : BigDecimal.negate(decimal(value))
      }
      case "toDouble":
        return double(this.#part(node.of))
      case "coalesce":
        return this.#as(this.#kind(node), this.#part(node.value) ?? this.#part(node.instead))
      case "conditional":
        return this.#as(this.#kind(node), holds(node.condition, this.#table, this.#fields) ? this.#part(node.value) : this.#part(node.otherwise))
      case "concat": {
        const all = node.all.map((each) => this.#part(each))
        return all.includes(null) ? null : all.join("")
      }
      case "lower":
        return ofText(this.#part(node.of), (text) => text.toLowerCase())
      case "upper":
        return ofText(this.#part(node.of), (text) => text.toUpperCase())
      case "substring":
        return ofText(this.#part(node.of), (text) =>
          [...text].filter((_, at) => at >= node.from && (node.length === null || at < node.from + node.length)).join(""))
      case "extract":
        return ofText(this.#part(node.of), (text) => text.match(new RegExp(node.pattern, "u"))?.[node.group] ?? null)
      case "split":
        return ofText(this.#part(node.of), (text) => text.split(new RegExp(node.pattern, "u"))[node.part] ?? null)
      case "hour":
      case "dayOfWeek": {
        const time = this.#part(node.of)
        if (time === null || Math.abs(Number(time)) > 8.64e15) return null
        const zoned = DateTime.makeZonedUnsafe(Number(time), { timeZone: node.timeZone })
        return node.op === "hour" ? DateTime.getPart(zoned, "hour") : DateTime.getPart(zoned, "weekDay") || 7
      }
      default:
        return holds(node, this.#table, this.#fields)
    }
  }

  /** A value of the other kind becomes one of this. */
  #as(kind: Type["kind"], value: Value): Value {
    if (value === null) return null
    return kind === "double" ? double(value) : kind === "decimal" ? decimal(value) : value
  }

  #calculated(op: "add" | "subtract" | "multiply", kind: Type["kind"], left: Value, right: Value): Value {
    if (left === null || right === null) return null
    if (kind === "double") {
      const [a, b] = [double(left)!, double(right)!]
      return finite(op === "add" ? a + b : op === "subtract" ? a - b : a * b)
    }
    const [a, b] = [decimal(left), decimal(right)]
    return op === "add" ? BigDecimal.sum(a, b) : op === "subtract" ? BigDecimal.subtract(a, b) : BigDecimal.multiply(a, b)
  }

  #quotient(node: Node & { readonly op: "divide" }): Value {
    const [left, right] = [this.#part(node.left), this.#part(node.right)]
    if (left === null || right === null) return null
    if (node.scale === null) return finite(double(left)! / double(right)!)
    const [a, b] = [decimal(left), decimal(right)]
    if (b.value === 0n) return null
    // As fractions of integers: a is x / 10^s and b is y / 10^t.
    const [dividend, divisor] = [a.value * 10n ** BigInt(node.scale + b.scale), b.value * 10n ** BigInt(a.scale)]
    const [whole, rest] = [dividend / divisor, dividend % divisor]
    const isUp = 2n * (rest < 0n ? -rest : rest) >= (divisor < 0n ? -divisor : divisor)
    const away = (dividend < 0n) === (divisor < 0n) ? 1n : -1n
    return BigDecimal.make(isUp ? whole + away : whole, node.scale)
  }

  #extreme(op: "least" | "greatest", left: Value, right: Value, kind: Type["kind"]): Value {
    if (left === null || right === null) return this.#as(kind, left ?? right)
    const isLess = BigDecimal.isLessThanOrEqualTo(decimal(left), decimal(right))
    return this.#as(kind, isLess === (op === "least") ? left : right)
  }

  holds(node: Node): boolean {
    switch (node.op) {
      case "and":
        return node.all.every((part) => this.holds(part))
      case "or":
        return node.all.some((part) => this.holds(part))
      case "not":
        return !this.holds(node.that)
      case "isNull":
        return this.value(node.of) === null
      case "compare":
        return compared(node.by, this.value(node.left), this.value(node.right))
      case "eq":
      case "ne":
      case "lt":
      case "lte":
      case "gt":
      case "gte":
      case "isNot":
        return compared(node.op, this.#fields[node.field] ?? null, node.value)
      default:
        return this.value(node) === true
    }
  }
}

const ofText = (value: Value, change: (text: string) => string | null): Value => typeof value === "string" ? change(value) : null

const compared = (by: Comparison | "isNot", left: Value, right: Value): boolean => {
  if (left === null || right === null) return by === "isNot" && left !== right
  const difference = typeof left === "string" || typeof left === "boolean" ? (left === right ? 0 : NaN) : order(decimal(left), decimal(right))
  return {
    eq: difference === 0,
    ne: difference !== 0,
    isNot: difference !== 0,
    lt: difference < 0,
    lte: difference <= 0,
    gt: difference > 0,
    gte: difference >= 0
  }[by]
}

const order = (a: Decimal, b: Decimal): number => BigDecimal.isLessThan(a, b) ? -1 : BigDecimal.equals(a, b) ? 0 : 1

/** A number, or the text of one, exactly. */
const decimal = (value: NonNullable<Value>): Decimal => {
  if (BigDecimal.isBigDecimal(value)) return value
  return typeof value === "number" ? BigDecimal.fromNumberUnsafe(value) : BigDecimal.fromStringUnsafe(String(value))
}

const double = (value: Value): number | null => value === null ? null : typeof value === "number" ? value : Number(BigDecimal.format(decimal(value)))

/** Doubles beyond their range say nothing, and there is one zero. */
const finite = (value: number): number | null => Number.isFinite(value) ? value + 0 : null
