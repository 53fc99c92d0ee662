/** Doubles nearest to what big integers say exactly: a quotient, and the root of one. Ties go to the even one. */

/** Of `dividend / divisor`, infinite beyond the range of doubles. The divisor is positive. */
export const nearestQuotient = (dividend: bigint, divisor: bigint): number => {
  if (dividend === 0n) return 0
  const magnitude = dividend < 0n ? -dividend : dividend
  const shift = digits + bitsOf(divisor) - bitsOf(magnitude)
  const { quotient, rest } = divided(magnitude, divisor, shift)
  const value = rounded(quotient, rest !== 0n, shift)
  return dividend < 0n ? -value : value
}

/** Of the square root of `dividend / divisor`, of which none is negative, and the divisor is not 0. */
export const nearestRoot = (dividend: bigint, divisor: bigint): number => {
  if (dividend === 0n) return 0
  const shift = digits + ((bitsOf(divisor) - bitsOf(dividend)) >> 1)
  const { quotient, rest } = divided(dividend, divisor, 2 * shift)
  const root = rootOf(quotient)
  return rounded(root, rest !== 0n || root * root !== quotient, shift)
}

/** More bits than a double has, by far. */
const digits = 66

const divided = (dividend: bigint, divisor: bigint, shift: number): { readonly quotient: bigint; readonly rest: bigint } => {
  const [over, under] = shift >= 0 ? [dividend << BigInt(shift), divisor] : [dividend, divisor << BigInt(-shift)]
  return { quotient: over / under, rest: over % under }
}

/** Newton's method from above. */
const rootOf = (square: bigint): bigint => {
  let root = (BigInt(Math.ceil(Math.sqrt(Number(square)))) * 0x10000001n >> 28n) + 1n
  for (;;) {
    const next = (root + square / root) >> 1n
    if (next >= root) return root
    root = next
  }
}

/** The double nearest to `integer * 2^-shift`, or to a little more where something is left over. */
const rounded = (integer: bigint, isMore: boolean, shift: number): number => {
  // Below 2^-1074 there are no bits.
  const dropped = BigInt(Math.max(bitsOf(integer) - 53, shift - 1_074))
  const kept = integer >> dropped
  const rest = integer - (kept << dropped)
  const half = 1n << (dropped - 1n)
  const isUp = rest > half || (rest === half && (isMore || (kept & 1n) === 1n))
  return Number(isUp ? kept + 1n : kept) * 2 ** (Number(dropped) - shift)
}

const bitsOf = (positive: bigint): number => {
  const hex = positive.toString(16)
  return hex.length * 4 - (Math.clz32(Number.parseInt(hex.charAt(0), 16)) - 28)
}
