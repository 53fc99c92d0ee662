/**
 * From the bytes of JSON records straight into columns.
 *
 * The fast path reads a run of records at once: plain member names, plain strings, plain
 * numbers. It is many times faster than `JSON.parse` and allocates nothing for a known
 * string. Whatever it does not recognise goes to the slow path, `JSON.parse` and the field's
 * checks, which alone decides what is refused and says why.
 */
import { BigDecimal, Formatter, Predicate } from "effect"
import * as Decimal from "../../domain/Decimal.ts"
import type { Column } from "../pipeline/Column.ts"
import type { EventTime } from "../pipeline/EventTime.ts"
import type { Definition } from "../pipeline/Source.ts"
import type { Use } from "../pipeline/Uses.ts"
import { type Batch, type Dictionary, indexOf } from "./Batch.ts"
import { FieldReader } from "./FieldReader.ts"
import * as JsonNumber from "./JsonNumber.ts"
import { KeyReader } from "./KeyReader.ts"
import type { Refusal } from "./Refusal.ts"
import { type Bytes, RunReader } from "./RunReader.ts"
import { takeOut } from "./TakeOut.ts"
import { TimeStringReader } from "./TimeStringReader.ts"

/** Decodes the records of one source. It keeps the strings of the dictionary it was last used with. */
export class Decoder {
  readonly #source: Definition
  readonly #dictionary: Dictionary
  readonly #useOf: (field: string) => Use
  readonly #fields: ReadonlyArray<FieldReader | TimeStringReader>
  /** `null` until there are bytes: rows that are objects already need none. */
  #runs: RunReader | null = null
  readonly #key: KeyReader
  /** Which column the event time is; of a time as a string its milliseconds are put in their own place. */
  readonly #time: number
  readonly #unit: EventTime["unit"]
  readonly #millis: { readonly values: Float64Array; readonly index: 0 } = { values: new Float64Array(1), index: 0 }
  readonly #scale: number
  /** Of the row: by column the integers that are infinite in it because a double does not hold them. */
  readonly #large = new Map<number, bigint>()
  /** The same of the batch that was last given some. */
  #columns: Array<Map<number, bigint> | null> = []
  readonly #one: Bytes & { bytes: Uint8Array } = { bytes: new Uint8Array(0), starts: new Int32Array(1), ends: new Int32Array(1) }

  /** `useOf` says what is done with the values of a field, apart from the key and the time; anything by default. */
  constructor(source: Definition, dictionary: Dictionary, useOf: (field: string) => Use = () => "compared") {
    const { columns, eventTime } = source
    this.#source = source
    this.#dictionary = dictionary
    const use = this.#useOf = (field) => source.key.includes(field) ? "compared" : useOf(field)
    this.#time = indexOf(source, eventTime.field)
    this.#unit = eventTime.unit
    const column = columns[this.#time]
    this.#scale = column?.kind === "decimal" ? column.scale : 0
    this.#fields = columns.map((column) => {
      const field = new FieldReader(column, dictionary, use(column.name))
      if (eventTime.unit !== "iso8601" || column.name !== eventTime.field) return field
      return new TimeStringReader(field, this.#millis, eventTime, use(column.name) !== "unread")
    })
    this.#key = new KeyReader(source, dictionary)
  }

  /** Adds the record in `bytes[start, end)` as a row of the batch, or says why it is refused. */
  decode(bytes: Uint8Array, start: number, end: number, batch: Batch): Refusal | null {
    this.#one.bytes = bytes
    this.#one.starts[0] = start
    this.#one.ends[0] = end
    let refused: Refusal | null = null
    this.decodeAll(this.#one, 0, 1, batch, (_, refusal) => {
      refused = refusal
    })
    return refused
  }

  /** Adds the records `[from, to)` as rows of the batch, each with its number, and says in their order which are refused. */
  decodeAll(all: Bytes, from: number, to: number, batch: Batch, refuse: Refuse): void {
    const runs = this.#runs ??= new RunReader(this.#source, this.#dictionary, this.#useOf)
    for (let record = from; record < to;) {
      const taken = runs.take(all, record, to)
      if (taken === record) this.#decodeSlowly(all, record++, batch, refuse)
      while (record < taken) {
        const rows = runs.read(record)
        if (rows > 0) {
          runs.store(batch.columns, batch.length, rows)
          this.#addAll(rows, runs.millis, record, batch, refuse)
        }
        record += rows
        if (record < taken) this.#decodeSlowly(all, record++, batch, refuse)
      }
    }
  }

  /** Adds the rows that lie behind those of the batch, whose records come one behind the other. */
  #addAll(rows: number, millis: Float64Array, record: number, batch: Batch, refuse: Refuse): void {
    const { columns, keys, length, records, times } = batch
    if (length === 0) batch.large = null
    const refused: Array<number> = []
    for (let index = 0, row = length; index < rows; index++, row++) {
      const key = this.#key.numberOf(columns, row)
      const time = this.#timeOf(columns[this.#time]![row]!, millis[index]!)
      keys[row] = key
      times[row] = time
      records[row] = record + index
      if (key === -1 || time !== time) {
        refuse(record + index, this.#whyNot(key, columns, row))
        refused.push(row)
      }
    }
    batch.length = length + rows
    takeOut(batch, refused)
  }

  #whyNot(key: number, columns: Batch["columns"], row: number): Refusal {
    if (key === -1) return { reason: "no-key", detail: `the key "${this.#key.absentIn(columns, row)}" is missing or null` }
    return { reason: "missing-field", detail: `the event time "${this.#source.eventTime.field}" is missing or null` }
  }

  #decodeSlowly({ bytes, ends, starts }: Bytes, record: number, batch: Batch, refuse: Refuse): void {
    const [start, end] = [starts[record]!, ends[record]!]
    const refusal = end <= start
      ? { reason: "empty", detail: "the record has no value" } as const
      : this.#parse(bytes.subarray(start, end), batch.columns, batch.length)
    if (refusal !== null) refuse(record, refusal)
    else this.#addStored(record, batch, refuse)
  }

  /** The same of a row that is an object already, with values as the Schema decodes them: decimals are exact there, too. */
  decodeRow(row: unknown, record: number, batch: Batch, refuse: Refuse): void {
    if (!isRecord(row)) return refuse(record, { reason: "invalid-field", detail: `the row is ${brief(row)}, not an object` })
    const refusal = this.#storeAll(row, batch.columns, batch.length)
    if (refusal !== null) refuse(record, refusal)
    else this.#addStored(record, batch, refuse)
  }

  #addStored(record: number, batch: Batch, refuse: Refuse): void {
    const row = batch.length
    this.#addAll(1, this.#millis.values, record, batch, refuse)
    if (batch.length > row && this.#large.size > 0) this.#addLarge(batch, row)
  }

  /** In milliseconds; NaN where it is absent. */
  #timeOf(stored: number, millis: number): number {
    if (this.#unit === "milliseconds") return stored
    if (this.#unit === "seconds") return millisecondsOf(stored, this.#scale)
    return stored === stored ? millis : NaN
  }

  #addLarge(batch: Batch, row: number): void {
    const { columns, large } = batch
    if (large === null || large !== this.#columns) {
      batch.large = this.#columns = columns.map((_, index) => large?.[index] === null || large === null ? null : new Map(large[index]))
    }
    for (const [field, integer] of this.#large) (this.#columns[field] ??= new Map()).set(row, integer)
  }

  /** The slow path: everything that JSON allows, and a reason for what is refused. */
  #parse(bytes: Uint8Array, columns: Batch["columns"], row: number): Refusal | null {
    let record: unknown
    try {
      record = JsonNumber.parse(bytes)
    } catch {
      return { reason: "not-json", detail: "the record is not JSON in UTF-8" }
    }
    return isRecord(record) ? this.#storeAll(record, columns, row) : { reason: "not-json", detail: "the record is not a JSON object" }
  }

  #storeAll(record: { readonly [name: string]: unknown }, columns: Batch["columns"], row: number): Refusal | null {
    this.#large.clear()
    this.#runs?.shared()
    for (let index = 0; index < this.#fields.length; index++) {
      columns[index]![row] = NaN
      const stored = this.#stored(index, record)
      if (typeof stored !== "number") return stored
      columns[index]![row] = stored
    }
    return null
  }

  /** Walks from the record to the field's value. */
  #stored(index: number, record: unknown): Refusal | number {
    const field = this.#fields[index]!
    const column = this.#source.columns[index]!
    const { path } = column
    let value = record
    for (let depth = 0; depth < path.length; depth++) {
      const { name, optional } = path[depth]!
      if (!isRecord(value)) return invalid(nameOf(column, depth), value, "not an object")
      value = Object.hasOwn(value, name) ? value[name] : undefined
      if (value === undefined && !optional) return { reason: "missing-field", detail: `the field "${nameOf(column, depth + 1)}" is missing` }
      if (optional && (value === undefined || value === null)) return NaN
    }
    const stored = field.store(value)
    if (Number.isNaN(stored)) {
      if (value === "" && column.kind === "string" && column.literals === null) return { reason: "invalid-field", detail: `"${column.name}" is empty, which its schema does not accept` }
      return invalid(column.name, value, field instanceof TimeStringReader ? `not ${field.expected}` : whyNot(value, column))
    }
    if (field instanceof FieldReader && Math.abs(stored) === Infinity) this.#large.set(index, field.large)
    return stored
  }
}

/** A record, by its number, is refused. */
type Refuse = (record: number, refusal: Refusal) => void

/** Exactly: what is finer than a millisecond belongs to the millisecond that it is in, before the epoch too. */
const millisecondsOf = (stored: number, scale: number): number => {
  if (scale <= 3) return stored * 10 ** (3 - scale)
  const unit = 10 ** (scale - 3)
  const rest = stored % unit
  return (stored - (rest < 0 ? rest + unit : rest)) / unit
}

const nameOf = ({ path }: Column, depth: number): string => path.slice(0, depth).map(({ name }) => name).join(".")

/** An object of the JSON, and not a number that stands for itself. */
const isRecord = (value: unknown): value is { readonly [name: string]: unknown } =>
  Predicate.isObject(value) && !(value instanceof JsonNumber.JsonNumber)

const invalid = (name: string, value: unknown, why: string): Refusal => ({
  reason: "invalid-field",
  detail: `"${name}" is ${brief(value)}, ${why}`
})

const brief = (value: unknown): string => {
  const text = value instanceof JsonNumber.JsonNumber ? value.text : textOf(value)
  return text.length > 60 ? `${text.slice(0, 57).toWellFormed()}...` : text
}

/** What came as JSON can be written as JSON; a row may hold anything. */
const textOf = (value: unknown): string => {
  if (BigDecimal.isBigDecimal(value)) return Decimal.format(value)
  // NaN, which is null in JSON, among them.
  if (Predicate.isNumber(value)) return String(value)
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return Formatter.format(value)
  }
}

const whyNot = (value: unknown, column: Column): string => {
  if (column.kind === "int" && isFraction(value)) return `not ${describe(column)}; a field of decimals is a Decimal of its schema`
  if (column.kind === "decimal") return Decimal.whyTooLong(numeralOf(value), column) ?? `not ${describe(column)}`
  if (column.kind !== "string" || !Predicate.isString(value)) return `not ${describe(column)}`
  if (!value.isWellFormed()) return "which has an unpaired surrogate"
  // What is most often wrong with a name.
  const upper = value.toUpperCase()
  return `not ${describe(column)}${column.accepts?.(upper) === true ? `, but ${JSON.stringify(upper)} is` : ""}`
}

const isFraction = (value: unknown): boolean => {
  const number = Number(numeralOf(value))
  return (Predicate.isNumber(value) || value instanceof JsonNumber.JsonNumber) && Number.isFinite(number) && !Number.isInteger(number)
}

const numeralOf = (value: unknown): string => Predicate.isString(value) ? value : value instanceof JsonNumber.JsonNumber ? value.text : textOf(value)

const describe = (column: Column): string => {
  switch (column.kind) {
    case "decimal":
      return Decimal.describe(column)
    case "boolean":
      return "true or false"
    case "string":
      return column.literals === null ? "an acceptable text" : `one of ${column.literals.map((text) => JSON.stringify(text)).join(", ")}`
    default: {
      const bounded = Number.isFinite(column.minimum) && Number.isFinite(column.maximum)
      return `${column.kind === "int" ? "an integer" : "a number"}${
        bounded ? ` from ${column.minimum} to ${column.maximum}` : ""
      }`
    }
  }
}
