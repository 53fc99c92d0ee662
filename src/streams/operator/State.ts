/**
 * What operators write into a snapshot, and read out of it again: tables of named columns, an entry a row, in sections of
 * bytes. A table may be spread over many sections, whose order says nothing. Whoever reads names what it wants; a column
 * that is missing, that nobody knows, or that is not what it is read as is refused by an exception, never guessed at. Names
 * within a part are its own, so that no name of a user's result is special.
 */
import type { Schema } from "effect"
import { compareText } from "./windowed/KeyOrder.ts"
import { decodeNumbers, decodeStrings, encodeNumbers, encodeStrings, Payload } from "./StateColumn.ts"

type Json = Schema.Json

export class StateWriter {
  readonly #tables = new Map<string, TableWriter>()

  /** A table to be filled, column by column, each with as many values as there are entries. One without any is left out. */
  table(name: string, entries: number): TableWriter {
    const table = new TableWriter(entries)
    this.#tables.set(name, table)
    return table
  }

  /**
   * A section: how many tables it has; of each the lengths of its name and of what describes it, and these, as JSON; and the
   * payload of all. `null` where there is nothing in it. Lengths are little-endian, of 4 bytes.
   */
  get bytes(): Uint8Array | null {
    const filled = [...this.#tables].filter(([, { entries }]) => entries > 0)
    if (filled.length === 0) return null
    const payload = new Payload()
    const described = filled.flatMap(([name, table]) => {
      const [named, json] = [Buffer.from(name), Buffer.from(JSON.stringify({ entries: table.entries, ...table.encode(payload) }))]
      return [lengthOf(named), lengthOf(json), named, json]
    })
    return Buffer.concat([uint32(filled.length), ...described, ...payload.pieces])
  }
}

const uint32 = (value: number): Uint8Array => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

const lengthOf = ({ length }: Uint8Array): Uint8Array => uint32(length)

type Column = (payload: Payload) => Json

export class TableWriter {
  readonly entries: number
  readonly #columns = new Map<string, Column>()
  readonly #parts = new Map<string, TableWriter>()

  constructor(entries: number) {
    this.entries = entries
  }

  /** Doubles, with NaN and the infinities. */
  numbers(name: string, values: Float64Array): void {
    this.#add(name, values.length, (payload) => encodeNumbers(values, payload))
  }

  /** Integers of any size: those beyond exact doubles are in the map, by entry. */
  integers(name: string, values: Float64Array, beyond: ReadonlyMap<number, bigint>): void {
    const large = [...beyond].sort(([a], [b]) => a - b).map(([entry, value]) => [entry, value.toString()] as const)
    this.#add(name, values.length, (payload) => ({ small: encodeNumbers(values, payload), large }))
  }

  strings(name: string, values: ReadonlyArray<string | null>): void {
    this.#add(name, values.length, (payload) => encodeStrings(values, payload))
  }

  json(name: string, values: ReadonlyArray<Json>): void {
    this.#add(name, values.length, () => values)
  }

  /** More columns of the same entries, under names of their own. */
  part(name: string): TableWriter {
    const part = new TableWriter(this.entries)
    this.#parts.set(name, part)
    return part
  }

  #add(name: string, length: number, column: Column): void {
    if (length !== this.entries) throw new Error(`the column "${name}" has ${length} values, and its table ${this.entries} entries`)
    if (this.#columns.has(name)) throw new Error(`there are two columns "${name}"`)
    this.#columns.set(name, column)
  }

  /** Sorted by name: the order in which columns were written is nobody's business. */
  encode(payload: Payload): { readonly columns: Json; readonly parts: Json } {
    return {
      columns: Object.fromEntries([...this.#columns].sort(byName).map(([name, column]) => [name, column(payload)])),
      parts: Object.fromEntries([...this.#parts].sort(byName).map(([name, part]) => [name, part.encode(payload)]))
    }
  }
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => compareText(a, b)

/** The state is damaged, or of something else. */
export class StateError extends TypeError {
  override readonly name = "StateError"
}

export class StateReader {
  readonly #sections: ReadonlyArray<Section>
  readonly #read = new Set<string>()

  constructor(sections: Iterable<Uint8Array>) {
    this.#sections = Array.from(sections, opened)
  }

  /** The parts of a table, one by one, in whatever order they come; none where there are no entries. */
  *tables(name: string): Generator<TableReader> {
    this.#read.add(name)
    for (const { payload, tables } of this.#sections) {
      const described = tables.get(name)
      if (described === undefined) continue
      const members = membersOf(JSON.parse(described.toString()), `the table "${name}"`)
      const entries = members.get("entries")
      if (typeof entries !== "number" || !Number.isSafeInteger(entries) || entries < 1 || entries > mostEntries) {
        return refuse(`the number of entries of "${name}"`)
      }
      yield new TableReader({ name, entries, members, payload })
    }
  }

  /** A table that stands in one section. */
  table(name: string): TableReader {
    const [table, ...others] = this.tables(name)
    return table === undefined || others.length > 0 ? refuse(`the table "${name}"`) : table
  }

  /** Refuses what has not been read. */
  end(): void {
    for (const { tables } of this.#sections) onlyThese(tables, this.#read, "table")
  }
}

/** No section has more; what says that it has would be made room for before its columns are looked at. */
const mostEntries = 1 << 26

/** What describes each table is parsed when the table is read: all at once would be as large as the state. */
interface Section {
  readonly tables: ReadonlyMap<string, Buffer>
  readonly payload: Uint8Array
}

const opened = (section: Uint8Array): Section => {
  const bytes = Buffer.from(section.buffer, section.byteOffset, section.length)
  let at = 0
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) return refuse("a section")
    at += length
    return bytes.subarray(at - length, at)
  }
  const tables = new Map<string, Buffer>()
  for (let left = take(4).readUInt32LE(); left > 0; left--) {
    const [nameLength, length] = [take(4).readUInt32LE(), take(4).readUInt32LE()]
    tables.set(take(nameLength).toString(), take(length))
  }
  return { tables, payload: bytes.subarray(at) }
}

export class TableReader {
  readonly entries: number
  readonly #name: string
  readonly #columns: ReadonlyMap<string, unknown>
  readonly #parts: ReadonlyMap<string, unknown>
  readonly #payload: Uint8Array
  readonly #read = new Set<string>()
  readonly #readParts = new Set<string>()

  constructor({ entries, members, name, payload }: {
    readonly name: string
    readonly entries: number
    readonly members: ReadonlyMap<string, unknown>
    readonly payload: Uint8Array
  }) {
    this.#name = name
    this.entries = entries
    this.#payload = payload
    this.#columns = membersOf(members.get("columns"), `the columns of "${name}"`)
    this.#parts = membersOf(members.get("parts"), `the parts of "${name}"`)
  }

  has(name: string): boolean {
    return this.#columns.has(name)
  }

  numbers(name: string): Float64Array {
    return decodeNumbers(this.#column(name), this.entries, this.#payload) ?? refuse(this.#of(name))
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
    return this.#integers(name, Number.isSafeInteger)
  }

  /** The same of numbers of any kind, where NaN stands for none. */
  optionalIntegers(name: string): { readonly small: Float64Array; readonly large: ReadonlyMap<number, bigint> } {
    return this.#integers(name, (value) => Number.isNaN(value) || Number.isFinite(value))
  }

  #integers(name: string, isSmall: (value: number) => boolean): { readonly small: Float64Array; readonly large: ReadonlyMap<number, bigint> } {
    const members = membersOf(this.#column(name), this.#of(name))
    const small = decodeNumbers(members.get("small"), this.entries, this.#payload)
    const pairs = members.get("large")
    if (small === null || !small.every(isSmall) || !Array.isArray(pairs)) return refuse(this.#of(name))
    return { small, large: new Map(pairs.map((pair) => this.#largeOf(name, pair))) }
  }

  #largeOf(name: string, pair: unknown): readonly [number, bigint] {
    const [entry, digits] = Array.isArray(pair) ? pair : []
    if (!Number.isSafeInteger(entry) || entry < 0 || entry >= this.entries) refuse(this.#of(name))
    if (typeof digits !== "string" || !/^-?[0-9]+$/.test(digits)) refuse(this.#of(name))
    return [entry, BigInt(digits)]
  }

  strings(name: string): ReadonlyArray<string | null> {
    return decodeStrings(this.#column(name), this.entries, this.#payload) ?? refuse(this.#of(name))
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
    const members = membersOf(this.#parts.get(name), this.#of(name))
    return new TableReader({ name: this.#of(name), entries: this.entries, members, payload: this.#payload })
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
