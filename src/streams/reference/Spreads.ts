/**
 * Variance, standard deviation, covariance and correlation in the most obvious way: each value's distance from the mean,
 * as an exact fraction; what they come to is rounded at the end. It shares no code with the engine.
 */
import { BigDecimal } from "effect"
import type { Decimal } from "../../domain/Decimal.ts"
import type { Op, Population } from "../pipeline/Aggregate.ts"
import type { Column } from "../pipeline/Column.ts"

type Numeric = Decimal | number
type Pair = readonly [Numeric, Numeric]

/** A column's values as multiples of a unit, which is 1 divided by `perOne`. */
interface Units {
  readonly isDouble: boolean
  readonly perOne: bigint
  readonly values: ReadonlyArray<bigint>
}

export const of = (op: Op, [one, other]: readonly [Column, Column], pairs: ReadonlyArray<Pair>, population: Population | undefined): number | null => {
  const [x, y] = [unitsOf(one, pairs.map(([value]) => value)), unitsOf(other, pairs.map(([, value]) => value))]
  const rows = BigInt(pairs.length)
  const isDouble = x.isDouble || y.isDouble
  const together = products(x.values, y.values)
  if (op === "correlation") {
    const [a, b] = [products(x.values, x.values), products(y.values, y.values)]
    if (a === 0n || b === 0n) return null
    if (!isDouble) return Math.max(-1, Math.min(1, Number(together) / Math.sqrt(Number(a) * Number(b)) + 0))
    const size = finiteOrNull(decimalRoot(together * together, a * b))
    return size === null || together >= 0n ? size : -size
  }
  const divisor = population === "population" ? rows * rows : rows * (rows - 1n)
  if (divisor === 0n) return null
  const isRoot = op === "standardDeviation"
  if (!isDouble) {
    const quotient = decimalQuotient(together, x.perOne * y.perOne * divisor)
    return isRoot ? Math.sqrt(quotient) : quotient
  }
  return finiteOrNull((isRoot ? decimalRoot : decimalQuotient)(together, divisor * x.perOne * y.perOne))
}

/** The sum of the products of distances from the mean, times the number of rows squared over that number. */
const products = (x: ReadonlyArray<bigint>, y: ReadonlyArray<bigint>): bigint => {
  if (x.length === 0) return 0n
  const rows = BigInt(x.length)
  const [sumOfX, sumOfY] = [x, y].map((values) => values.reduce((sum, value) => sum + value, 0n))
  return x.reduce((sum, value, i) => sum + (rows * value - sumOfX!) * (rows * y[i]! - sumOfY!), 0n) / rows
}

const unitsOf = (column: Column, values: ReadonlyArray<Numeric>): Units => {
  const isDouble = column.kind === "double"
  const scale = column.kind === "decimal" ? column.scale : 0
  return {
    isDouble,
    perOne: isDouble ? 2n ** 1_074n : 10n ** BigInt(scale),
    values: values.map((value) => {
      if (BigDecimal.isBigDecimal(value)) return BigDecimal.scale(value, scale).value
      return isDouble ? smallestOnes(value) : BigInt(value)
    })
  }
}

/** How many times the smallest double, 2^-1074, a double is. */
const smallestOnes = (value: number): bigint => {
  let [integer, halvings] = [value, 0]
  for (; !Number.isInteger(integer); halvings++) integer *= 2
  return BigInt(integer) * 2n ** BigInt(1_074 - halvings)
}

/** What lies half-way between two doubles has no more decimals: with one more that is not 0 a number is read as what is nearest. */
const decimals = 1_080n

const decimalQuotient = (dividend: bigint, divisor: bigint): number => {
  const sign = dividend < 0n ? "-" : ""
  const scaled = (dividend < 0n ? -dividend : dividend) * 10n ** decimals
  return Number(`${sign}${scaled / divisor}${scaled % divisor === 0n ? 0 : 1}e-${decimals + 1n}`)
}

const decimalRoot = (dividend: bigint, divisor: bigint): number => {
  const scaled = dividend * 10n ** (2n * decimals)
  const square = scaled / divisor
  const root = wholeRoot(square)
  const isWhole = root * root === square && scaled % divisor === 0n
  return Number(`${root}${isWhole ? 0 : 1}e-${decimals + 1n}`)
}

/** Digit by digit would do; this closes in from above. */
const wholeRoot = (square: bigint): bigint => {
  if (square === 0n) return 0n
  let root = 16n ** BigInt(Math.ceil(square.toString(16).length / 2))
  for (let next = root; ; root = next) {
    next = (root + square / root) / 2n
    if (next >= root) return root
  }
}

const finiteOrNull = (value: number): number | null => Number.isFinite(value) ? value + 0 : null
