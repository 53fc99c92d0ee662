/**
 * From the bytes of a JSON record straight into columns.
 *
 * The fast path reads a flat object byte by byte: plain member names, plain texts, plain
 * numbers. It is several times faster than `JSON.parse` and allocates nothing for a known
 * text. Whatever it does not recognise goes to the slow path, `JSON.parse` and the field's
 * checks, which alone decides what is refused and says why.
 */
import { Predicate } from "effect"
import * as Decimal from "../domain/Decimal.ts"
import { type Batch, type Dictionary, indexOf } from "./Batch.ts"
import type { Column } from "./Column.ts"
import type { Reason } from "./DeadLetters.ts"
import type { Definition } from "./Source.ts"

/** Why a record was refused. */
export interface Refusal {
  readonly reason: Reason
  readonly detail: string
}

const quote = 34
const backslash = 92
const comma = 44
const colon = 58
const open = 123
const close = 125
const minus = 45
const dot = 46
const zero = 48
const nine = 57

/** Decodes the records of one source. It keeps the texts of the dictionary it was last used with. */
export class Decoder {
  readonly #fields: ReadonlyArray<FieldReader>
  readonly #key: number
  readonly #time: number
  /** Fields in the order in which the last record had them: the next one mostly has the same. */
  readonly #expected: Array<number> = []
  readonly #values: Float64Array

  constructor(source: Definition, dictionary: Dictionary) {
    this.#fields = source.columns.map((column) => new FieldReader(column, dictionary))
    this.#key = indexOf(source, source.key)
    this.#time = indexOf(source, source.eventTime)
    this.#values = new Float64Array(source.columns.length)
  }

  /** Adds the record in `bytes[start, end)` as a row of the batch, or says why it is refused. */
  decode(bytes: Uint8Array, start: number, end: number, batch: Batch): Refusal | null {
    if (end <= start) return { reason: "empty", detail: "the record has no value" }
    if (!this.#scan(bytes, start, end)) {
      const refusal = this.#parse(bytes.subarray(start, end))
      if (refusal !== null) return refusal
    }
    const row = batch.length
    const values = this.#values
    for (let field = 0; field < values.length; field++) batch.columns[field]![row] = values[field]!
    batch.keys[row] = values[this.#key]!
    batch.times[row] = values[this.#time]!
    batch.length = row + 1
    return null
  }

  /** The fast path. False means "not recognised", never "wrong". */
  #scan(bytes: Uint8Array, start: number, end: number): boolean {
    const fields = this.#fields
    const values = this.#values
    let seen = 0
    let member = 0
    let at = skip(bytes, start, end)
    if (bytes[at] !== open) return false
    at = skip(bytes, at + 1, end)
    while (bytes[at] === quote) {
      const field = this.#fieldAt(bytes, at + 1, member++)
      if (field === -1 || (seen & (1 << field)) !== 0) return false
      at = skip(bytes, at + 2 + fields[field]!.nameLength, end)
      if (bytes[at] !== colon) return false
      seen |= 1 << field
      at = fields[field]!.read(bytes, skip(bytes, at + 1, end), end, values, field)
      if (at === -1) return false
      at = skip(bytes, at, end)
      if (bytes[at] === comma) {
        at = skip(bytes, at + 1, end)
        if (bytes[at] !== quote) return false
      } else break
    }
    if (bytes[at] !== close || skip(bytes, at + 1, end) !== end) return false
    for (let field = 0; field < fields.length; field++) {
      if ((seen & (1 << field)) !== 0) continue
      if (!fields[field]!.column.optional) return false
      values[field] = NaN
    }
    return true
  }

  /** The field whose name stands at `from`, closing quote included; -1 where it is none. */
  #fieldAt(bytes: Uint8Array, from: number, member: number): number {
    const expected = this.#expected[member]
    if (expected !== undefined && this.#fields[expected]!.isNamed(bytes, from)) return expected
    const found = this.#fields.findIndex((field) => field.isNamed(bytes, from))
    if (found === -1 || found > 30) return -1
    this.#expected[member] = found
    return found
  }

  /** The slow path: everything that JSON allows, and a reason for what is refused. */
  #parse(bytes: Uint8Array): Refusal | null {
    let record: unknown
    let text: string
    try {
      text = utf8.decode(bytes)
      record = JSON.parse(text)
    } catch {
      return { reason: "not-json", detail: "the record is not JSON in UTF-8" }
    }
    if (!Predicate.isObject(record)) return { reason: "not-json", detail: "the record is not a JSON object" }
    for (let index = 0; index < this.#fields.length; index++) {
      const { column } = this.#fields[index]!
      const value: unknown = Object.hasOwn(record, column.name) ? record[column.name] : undefined
      if (value === undefined) {
        if (!column.optional) return { reason: "missing-field", detail: `the field "${column.name}" is missing` }
        this.#values[index] = NaN
        continue
      }
      const stored = this.#fields[index]!.store(value)
      if (Number.isNaN(stored)) {
        return { reason: "invalid-field", detail: `"${column.name}" is ${brief(value)}, not ${describe(column)}` }
      }
      this.#values[index] = stored
    }
    return null
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true })

/** Reads and checks the values of one field. */
class FieldReader {
  readonly column: Column
  readonly #name: Uint8Array
  readonly #dictionary: Dictionary
  readonly #texts = new TextTable()
  readonly #scale: number
  readonly #minimum: number
  readonly #maximum: number
  readonly #checked: boolean

  constructor(column: Column, dictionary: Dictionary) {
    this.column = column
    this.#name = new TextEncoder().encode(column.name)
    this.#dictionary = dictionary
    this.#scale = column.kind === "decimal" ? column.scale : 0
    const [minimum, maximum] = storedRange(column)
    this.#minimum = minimum
    this.#maximum = maximum
    this.#checked = column.kind !== "string" && column.accepts !== null
  }

  get nameLength(): number {
    return this.#name.length
  }

  isNamed(bytes: Uint8Array, from: number): boolean {
    const name = this.#name
    if (bytes[from + name.length] !== quote) return false
    for (let i = 0; i < name.length; i++) if (bytes[from + i] !== name[i]) return false
    return true
  }

  /**
   * Puts the stored form of the value that begins at `at` into `values[index]` and returns
   * where it ends, or -1 where the fast path does not recognise it. It hands over positions
   * and not numbers: a number beyond 31 bits that a call returns is an allocation.
   */
  read(bytes: Uint8Array, at: number, end: number, values: Float64Array, index: number): number {
    switch (this.column.kind) {
      case "string":
        return this.#readText(bytes, at, end, values, index)
      case "decimal": {
        if (this.#checked) return -1
        if (bytes[at] !== quote) return this.#readNumber(bytes, at, end, values, index)
        const to = this.#readNumber(bytes, at + 1, end, values, index)
        return to !== -1 && bytes[to] === quote ? to + 1 : -1
      }
      case "int":
        return this.#checked ? -1 : this.#readNumber(bytes, at, end, values, index)
      case "boolean":
        return readBoolean(bytes, at, values, index)
      default:
        return -1
    }
  }

  #readText(bytes: Uint8Array, at: number, end: number, values: Float64Array, index: number): number {
    if (bytes[at] !== quote) return -1
    const to = endOfText(bytes, at + 1, end)
    if (to === -1) return -1
    const known = this.#texts.find(bytes, at + 1, to)
    if (known !== -1) {
      values[index] = known
      return to + 1
    }
    const text = asciiOf(bytes, at + 1, to)
    if (text === null || (this.column.accepts !== null && !this.column.accepts(text))) return -1
    const number = this.#dictionary.numberOf(text)
    this.#texts.add(bytes, at + 1, to, number)
    values[index] = number
    return to + 1
  }

  /** A JSON number in plain notation of at most 15 digits, which a double holds exactly, times the scale. */
  #readNumber(bytes: Uint8Array, from: number, end: number, values: Float64Array, index: number): number {
    let at = from
    const negative = bytes[at] === minus
    if (negative) at++
    const first = at
    let value = 0
    let digit = 0
    while (at < end && (digit = bytes[at]!) >= zero && digit <= nine) {
      value = value * 10 + (digit - zero)
      at++
    }
    const whole = at - first
    if (whole === 0 || whole > 15 || (whole > 1 && bytes[first] === zero)) return -1
    let decimals = 0
    if (bytes[at] === dot) {
      const point = ++at
      while (at < end && (digit = bytes[at]!) >= zero && digit <= nine) {
        value = value * 10 + (digit - zero)
        at++
      }
      decimals = at - point
      if (decimals === 0 || decimals > this.#scale || whole + decimals > 15) return -1
    }
    if (bytes[at] === 101 || bytes[at] === 69) return -1
    value *= powersOfTen[this.#scale - decimals]!
    // Minus zero is zero: it would print and hash differently.
    if (negative && value !== 0) value = -value
    if (value < this.#minimum || value > this.#maximum) return -1
    values[index] = value
    return at
  }

  /** The stored form of a parsed JSON value; NaN where it is none of this field. */
  store(value: unknown): number {
    const { column } = this
    switch (column.kind) {
      case "string":
        return Predicate.isString(value) && (column.accepts === null || column.accepts(value))
          ? this.#dictionary.numberOf(value)
          : NaN
      case "boolean":
        return Predicate.isBoolean(value) ? Number(value) : NaN
      case "decimal": {
        if (!Predicate.isString(value) && !Predicate.isNumber(value)) return NaN
        const unscaled = Decimal.toUnscaled(String(value), column)
        if (unscaled === undefined) return NaN
        const accepted = column.accepts === null || column.accepts(Decimal.fromUnscaled(unscaled, column.scale))
        return accepted ? unscaled : NaN
      }
      default: {
        // JSON.parse makes an infinity of 1e400.
        if (!Number.isFinite(value) || !Predicate.isNumber(value)) return NaN
        if (column.kind === "int" && !Number.isSafeInteger(value)) return NaN
        const inRange = value >= column.minimum && value <= column.maximum
        return inRange && (column.accepts === null || column.accepts(value)) ? value + 0 : NaN
      }
    }
  }
}

/** The smallest and the largest number that a column may hold, as it is stored. */
const storedRange = (column: Column): readonly [number, number] => {
  switch (column.kind) {
    case "decimal":
      return [-column.limit * 10 ** column.scale, column.limit * 10 ** column.scale]
    case "int":
    case "double":
      return [column.minimum, column.maximum]
    default:
      return [-Infinity, Infinity]
  }
}

const readBoolean = (bytes: Uint8Array, at: number, values: Float64Array, index: number): number => {
  if (bytes[at] === 116 && bytes[at + 1] === 114 && bytes[at + 2] === 117 && bytes[at + 3] === 101) {
    values[index] = 1
    return at + 4
  }
  const isFalse = bytes[at] === 102 && bytes[at + 1] === 97 && bytes[at + 2] === 108 && bytes[at + 3] === 115 &&
    bytes[at + 4] === 101
  if (!isFalse) return -1
  values[index] = 0
  return at + 5
}

const powersOfTen = Array.from({ length: 19 }, (_, exponent) => 10 ** exponent)

/**
 * The numbers of texts by their bytes: open addressing over a hash of the bytes, so that a
 * known text costs neither a string nor a `Map` look-up. It stops growing at a bound;
 * texts beyond it take the longer way through the dictionary.
 */
class TextTable {
  #slots = new Int32Array(256).fill(-1)
  readonly #texts: Array<Uint8Array> = []
  readonly #numbers: Array<number> = []

  find(bytes: Uint8Array, from: number, to: number): number {
    const mask = this.#slots.length - 1
    for (let slot = hash(bytes, from, to) & mask;; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot]!
      if (entry === -1) return -1
      if (same(this.#texts[entry]!, bytes, from, to)) return this.#numbers[entry]!
    }
  }

  add(bytes: Uint8Array, from: number, to: number, number: number): void {
    if (this.#texts.length >= 1 << 17) return
    if (this.#texts.length * 2 >= this.#slots.length) this.#grow()
    this.#texts.push(bytes.slice(from, to))
    this.#numbers.push(number)
    this.#place(this.#texts.length - 1)
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 4).fill(-1)
    for (let entry = 0; entry < this.#texts.length; entry++) this.#place(entry)
  }

  #place(entry: number): void {
    const text = this.#texts[entry]!
    const mask = this.#slots.length - 1
    let slot = hash(text, 0, text.length) & mask
    while (this.#slots[slot] !== -1) slot = (slot + 1) & mask
    this.#slots[slot] = entry
  }
}

const hash = (bytes: Uint8Array, from: number, to: number): number => {
  let value = 0x811c9dc5
  for (let i = from; i < to; i++) value = Math.imul(value ^ bytes[i]!, 0x01000193)
  return (value ^ (value >>> 15)) >>> 0
}

const same = (text: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean => {
  if (text.length !== to - from) return false
  for (let i = 0; i < text.length; i++) if (text[i] !== bytes[from + i]) return false
  return true
}

const skip = (bytes: Uint8Array, from: number, end: number): number => {
  let at = from
  while (at < end && (bytes[at] === 32 || bytes[at] === 9 || bytes[at] === 10 || bytes[at] === 13)) at++
  return at
}

/** The closing quote of a text without escapes and control characters, or -1. */
const endOfText = (bytes: Uint8Array, from: number, end: number): number => {
  for (let at = from; at < end; at++) {
    const byte = bytes[at]!
    if (byte === quote) return at
    if (byte === backslash || byte < 32) return -1
  }
  return -1
}

const asciiOf = (bytes: Uint8Array, from: number, to: number): string | null => {
  let text = ""
  for (let i = from; i < to; i++) {
    if (bytes[i]! > 126) return null
    text += String.fromCharCode(bytes[i]!)
  }
  return text
}

const brief = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

const describe = (column: Column): string => {
  switch (column.kind) {
    case "decimal":
      return Decimal.describe(column)
    case "boolean":
      return "true or false"
    case "string":
      return "an acceptable text"
    default: {
      const bounded = Number.isFinite(column.minimum) && Number.isFinite(column.maximum)
      return `${column.kind === "int" ? "an integer" : "a number"}${
        bounded ? ` from ${column.minimum} to ${column.maximum}` : ""
      }`
    }
  }
}
