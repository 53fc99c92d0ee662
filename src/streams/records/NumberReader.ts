/**
 * Reads JSON numbers in plain notation into columns, four digits at a time.
 *
 * A number of at most 15 digits is one that a double holds exactly, and so is that number times the scale of the column,
 * where it is not larger than that. Of a double the digits and the power of ten are exact, so that their quotient is the
 * nearest one.
 */
import * as Decimal from "../../domain/Decimal.ts"
import type { Column } from "../pipeline/Column.ts"
import type { Input } from "./Json.ts"

const minus = 45
const dot = 46
const zero = 48

/** A double holds every integer of as many digits, and every one up to the other bound. */
const mostDigits = 15
const exact = BigInt(Number.MAX_SAFE_INTEGER)

/** What is known of a column, side by side in one array: 15 entries by the number of decimals, 15 others, and its range. */
const size = 32
const [most, factors, minimum, maximum] = [0, mostDigits, 2 * mostDigits, 2 * mostDigits + 1]

export class NumberReader {
  /**
   * By the number of decimals how large a number may be, without its point, and what it is multiplied by to be stored. A double
   * is divided by it, and says so by its sign. One with too many decimals is larger than none.
   */
  readonly #known: Float64Array

  constructor(columns: ReadonlyArray<Column>) {
    this.#known = new Float64Array(columns.length * size)
    columns.forEach((column, index) => {
      const place = index * size
      for (let decimals = 0; decimals < mostDigits; decimals++) {
        this.#known[place + most + decimals] = mostOf(column, decimals)
        this.#known[place + factors + decimals] = factorOf(column, decimals)
      }
      this.#known.set(storedRange(column), place + minimum)
    })
  }

  /** Puts the stored form of the number that begins at `from` into the column's row, and returns where it ends, or -1. */
  read(of: number, { bytes, view }: Input, from: number, column: Float64Array, row: number): number {
    const negative = bytes[from] === minus
    const first = negative ? from + 1 : from
    let at = first
    let value = 0
    let word = view.getInt32(at, true) ^ zeros
    // Whole words first: of those it is foreseen where the next one begins.
    while (notDigits(word) === 0 && at - first < mostDigits) {
      value = value * 10_000 + fourDigits(word)
      at += 4
      word = view.getInt32(at, true) ^ zeros
    }
    let count = digitsIn(word)
    value = value * tens[count]! + fourDigits(atEnd(word, count))
    at += count
    let digits = at - first
    if (digits === 0 || (digits > 1 && bytes[first] === zero)) return -1
    let decimals = 0
    if (bytes[at] === dot) {
      const point = ++at
      word = view.getInt32(at, true) ^ zeros
      while (notDigits(word) === 0 && at - point < mostDigits) {
        value = value * 10_000 + fourDigits(word)
        at += 4
        word = view.getInt32(at, true) ^ zeros
      }
      count = digitsIn(word)
      value = value * tens[count]! + fourDigits(atEnd(word, count))
      at += count
      decimals = at - point
      if (decimals === 0) return -1
      digits += decimals
    }
    // Of more digits the value itself may be rounded.
    if (digits > mostDigits) return -1
    const known = this.#known
    const place = of * size
    if (value > known[place + most + decimals]!) return -1
    const factor = known[place + factors + decimals]!
    value = factor > 0 ? value * factor : value / -factor
    // Minus zero is zero: it would print and hash differently.
    if (negative && value !== 0) value = -value
    if (value < known[place + minimum]! || value > known[place + maximum]!) return -1
    column[row] = value
    return at
  }
}

const zeros = 0x30303030
const tens = Float64Array.of(1, 10, 100, 1_000, 10_000)

/** Bits of the bytes of a word that are no digits, which are 0 to 9 in it; of those above the first one they are not exact. */
const notDigits = (word: number): number => ((word + 0x76767676) | word) & 0x80808080

/** How many bytes are digits before the first that is none: the first one is the lowest. */
const digitsIn = (word: number): number => {
  const others = notDigits(word)
  return (32 - Math.clz32((others & -others) - 1)) >> 3
}

/** So many digits behind zeros; in two steps, since a shift by 32 is none. */
const atEnd = (word: number, count: number): number => (word << (16 - 4 * count)) << (16 - 4 * count)

/** Pairs of them at once, and then the pairs. */
const fourDigits = (digits: number): number => {
  const pairs = (Math.imul(digits, 10) + (digits >>> 8)) & 0x00ff00ff
  return (Math.imul(pairs, 100) + (pairs >>> 16)) & 0xffff
}

const scaleOf = (column: Column): number => column.kind === "decimal" ? column.scale : column.kind === "double" ? mostDigits : 0

const factorOf = (column: Column, decimals: number): number => column.kind === "double" ? -(10 ** decimals) : 10 ** (scaleOf(column) - decimals)

/** Ten is five times two, and of powers of two a double holds any. */
const mostOf = (column: Column, decimals: number): number => {
  if (decimals > scaleOf(column)) return -1
  if (column.kind === "double") return Infinity
  return Number(exact / (column.kind === "decimal" && column.isWide === true ? 10n : 5n) ** BigInt(scaleOf(column) - decimals))
}

/** The smallest and the largest number that a column may hold, as it is stored. */
export const storedRange = (column: Column): readonly [number, number] => {
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
