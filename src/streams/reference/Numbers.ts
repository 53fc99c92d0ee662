/** Numbers of any kind as decimals, which compare them exactly. */
import { BigDecimal } from "effect"
import type { Decimal } from "../../domain/Decimal.ts"

export type Numeric = Decimal | number | bigint

export const decimal = (value: Numeric): Decimal => {
  if (BigDecimal.isBigDecimal(value)) return value
  return typeof value === "bigint" ? BigDecimal.make(value, 0) : BigDecimal.fromNumberUnsafe(value)
}

export const less = (a: Numeric, b: Numeric): boolean => BigDecimal.isLessThan(decimal(a), decimal(b))

export const toNumber = (value: Numeric): number => BigDecimal.isBigDecimal(value) ? BigDecimal.toNumberUnsafe(value) : Number(value)
