/** The values of a window that a function is computed from: as they are, and once they are asked for, as doubles. */
import { BigDecimal } from "effect"
import * as Decimal from "../../../../domain/Decimal.ts"
import type { Value, Values } from "../../../pipeline/Pane.ts"

export type Numeric = Decimal.Decimal | number | bigint

export class Point {
  /** Where its window ends. */
  readonly end: number
  readonly values: ReadonlyArray<Numeric>
  #doubles: ReadonlyArray<number> | null = null
  #bar: Decimal.Decimal | null = null

  constructor(end: number, values: ReadonlyArray<Numeric>) {
    this.end = end
    this.values = values
  }

  get doubles(): ReadonlyArray<number> {
    return this.#doubles ??= this.values.map(toDouble)
  }

  /**
   * Three times the typical price, of high, low and close, exactly. In doubles 1.1 + 1.2 + 1.3 is another number than
   * 1.3 + 1.2 + 1.1, and a price that has not moved would be one that has.
   */
  get bar(): Decimal.Decimal {
    return this.#bar ??= BigDecimal.sumAll(this.values.slice(0, 3).map(toDecimal))
  }
}

/** `null` where one of the values is missing. What a user's own function has given may be no number. */
export const pointOf = (names: ReadonlyArray<string>, values: Values, end: number): Point | null => {
  const found: Array<Numeric> = []
  for (const name of names) {
    const value = values[name] ?? null
    if (!isNumber(value)) return null
    found.push(value)
  }
  return new Point(end, found)
}

const isNumber = (value: Value): value is Numeric =>
  typeof value === "number" ? Number.isFinite(value) : typeof value === "bigint" || BigDecimal.isBigDecimal(value)

/** The nearest double. A quotient of two integers that doubles hold exactly is rounded once. */
export const toDouble = (value: Numeric): number => {
  if (!BigDecimal.isBigDecimal(value)) return Number(value)
  const [unscaled, power] = [Number(value.value), powers[value.scale]]
  return power !== undefined && Number.isSafeInteger(unscaled) ? unscaled / power : Number(Decimal.format(value))
}

/** The powers of ten that doubles hold exactly. */
const powers = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`))

export const toDecimal = (value: Numeric): Decimal.Decimal => {
  if (BigDecimal.isBigDecimal(value)) return value
  return typeof value === "bigint" ? BigDecimal.make(value, 0) : BigDecimal.fromNumberUnsafe(value)
}

export const isLess = (a: Numeric, b: Numeric): boolean =>
  BigDecimal.isBigDecimal(a) || BigDecimal.isBigDecimal(b) ? BigDecimal.isLessThan(toDecimal(a), toDecimal(b)) : a < b
