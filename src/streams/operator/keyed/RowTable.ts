/**
 * Rows that are kept, in columns: a batch is used again by whoever has filled it, so that what is to stay is copied. A row
 * stands in a slot that is its own until it is released. Strings and keys are numbers of a dictionary, which may be renewed.
 */
import type { Field } from "../../pipeline/Checked.ts"
import type { Column } from "../../pipeline/Column.ts"
import { Option, Schema } from "effect"
import * as Row from "../../pipeline/Row.ts"
import { type Batch, type Dictionary, type Joined, placeOf } from "../../records/Batch.ts"
import { PageMarks, type Paged, placesOf } from "../Paged.ts"
import { StateError, type StateReader, type StateWriter, type TableReader } from "../State.ts"
import { compareText } from "../windowed/KeyOrder.ts"
import { compareJoined } from "./PlaceOrder.ts"

/** A row as it is written. */
interface Saved {
  readonly key: string
  readonly time: number
  readonly source: string
  readonly partition: number
  readonly offset: number
  readonly joined: Joined | null
  readonly values: ReadonlyArray<string | number | bigint | null>
  readonly numbers: ReadonlyArray<number>
}

export class RowTable implements Paged {
  readonly #name: string
  readonly #fields: ReadonlyArray<Field>
  #dictionary: Dictionary
  times = new Float64Array(0)
  keys = new Int32Array(0)
  /** Where each was read; of the source its number in {@link sources}. */
  sourceOf = new Int32Array(0)
  partitions = new Int32Array(0)
  offsets = new Float64Array(0)
  /** Of pairs what is joined to their first rows; empty where rows are none. */
  readonly joined: Array<Joined | undefined> = []
  /** One for each field that is kept. */
  columns: ReadonlyArray<Float64Array>
  readonly large: ReadonlyArray<Map<number, bigint>>
  /** What is known of each beside its fields, by what it is called: for the owner to fill. */
  numbers: ReadonlyArray<Float64Array>
  readonly #beside: ReadonlyArray<string>
  readonly sources: Array<string> = []
  #isLive = new Uint8Array(0)
  #used = 0
  readonly #free: Array<number> = []
  readonly #marks = new PageMarks()
  /** By slot what a checkpoint that is under way still has to write of it; `null` where nothing was there. */
  readonly #kept = new Map<number, Saved | null>()

  /** Of the fields of a row only these are kept. */
  constructor(name: string, fields: ReadonlyArray<Field>, dictionary: Dictionary, beside: ReadonlyArray<string> = []) {
    this.#beside = beside
    this.numbers = beside.map(() => new Float64Array(0))
    this.#name = name
    this.#fields = fields
    this.#dictionary = dictionary
    this.columns = fields.map(() => new Float64Array(0))
    this.large = fields.map(() => new Map())
  }

  get size(): number {
    return this.#used - this.#free.length
  }

  /** The slot of a row of a batch from now on. */
  add(batch: Batch, row: number): number {
    const slot = this.#allocate()
    const { joined, offset, partition, source } = placeOf(batch, row)
    this.times[slot] = batch.times[row]!
    this.keys[slot] = batch.keys[row]!
    this.sourceOf[slot] = this.#numberOf(source)
    this.partitions[slot] = partition
    this.offsets[slot] = offset
    if (joined !== undefined) this.joined[slot] = joined
    for (let at = 0; at < this.columns.length; at++) this.columns[at]![slot] = batch.columns[this.#fields[at]!.index]![row]!
    if (batch.large !== null) this.#addLarge(batch.large, row, slot)
    return slot
  }

  #addLarge(large: NonNullable<Batch["large"]>, row: number, slot: number): void {
    for (const [at, { index }] of this.#fields.entries()) {
      const value = large[index]?.get(row)
      if (value !== undefined) this.large[at]!.set(slot, value)
    }
  }

  #numberOf(source: string): number {
    const known = this.sources.indexOf(source)
    return known === -1 ? this.sources.push(source) - 1 : known
  }

  #allocate(): number {
    const slot = this.#free.pop() ?? this.#used++
    if (slot >= this.times.length) this.#grow()
    this.touch(slot)
    this.#isLive[slot] = 1
    return slot
  }

  #grow(): void {
    const size = Math.max(16, this.times.length * 2)
    this.times = larger(this.times, new Float64Array(size))
    this.keys = larger(this.keys, new Int32Array(size))
    this.sourceOf = larger(this.sourceOf, new Int32Array(size))
    this.partitions = larger(this.partitions, new Int32Array(size))
    this.offsets = larger(this.offsets, new Float64Array(size))
    this.columns = this.columns.map((column) => larger(column, new Float64Array(size)))
    this.numbers = this.numbers.map((column) => larger(column, new Float64Array(size)))
    this.#isLive = larger(this.#isLive, new Uint8Array(size))
  }

  /** All that are used. */
  *slots(): Generator<number> {
    for (let slot = 0; slot < this.#used; slot++) if (this.#isLive[slot] === 1) yield slot
  }

  release(slot: number): void {
    this.touch(slot)
    this.#isLive[slot] = 0
    for (const large of this.large) if (large.size > 0) large.delete(slot)
    if (this.joined.length > 0) this.joined[slot] = undefined
    this.#free.push(slot)
  }

  /** Has to be called before a row changes in itself. */
  touch(slot: number): void {
    this.#marks.change(slot)
    if (this.#marks.isUnderWay && this.#marks.awaits(slot) && !this.#kept.has(slot)) this.#kept.set(slot, this.#savedAt(slot))
  }

  /** By event time, then by place: the source's name, partition, offset. */
  order = (a: number, b: number): number => this.times[a]! - this.times[b]! || this.placeOrder(a, b)

  placeOrder = (a: number, b: number): number =>
    this.#bySource(a, b) || this.partitions[a]! - this.partitions[b]! || this.offsets[a]! - this.offsets[b]! ||
    compareJoined(this.joined[a], this.joined[b])

  placeOf(slot: number): Row.Place {
    const place = { source: this.sources[this.sourceOf[slot]!]!, partition: this.partitions[slot]!, offset: this.offsets[slot]! }
    const joined = this.joined[slot]
    return joined === undefined ? place : { ...place, joined }
  }

  #bySource(a: number, b: number): number {
    const [one, other] = [this.sourceOf[a]!, this.sourceOf[b]!]
    return one === other ? 0 : compareText(this.sources[one]!, this.sources[other]!)
  }

  useDictionary(dictionary: Dictionary): void {
    const former = this.#dictionary
    if (former === dictionary) return
    const isText = this.#fields.map(({ column }) => column.kind === "string")
    for (let slot = 0; slot < this.#used; slot++) {
      if (this.#isLive[slot] === 0) continue
      this.keys[slot] = dictionary.numberOf(former.textOf(this.keys[slot]!))
      for (const [at, column] of this.columns.entries()) {
        if (isText[at] === true && column[slot]! >= 0) column[slot] = dictionary.numberOf(former.textOf(column[slot]!))
      }
    }
    this.#dictionary = dictionary
  }

  begin(all: boolean): void {
    this.#kept.clear()
    this.#marks.begin(all, this.#used)
  }

  get awaited(): ReadonlyArray<number> {
    return this.#marks.awaited
  }

  write(page: number, state: StateWriter): void {
    const rows: Array<Saved> = []
    const [from, to] = placesOf(page)
    for (let slot = from; slot < to; slot++) {
      const kept = this.#kept.get(slot)
      this.#kept.delete(slot)
      const row = kept === undefined ? this.#savedAt(slot) : kept
      if (row !== null) rows.push(row)
    }
    this.#marks.written(page)
    this.#save(rows, state)
  }

  writeAll(state: StateWriter): void {
    const slots = Array.from({ length: this.#used }, (_, slot) => slot).filter((slot) => this.#isLive[slot] === 1)
    this.#save(slots.sort(this.order).flatMap((slot) => this.#savedAt(slot) ?? []), state)
  }

  #savedAt(slot: number): Saved | null {
    if (slot >= this.#used || this.#isLive[slot] === 0) return null
    return {
      key: this.#dictionary.textOf(this.keys[slot]!),
      time: this.times[slot]!,
      source: this.sources[this.sourceOf[slot]!]!,
      partition: this.partitions[slot]!,
      offset: this.offsets[slot]!,
      joined: this.joined[slot] ?? null,
      values: this.#fields.map(({ column }, at) => this.#valueAt(column, at, slot)),
      numbers: this.numbers.map((column) => column[slot]!)
    }
  }

  #valueAt({ kind }: Column, at: number, slot: number): string | number | bigint | null {
    const value = this.large[at]!.get(slot) ?? this.columns[at]![slot]!
    if (Number.isNaN(value)) return null
    return kind === "string" ? this.#dictionary.textOf(Number(value)) : value
  }

  #save(rows: ReadonlyArray<Saved>, state: StateWriter): void {
    const table = state.table(this.#name, rows.length)
    table.strings("key", rows.map(({ key }) => key))
    table.numbers("time", Float64Array.from(rows, ({ time }) => time))
    table.strings("source", rows.map(({ source }) => source))
    table.numbers("partition", Float64Array.from(rows, ({ partition }) => partition))
    table.numbers("offset", Float64Array.from(rows, ({ offset }) => offset))
    if (rows.some(({ joined }) => joined !== null)) table.strings("joined", rows.map((row) => row.joined === null ? null : JSON.stringify(row.joined)))
    for (const [at, name] of this.#beside.entries()) table.numbers(name, Float64Array.from(rows, ({ numbers }) => numbers[at]!))
    const fields = table.part("fields")
    for (const [at, { column: { kind, name } }] of this.#fields.entries()) {
      const values = rows.map((row) => row.values[at]!)
      if (kind === "string") fields.strings(name, values.map((value) => value === null ? null : String(value)))
      else fields.integers(name, Float64Array.from(values, smallOf), new Map(values.flatMap((value, row) => typeof value === "bigint" ? [[row, value]] : [])))
    }
  }

  /** Tells the slot of each row. */
  restore(state: StateReader, onRow: (slot: number) => void): void {
    for (const table of state.tables(this.#name)) this.#restore(table, onRow)
  }

  #restore(table: TableReader, onRow: (slot: number) => void): void {
    const [keys, times, sources] = [table.texts("key"), table.wholeNumbers("time"), table.texts("source")]
    const [partitions, offsets] = [table.wholeNumbers("partition"), table.wholeNumbers("offset")]
    const joined = table.has("joined") ? table.texts("joined").map(joinedOf) : []
    const beside = this.#beside.map((name) => table.numbers(name))
    const part = table.part("fields")
    const columns = this.#fields.map(({ column }) => this.#columnIn(part, column))
    part.end()
    table.end()
    for (let row = 0; row < table.entries; row++) {
      const slot = this.#allocate()
      this.keys[slot] = this.#dictionary.columns.numberOf(keys[row]!)
      this.times[slot] = times[row]!
      this.sourceOf[slot] = this.#numberOf(sources[row]!)
      this.partitions[slot] = partitions[row]!
      this.offsets[slot] = offsets[row]!
      if (joined[row] !== undefined) this.joined[slot] = joined[row]
      for (const [at, { large, small }] of columns.entries()) {
        const value = large.get(row)
        this.columns[at]![slot] = value === undefined ? small[row]! : value > 0n ? Infinity : -Infinity
        if (value !== undefined) this.large[at]!.set(slot, value)
      }
      for (const [at, column] of this.numbers.entries()) column[slot] = beside[at]![row]!
      onRow(slot)
    }
  }

  #columnIn(part: TableReader, { kind, name }: Column): ReturnType<TableReader["integers"]> {
    if (kind !== "string") return part.optionalIntegers(name)
    const numbers = part.strings(name).map((text) => text === null ? NaN : this.#dictionary.columns.numberOf(text))
    return { small: Float64Array.from(numbers), large: new Map() }
  }
}

const decodeJoined = Schema.decodeUnknownOption(Schema.fromJsonString(Row.Joined))

const joinedOf = (json: string): Joined =>
  Option.getOrElse(decodeJoined(json), () => {
    throw new StateError("the snapshot is damaged: the place of a pair")
  })

const larger = <A extends Float64Array | Int32Array | Uint8Array>(from: A, to: A): A => {
  to.set(from)
  return to
}

/** A large integer stands beside the column, in which there is a 0 for it. */
const smallOf = (value: string | number | bigint | null): number => value === null ? NaN : typeof value === "number" ? value : 0
