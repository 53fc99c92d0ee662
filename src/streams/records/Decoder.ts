/**
 * From the bytes of a JSON record straight into columns.
 *
 * The fast path reads an object byte by byte: plain member names, plain strings, plain
 * numbers. It is several times faster than `JSON.parse` and allocates nothing for a known
 * string. Whatever it does not recognise goes to the slow path, `JSON.parse` and the field's
 * checks, which alone decides what is refused and says why.
 */
import { BigDecimal, Formatter, Predicate } from "effect"
import * as Decimal from "../../domain/Decimal.ts"
import type { Column } from "../pipeline/Column.ts"
import type { Definition } from "../pipeline/Source.ts"
import type { Use } from "../pipeline/Uses.ts"
import { type Batch, type Dictionary, indexOf } from "./Batch.ts"
import { FieldReader } from "./FieldReader.ts"
import * as JsonNumber from "./JsonNumber.ts"
import { KeyReader } from "./KeyReader.ts"
import { ObjectReader, type Placed, skip } from "./ObjectReader.ts"
import type { Refusal } from "./Refusal.ts"
import { TimeStringReader } from "./TimeStringReader.ts"

/** Decodes the records of one source. It keeps the strings of the dictionary it was last used with. */
export class Decoder {
  readonly #source: Definition
  readonly #fields: ReadonlyArray<FieldReader | TimeStringReader>
  readonly #record: ObjectReader
  readonly #key: KeyReader
  /** Of the event time in milliseconds: its own column, or the place behind the columns. */
  readonly #time: number
  readonly #seconds: { readonly index: number; readonly scale: number } | null
  readonly #values: Float64Array
  /** Of the row: by column the integers that are infinite in the values because a double does not hold them. */
  readonly #large = new Map<number, bigint>()
  /** The same of the batch that was last given some. */
  #columns: Array<Map<number, bigint> | null> = []

  /** `useOf` says what is done with the values of a field, apart from the key and the time; anything by default. */
  constructor(source: Definition, dictionary: Dictionary, useOf: (field: string) => Use = () => "compared") {
    const { columns, eventTime } = source
    this.#source = source
    this.#values = new Float64Array(columns.length + 1)
    const index = indexOf(source, eventTime.field)
    this.#time = eventTime.unit === "milliseconds" ? index : columns.length
    const time = { values: this.#values, index: this.#time }
    this.#fields = columns.map((column) => {
      const use = source.key.includes(column.name) ? "compared" : useOf(column.name)
      const field = new FieldReader(column, dictionary, use)
      if (eventTime.unit !== "iso8601" || column.name !== eventTime.field) return field
      return new TimeStringReader(field, time, eventTime, use !== "unread")
    })
    this.#record = new ObjectReader(membersOf(columns, this.#fields), true)
    this.#key = new KeyReader(source, dictionary)
    const column = columns[index]
    this.#seconds = eventTime.unit === "seconds" ? { index, scale: column?.kind === "decimal" ? column.scale : 0 } : null
  }

  /** Adds the record in `bytes[start, end)` as a row of the batch, or says why it is refused. */
  decode(bytes: Uint8Array, start: number, end: number, batch: Batch): Refusal | null {
    if (end <= start) return { reason: "empty", detail: "the record has no value" }
    if (this.#large.size > 0) this.#large.clear()
    if (!this.#scan(bytes, start, end)) {
      const refusal = this.#parse(bytes.subarray(start, end))
      if (refusal !== null) return refusal
    }
    return this.#add(batch)
  }

  /** The same of a row that is an object already, with values as the Schema decodes them: decimals are exact there, too. */
  decodeRow(row: unknown, batch: Batch): Refusal | null {
    if (!isRecord(row)) return { reason: "invalid-field", detail: `the row is ${brief(row)}, not an object` }
    return this.#storeAll(row) ?? this.#add(batch)
  }

  #add(batch: Batch): Refusal | null {
    const row = batch.length
    if (row === 0) batch.large = null
    const values = this.#values
    const { columns } = batch
    const key = this.#key.numberOf(values)
    if (key === -1) return { reason: "no-key", detail: `the key "${this.#key.absentIn(values)}" is missing or null` }
    if (this.#seconds !== null) this.#toMilliseconds(this.#seconds)
    const time = values[this.#time]!
    if (Number.isNaN(time)) {
      return { reason: "missing-field", detail: `the event time "${this.#source.eventTime.field}" is missing or null` }
    }
    for (let field = 0; field < columns.length; field++) columns[field]![row] = values[field]!
    if (this.#large.size > 0 || batch.large !== null) this.#addLarge(batch, row)
    batch.keys[row] = key
    batch.times[row] = time
    batch.length = row + 1
    return null
  }

  #addLarge(batch: Batch, row: number): void {
    if (batch.large !== this.#columns) batch.large = this.#columns = batch.columns.map(() => null)
    // A row that was taken out again may have been here.
    for (const values of this.#columns) values?.delete(row)
    for (const [field, integer] of this.#large) {
      const values = this.#columns[field] ??= new Map()
      values.set(row, integer)
    }
  }

  /** The fast path, on which no integer is large. False means "not recognised", never "wrong". */
  #scan(bytes: Uint8Array, start: number, end: number): boolean {
    const at = this.#record.read(bytes, skip(bytes, start, end), end, this.#values)
    return at !== -1 && skip(bytes, at, end) === end
  }

  /** Exactly: what is finer than a millisecond belongs to the millisecond that it is in, before the epoch too. */
  #toMilliseconds({ index, scale }: { readonly index: number; readonly scale: number }): void {
    const stored = this.#values[index]!
    if (scale <= 3) {
      this.#values[this.#time] = stored * 10 ** (3 - scale)
      return
    }
    const unit = 10 ** (scale - 3)
    const rest = stored % unit
    this.#values[this.#time] = (stored - (rest < 0 ? rest + unit : rest)) / unit
  }

  /** The slow path: everything that JSON allows, and a reason for what is refused. */
  #parse(bytes: Uint8Array): Refusal | null {
    let record: unknown
    try {
      record = JsonNumber.parse(bytes)
    } catch {
      return { reason: "not-json", detail: "the record is not JSON in UTF-8" }
    }
    return isRecord(record) ? this.#storeAll(record) : { reason: "not-json", detail: "the record is not a JSON object" }
  }

  #storeAll(record: { readonly [name: string]: unknown }): Refusal | null {
    this.#record.forget()
    this.#large.clear()
    for (let index = 0; index < this.#fields.length; index++) {
      const refusal = this.#store(index, record)
      if (refusal !== null) return refusal
    }
    return null
  }

  /** Walks from the record to the field's value. */
  #store(index: number, record: unknown): Refusal | null {
    const field = this.#fields[index]!
    const column = this.#source.columns[index]!
    const { path } = column
    let value = record
    for (let depth = 0; depth < path.length; depth++) {
      const { name, optional } = path[depth]!
      if (!isRecord(value)) return invalid(nameOf(column, depth), value, "not an object")
      value = Object.hasOwn(value, name) ? value[name] : undefined
      if (value === undefined && !optional) return { reason: "missing-field", detail: `the field "${nameOf(column, depth + 1)}" is missing` }
      if (optional && (value === undefined || value === null)) {
        field.lack(this.#values, index)
        return null
      }
    }
    const stored = field.store(value)
    if (Number.isNaN(stored)) {
      if (value === "" && column.kind === "string" && column.literals === null) return { reason: "invalid-field", detail: `"${column.name}" is empty, which its schema does not accept` }
      return invalid(column.name, value, field instanceof TimeStringReader ? `not ${field.expected}` : whyNot(value, column))
    }
    this.#values[index] = stored
    if (field instanceof FieldReader && Math.abs(stored) === Infinity) this.#large.set(index, field.large)
    return null
  }
}

/** The members of the objects that the columns' paths go through. */
const membersOf = (
  columns: ReadonlyArray<Column>,
  fields: ReadonlyArray<Placed["reader"]>,
  under: ReadonlyArray<string> = []
): ReadonlyArray<Placed> => {
  const isUnder = ({ path }: Column) => under.every((name, depth) => path[depth]?.name === name)
  const depth = under.length
  const members = new Map(columns.flatMap((column, index) => {
    const member = column.path[depth]
    return member === undefined || !isUnder(column) ? [] : [[member.name, { column, index, member }]]
  }))
  return [...members.values()].map(({ column, index, member }): Placed =>
    column.path.length === depth + 1
      ? { member, reader: fields[index]!, index }
      : { member, reader: new ObjectReader(membersOf(columns, fields, [...under, member.name])), index: -1 }
  )
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
