/**
 * Which numbers of JSON a column takes as they are read from their bytes: with at most 15 digits one is one that a double holds
 * exactly, and so is that number times the scale of the column, where it is not larger than that. Of a double the digits and the
 * power of ten are exact, so that their quotient is the nearest one.
 */
import * as Decimal from "../../domain/Decimal.ts"
import type { Column } from "../pipeline/Column.ts"

const mostDigits = 15

/** A double holds every integer of as many digits, and every one up to the other bound. */
const exact = BigInt(Number.MAX_SAFE_INTEGER)

/**
 * By the number of decimals how large a number may be, without its point, and what it is multiplied by to be stored. A double
 * is divided by it, and says so by its sign. One with too many decimals is larger than none. Then the range of what is stored.
 */
export const boundsOf = (column: Column): ReadonlyArray<number> => {
  const decimals = Array.from({ length: mostDigits }, (_, count) => count)
  return [...decimals.map((count) => mostOf(column, count)), ...decimals.map((count) => factorOf(column, count)), ...storedRange(column)]
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
