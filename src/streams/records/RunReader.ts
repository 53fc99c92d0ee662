/**
 * Reads runs of JSON records into rows by the {@link Machine}: it copies their bytes into its memory, has them read there, and
 * copies the rows out. Texts that the machine does not know it numbers, and tells it.
 *
 * "Not recognised" is not "wrong": the slow path looks at what this one leaves.
 */
import type { Column } from "../pipeline/Column.ts"
import type { EventTime } from "../pipeline/EventTime.ts"
import type { Definition } from "../pipeline/Source.ts"
import type { Use } from "../pipeline/Uses.ts"
import type { Dictionary } from "./Batch.ts"
import * as Machine from "./Machine.ts"
import { boundsOf } from "./NumberBounds.ts"
import { isRead } from "./TextUse.ts"

/** What a member's value is, as the machine knows it. Numbers with a check of the Schema's own are left to the slow path. */
const Kind = { left: 0, number: 1, decimal: 2, text: 3, boolean: 4, time: 5, object: 6 } as const

/** Rows that are read at once, and bytes that they may have; one record may have more. */
const mostRows = 256
const usualBytes = 32_768
const mostBytes = 1 << 22

/** Bytes that are looked at behind the last record: they are never decisive. */
const reach = 256

/** So few rows, or bytes, are copied one by one. */
const few = 8
const fewBytes = 128

/** A text of more bytes is mostly like no other: to look for one that is would be in vain. */
const longText = 32
const mostTexts = 1 << 17

/** Records whose bytes lie in one buffer. */
export interface Bytes {
  readonly bytes: Uint8Array
  readonly starts: Int32Array
  readonly ends: Int32Array
}

export class RunReader {
  readonly #machine = Machine.make()
  readonly #columns: ReadonlyArray<Column>
  readonly #uses: ReadonlyArray<Use>
  readonly #dictionary: Dictionary
  /** By column how many texts the machine knows. */
  readonly #known: Int32Array
  /** Where the bytes of records lie in the machine's memory, and how many may. */
  #input = 0
  #room = 0
  /** The memory, as it is looked at; made anew when it has grown. */
  #buffer = new ArrayBuffer(0)
  #bytes = new Uint8Array(0)
  #text = Buffer.alloc(0)
  #starts = new Int32Array(0)
  #ends = new Int32Array(0)
  #touched = new Uint8Array(0)
  #pending = new Int32Array(0)
  #rows: ReadonlyArray<Float64Array> = []
  /** By row the time in milliseconds, where it is a string. */
  millis = new Float64Array(0)
  /** The first record that was taken, and one past the last. */
  #from = 0
  #to = 0
  /** The columns that rows were last stored in, and which of them may have values behind them. */
  #stored: ReadonlyArray<Float64Array> | null = null
  readonly #written: Uint8Array

  constructor(definition: Definition, dictionary: Dictionary, useOf: (field: string) => Use) {
    const { columns } = definition
    this.#columns = columns
    this.#uses = columns.map(({ name }) => useOf(name))
    this.#dictionary = dictionary
    this.#known = new Int32Array(columns.length)
    this.#written = new Uint8Array(columns.length)
    this.#prepare(definition)
    this.#reserve(usualBytes)
  }

  #prepare({ columns, eventTime }: Definition): void {
    const machine = this.#machine
    const objects = objectsOf(columns)
    const members = objects.flat()
    machine.prepare(columns.length, members.length, objects.length, mostRows, eventTime.unit === "iso8601" && eventTime.withoutZone === "UTC")
    let member = 0
    objects.forEach((of, object) => {
      for (const { name } of of) this.#name(object, member++, name)
    })
    const { buffer } = machine.memory
    new Int32Array(buffer, machine.places.value).set(members.flatMap(({ column, object, optional }) => [
      object === -1 ? kindOf(columns[column]!, eventTime) : Kind.object,
      // Objects are counted behind the columns.
      object === -1 ? column : columns.length + object,
      object,
      optional ? 0 : 1
    ]))
    new Int32Array(buffer, machine.required.value).set(objects.map((of) => of.filter(({ optional }) => !optional).length))
    new Int32Array(buffer, machine.texts.value).set(columns.map(({ accepts }, index) => isRead(this.#uses[index]!, accepts) ? 1 : 0))
    columns.forEach((column, index) => new Float64Array(buffer, machine.numbers.value + 256 * index).set(boundsOf(column)))
  }

  #name(object: number, member: number, name: string): void {
    const bytes = new TextEncoder().encode(`"${name}":`)
    const at = this.#machine.allocate(bytes.length + 16)
    new Uint8Array(this.#machine.memory.buffer).set(bytes, at)
    this.#machine.name(object, member, at, bytes.length, isPlain(name))
  }

  #reserve(bytes: number): void {
    this.#input = this.#machine.allocate(bytes + reach)
    this.#room = bytes
    this.#look()
  }

  #look(): void {
    const machine = this.#machine
    const { buffer } = machine.memory
    this.#buffer = buffer
    this.#bytes = new Uint8Array(buffer)
    this.#text = Buffer.from(buffer)
    this.#starts = new Int32Array(buffer, machine.starts.value, mostRows)
    this.#ends = new Int32Array(buffer, machine.ends.value, mostRows)
    this.#touched = new Uint8Array(buffer, machine.touched.value, this.#columns.length)
    this.#pending = new Int32Array(buffer, machine.pending.value, 4 * Math.max(mostRows, this.#columns.length))
    this.#rows = this.#columns.map((_, column) => new Float64Array(buffer, machine.rows.value + 8 * mostRows * column, mostRows))
    this.millis = new Float64Array(buffer, machine.millis.value, mostRows)
  }

  /** Takes as many of the records `[from, to)` as there is room for, and says which is the first that it has not taken. */
  take({ bytes, ends, starts }: Bytes, from: number, to: number): number {
    const first = starts[from]!
    const size = ends[from]! - first
    if (size > this.#room) {
      if (size > mostBytes) return from
      this.#reserve(Math.min(mostBytes, 2 * size))
    }
    const shift = this.#input - first
    const furthest = first + this.#room
    const most = Math.min(to, from + mostRows)
    let last = first
    let record = from
    for (; record < most; record++) {
      const start = starts[record]!
      const end = ends[record]!
      if (start < first || end > furthest) break
      if (end > last) last = end
      this.#starts[record - from] = start + shift
      this.#ends[record - from] = end + shift
    }
    if (last - first > fewBytes) this.#bytes.set(bytes.subarray(first, last), this.#input)
    else for (let at = first; at < last; at++) this.#bytes[at + shift] = bytes[at]!
    this.#from = from
    return this.#to = record
  }

  /** Reads records that were taken from one on, up to one that is not recognised, and says how many there are. */
  read(record: number): number {
    const machine = this.#machine
    const rows = machine.read(record - this.#from, this.#to - this.#from)
    const pending = machine.pendingCount.value
    return pending === 0 ? rows : this.#number(pending, rows)
  }

  /** Numbers the texts that were not known. A record with one that its column does not accept is not recognised. */
  #number(count: number, rows: number): number {
    for (let at = 0; at < count; at++) {
      const row = this.#pending[4 * at]!
      const column = this.#pending[4 * at + 1]!
      const from = this.#pending[4 * at + 2]!
      const to = this.#pending[4 * at + 3]!
      const text = this.#text.toString("latin1", from, to)
      const { accepts } = this.#columns[column]!
      if (accepts !== null && !accepts(text)) return row
      const number = this.#numberOf(column, from, to, text)
      if (this.#machine.memory.buffer !== this.#buffer) this.#look()
      this.#rows[column]![row] = number
    }
    return rows
  }

  #numberOf(column: number, from: number, to: number, text: string): number {
    const use = this.#uses[column]
    const isNew = use !== "compared" && (to - from >= longText || this.#known[column]! >= mostTexts)
    if (isNew) return use === "passed" ? this.#dictionary.pass(text) : this.#dictionary.carry(text)
    // What is only handed on may have a number of its own in each column, which takes no look-up.
    const number = use === "compared" ? this.#dictionary.numberOf(text) : this.#dictionary.carry(text)
    this.#known[column]! += this.#machine.add(column, from, to, number)
    return number
  }

  /** Puts the rows that were read into columns, from a row on. */
  store(columns: ReadonlyArray<Float64Array>, row: number, rows: number): void {
    if (columns !== this.#stored) {
      this.#stored = columns
      this.#written.fill(1)
    }
    for (let index = 0; index < columns.length; index++) {
      const column = columns[index]!
      if (this.#touched[index] !== 0) this.#written[index] = 1
      else if (this.#written[index] === 0) continue
      else if (row === 0) {
        // Nothing is left of the rows before, and nothing has to be done for a field that all records lack.
        column.fill(NaN)
        this.#written[index] = 0
        continue
      }
      const values = this.#rows[index]!
      if (rows > few) column.set(rows === mostRows ? values : values.subarray(0, rows), row)
      else for (let each = 0; each < rows; each++) column[row + each] = values[each]!
    }
  }

  /** Rows of columns are also written by somebody else. */
  shared(): void {
    this.#stored = null
  }
}

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

/** Whether a name is written without an escape, and has a form in UTF-8. */
const isPlain = (name: string): boolean => name.isWellFormed() && JSON.stringify(name) === `"${name}"`

/** What is to be known of an object's member. */
interface Known {
  readonly name: string
  readonly optional: boolean
  readonly column: number
  /** Which object the value is; -1 where it is that of the column. */
  readonly object: number
}

/** The objects that the columns' paths go through, the record first, each with its members. */
const objectsOf = (columns: ReadonlyArray<Column>): ReadonlyArray<ReadonlyArray<Known>> => {
  const objects: Array<Array<Known>> = [[]]
  columns.forEach(({ path }, column) => {
    let object = 0
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
