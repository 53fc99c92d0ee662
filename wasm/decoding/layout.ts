/**
 * How a record looked: what stands before each of its values, and behind the last. Whoever writes a log mostly writes one
 * record like the other, and of one that looks the same nothing but the values has to be read.
 */
import { allocate } from "./memory"

/** Values of a record that is learnt, and bytes that may stand between two of them. */
const mostValues: i32 = 64
const longestBetween: usize = 64

/** What is known of a value, or of the end behind the last one: its member, what that says of it, and the bytes. */
export const size: i32 = 128
export const memberAt: usize = 0
export const kindAt: usize = 4
export const columnAt: usize = 8
export const cellsAt: usize = 20
const lengthAt: usize = 12
const maskAt: usize = 16
const bytesAt: usize = 32

export let entries: usize = 0
/** How many values there are; 0 while no record was learnt. */
export let values: i32 = 0

/** Of each value that was noted its member, where it begins and where it ends. */
let noted: usize = 0
let count: i32 = 0

export function prepare(): void {
  entries = allocate((mostValues + 1) * size)
  noted = allocate(mostValues * 12)
}

/** Another record is learnt, value by value. */
export function begin(): void {
  values = 0
  count = 0
}

export function note(member: i32, from: usize, to: usize): void {
  if (count < mostValues) {
    const place = noted + count * 12
    store<i32>(place, member)
    store<u32>(place, <u32>from, 4)
    store<u32>(place, <u32>to, 8)
  }
  count++
}

/** The record between there was read. One with objects in it is not learnt: they have values in values. */
export function end(start: usize, end: usize): void {
  if (count > mostValues) return
  let from = start
  for (let value: i32 = 0; value < count; value++) {
    const place = noted + value * 12
    const begins = <usize>load<u32>(place, 4)
    if (begins < from || begins - from > longestBetween) return
    keep(entries + value * size, load<i32>(place), from, begins)
    from = load<u32>(place, 8)
  }
  if (end - from > longestBetween) return
  keep(entries + count * size, -1, from, end)
  values = count
}

function keep(entry: usize, member: i32, from: usize, to: usize): void {
  const length = to - from
  store<i32>(entry, member, memberAt)
  store<u32>(entry, <u32>length, lengthAt)
  // Of the last sixteen bytes those that count.
  store<u32>(entry, (1 << ((<u32>length - 1) & 15) << 1) - 1, maskAt)
  memory.copy(entry + bytesAt, from, length)
}

/** Where a value begins, or the record ends, if all before it looks the same from `from` on; else 0. */
// @ts-ignore: decorator
@inline
export function begins(entry: usize, from: usize): usize {
  const length = <usize>load<u32>(entry, lengthAt)
  let text = entry + bytesAt
  let at = from
  const to = from + length
  while (at + 16 < to) {
    if (v128.any_true(v128.xor(v128.load(text), v128.load(at)))) return 0
    text += 16
    at += 16
  }
  const mask = load<u32>(entry, maskAt)
  return (<u32>i8x16.bitmask(i8x16.eq(v128.load(text), v128.load(at))) & mask) == mask ? to : 0
}
