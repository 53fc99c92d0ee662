/**
 * Finds the members of objects by their names. The next member is mostly the one that came next the last time: its name with
 * its quotes and the colon behind it is compared by sixteen bytes. One that is not is looked up, in any order.
 */
import { endOfText, quote } from "./json"
import { allocate } from "./memory"
import * as table from "./table"

/** The number of what is no member. */
export const unknown: i32 = -1

/** What is known of a member, or of what the first member of an object comes behind. */
const size: i32 = 16
const lengthAt: usize = 4
const nextAt: usize = 8

export let places: usize = 0
/** By object the members by their names. */
let tables: usize = 0
/** Where the name ends that was looked up last, quote included; 0 where it is no plain text. */
export let to: usize = 0

export function prepare(members: i32, objects: i32): void {
  places = allocate((members + objects) * size)
  for (let member = 0; member < members + objects; member++) store<i32>(places + member * size, unknown, nextAt)
  tables = allocate(objects * table.size)
  for (let object = 0; object < objects; object++) table.begin(tables + object * table.size)
}

/** The name with its quotes and the colon lies at `from`, and some bytes behind it are free; others are never written as they are. */
export function name(object: i32, member: i32, from: usize, length: usize, isPlain: bool): void {
  store<u32>(places + member * size, <u32>from)
  store<u32>(places + member * size, <u32>length, lengthAt)
  if (isPlain) table.add(tables + object * table.size, from + 1, from + length - 2, member)
}

/** The member that is expected behind another one, where its name stands at `from`; else -1. */
// @ts-ignore: decorator
@inline
export function after(last: i32, from: usize): i32 {
  const member = load<i32>(places + last * size, nextAt)
  if (member == unknown) return unknown
  let text = <usize>load<u32>(places + member * size)
  let at = from
  const to = from + lengthOf(member)
  while (at + 16 < to) {
    if (v128.any_true(v128.xor(v128.load(text), v128.load(at)))) return unknown
    text += 16
    at += 16
  }
  const mask: u32 = (1 << <u32>(to - at)) - 1
  return (<u32>i8x16.bitmask(i8x16.eq(v128.load(text), v128.load(at))) & mask) == mask ? member : unknown
}

/** In bytes, with quotes and colon. */
// @ts-ignore: decorator
@inline
export function lengthOf(member: i32): usize {
  return load<u32>(places + member * size, lengthAt)
}

export function expect(last: i32, member: i32): void {
  store<i32>(places + last * size, member, nextAt)
}

/** The member of an object whose name stands at `from`, or {@link unknown}. */
export function find(object: i32, from: usize, end: usize): i32 {
  to = 0
  if (load<u8>(from) != quote) return unknown
  const member = table.find(tables + object * table.size, from + 1, end)
  const last = member == -1 ? endOfText(from + 1, end) : table.to
  if (last != 0) to = last + 1
  return member
}
