/**
 * The numbers of texts by their bytes: open addressing over a hash of the bytes, so that a known text costs neither a string
 * nor a look-up in a map. It stops growing at a bound; texts beyond it are looked up elsewhere.
 *
 * Texts are hashed and compared by sixteen bytes, with zeros behind the last of them.
 */
import { quote } from "./json"
import { allocate, ones } from "./memory"

const mostTexts: u32 = 1 << 17
const mostBytes: u32 = 1 << 26

/** What is known of a table: where its slots are, one less than how many of them there are, how many are taken, and bytes of texts. */
export const size: i32 = 16
const last: usize = 4
const taken: usize = 8
const bytesOf: usize = 12

/** What is known of a text; a slot of which the number is -1 is free. */
const slotSize: u32 = 16
const lengthInBytes: usize = 4
const numberOf: usize = 8
const bytesAt: usize = 12

const fewest: u32 = 32

/** Where the text ends that was looked for, unless it has no end, and its hash. */
export let to: usize = 0
let hashed: u32 = 0

export function begin(table: usize): bool {
  const slots = allocate(fewest * slotSize)
  if (slots == 0) return false
  memory.fill(slots, 255, fewest * slotSize)
  store<u32>(table, <u32>slots)
  store<u32>(table, fewest - 1, last)
  store<u32>(table, 0, taken)
  store<u32>(table, 0, bytesOf)
  return true
}

/** The number of the text that begins at `from` and ends with the first quote before `end`, or -1; only plain texts are ever added. */
export function find(table: usize, from: usize, end: usize): i32 {
  const slot = slotOf(table, from, end)
  return slot == 0 ? -1 : load<i32>(slot, numberOf)
}

/** The slot of a text, or the free one where it would be; 0 where it has no end. */
// @ts-ignore: decorator
@inline
function slotOf(table: usize, from: usize, end: usize): usize {
  let hash: u64 = 0x9e3779b97f4a7c15
  let at = from
  let bytes = v128.load(at)
  let quotes = i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(quote)))
  while (quotes == 0) {
    hash = mixed(hash, bytes)
    at += 16
    if (at >= end) return 0
    bytes = v128.load(at)
    quotes = i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(quote)))
  }
  const rest = ctz(quotes)
  to = at + rest
  if (to >= end) return 0
  bytes = v128.and(bytes, v128.load(ones - rest))
  hash = mixed(hash, bytes)
  hashed = <u32>(hash ^ (hash >> 32))
  const slots = <usize>load<u32>(table)
  const mask = load<u32>(table, last)
  const length = <u32>(to - from)
  let place = slots + (hashed & mask) * slotSize
  while (load<i32>(place, numberOf) != -1) {
    if (load<u32>(place) == hashed && load<u32>(place, lengthInBytes) == length && isText(load<u32>(place, bytesAt), from, at, bytes)) break
    place = place == slots + mask * slotSize ? slots : place + slotSize
  }
  return place
}

/** Whether those are the bytes from `from` to the last sixteen at `at`, which are these. */
// @ts-ignore: decorator
@inline
function isText(text: usize, from: usize, at: usize, bytes: v128): bool {
  for (let place = from; place < at; place += 16, text += 16) {
    if (v128.any_true(v128.xor(v128.load(text), v128.load(place)))) return false
  }
  return !v128.any_true(v128.xor(v128.load(text), bytes))
}

// @ts-ignore: decorator
@inline
function mixed(hash: u64, bytes: v128): u64 {
  let value = (hash ^ i64x2.extract_lane(bytes, 0)) * 0xff51afd7ed558ccd
  value = ((value ^ (value >> 32)) ^ i64x2.extract_lane(bytes, 1)) * 0xc4ceb9fe1a85ec53
  return value ^ (value >> 29)
}

/** Whether the text between there and a quote was added: not where it is known, and none where there are too many. */
export function add(table: usize, from: usize, end: usize, number: i32): bool {
  const count = load<u32>(table, taken)
  const bytes = load<u32>(table, bytesOf) + <u32>(end - from)
  if (count >= mostTexts || bytes > mostBytes || (count * 2 > load<u32>(table, last) && !grow(table))) return false
  const slot = slotOf(table, from, end + 1)
  if (slot == 0 || load<i32>(slot, numberOf) != -1) return false
  const length = end - from
  const text = allocate((length | 15) + 1)
  if (text == 0) return false
  memory.fill(text, 0, (length | 15) + 1)
  memory.copy(text, from, length)
  store<u32>(slot, hashed)
  store<u32>(slot, <u32>length, lengthInBytes)
  store<i32>(slot, number, numberOf)
  store<u32>(slot, <u32>text, bytesAt)
  store<u32>(table, count + 1, taken)
  store<u32>(table, bytes, bytesOf)
  return true
}

function grow(table: usize): bool {
  const before = <usize>load<u32>(table)
  const count = load<u32>(table, last) + 1
  const slots = allocate(2 * count * slotSize)
  if (slots == 0) return false
  memory.fill(slots, 255, 2 * count * slotSize)
  const mask = 2 * count - 1
  for (let index: u32 = 0; index < count; index++) {
    const from = before + index * slotSize
    if (load<i32>(from, numberOf) == -1) continue
    let slot = load<u32>(from) & mask
    while (load<i32>(slots + slot * slotSize, numberOf) != -1) slot = (slot + 1) & mask
    v128.store(slots + slot * slotSize, v128.load(from))
  }
  store<u32>(table, <u32>slots)
  store<u32>(table, mask, last)
  return true
}
