/**
 * Reads JSON numbers in plain notation, eight digits at a time.
 *
 * A number of at most 15 digits is one that a double holds exactly, and so is that number times the scale of the column,
 * where it is not larger than that. Of a double the digits and the power of ten are exact, so that their quotient is the
 * nearest one.
 */
import { dot, minus, zero } from "./json"

const mostDigits: i32 = 15

/** What is known of a column, side by side: doubles by the number of decimals, others by the same, and its range. */
export const size: i32 = 256
const factors: usize = 8 * 15
const minimum: usize = 8 * 30
const maximum: usize = 8 * 31

const zeros: u64 = 0x3030303030303030

const tens: usize = memory.data<u64>([1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000])

/** How many bytes are digits before the first that is none: those are 0 to 9. Of others above that it may be wrong. */
// @ts-ignore: decorator
@inline
function digitsIn(word: u64): usize {
  return <usize>(ctz(((word + 0x7676767676767676) | word) & 0x8080808080808080) >> 3)
}

/** So many of them, of which there is one at least, as a number: pairs at once, then the pairs, and pairs of those. */
// @ts-ignore: decorator
@inline
function valueOf(word: u64, count: usize): u64 {
  let value = word << (64 - 8 * <u64>count)
  value = (value * 2561) >> 8 & 0x00ff00ff00ff00ff
  value = (value * 6553601) >> 16 & 0x0000ffff0000ffff
  return (value * 42949672960001) >> 32
}

/** Puts the stored form of the number that begins at `from` into a cell, and returns where it ends, or 0. */
// @ts-ignore: decorator
@inline
export function readNumber(known: usize, from: usize, cell: usize): usize {
  const negative = load<u8>(from) == minus
  const first = negative ? from + 1 : from
  let word = load<u64>(first) ^ zeros
  let count = digitsIn(word)
  if (count == 0) return 0
  let value = valueOf(word, count)
  let at = first + count
  if (count == 8) {
    word = load<u64>(at) ^ zeros
    count = digitsIn(word)
    if (count > 0) value = value * load<u64>(tens + (count << 3)) + valueOf(word, count)
    at += count
  }
  if (load<u8>(first) == zero && at > first + 1) return 0
  let digits = <i32>(at - first)
  let decimals: i32 = 0
  if (load<u8>(at) == dot) {
    const point = at + 1
    word = load<u64>(point) ^ zeros
    count = digitsIn(word)
    if (count == 0) return 0
    value = value * load<u64>(tens + (count << 3)) + valueOf(word, count)
    at = point + count
    if (count == 8) {
      word = load<u64>(at) ^ zeros
      count = digitsIn(word)
      if (count > 0) value = value * load<u64>(tens + (count << 3)) + valueOf(word, count)
      at += count
    }
    decimals = <i32>(at - point)
    digits += decimals
  }
  // Of more digits the value itself may be rounded.
  if (digits > mostDigits) return 0
  const place = known + (<usize>decimals << 3)
  let stored = <f64>(<i64>value)
  if (stored > load<f64>(place)) return 0
  const factor = load<f64>(place, factors)
  stored = factor > 0 ? stored * factor : stored / -factor
  // Minus zero is zero: it would print and hash differently.
  if (negative && stored != 0) stored = -stored
  if (stored < load<f64>(known, minimum) || stored > load<f64>(known, maximum)) return 0
  store<f64>(cell, stored)
  return at
}
