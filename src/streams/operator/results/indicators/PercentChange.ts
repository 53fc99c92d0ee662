/** By how many per cent a value differs from a former one. */
import { BigDecimal } from "effect"
import { type Decimal, divideHalfUp, fromUnscaled } from "../../../../domain/Decimal.ts"
import { percentScale } from "../../../pipeline/Checked.ts"

/** HALF_UP to 4 decimals; `null` where either is not there, or the former is 0. */
export const percentChange = (now: Decimal | null, then: Decimal | null): Decimal | null => {
  if (now === null || then === null || then.value === 0n) return null
  const common = Math.max(now.scale, then.scale)
  const [a, b] = [BigDecimal.scale(now, common).value, BigDecimal.scale(then, common).value]
  const dividend = (a - b) * 100n * 10n ** BigInt(percentScale)
  return fromUnscaled(b > 0n ? divideHalfUp(dividend, b) : divideHalfUp(-dividend, -b), percentScale)
}
