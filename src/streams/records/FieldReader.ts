/** Reads and checks the values of one field of a source. */
import { BigDecimal, Predicate } from "effect"
import * as Decimal from "../../domain/Decimal.ts"
import type { Dictionary } from "./Batch.ts"
import type { Column } from "../pipeline/Column.ts"
import type { Use } from "../pipeline/Uses.ts"
import { JsonNumber } from "./JsonNumber.ts"
import type { MemberReader } from "./ObjectReader.ts"
import { endOfText, StringTable } from "./StringTable.ts"

type DecimalColumn = Column & { readonly kind: "decimal" }

const quote = 34
const minus = 45
const dot = 46
const zero = 48
const nine = 57

/** The number of no string. */
export const unread = -1

/** A text of more bytes is mostly like no other: to look for one that is would be in vain. */
const longText = 32

export class FieldReader implements MemberReader {
  readonly column: Column
  /** The column's: columns have several shapes, of which each look would have to find out. */
  readonly #kind: Column["kind"]
  readonly #dictionary: Dictionary
  readonly #texts = new StringTable()
  readonly #scale: number
  /** By the number of decimals: what a value is multiplied by to be stored, a double divided by, and how large it may be before. */
  readonly #factors: Float64Array
  readonly #most: Float64Array
  readonly #minimum: number
  readonly #maximum: number
  readonly #checked: boolean
  readonly #isWide: boolean
  readonly #isDouble: boolean
  readonly #isRead: boolean
  readonly #use: Use
  /** The integer that was stored last, where it is one that stands beside the column and is infinite in it. */
  large = 0n
  /** The bytes that were read last, and the same as what makes strings. */
  #bytes: Uint8Array = new Uint8Array(0)
  #buffer: Buffer = Buffer.alloc(0)

  /** Unless somebody reads its values, a text is not numbered, which would cost a string for each that is new. */
  constructor(column: Column, dictionary: Dictionary, use: Use) {
    this.column = column
    this.#kind = column.kind
    this.#dictionary = dictionary
    this.#scale = column.kind === "decimal" ? column.scale : column.kind === "double" ? mostDigits : 0
    this.#isDouble = column.kind === "double"
    this.#isWide = column.kind === "decimal" && column.isWide === true
    const decimals = Array.from({ length: this.#scale + 1 }, (_, decimals) => decimals)
    this.#factors = Float64Array.from(decimals, (decimals) => 10 ** (this.#isDouble ? decimals : this.#scale - decimals))
    // Ten is five times two, and of powers of two a double holds any.
    const mostOf = (zeros: number) => Number(exact / (this.#isWide ? 10n : 5n) ** BigInt(zeros))
    this.#most = Float64Array.from(decimals, (decimals) => this.#isDouble ? Infinity : mostOf(this.#scale - decimals))
    const [minimum, maximum] = storedRange(column)
    this.#minimum = minimum
    this.#maximum = maximum
    this.#checked = column.kind !== "string" && column.accepts !== null
    // A check of the Schema's looks at the string.
    this.#isRead = use !== "unread" || column.accepts !== null
    this.#use = use
  }

  /** Puts the absent value in the field's place. */
  lack(values: Float64Array, index: number): void {
    values[index] = NaN
  }

  /**
   * Puts the stored form of the value that begins at `at` into `values[index]` and returns
   * where it ends, or -1 where the fast path does not recognise it. It hands over positions
   * and not numbers: a number beyond 31 bits that a call returns is an allocation.
   */
  read(bytes: Uint8Array, at: number, end: number, values: Float64Array, index: number): number {
    switch (this.#kind) {
      case "string":
        return this.#readText(bytes, at, end, values, index)
      case "decimal": {
        if (this.#checked) return -1
        if (bytes[at] !== quote) return this.#readNumber(bytes, at, end, values, index)
        const to = this.#readNumber(bytes, at + 1, end, values, index)
        return to !== -1 && bytes[to] === quote ? to + 1 : -1
      }
      case "int":
      case "double":
        return this.#checked ? -1 : this.#readNumber(bytes, at, end, values, index)
      case "boolean":
        return readBoolean(bytes, at, values, index)
      default:
        return -1
    }
  }

  #readText(bytes: Uint8Array, at: number, end: number, values: Float64Array, index: number): number {
    if (bytes[at] !== quote) return -1
    if (!this.#isRead) {
      const to = endOfText(bytes, at + 1, end)
      if (to === -1) return -1
      values[index] = unread
      return to + 1
    }
    const known = this.#texts.find(bytes, at + 1, end)
    const { to } = this.#texts
    if (to === -1) return -1
    if (known !== -1) {
      values[index] = known
      return to + 1
    }
    const isNew = this.#use !== "compared" && (to - at > longText || this.#texts.isFull)
    const text = this.#textIn(bytes, at + 1, to)
    if (this.column.accepts !== null && !this.column.accepts(text)) return -1
    if (isNew) values[index] = this.#use === "passed" ? this.#dictionary.pass(text) : this.#dictionary.carry(text)
    else values[index] = this.#numbered(bytes, at + 1, to, text)
    return to + 1
  }

  /** Made at once: character by character it would be a tree of as many strings, which costs ten times as much. */
  #textIn(bytes: Uint8Array, from: number, to: number): string {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes
      this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    }
    return this.#buffer.toString("latin1", from, to)
  }

  #numbered(bytes: Uint8Array, from: number, to: number, text: string): number {
    // What is only handed on may have a number of its own in each column, which takes no look-up.
    const number = this.#use === "compared" ? this.#dictionary.numberOf(text) : this.#dictionary.carry(text)
    this.#texts.add(bytes, from, to, number)
    return number
  }

  /**
   * A JSON number in plain notation of at most 15 digits, which a double holds exactly, times the scale, where that is one
   * too. Of a double the digits and the power of ten are exact, so that their quotient is the nearest one.
   */
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
    if (whole === 0 || (whole > 1 && bytes[first] === zero)) return -1
    let decimals = 0
    if (bytes[at] === dot) {
      const point = ++at
      while (at < end && (digit = bytes[at]!) >= zero && digit <= nine) {
        value = value * 10 + (digit - zero)
        at++
      }
      decimals = at - point
      if (decimals === 0 || decimals > this.#scale) return -1
    }
    // Of more digits the value itself may be rounded.
    if (whole + decimals > mostDigits || value > this.#most[decimals]!) return -1
    value = this.#isDouble ? value / this.#factors[decimals]! : value * this.#factors[decimals]!
    // Minus zero is zero: it would print and hash differently.
    if (negative && value !== 0) value = -value
    if (value < this.#minimum || value > this.#maximum) return -1
    values[index] = value
    return at
  }

  /** The stored form of a value that {@link JsonNumber} parsed, or that a row has; NaN where it is none of this field. */
  store(value: unknown): number {
    const { column } = this
    switch (column.kind) {
      case "string":
        // Half of a surrogate pair has no form in UTF-8: a store would make one text of many.
        return Predicate.isString(value) && value.isWellFormed() && (column.accepts === null || column.accepts(value))
          ? this.#isRead ? this.#dictionary.numberOf(value) : unread
          : NaN
      case "boolean":
        return Predicate.isBoolean(value) ? Number(value) : NaN
      case "decimal": {
        if (BigDecimal.isBigDecimal(value)) return this.#storeDecimal(value, column)
        const text = value instanceof JsonNumber ? value.text : value
        if (!Predicate.isString(text) && !Predicate.isNumber(text)) return NaN
        return this.#accepted(Decimal.storedText(String(text), column), column)
      }
      default: {
        const number = value instanceof JsonNumber ? numberOf(value, column.kind) : value
        // The double that is nearest to 1e400 is an infinity.
        if (!Number.isFinite(number) || !Predicate.isNumber(number)) return NaN
        if (column.kind === "int" && !Number.isSafeInteger(number)) return NaN
        const inRange = number >= column.minimum && number <= column.maximum
        return inRange && (column.accepts === null || column.accepts(number)) ? number + 0 : NaN
      }
    }
  }

  #storeDecimal({ scale, value }: Decimal.Decimal, column: DecimalColumn): number {
    // As its Schema decodes it, it has the scale that it is stored with.
    if (scale !== column.scale || this.#isWide) return this.#accepted(Decimal.stored({ scale, value }, column), column)
    const unscaled = Number(value)
    const isIn = unscaled >= this.#minimum && unscaled <= this.#maximum
    return isIn && Decimal.isDouble(value) ? this.#accepted(unscaled, column) : NaN
  }

  #accepted(unscaled: number | bigint | undefined, { accepts, scale }: DecimalColumn): number {
    if (unscaled === undefined) return NaN
    if (accepts !== null && !accepts(Decimal.fromUnscaled(unscaled, scale))) return NaN
    if (typeof unscaled === "number") return unscaled
    this.large = unscaled
    return unscaled > 0n ? Infinity : -Infinity
  }
}

/** NaN where an integer's text is none: the double that is nearest to it may be one all the same. */
const numberOf = (number: JsonNumber, kind: "int" | "double"): number =>
  kind === "double" ? number.nearest : Decimal.toUnscaled(number.text, safeInteger) ?? NaN

const safeInteger: Decimal.Storage = { scale: 0, limit: Number.MAX_SAFE_INTEGER }

/** The smallest and the largest number that a column may hold, as it is stored. */
const storedRange = (column: Column): readonly [number, number] => {
  switch (column.kind) {
    case "decimal":
      return [Decimal.smallest(column) * 10 ** column.scale, column.limit * 10 ** column.scale]
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

/** A double holds every integer of as many digits, and every one up to the other bound. */
const mostDigits = 15
const exact = BigInt(Number.MAX_SAFE_INTEGER)
