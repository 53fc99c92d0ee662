/**
 * Times as RFC 3339 writes them, read from bytes without an allocation:
 * https://www.rfc-editor.org/rfc/rfc3339#section-5.6
 */

const dot = 46
const plus = 43
const minus = 45
const colon = 58
const space = 32
const zero = 48
const nine = 57

/**
 * Puts the time that begins at `from` into `values[index]`, in milliseconds since the epoch, and returns where it
 * ends, or -1 where none does. Digits beyond the milliseconds are read and count for nothing. `assumesUtc` lets a
 * time do without a zone.
 */
export const readTime = (
  bytes: Uint8Array,
  from: number,
  end: number,
  assumesUtc: boolean,
  { index, values }: Place
): number => {
  const day = readDay(bytes, from)
  const second = readSecond(bytes, from + 11)
  const between = bytes[from + 10]! | 32
  if (from + 19 > end || day === noDay || second === -1 || (between !== 116 && between !== space)) return -1
  let at = from + 19
  let millis = 0
  if (bytes[at] === dot) {
    const first = ++at
    for (; at < end && isDigit(bytes[at]!); at++) if (at - first < 3) millis += (bytes[at]! - zero) * weights[at - first]!
    if (at === first) return -1
  }
  if (at < end && (bytes[at]! | 32) === 122) {
    values[index] = day * 86_400_000 + second * 1_000 + millis
    return at + 1
  }
  if (at < end && (bytes[at] === plus || bytes[at] === minus)) {
    const hours = digits(bytes, at + 1, 2)
    const minutes = digits(bytes, at + 4, 2)
    if (at + 6 > end || hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || bytes[at + 3] !== colon) return -1
    const offset = (bytes[at] === plus ? 60_000 : -60_000) * (hours * 60 + minutes)
    values[index] = day * 86_400_000 + second * 1_000 + millis - offset
    return at + 6
  }
  if (!assumesUtc) return -1
  values[index] = day * 86_400_000 + second * 1_000 + millis
  return at
}

/** Where a number is to be put: one that a call returned would be an allocation beyond 31 bits. */
export interface Place {
  readonly values: Float64Array
  readonly index: number
}

const weights = [100, 10, 1]

const isDigit = (byte: number): boolean => byte >= zero && byte <= nine

/** So many digits as a number; -1 where one is none. */
const digits = (bytes: Uint8Array, from: number, count: number): number => {
  let value = 0
  for (let at = from; at < from + count; at++) {
    if (!isDigit(bytes[at]!)) return -1
    value = value * 10 + (bytes[at]! - zero)
  }
  return value
}

/** `hh:mm:ss` as a second of the day, -1 where it is none. */
const readSecond = (bytes: Uint8Array, from: number): number => {
  const hour = digits(bytes, from, 2)
  const minute = digits(bytes, from + 3, 2)
  const second = digits(bytes, from + 6, 2)
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return -1
  return bytes[from + 2] === colon && bytes[from + 5] === colon ? (hour * 60 + minute) * 60 + second : -1
}

const noDay = -1_000_000

/** `yyyy-mm-dd` as a day since the epoch, `noDay` where there is no such day. */
const readDay = (bytes: Uint8Array, from: number): number => {
  const year = digits(bytes, from, 4)
  const month = digits(bytes, from + 5, 2)
  const day = digits(bytes, from + 8, 2)
  if (year < 0 || month < 1 || month > 12 || day < 1 || bytes[from + 4] !== minus || bytes[from + 7] !== minus) return noDay
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  if (day > (month === 2 && !isLeap ? 28 : lengths[month - 1]!)) return noDay
  // Years that begin in March have their leap day at the end (Hinnant, chrono-compatible low-level date algorithms).
  const marchYear = month > 2 ? year : year - 1
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400)
  return marchYear * 365 + leapDays + dayOfYear - 719_468
}

const lengths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
