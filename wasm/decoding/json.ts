/** What stands in JSON between the values that are read, and the values that are not. */

export const quote: u8 = 34
export const plus: u8 = 43
export const comma: u8 = 44
export const minus: u8 = 45
export const dot: u8 = 46
export const zero: u8 = 48
export const colon: u8 = 58
export const open: u8 = 123
export const close: u8 = 125
const backslash: u8 = 92

/** The first byte that is no white space of JSON; mostly this one. */
// @ts-ignore: decorator
@inline
export function past(at: usize, end: usize): usize {
  return load<u8>(at) > 32 ? at : skip(at, end)
}

function skip(from: usize, end: usize): usize {
  let at = from
  while (at < end && isSpace(load<u8>(at))) at++
  return at
}

// @ts-ignore: decorator
@inline
function isSpace(byte: u8): bool {
  return byte == 32 || byte == 9 || byte == 10 || byte == 13
}

/** The closing quote of a text of ASCII without escapes and control characters, or 0. */
export function endOfText(from: usize, end: usize): usize {
  for (let at = from; at < end; at += 16) {
    const bytes = v128.load(at)
    // As signed bytes those beyond ASCII are below all others.
    const others = v128.or(
      v128.or(i8x16.lt_s(bytes, i8x16.splat(32)), i8x16.eq(bytes, i8x16.splat(127))),
      v128.or(i8x16.eq(bytes, i8x16.splat(quote)), i8x16.eq(bytes, i8x16.splat(backslash)))
    )
    const found = i8x16.bitmask(others)
    if (found == 0) continue
    const to = at + ctz(found)
    return to < end && load<u8>(to) == quote ? to : 0
  }
  return 0
}

const trueWord: u32 = 0x65757274
const falsWord: u32 = 0x736c6166
const nullWord: u32 = 0x6c6c756e

// @ts-ignore: decorator
@inline
export function isNull(at: usize): bool {
  return load<u32>(at) == nullWord
}

// @ts-ignore: decorator
@inline
export function isTrue(at: usize): bool {
  return load<u32>(at) == trueWord
}

// @ts-ignore: decorator
@inline
export function isFalse(at: usize): bool {
  return load<u32>(at) == falsWord && load<u8>(at, 4) == 101
}

/** Where a plain value of any kind ends: a text of ASCII without escapes, a number, true, false or null; 0 where it is another. */
export function skipValue(at: usize, end: usize): usize {
  if (load<u8>(at) == quote) {
    const to = endOfText(at + 1, end)
    return to == 0 ? 0 : to + 1
  }
  if (isTrue(at) || isNull(at)) return at + 4
  return isFalse(at) ? at + 5 : skipNumber(at, end)
}

function skipNumber(from: usize, end: usize): usize {
  const first = load<u8>(from) == minus ? from + 1 : from
  let at = skipDigits(first, end)
  if (at == first || (at > first + 1 && load<u8>(first) == zero)) return 0
  if (load<u8>(at) == dot) {
    const point = at + 1
    at = skipDigits(point, end)
    if (at == point) return 0
  }
  if ((load<u8>(at) | 32) != 101) return at
  const sign = load<u8>(at, 1)
  const exponent = sign == plus || sign == minus ? at + 2 : at + 1
  at = skipDigits(exponent, end)
  return at == exponent ? 0 : at
}

function skipDigits(from: usize, end: usize): usize {
  let at = from
  while (at < end && isDigit(load<u8>(at))) at++
  return at
}

// @ts-ignore: decorator
@inline
export function isDigit(byte: u8): bool {
  return <u8>(byte - zero) <= 9
}
