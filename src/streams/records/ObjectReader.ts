/**
 * Reads a JSON record of known members from its bytes straight into the row of a batch: plain names, plain strings, plain
 * numbers, and objects of the same sort in it, in any order and with any white space. Members that the source does not know
 * are gone over. "Not recognised" is not "wrong": the slow path looks at what this one leaves.
 *
 * Most records look like one before: what stands between their values is the same, and is compared at once. From where a record
 * looks different on it is read member by member.
 *
 * What is known of the members stands in flat arrays, and one function reads all of them: however many sources there are, it
 * is the same code over the same shapes. Readers put together of closures or of an object a field call another one at each
 * member, which costs as much as to read it.
 *
 * Bytes are taken four at a time. So a record is read only where its buffer goes on for a while behind it; the last ones of
 * a buffer are read from a copy. What lies behind a record never decides about it: where it is read across its end, that is
 * found out at the next comma or brace.
 */
import type { Column } from "../pipeline/Column.ts"
import type { EventTime } from "../pipeline/EventTime.ts"
import type { Definition } from "../pipeline/Source.ts"
import type { Use } from "../pipeline/Uses.ts"
import type { AbsentValues } from "./AbsentValues.ts"
import type { Dictionary } from "./Batch.ts"
import { type Place, readTime } from "./Iso8601.ts"
import { type Input, skip, skipValue } from "./Json.ts"
import { Layout, longestBetween } from "./Layout.ts"
import { MemberNames, unknown } from "./MemberNames.ts"
import { NumberReader } from "./NumberReader.ts"
import { TextReader, unread } from "./TextReader.ts"

const quote = 34
const comma = 44
const colon = 58
const open = 123
const close = 125

/** What a member's value is. Numbers with a check of the Schema's own are left to the slow path. */
const Kind = { left: 0, number: 1, decimal: 2, text: 3, boolean: 4, time: 5, object: 6 } as const

/** How many records may look different before another layout is learnt: learning one takes as long as reading a few dozens. */
const [leastPatience, mostPatience] = [64, 65_536]

/** How far what is read may reach across a record's end, apart from what stands before it: digits and times are bounded, texts end at the end. */
const reach = 64

const recordItself = 0

/** What is to be known of an object's member while the arrays are made. */
interface Known {
  readonly name: string
  readonly optional: boolean
  readonly column: number
  /** Which object the value is; -1 where it is that of the column. */
  readonly object: number
}

/** What is known of a member, side by side in one array. */
const size = 4
const [kind, where, object, required] = [0, 1, 2, 3]

export class ObjectReader {
  /** Of each member what its value is, which column it goes to, which object it is, and whether it has to be there. */
  readonly #places: Int32Array
  readonly #names: MemberNames
  readonly #layout = new Layout()
  /** Records that may look different before the layout of one is learnt, of so many, and those that have looked the same. */
  #left = 0
  #patience = leastPatience
  #alike = 0
  #isLearning = false
  /** By column. */
  readonly #numbers: NumberReader
  readonly #texts: ReadonlyArray<TextReader>
  /** Of each object, how many members it has to have. */
  readonly #required: Int32Array
  readonly #written: Int32Array
  /** Counts the records, from 2 on. */
  #record = 1
  readonly #time: Place
  readonly #assumesUtc: boolean
  /** The bytes that were read last. */
  #source: Uint8Array = new Uint8Array(0)
  readonly #input = { bytes: this.#source, view: new DataView(this.#source.buffer), end: 0 }
  readonly #room: number
  /** Of records with too little room behind them. */
  #copy = new Uint8Array(0)
  /** Where the values go. */
  #columns: ReadonlyArray<Float64Array> = []
  #row = 0

  /** `time` is where an event time that is a string goes in milliseconds. */
  constructor({ columns, eventTime }: Definition, dictionary: Dictionary, useOf: (field: string) => Use, time: Place, absent: AbsentValues) {
    const objects = objectsOf(columns)
    this.#places = Int32Array.from(objects.flat().flatMap(({ column, object, optional }) => [
      object === -1 ? kindOf(columns[column]!, eventTime) : Kind.object,
      // Objects are counted behind the columns.
      object === -1 ? column : columns.length + object,
      object,
      optional ? 0 : 1
    ]))
    this.#names = new MemberNames(objects.map((members) => members.map(({ name }) => name)))
    this.#numbers = new NumberReader(columns)
    this.#texts = columns.map((column) => new TextReader(column, dictionary, useOf(column.name)))
    this.#required = Int32Array.from(objects, (members) => members.filter(({ optional }) => !optional).length)
    this.#written = absent.written
    this.#time = time
    this.#assumesUtc = eventTime.unit === "iso8601" && eventTime.withoutZone === "UTC"
    this.#room = reach + Math.max(this.#names.longest, longestBetween)
  }

  /**
   * Reads the record in `bytes[start, end)` into a row of columns, in which all that is optional is absent yet. False means
   * "not recognised"; there may be values in the row then.
   */
  read(bytes: Uint8Array, start: number, end: number, columns: ReadonlyArray<Float64Array>, row: number): boolean {
    this.#record = (this.#record + 1) | 0 || 2
    this.#columns = columns
    this.#row = row
    if (end + this.#room > bytes.length) return this.#readCopy(bytes.subarray(start, end))
    if (bytes !== this.#source) this.#look(bytes)
    return this.#readRecord(start, end)
  }

  #look(bytes: Uint8Array): void {
    this.#source = bytes
    this.#input.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#input.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  #readCopy(record: Uint8Array): boolean {
    const { length } = record
    if (length + this.#room > this.#copy.length) this.#copy = new Uint8Array(2 * (length + this.#room))
    this.#copy.set(record)
    if (this.#source !== this.#copy) this.#look(this.#copy)
    return this.#readRecord(0, length)
  }

  /** By the layout, as far as the record looks like that. */
  #readRecord(start: number, end: number): boolean {
    this.#input.end = end
    if (this.#left === 0) return this.#learn(start)
    const input = this.#input
    const { bytes, view } = input
    const [places, written, record] = [this.#places, this.#written, this.#record]
    const [columns, row] = [this.#columns, this.#row]
    const layout = this.#layout
    const { values } = layout
    let at = start
    let last = this.#names.before(recordItself)
    let missing = this.#required[recordItself]!
    for (let value = 0; value < values; value++) {
      const begins = layout.begins(value, view, at)
      if (begins === -1) return value === 0 ? this.#readOther(start) : this.#readRest(at, last, missing)
      const from = past(bytes, begins, end)
      const member = layout.memberOf(value)
      if (member === unknown) at = skipValue(bytes, from, end)
      else {
        last = member
        const place = member * size
        missing -= places[place + required]!
        const index = places[place + where]!
        const column = columns[index]!
        const what = places[place + kind]!
        at = -1
        // What most values are is read here: called for each of them, the same code takes as long again.
        if (what === Kind.text) at = this.#texts[index]!.read(input, from, column, row)
        else if (what === Kind.number || what === Kind.decimal) {
          const quoted = what === Kind.decimal && bytes[from] === quote ? 1 : 0
          at = this.#numbers.read(index, input, from + quoted, column, row)
          if (quoted === 1) at = at !== -1 && bytes[at] === quote ? at + 1 : -1
        }
        if (at === -1) at = this.#readValue(place, from)
        else written[index] = record
      }
      // Something has to come behind a value.
      if (at === -1 || at >= end) return false
    }
    if (values === 0) return this.#readOther(start)
    if (layout.begins(values, view, at) !== end) return this.#readRest(at, last, missing)
    this.#alike++
    return true
  }

  /** Reads a record that looks different from where a value has ended, behind a member. */
  #readRest(at: number, last: number, missing: number): boolean {
    this.#left--
    return this.#endsAt(this.#readMembers(recordItself, at, last, missing, true))
  }

  /** Reads a record that looks different from its start on. */
  #readOther(start: number): boolean {
    this.#left--
    return this.#readWhole(start)
  }

  #readWhole(start: number): boolean {
    const { bytes, end } = this.#input
    return this.#endsAt(this.#readObject(recordItself, skip(bytes, start, end)))
  }

  /** Whether nothing but white space is behind the object that ends there. */
  #endsAt(at: number): boolean {
    const { bytes, end } = this.#input
    return at !== -1 && skip(bytes, at, end) === end
  }

  /** Reads a record from its start, and the next ones may look like it. */
  #learn(start: number): boolean {
    const { bytes, end } = this.#input
    this.#layout.begin()
    this.#isLearning = true
    const isRead = this.#readWhole(start)
    this.#isLearning = false
    if (isRead) this.#layout.end(bytes, start, end)
    // Where records differ all the time, none is worth it.
    this.#patience = this.#alike > 16 * this.#patience ? leastPatience : Math.min(2 * this.#patience, mostPatience)
    this.#left = this.#patience
    this.#alike = 0
    return isRead
  }

  /** Where the object ends, or -1. */
  #readObject(object: number, from: number): number {
    const { bytes, end } = this.#input
    if (bytes[from] !== open) return -1
    const at = past(bytes, from + 1, end)
    if (bytes[at] === close && at < end) return this.#required[object] === 0 ? at + 1 : -1
    return this.#readMembers(object, at, this.#names.before(object), this.#required[object]!, false)
  }

  /** The members of an object from one on, or from behind the value of one; `missing` have to come yet. Where it ends, or -1. */
  #readMembers(object: number, from: number, before: number, toCome: number, isBehind: boolean): number {
    const { bytes, end, view } = this.#input
    const names = this.#names
    let at = from
    let last = before
    let missing = toCome
    for (let isFirst = !isBehind;; isFirst = false) {
      if (!isFirst) {
        if (bytes[at] !== comma) at = past(bytes, at, end)
        if (at >= end) return -1
        if (bytes[at] !== comma) return bytes[at] === close && missing === 0 ? at + 1 : -1
        at++
      }
      let member = names.after(last, view, at)
      if (member === -1) member = names.after(last, view, at = past(bytes, at, end))
      if (member !== -1) at += names.lengthOf(member)
      else {
        member = names.find(object, this.#input, at)
        if (names.to === -1) return -1
        at = past(bytes, names.to, end)
        if (bytes[at++] !== colon) return -1
        if (member !== unknown) names.expect(last, member)
      }
      const value = past(bytes, at, end)
      if (member === unknown) at = skipValue(bytes, value, end)
      else {
        missing -= this.#places[member * size + required]!
        last = member
        at = this.#readValue(member * size, value)
      }
      if (at === -1) return -1
      if (this.#isLearning) this.#layout.note(member, value, at)
    }
  }

  /** Where the value of the member in a place ends, or -1. */
  #readValue(place: number, at: number): number {
    const input = this.#input
    const { bytes, view } = input
    const places = this.#places
    const index = places[place + where]!
    // Twice in one record it is left to the slow path.
    if (this.#written[index] === this.#record) return -1
    this.#written[index] = this.#record
    let to = -1
    switch (places[place + kind]) {
      case Kind.decimal: {
        const quoted = bytes[at] === quote ? 1 : 0
        to = this.#numbers.read(index, input, at + quoted, this.#columns[index]!, this.#row)
        if (quoted === 1) to = to !== -1 && bytes[to] === quote ? to + 1 : -1
        break
      }
      case Kind.number:
        to = this.#numbers.read(index, input, at, this.#columns[index]!, this.#row)
        break
      case Kind.text:
        to = this.#readText(index, at)
        break
      case Kind.boolean:
        to = readBoolean(input, at, this.#columns[index]!, this.#row)
        break
      case Kind.time:
        to = readTime(bytes, at + 1, input.end, this.#assumesUtc, this.#time)
        to = to !== -1 && bytes[at] === quote && bytes[to] === quote ? this.#readTimeText(index, at, to) : -1
        break
      case Kind.object:
        to = this.#readObject(places[place + object]!, at)
        break
    }
    // What is not recognised may be null, which is absent.
    return to === -1 && places[place + required] === 0 && view.getInt32(at, true) === nullWord ? at + 4 : to
  }

  #readText(index: number, at: number): number {
    return this.#texts[index]!.read(this.#input, at, this.#columns[index]!, this.#row)
  }

  /** The text of a time that ends at `to` has been read once, and most often nobody asks for it. */
  #readTimeText(index: number, at: number, to: number): number {
    if (this.#texts[index]!.isRead) return this.#readText(index, at)
    this.#columns[index]![this.#row] = unread
    return to + 1
  }
}

const trueWord = 0x65757274
const falsWord = 0x736c6166
const nullWord = 0x6c6c756e

const readBoolean = ({ bytes, view }: Input, at: number, column: Float64Array, row: number): number => {
  const word = view.getInt32(at, true)
  if (word === trueWord) {
    column[row] = 1
    return at + 4
  }
  if (word !== falsWord || bytes[at + 4] !== 101) return -1
  column[row] = 0
  return at + 5
}

/** Where what is read next begins; mostly here. */
const past = (bytes: Uint8Array, at: number, end: number): number => bytes[at]! > 32 ? at : skip(bytes, at, end)

const kindOf = (column: Column, { field, unit }: EventTime): number => {
  switch (column.kind) {
    case "string":
      return unit === "iso8601" && column.name === field ? Kind.time : Kind.text
    case "boolean":
      return Kind.boolean
    case "decimal":
      return column.accepts === null ? Kind.decimal : Kind.left
    default:
      return column.accepts === null ? Kind.number : Kind.left
  }
}

/** The objects that the columns' paths go through, the record first, each with its members. */
const objectsOf = (columns: ReadonlyArray<Column>): ReadonlyArray<ReadonlyArray<Known>> => {
  const objects: Array<Array<Known>> = [[]]
  columns.forEach(({ path }, column) => {
    let object = recordItself
    path.forEach(({ name, optional }, depth) => {
      const members = objects[object]!
      const known = members.find((member) => member.name === name)
      const isLast = depth === path.length - 1
      const inner = known?.object ?? (isLast ? -1 : objects.push([]) - 1)
      if (known === undefined) members.push({ name, optional, column, object: inner })
      object = inner
    })
  })
  return objects
}
