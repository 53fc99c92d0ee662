/**
 * What operators write into a snapshot, and read out of it again: tables of named columns, an entry a row. Whoever reads
 * names what it wants; a column that is missing, that nobody knows, or that is not what it is read as is refused by an
 * exception, never guessed at. Names within a part are its own, so that no name of a user's result is special.
 */
import type { Schema } from "effect"
import { compareText } from "./windowed/KeyOrder.ts"
import { decodeNumbers, decodeStrings, encodeNumbers, encodeStrings } from "./StateColumn.ts"

type Json = Schema.Json

/** What a snapshot has of an operator. */
export type State = { readonly [table: string]: Json }

export class StateWriter {
  readonly #tables = new Map<string, TableWriter>()

  /** A table to be filled, column by column, each with as many values as there are entries. */
  table(name: string, entries: number): TableWriter {
    const table = new TableWriter(entries)
    this.#tables.set(name, table)
    return table
  }

  get state(): State {
    return Object.fromEntries([...this.#tables].map(([name, table]) => [name, { entries: table.entries, ...table.encoded }]))
  }
}

export class TableWriter {
  readonly entries: number
  readonly #columns = new Map<string, Json>()
  readonly #parts = new Map<string, TableWriter>()

  constructor(entries: number) {
    this.entries = entries
  }

  /** Doubles, with NaN and the infinities. */
  numbers(name: string, values: Float64Array): void {
    this.#add(name, values.length, encodeNumbers(values))
  }

  /** Integers of any size: those beyond exact doubles are in the map, by entry. */
  integers(name: string, values: Float64Array, beyond: ReadonlyMap<number, bigint>): void {
    const large = [...beyond].sort(([a], [b]) => a - b).map(([entry, value]) => [entry, value.toString()] as const)
    this.#add(name, values.length, { small: encodeNumbers(values), large })
  }

  strings(name: string, values: ReadonlyArray<string | null>): void {
    this.#add(name, values.length, encodeStrings(values))
  }

  json(name: string, values: ReadonlyArray<Json>): void {
    this.#add(name, values.length, values)
  }

  /** More columns of the same entries, under names of their own. */
  part(name: string): TableWriter {
    const part = new TableWriter(this.entries)
    this.#parts.set(name, part)
    return part
  }

  #add(name: string, length: number, column: Json): void {
    if (length !== this.entries) throw new Error(`the column "${name}" has ${length} values, and its table ${this.entries} entries`)
    if (this.#columns.has(name)) throw new Error(`there are two columns "${name}"`)
    this.#columns.set(name, column)
  }

  /** Sorted by name: the order in which columns were written is nobody's business. */
  get encoded(): { readonly columns: Json; readonly parts: Json } {
    return {
      columns: Object.fromEntries([...this.#columns].sort(byName)),
      parts: Object.fromEntries([...this.#parts].sort(byName).map(([name, part]) => [name, part.encoded]))
    }
  }
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => compareText(a, b)

/** The state is damaged, or of something else. */
export class StateError extends TypeError {
  override readonly name = "StateError"
}

export class StateReader {
  readonly #tables: ReadonlyMap<string, unknown>
  readonly #read = new Set<string>()

  constructor(state: unknown) {
    this.#tables = membersOf(state, "the state")
  }

  table(name: string): TableReader {
    this.#read.add(name)
    const members = membersOf(this.#tables.get(name), `the table "${name}"`)
    const entries = members.get("entries")
    if (typeof entries !== "number" || !Number.isSafeInteger(entries) || entries < 0) {
      return refuse(`the number of entries of "${name}"`)
    }
    return new TableReader(name, entries, members)
  }

  /** Refuses what has not been read. */
  end(): void {
    onlyThese(this.#tables, this.#read, "table")
  }
}

export class TableReader {
  readonly entries: number
  readonly #name: string
  readonly #columns: ReadonlyMap<string, unknown>
  readonly #parts: ReadonlyMap<string, unknown>
  readonly #read = new Set<string>()
  readonly #readParts = new Set<string>()

  constructor(name: string, entries: number, members: ReadonlyMap<string, unknown>) {
    this.#name = name
    this.entries = entries
    this.#columns = membersOf(members.get("columns"), `the columns of "${name}"`)
    this.#parts = membersOf(members.get("parts"), `the parts of "${name}"`)
  }

  numbers(name: string): Float64Array {
    return decodeNumbers(this.#column(name), this.entries) ?? refuse(this.#of(name))
  }

  /** Numbers that are integers, every one. */
  wholeNumbers(name: string): Float64Array {
    const values = this.numbers(name)
    return values.every(Number.isSafeInteger) ? values : refuse(this.#of(name))
  }

  /** Numbers without NaN and infinities. */
  finiteNumbers(name: string): Float64Array {
    const values = this.numbers(name)
    return values.every(Number.isFinite) ? values : refuse(this.#of(name))
  }

  integers(name: string): { readonly small: Float64Array; readonly large: ReadonlyMap<number, bigint> } {
    const members = membersOf(this.#column(name), this.#of(name))
    const small = decodeNumbers(members.get("small"), this.entries)
    const pairs = members.get("large")
    if (small === null || !small.every(Number.isSafeInteger) || !Array.isArray(pairs)) return refuse(this.#of(name))
    return { small, large: new Map(pairs.map((pair) => this.#largeOf(name, pair))) }
  }

  #largeOf(name: string, pair: unknown): readonly [number, bigint] {
    const [entry, digits] = Array.isArray(pair) ? pair : []
    if (!Number.isSafeInteger(entry) || entry < 0 || entry >= this.entries) refuse(this.#of(name))
    if (typeof digits !== "string" || !/^-?[0-9]+$/.test(digits)) refuse(this.#of(name))
    return [entry, BigInt(digits)]
  }

  strings(name: string): ReadonlyArray<string | null> {
    return decodeStrings(this.#column(name), this.entries) ?? refuse(this.#of(name))
  }

  /** Strings of which none is absent. */
  texts(name: string): ReadonlyArray<string> {
    return this.strings(name).map((value) => value ?? refuse(this.#of(name)))
  }

  json(name: string): ReadonlyArray<unknown> {
    const column = this.#column(name)
    return Array.isArray(column) && column.length === this.entries ? column : refuse(this.#of(name))
  }

  part(name: string): TableReader {
    this.#readParts.add(name)
    return new TableReader(this.#of(name), this.entries, membersOf(this.#parts.get(name), this.#of(name)))
  }

  /** Refuses what has not been read. */
  end(): void {
    onlyThese(this.#columns, this.#read, `column of "${this.#name}"`)
    onlyThese(this.#parts, this.#readParts, `part of "${this.#name}"`)
  }

  #of(name: string): string {
    return `${this.#name}.${name}`
  }

  #column(name: string): unknown {
    this.#read.add(name)
    return this.#columns.get(name)
  }
}

const membersOf = (value: unknown, what: string): ReadonlyMap<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? new Map(Object.entries(value)) : refuse(what)

const onlyThese = (all: ReadonlyMap<string, unknown>, read: ReadonlySet<string>, what: string): void => {
  for (const name of all.keys()) if (!read.has(name)) throw new StateError(`the snapshot has a ${what} that nobody reads: "${name}"`)
}

const refuse = (what: string): never => {
  throw new StateError(`the snapshot is damaged: ${what}`)
}
