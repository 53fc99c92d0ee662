/**
 * Reads JSON records of known members from their bytes straight into rows: plain names, plain strings, plain numbers, and
 * objects of the same sort in them, in any order and with any white space. Members that the source does not know are gone over.
 * "Not recognised" is not "wrong": the slow path looks at what this one leaves.
 *
 * Most records look like one before: what stands between their values is the same, and is compared at once. From where a record
 * looks different on it is read member by member.
 *
 * What lies behind a record never decides about it: where it is read across its end, that is found out at the next comma or
 * brace. Places of what is not there are 0.
 */
import { close, colon, comma, endOfText, isFalse, isNull, isTrue, open, past, quote, skipValue } from "./json"
import * as layout from "./layout"
import { allocate } from "./memory"
import * as names from "./names"
import * as number from "./number"
import * as table from "./table"
import { readTime } from "./time"

export { allocate }
export { name } from "./names"

/** What a member's value is. Numbers with a check of the Schema's own are left to the slow path. */
const asNumber: i32 = 1
const asDecimal: i32 = 2
const asText: i32 = 3
const asBoolean: i32 = 4
const asTime: i32 = 5
const asObject: i32 = 6

/** How many records may look different before another layout is learnt: learning one takes as long as reading a few dozens. */
const leastPatience: i32 = 64
const mostPatience: i32 = 65_536

const recordItself: i32 = 0

/** Of each member what its value is, which column it goes to, which object it is, and whether it has to be there. */
export let places: usize = 0
const placeSize: i32 = 16
const columnAt: usize = 4
const objectAt: usize = 8
const requiredAt: usize = 12

/** By column what is known of its numbers, and whether its texts are read. */
export let numbers: usize = 0
export let texts: usize = 0
let tables: usize = 0
/** By object how many members it has to have. */
export let required: usize = 0

/** Where records begin and end, the rows by column, and the times of rows in milliseconds where they are strings. */
export let starts: usize = 0
export let ends: usize = 0
export let rows: usize = 0
export let millis: usize = 0
/** By column whether there may be values in the rows. */
export let touched: usize = 0
/** Texts that are not known: their row, their column, and where they begin and end. */
export let pending: usize = 0
export let pendingCount: i32 = 0
const pendingSize: i32 = 16
let mostPending: i32 = 0

let columns: i32 = 0
let members: i32 = 0
let most: i32 = 0
/** Rows that have been written since they were cleared. */
let used: i32 = 0
let assumesUtc: bool = false

/** By column, and by object behind them, the record in which it was written last. */
let written: usize = 0
/** Counts the records, from 1 on. */
let record: u32 = 0
let row: i32 = 0

/** Records that may look different before the layout of one is learnt, of so many, and those that have looked the same. */
let left: i32 = 0
let patience: i32 = leastPatience
let alike: i32 = 0
let isLearning: bool = false

export function prepare(columnCount: i32, memberCount: i32, objects: i32, rowCount: i32, utc: bool): void {
  columns = columnCount
  members = memberCount
  most = rowCount
  assumesUtc = utc
  places = allocate(members * placeSize)
  names.prepare(members, objects)
  layout.prepare()
  numbers = allocate(columns * number.size)
  texts = allocate(columns * 4)
  tables = allocate(columns * table.size)
  for (let column = 0; column < columns; column++) table.begin(tables + column * table.size)
  required = allocate(objects * 4)
  written = allocate((columns + objects) * 4)
  touched = allocate(columns)
  memory.fill(touched, 1, columns)
  starts = allocate(most * 4)
  ends = allocate(most * 4)
  millis = allocate(most * 8)
  rows = allocate(columns * most * 8)
  used = most
  mostPending = max(most, columns)
  pending = allocate(mostPending * pendingSize)
}

/** Whether a text of the column was added, so that it is known from now on. */
export function add(column: i32, from: usize, to: usize, number: i32): bool {
  return table.add(tables + column * table.size, from, to, number)
}

/** Reads the records from `first` to before `last` into rows from 0 on, up to one that is not recognised; returns how many. */
export function read(first: i32, last: i32): i32 {
  clear()
  pendingCount = 0
  for (row = 0; first + row < last; row++) {
    const before = pendingCount
    if (before + columns > mostPending && row > 0) break
    const place = (first + row) << 2
    if (!readRecord(load<u32>(starts + place), load<u32>(ends + place))) {
      pendingCount = before
      break
    }
  }
  used = min(row + 1, most)
  return row
}

/** Whatever is not there is absent. */
function clear(): void {
  const absent = f64x2.splat(NaN)
  for (let column = 0; column < columns; column++) {
    if (!load<bool>(touched + column)) continue
    const from = cellAt(column, 0)
    const to = from + (used << 3)
    for (let at = from; at < to; at += 16) v128.store(at, absent)
  }
  memory.fill(touched, 0, columns)
  for (let value = 0; value < layout.values; value++) touch(load<i32>(layout.entries + value * layout.size, layout.memberAt))
}

function touch(member: i32): void {
  if (member == names.unknown) return
  const column = load<i32>(places + member * placeSize, columnAt)
  if (column < columns) store<bool>(touched + column, true)
}

// @ts-ignore: decorator
@inline
function cellAt(column: i32, row: i32): usize {
  return rows + ((column * most + row) << 3)
}

/** By the layout, as far as the record looks like that. */
function readRecord(start: usize, end: usize): bool {
  record++
  if (end <= start) return false
  if (left == 0) return learn(start, end)
  const values = layout.values
  let entry = layout.entries
  let at = start
  for (let value = 0; value < values; value++, entry += layout.size) {
    const begins = layout.begins(entry, at)
    if (begins == 0) return value == 0 ? readOther(start, end) : readRest(value, at, end)
    const from = past(begins, end)
    const member = load<i32>(entry, layout.memberAt)
    if (member == names.unknown) at = skipValue(from, end)
    else {
      const column = load<i32>(entry, layout.columnAt)
      const kind = load<i32>(entry, layout.kindAt)
      const cell = <usize>load<u32>(entry, layout.cellsAt) + (<usize>row << 3)
      at = 0
      // What most values are is read here: called for each of them, the same code takes longer.
      if (kind == asText) at = readText(column, from, end, cell)
      else if (kind == asNumber || kind == asDecimal) {
        const quoted = kind == asDecimal && load<u8>(from) == quote
        at = number.readNumber(numbers + column * number.size, from + <usize>quoted, cell)
        if (quoted) at = at != 0 && load<u8>(at) == quote ? at + 1 : 0
      }
      if (at == 0) at = readValue(member, from, end)
    }
    // Something has to come behind a value.
    if (at == 0 || at >= end) return false
  }
  if (values == 0) return readOther(start, end)
  if (layout.begins(entry, at) != end) return readRest(values, at, end)
  alike++
  return true
}

/** Reads a record that looks different from where a value has ended, behind so many values. */
function readRest(values: i32, at: usize, end: usize): bool {
  left--
  let last = members + recordItself
  let missing = load<i32>(required + (recordItself << 2))
  for (let value = 0; value < values; value++) {
    const member = load<i32>(layout.entries + value * layout.size, layout.memberAt)
    if (member == names.unknown) continue
    last = member
    missing -= load<i32>(places + member * placeSize, requiredAt)
    store<u32>(written + (load<i32>(places + member * placeSize, columnAt) << 2), record)
  }
  return endsAt(readMembers(recordItself, at, last, missing, end), end)
}

/** Reads a record that looks different from its start on. */
function readOther(start: usize, end: usize): bool {
  left--
  return readWhole(start, end)
}

function readWhole(start: usize, end: usize): bool {
  return endsAt(readObject(recordItself, past(start, end), end), end)
}

/** Whether nothing but white space is behind the object that ends there. */
function endsAt(at: usize, end: usize): bool {
  return at != 0 && (at == end || past(at, end) == end)
}

/** Reads a record from its start, and the next ones may look like it. */
function learn(start: usize, end: usize): bool {
  layout.begin()
  isLearning = true
  const isRead = readWhole(start, end)
  isLearning = false
  if (isRead) layout.end(start, end)
  for (let value = 0; value < layout.values; value++) {
    const entry = layout.entries + value * layout.size
    const place = places + load<i32>(entry, layout.memberAt) * placeSize
    if (place < places) continue
    store<i32>(entry, load<i32>(place), layout.kindAt)
    store<i32>(entry, load<i32>(place, columnAt), layout.columnAt)
    store<u32>(entry, <u32>cellAt(load<i32>(place, columnAt), 0), layout.cellsAt)
  }
  // Where records differ all the time, none is worth it.
  patience = alike > 16 * patience ? leastPatience : min(2 * patience, mostPatience)
  left = patience
  alike = 0
  return isRead
}

/** Where the object ends, or 0. */
function readObject(object: i32, from: usize, end: usize): usize {
  if (load<u8>(from) != open) return 0
  const at = past(from + 1, end)
  const missing = load<i32>(required + (object << 2))
  if (load<u8>(at) == close && at < end) return missing == 0 ? at + 1 : 0
  const value = readMember(object, at, members + object, missing, end)
  return value == 0 ? 0 : readMembers(object, value, lastMember, stillMissing, end)
}

/** The member that was read last, and how many have to come behind it. */
let lastMember: i32 = 0
let stillMissing: i32 = 0

/** The members of an object from behind the value of one; `missing` have to come yet. Where it ends, or 0. */
function readMembers(object: i32, from: usize, before: i32, toCome: i32, end: usize): usize {
  let at = from
  let last = before
  let missing = toCome
  while (at != 0) {
    if (load<u8>(at) != comma) at = past(at, end)
    if (at >= end) return 0
    if (load<u8>(at) != comma) return load<u8>(at) == close && missing == 0 ? at + 1 : 0
    at = readMember(object, at + 1, last, missing, end)
    last = lastMember
    missing = stillMissing
  }
  return 0
}

/** A name with its value, behind the member that came last. Where it ends, or 0. */
function readMember(object: i32, from: usize, last: i32, missing: i32, end: usize): usize {
  let at = from
  let member = names.after(last, at)
  if (member == names.unknown) {
    at = past(at, end)
    member = names.after(last, at)
  }
  if (member != names.unknown) at += names.lengthOf(member)
  else {
    member = names.find(object, at, end)
    if (names.to == 0) return 0
    at = past(names.to, end)
    if (load<u8>(at++) != colon) return 0
    if (member != names.unknown) names.expect(last, member)
  }
  const value = past(at, end)
  const to = member == names.unknown ? skipValue(value, end) : readValue(member, value, end)
  if (to != 0 && isLearning) layout.note(member, value, to)
  lastMember = member == names.unknown ? last : member
  stillMissing = member == names.unknown ? missing : missing - load<i32>(places + member * placeSize, requiredAt)
  return to
}

/** Where the value of a member ends, or 0. */
function readValue(member: i32, at: usize, end: usize): usize {
  const place = places + member * placeSize
  const column = load<i32>(place, columnAt)
  // Twice in one record it is left to the slow path.
  if (load<u32>(written + (column << 2)) == record) return 0
  store<u32>(written + (column << 2), record)
  if (column < columns) store<bool>(touched + column, true)
  let to: usize = 0
  switch (load<i32>(place)) {
    case asDecimal: {
      const quoted = load<u8>(at) == quote
      to = number.readNumber(numbers + column * number.size, at + <usize>quoted, cellAt(column, row))
      if (quoted) to = to != 0 && load<u8>(to) == quote ? to + 1 : 0
      break
    }
    case asNumber:
      to = number.readNumber(numbers + column * number.size, at, cellAt(column, row))
      break
    case asText:
      to = readText(column, at, end, cellAt(column, row))
      break
    case asBoolean:
      to = readBoolean(at, cellAt(column, row))
      break
    case asTime:
      to = readTime(at + 1, end, assumesUtc, millis + (row << 3))
      // The text of a time has been read once, and most often nobody asks for it.
      to = to != 0 && load<u8>(at) == quote && load<u8>(to) == quote ? readText(column, at, end, cellAt(column, row)) : 0
      break
    case asObject:
      to = readObject(load<i32>(place, objectAt), at, end)
      break
  }
  if (to != 0) return to
  if (load<i32>(place, requiredAt) != 0 || !isNull(at)) return 0
  // What is not recognised may be null, which is absent.
  return at + 4
}

function readBoolean(at: usize, cell: usize): usize {
  if (isTrue(at)) {
    store<f64>(cell, 1)
    return at + 4
  }
  if (!isFalse(at)) return 0
  store<f64>(cell, 0)
  return at + 5
}

/** Puts the number of a text into a cell, or notes that it is not known, and returns where it ends, or 0. */
// @ts-ignore: decorator
@inline
function readText(column: i32, from: usize, end: usize, cell: usize): usize {
  if (load<u8>(from) != quote) return 0
  if (load<i32>(texts + (column << 2)) == 0) {
    const to = endOfText(from + 1, end)
    store<f64>(cell, -1)
    return to == 0 ? 0 : to + 1
  }
  const known = table.find(tables + column * table.size, from + 1, end)
  if (known == -1) return readNewText(column, from + 1, end)
  store<f64>(cell, <f64>known)
  return table.to + 1
}

function readNewText(column: i32, from: usize, end: usize): usize {
  const to = endOfText(from, end)
  if (to == 0) return 0
  const place = pending + pendingCount++ * pendingSize
  store<i32>(place, row)
  store<i32>(place, column, 4)
  store<u32>(place, <u32>from, 8)
  store<u32>(place, <u32>to, 12)
  return to + 1
}
