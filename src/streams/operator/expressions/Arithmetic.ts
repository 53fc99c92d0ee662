/** Exact arithmetic on columns: in doubles as long as these hold every integer exactly, and in big integers for the rows in which they do not. */
import { BigDecimal } from "effect"
import { divideHalfUp } from "../../../domain/Decimal.ts"
import { decimalOf, largest, plain, safe, scaleOf, type Type } from "../../pipeline/check/Expressions.ts"
import { type Columns, type Evaluator, integerAt, Room, type Rows, type Vector } from "./Vector.ts"

export const most = Number.MAX_SAFE_INTEGER

/** The same value in each row. */
export const literal = (type: Type, value: string | number | boolean): Evaluator =>
  constant(type, ({ dictionary }) => {
    if (typeof value === "string") return dictionary.numberOf(value)
    return typeof value === "number" && type.kind === "decimal" ? decimalOf(value).value : Number(value)
  })

/** A number that is written as a text, with all its digits. */
export const numeral = (text: string): Evaluator => {
  const { scale, value } = plain(BigDecimal.fromStringUnsafe(text))
  return constant({ kind: "decimal", scale, bound: value < 0n ? -value : value, optional: false }, () => value)
}

const constant = (type: Type, storedIn: (batch: Columns) => number | bigint): Evaluator => {
  const room = new Room()
  const evaluate = ({ batch }: Rows): Vector => {
    const stored = storedIn(batch)
    const values = room.for(batch.length)
    if (type.kind === "double" || (stored <= most && stored >= -most)) return { values: values.fill(Number(stored)), large: null }
    const large = new Map(Array.from({ length: batch.length }, (_, row) => [row, BigInt(stored)]))
    return { values: values.fill(stored > 0 ? Infinity : -Infinity), large }
  }
  return { type, evaluate }
}

/** Where rows are evaluated one by one in big integers, and what does not fit is told. */
class Integers {
  readonly #type: Type
  readonly #isBounded: boolean
  large: Map<number, bigint> | null = null

  constructor(type: Type, isBounded: boolean) {
    this.#type = type
    this.#isBounded = isBounded
  }

  /** What a column holds for an integer in a row. */
  stored(row: number, value: bigint, { refuse }: Rows): number {
    if (value <= most && value >= -most) return Number(value)
    if (this.#isBounded && this.#type.kind === "int" && this.#type.bound <= safe) return refuse(row, "an integer beyond 2^53 - 1"), NaN
    if (this.#isBounded && (value > largest || value < -largest)) return refuse(row, "more than 38 digits"), NaN
    this.large ??= new Map()
    this.large.set(row, value)
    return value > 0n ? Infinity : -Infinity
  }
}

export const power = (exponent: number): bigint => 10n ** BigInt(exponent)

/** What an operand is multiplied with, so that both have one scale. */
const factorOf = (from: Type, to: Type): bigint => power(scaleOf(to) - scaleOf(from))

export const asDoubles = (evaluator: Evaluator): Evaluator => evaluator.type.kind === "double" ? evaluator : toDouble(evaluator)

export const arithmetic = (op: "add" | "subtract" | "multiply", type: Type, left: Evaluator, right: Evaluator, isBounded: boolean): Evaluator => {
  if (type.kind === "double") return ofDoubles(type, asDoubles(left), asDoubles(right), op)
  const room = new Room()
  const [f, g] = op === "multiply" ? [1n, 1n] : [factorOf(left.type, type), factorOf(right.type, type)]
  const big = (a: bigint, b: bigint) => op === "multiply" ? a * b : op === "add" ? a * f + b * g : a * f - b * g
  const [fast, other] = [Number(f), op === "subtract" ? -Number(g) : Number(g)]
  const evaluate = (rows: Rows): Vector => {
    const { batch, keep } = rows
    const [a, b] = [left.evaluate(rows), right.evaluate(rows)]
    const [x, y] = [a.values, b.values]
    const out = room.for(batch.length)
    const integers = new Integers(type, isBounded)
    for (let row = 0; row < batch.length; row++) {
      const [u, v] = [x[row]! * fast, y[row]! * other]
      const value = op === "multiply" ? u * v : u + v
      // Integers are exact in a double up to here, and so is what has led to them.
      if (value <= most && value >= -most && u <= most && u >= -most && v <= most && v >= -most) out[row] = value + 0
      else if (x[row]! !== x[row]! || y[row]! !== y[row]! || (keep !== null && keep[row] === 0)) out[row] = NaN
      else out[row] = integers.stored(row, big(integerAt(a, row), integerAt(b, row)), rows)
    }
    return { values: out, large: integers.large }
  }
  return { type, evaluate }
}

const ofDoubles = (type: Type, left: Evaluator, right: Evaluator, op: "add" | "subtract" | "multiply" | "divide"): Evaluator => {
  const room = new Room()
  const compute = { add: (a: number, b: number) => a + b, subtract: (a: number, b: number) => a - b, multiply: (a: number, b: number) => a * b, divide: (a: number, b: number) => a / b }[op]
  const evaluate = (rows: Rows): Vector => {
    const [x, y] = [left.evaluate(rows).values, right.evaluate(rows).values]
    const out = room.for(rows.batch.length)
    for (let row = 0; row < rows.batch.length; row++) out[row] = finite(compute(x[row]!, y[row]!))
    return { values: out, large: null }
  }
  return { type, evaluate }
}

/** A double that has left its range says nothing. There is one zero. */
const finite = (value: number): number => Number.isFinite(value) ? value + 0 : NaN

export const toDouble = (of: Evaluator): Evaluator => {
  const type = { kind: "double", optional: of.type.optional } as const
  const scale = scaleOf(of.type)
  if (of.type.kind === "double") return of
  const room = new Room()
  // A power of ten is exact in a double up to here.
  const unit = scale <= 22 ? 10 ** scale : null
  const evaluate = (rows: Rows): Vector => {
    const vector = of.evaluate(rows)
    const { large, values } = vector
    const out = room.for(rows.batch.length)
    for (let row = 0; row < rows.batch.length; row++) {
      const value = values[row]!
      const isExact = unit !== null && value <= most && value >= -most
      out[row] = isExact ? value / unit : value !== value ? NaN : finite(Number(`${integerAt({ values, large }, row)}e-${scale}`))
    }
    return { values: out, large: null }
  }
  return { type, evaluate }
}

/** The quotient at a scale, HALF_UP; of doubles, the nearest one. */
export const quotient = (type: Type, left: Evaluator, right: Evaluator, isBounded: boolean): Evaluator => {
  if (type.kind === "double") return ofDoubles(type, asDoubles(left), asDoubles(right), "divide")
  const room = new Room()
  const shift = scaleOf(type) - scaleOf(left.type) + scaleOf(right.type)
  const [up, down] = [power(Math.max(0, shift)), power(Math.max(0, -shift))]
  const [fastUp, fastDown] = [Number(up), Number(down)]
  const evaluate = (rows: Rows): Vector => {
    const { batch, keep } = rows
    const [a, b] = [left.evaluate(rows), right.evaluate(rows)]
    const [x, y] = [a.values, b.values]
    const out = room.for(batch.length)
    const integers = new Integers(type, isBounded)
    for (let row = 0; row < batch.length; row++) {
      const [u, v] = [x[row]! * fastUp, y[row]! * fastDown]
      if (v === 0 || u !== u || v !== v || (keep !== null && keep[row] === 0)) out[row] = NaN
      else if (u <= most / 2 && u >= -most / 2 && v <= most / 2 && v >= -most / 2) out[row] = halfUp(u, v)
      else {
        const [dividend, divisor] = [integerAt(a, row) * up, integerAt(b, row) * down]
        out[row] = integers.stored(row, divisor > 0n ? divideHalfUp(dividend, divisor) : divideHalfUp(-dividend, -divisor), rows)
      }
    }
    return { values: out, large: integers.large }
  }
  return { type, evaluate }
}

/** Of integers below 2^52: the rest of a division is exact, and so is what is left then. */
const halfUp = (dividend: number, divisor: number): number => {
  const rest = dividend % divisor
  const whole = (dividend - rest) / divisor
  if (Math.abs(rest) * 2 < Math.abs(divisor)) return whole + 0
  return whole + (dividend < 0 === divisor < 0 ? 1 : -1)
}

export const signed = (op: "negate" | "abs", type: Type, of: Evaluator): Evaluator => {
  const room = new Room()
  const evaluate = (rows: Rows): Vector => {
    const { large, values } = of.evaluate(rows)
    const out = room.for(rows.batch.length)
    for (let row = 0; row < rows.batch.length; row++) out[row] = op === "abs" ? Math.abs(values[row]!) : 0 - values[row]!
    if (large === null) return { values: out, large }
    const integers = Array.from(large, ([row, integer]) => [row, op === "abs" && integer > 0n ? integer : -integer] as const)
    return { values: out, large: new Map(integers) }
  }
  return { type, evaluate }
}

/** The values as a kind and a scale has them that holds them all. */
export const converted = (type: Type, of: Evaluator, isBounded: boolean): Evaluator => {
  if (type.kind === "double") return asDoubles(of)
  if (type.kind !== "decimal" || scaleOf(of.type) === type.scale) return of
  const nothing = literal({ kind: "int", bound: 0n, optional: false }, 0)
  return arithmetic("add", type, of, nothing, isBounded)
}

