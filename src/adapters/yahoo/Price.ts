/**
 * Prices as Yahoo Finance sends them: float32 values, often widened to doubles, which gives
 * them a tail (`164.97999572753906` is 164.98). The tail is taken off and nothing else: the
 * `priceHint` beside a price says how many decimals to show, not how many it has.
 */
import { BigDecimal } from "effect"
import * as Decimal from "../../domain/Decimal.ts"
import { priceStorage } from "../../domain/Tick.ts"

/**
 * A finite price in plain decimal notation: the shortest decimal that the number stands for,
 * be it a float32 or a double, to the decimals that a price of its magnitude may have (the last one rounded HALF_UP).
 */
export const toText = (price: number): string => {
  const decimal = BigDecimal.fromNumberUnsafe(shortest(price))
  // HALF_UP rounds ties away from zero.
  const rounded = (scale: number) => BigDecimal.round(decimal, { scale, mode: "half-from-zero" })
  let scale = priceStorage.scale
  while (scale > 0 && Decimal.rescaled(rounded(scale), priceStorage) === undefined) scale--
  return Decimal.format(rounded(scale))
}

/** The double nearest to the shortest decimal of a float32. A whole number has no tail, and what is no float32 stays as it is. */
const shortest = (price: number): number => {
  if (Math.fround(price) !== price || Number.isInteger(price)) return price
  // Every decimal of 6 digits survives a float32, and 9 digits tell any two of them apart.
  for (let digits = 6; digits < 9; digits++) {
    const candidate = Number(price.toPrecision(digits))
    if (Math.fround(candidate) === price) return candidate
  }
  return Number(price.toPrecision(9))
}
