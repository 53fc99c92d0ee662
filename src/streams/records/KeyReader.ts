/** Numbers the keys of decoded rows: from the stored values of the fields that a key is made of to a number in the dictionary. */
import type { Column } from "../pipeline/Column.ts"
import * as Key from "../pipeline/Key.ts"
import type { Definition } from "../pipeline/Source.ts"
import { type Dictionary, indexOf, valueOf } from "./Batch.ts"

export class KeyReader {
  readonly #columns: ReadonlyArray<Column>
  /** Which columns the fields of the key are. */
  readonly #indexes: ReadonlyArray<number>
  readonly #dictionary: Dictionary
  /** The column that holds the keys' own numbers, where the key is a single string; else -1. */
  readonly #only: number
  /** From value to value, in the order of the fields, to the key's number. It grows as the dictionary does. */
  readonly #known: Level = new Map()
  readonly #all: number
  /** Where the key is a single integer. */
  readonly #recent: Recent | null

  constructor(source: Definition, dictionary: Dictionary) {
    this.#indexes = source.key.map((field) => indexOf(source, field))
    this.#columns = this.#indexes.map((index) => source.columns[index]!)
    this.#dictionary = dictionary
    const [first] = this.#columns
    this.#only = this.#columns.length === 1 && first?.kind === "string" ? this.#indexes[0]! : -1
    this.#recent = this.#columns.length === 1 && first?.kind === "int"
      ? { values: new Float64Array(recently).fill(NaN), numbers: new Int32Array(recently) }
      : null
    this.#all = this.#columns.length === 0 ? dictionary.numberOf(Key.encode([])) : -1
  }

  /** The number of a row's key; -1 where a field of it is absent. */
  numberOf(columns: Columns, row: number): number {
    if (this.#only !== -1) {
      const number = columns[this.#only]![row]!
      // As an integer it costs no allocation.
      return number >= 0 ? number | 0 : -1
    }
    if (this.#all !== -1) return this.#all
    return this.#recent === null ? this.#find(columns, row) : this.#recentOf(columns, row, this.#recent)
  }

  #recentOf(columns: Columns, row: number, recent: Recent): number {
    const value = columns[this.#indexes[0]!]![row]!
    const place = value & (recently - 1)
    if (recent.values[place] === value) return recent.numbers[place]!
    const number = this.#find(columns, row)
    if (number === -1) return -1
    recent.values[place] = value
    return recent.numbers[place] = number
  }

  #find(columns: Columns, row: number): number {
    let level: Level = this.#known
    for (let part = 0; part < this.#indexes.length; part++) {
      const value = columns[this.#indexes[part]!]![row]!
      if (Number.isNaN(value)) return -1
      const next = level.get(value)
      if (typeof next === "number") return next
      if (next === undefined) return this.#add(columns, row)
      level = next
    }
    return -1
  }

  /** The field of the key that a row lacks. */
  absentIn(columns: Columns, row: number): string {
    return this.#columns.find((_, part) => Number.isNaN(columns[this.#indexes[part]!]![row]))?.name ?? ""
  }

  #add(columns: Columns, row: number): number {
    const stored = this.#indexes.map((index) => columns[index]![row]!)
    if (stored.some(Number.isNaN)) return -1
    const textOf = (number: number) => this.#dictionary.textOf(number)
    const number = this.#dictionary.numberOf(Key.encode(this.#columns.map((column, part) => {
      const value = valueOf(column, stored[part]!, textOf)
      // A key's fields are strings, integers and booleans, and none of them is absent here.
      return value as Key.Value
    })))
    let level: Level = this.#known
    for (const value of stored.slice(0, -1)) {
      const next = level.get(value)
      if (next instanceof Map) level = next
      else {
        const added: Level = new Map()
        level.set(value, added)
        level = added
      }
    }
    level.set(stored.at(-1)!, number)
    return number
  }
}

/**
 * Integers that came lately, each at the place that its last bits say, and their numbers. Most keys come again soon, and are
 * found here in a fraction of the time that the map takes.
 */
interface Recent {
  readonly values: Float64Array
  readonly numbers: Int32Array
}

/** How many of them there are: a power of two. */
const recently = 256

type Columns = ReadonlyArray<Float64Array>

type Level = Map<number, Level | number>
