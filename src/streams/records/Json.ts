/** What stands in JSON between the values that are read, and the values that are not. */

const quote = 34
const minus = 45
const plus = 43
const dot = 46
const zero = 48
const nine = 57

/** Bytes in which a record ends at `end`, as shapes that are always the same, be they a Buffer's or not. */
export interface Input {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly end: number
}

/** The first byte that is no white space of JSON. */
export const skip = (bytes: Uint8Array, from: number, end: number): number => {
  let at = from
  // Mostly there is none, and one comparison says so.
  while (at < end && bytes[at]! <= 32 && (bytes[at] === 32 || bytes[at] === 9 || bytes[at] === 10 || bytes[at] === 13)) at++
  return at
}

/** Where a plain value of any kind ends: a text of ASCII without escapes, a number, true, false or null; -1 where it is another. */
export const skipValue = (bytes: Uint8Array, at: number, end: number): number => {
  switch (bytes[at]) {
    case quote: {
      const to = endOfText(bytes, at + 1, end)
      return to === -1 ? -1 : to + 1
    }
    case 116:
      return isWord(bytes, at, "true") ? at + 4 : -1
    case 102:
      return isWord(bytes, at, "false") ? at + 5 : -1
    case 110:
      return isWord(bytes, at, "null") ? at + 4 : -1
    default:
      return skipNumber(bytes, at, end)
  }
}

const isWord = (bytes: Uint8Array, from: number, word: string): boolean => {
  for (let at = 0; at < word.length; at++) if (bytes[from + at] !== word.charCodeAt(at)) return false
  return true
}

const skipNumber = (bytes: Uint8Array, from: number, end: number): number => {
  const first = bytes[from] === minus ? from + 1 : from
  let at = skipDigits(bytes, first, end)
  if (at === first || (at > first + 1 && bytes[first] === zero)) return -1
  if (bytes[at] === dot) {
    const point = at + 1
    at = skipDigits(bytes, point, end)
    if (at === point) return -1
  }
  if ((bytes[at]! | 32) !== 101) return at
  const exponent = bytes[at + 1] === plus || bytes[at + 1] === minus ? at + 2 : at + 1
  at = skipDigits(bytes, exponent, end)
  return at === exponent ? -1 : at
}

const skipDigits = (bytes: Uint8Array, from: number, end: number): number => {
  let at = from
  while (at < end && bytes[at]! >= zero && bytes[at]! <= nine) at++
  return at
}

/** The closing quote of a text of ASCII without escapes and control characters, or -1. */
export const endOfText = (bytes: Uint8Array, from: number, end: number): number => {
  let at = from
  while (at < end && standsForItself[bytes[at]!] === 1) at++
  return at < end && bytes[at] === quote ? at : -1
}

const backslash = 92

/** By byte whether it may be in a text as it is. */
const standsForItself = Uint8Array.from({ length: 256 }, (_, byte) => byte >= 32 && byte <= 126 && byte !== quote && byte !== backslash ? 1 : 0)
