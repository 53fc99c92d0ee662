/**
 * Quantiles in the most obvious way: all values in their order, one of them by its rank, and for that the middle of the
 * bucket that it is in. It shares no code with the engine.
 */
import { BigDecimal } from "effect"
import type { Decimal } from "../../domain/Decimal.ts"
import type { Settings } from "../pipeline/Aggregate.ts"
import type { Column } from "../pipeline/Column.ts"

export const of = (values: ReadonlyArray<Decimal | number>, column: Column, { error = 0, quantile = 0 }: Settings): number | null => {
  const scale = column.kind === "decimal" ? column.scale : 0
  const sorted = values
    .map((value) => BigDecimal.isBigDecimal(value) ? Number(BigDecimal.scale(value, scale).value) : value)
    .sort((a, b) => a - b)
  if (sorted.length === 0) return null
  const rank = BigDecimal.multiply(BigDecimal.fromStringUnsafe(String(quantile)), BigDecimal.make(BigInt(sorted.length - 1), 0))
  const value = sorted[BigDecimal.toNumberUnsafe(BigDecimal.floor(rank))]!
  if (value === 0) return 0
  const isDouble = column.kind === "double"
  const middle = middleOf(Math.abs(value), error, isDouble) * Math.sign(value)
  return isDouble ? middle : Number(`${middle}e-${scale}`)
}

/** A power of two and the next one have so many buckets between them that half of the first is no more than the error. */
const middleOf = (value: number, error: number, isDouble: boolean): number => {
  let parts = 1
  while (1 / (2 * parts) > error) parts *= 2
  let power = 2 ** -1_022
  while (power * 2 <= value) power *= 2
  // Below the smallest normal number buckets are as wide as above it.
  const width = power / parts
  const low = Math.floor(value / width) * width
  if (isDouble) return low + width / 2
  const [first, last] = [Math.ceil(low), Math.ceil(low + width) - 1]
  return first / 2 + last / 2
}
