/**
 * Reads JSON numbers in plain notation, up to eight digits at a time; where they end is seen of sixteen bytes at once.
 *
 * A number of at most 15 digits is one that a double holds exactly, and so is that number times the scale of the column,
 * where it is not larger than that. Of a double the digits and the power of ten are exact, so that their quotient is the
 * nearest one.
 */
import { dot, isDigit, minus, zero } from "./json"

const mostDigits: usize = 15

/** What is known of a column, side by side: doubles by the number of decimals, others by the same, and its range. */
export const size: i32 = 256
const factors: usize = 8 * 15
const minimum: usize = 8 * 30
const maximum: usize = 8 * 31

const zeros: u64 = 0x3030303030303030

const tens: usize = memory.data<u64>([
  1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000, 1000000000000,
  10000000000000, 100000000000000
])

/** Of sixteen bytes a bit for each that is no digit: digits are the lowest of signed bytes when 80 is added. */
// @ts-ignore: decorator
@inline
function othersIn(bytes: v128): u32 {
  return <u32>i8x16.bitmask(i8x16.gt_s(i8x16.add(bytes, i8x16.splat(80)), i8x16.splat(-119)))
}

/** From one to eight digits as a number: pairs at once, then the pairs, and pairs of those. */
// @ts-ignore: decorator
@inline
function eight(from: usize, count: usize): u64 {
  let value = (load<u64>(from) ^ zeros) << (64 - 8 * <u64>count)
  value = (value * 2561) >> 8 & 0x00ff00ff00ff00ff
  value = (value * 6553601) >> 16 & 0x0000ffff0000ffff
  return (value * 42949672960001) >> 32
}

/** From one to fifteen digits as a number. */
// @ts-ignore: decorator
@inline
function valueOf(from: usize, count: usize): u64 {
  return count <= 8 ? eight(from, count) : eight(from, 8) * ten(count - 8) + eight(from + 8, count - 8)
}

// @ts-ignore: decorator
@inline
function ten(power: usize): u64 {
  return load<u64>(tens + (power << 3))
}

/** Puts the stored form of the number that begins at `from` into a cell, and returns where it ends, or 0. */
// @ts-ignore: decorator
@inline
export function readNumber(known: usize, from: usize, cell: usize): usize {
  const negative = load<u8>(from) == minus
  const first = from + <usize>negative
  // Fifteen digits and a point are sixteen bytes.
  const others = othersIn(v128.load(first)) | 1 << mostDigits + 1
  const count = <usize>ctz(others)
  if (count == 0 || count > mostDigits || (load<u8>(first) == zero && count > 1)) return 0
  let value = valueOf(first, count)
  let to = first + count
  let decimals: usize = 0
  if (load<u8>(to) == dot) {
    const end = <usize>ctz(others & (others - 1))
    decimals = end - count - 1
    // Of more digits the value itself may be rounded.
    if (decimals == 0 || (end > mostDigits && isDigit(load<u8>(first, 16)))) return 0
    value = value * ten(decimals) + valueOf(to + 1, decimals)
    to = first + end
  }
  const place = known + (decimals << 3)
  let stored = <f64>(<i64>value)
  if (stored > load<f64>(place)) return 0
  const factor = load<f64>(place, factors)
  if (factor > 0) stored *= factor
  else {
    // Through memory: what has no effect would be done for each number, whether it is needed or not, and a division takes long.
    store<f64>(cell, stored / -factor)
    stored = load<f64>(cell)
  }
  // Minus zero is zero: it would print and hash differently.
  if (negative && stored != 0) stored = -stored
  if (stored < load<f64>(known, minimum) || stored > load<f64>(known, maximum)) return 0
  store<f64>(cell, stored)
  return to
}
