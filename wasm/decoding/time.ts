/**
 * Times as RFC 3339 writes them: https://www.rfc-editor.org/rfc/rfc3339#section-5.6
 */
import { colon, dot, isDigit, minus, plus, zero } from "./json"

const space: u8 = 32

/**
 * Puts the time that begins at `from` into a cell, in milliseconds since the epoch, and returns where it ends, or 0 where none
 * does. Digits beyond the milliseconds are read and count for nothing. `assumesUtc` lets a time do without a zone.
 */
export function readTime(from: usize, end: usize, assumesUtc: bool, cell: usize): usize {
  if (from + 19 > end) return 0
  const day = readDay(from)
  const second = readSecond(from + 11)
  const between = load<u8>(from, 10) | 32
  if (day == noDay || second == -1 || (between != 116 && between != space)) return 0
  let at = from + 19
  let millis: i32 = 0
  if (load<u8>(at) == dot) {
    const first = ++at
    let weight: i32 = 100
    for (; at < end && isDigit(load<u8>(at)); at++, weight /= 10) millis += <i32>(load<u8>(at) - zero) * weight
    if (at == first) return 0
  }
  const time = <i64>day * 86_400_000 + <i64>second * 1_000 + <i64>millis
  if (at < end && (load<u8>(at) | 32) == 122) {
    store<f64>(cell, <f64>time)
    return at + 1
  }
  if (at < end && (load<u8>(at) == plus || load<u8>(at) == minus)) {
    const hours = digits(at + 1, 2)
    const minutes = digits(at + 4, 2)
    if (at + 6 > end || hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || load<u8>(at, 3) != colon) return 0
    const offset = (load<u8>(at) == plus ? 60_000 : -60_000) * (hours * 60 + minutes)
    store<f64>(cell, <f64>(time - <i64>offset))
    return at + 6
  }
  if (!assumesUtc) return 0
  store<f64>(cell, <f64>time)
  return at
}

/** So many digits as a number; -1 where one is none. */
function digits(from: usize, count: usize): i32 {
  let value: i32 = 0
  for (let at = from; at < from + count; at++) {
    if (!isDigit(load<u8>(at))) return -1
    value = value * 10 + <i32>(load<u8>(at) - zero)
  }
  return value
}

/** `hh:mm:ss` as a second of the day, -1 where it is none. */
function readSecond(from: usize): i32 {
  const hour = digits(from, 2)
  const minute = digits(from + 3, 2)
  const second = digits(from + 6, 2)
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return -1
  return load<u8>(from, 2) == colon && load<u8>(from, 5) == colon ? (hour * 60 + minute) * 60 + second : -1
}

const noDay: i32 = -1_000_000

/** `yyyy-mm-dd` as a day since the epoch, `noDay` where there is no such day. */
function readDay(from: usize): i32 {
  const year = digits(from, 4)
  const month = digits(from + 5, 2)
  const day = digits(from + 8, 2)
  if (year < 0 || month < 1 || month > 12 || day < 1 || load<u8>(from, 4) != minus || load<u8>(from, 7) != minus) return noDay
  const isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
  if (day > (month == 2 && !isLeap ? 28 : <i32>load<u8>(lengths + <usize>month))) return noDay
  // Years that begin in March have their leap day at the end (Hinnant, chrono-compatible low-level date algorithms).
  const marchYear = month > 2 ? year : year - 1
  const dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
  // Rounded down.
  const leapDays = marchYear < 0 ? -1 : marchYear / 4 - marchYear / 100 + marchYear / 400
  return marchYear * 365 + leapDays + dayOfYear - 719_468
}

const lengths: usize = memory.data<u8>([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
