/**
 * Prices as Yahoo Finance sends them: float32 values, often widened to doubles
 * (`164.97999572753906`), with the number of meant decimals in a `priceHint` beside them.
 */
import { BigDecimal } from "effect"
import * as Decimal from "../../domain/Decimal.ts"
import { priceStorage } from "../../domain/Tick.ts"

/**
 * A finite price in plain decimal notation, rounded HALF_UP to the hinted decimals.
 * What is rounded is the shortest decimal that the number stands for: `137.18499755859375`
 * is the float32 of 137.185, which at 2 decimals is 137.19 and not 137.18.
 * Without a hint it is that shortest decimal itself, to the 8 decimals that a price may have.
 */
export const toText = (price: number, priceHint: number | undefined): string => {
  const scale = Math.min(Math.max(0, priceHint ?? priceStorage.scale), priceStorage.scale)
  // HALF_UP rounds ties away from zero.
  return Decimal.format(BigDecimal.round(shortest(price), { scale, mode: "half-from-zero" }))
}

const shortest = (price: number): BigDecimal.BigDecimal => BigDecimal.fromNumberUnsafe(shortestNumber(price))

/** The double nearest to the shortest decimal of a float32; a number that is no float32 stays as it is. */
const shortestNumber = (price: number): number => {
  if (Math.fround(price) !== price) return price
  // Every decimal of 6 digits survives a float32, and 9 digits tell any two of them apart.
  for (let digits = 6; digits < 9; digits++) {
    const candidate = Number(price.toPrecision(digits))
    if (Math.fround(candidate) === price) return candidate
  }
  return price
}
