/** Decoded rows as columns: what operators work on. */
import { BigDecimal } from "effect"
import { fromUnscaled } from "../../domain/Decimal.ts"
import type { Column, Table } from "../pipeline/Column.ts"
import type { Place } from "../pipeline/Row.ts"
import type { Definition, Row } from "../pipeline/Source.ts"

/** Numbers texts in the order in which they are first seen, so that rows carry integers. */
export class Dictionary {
  readonly texts: Array<string> = []
  /** Those of the batch that is being read, which nobody asks for after it. */
  readonly #passing: Array<string> = []
  readonly #numbers = new Map<string, number>()
  /** For columns of texts, see {@link Numbering}. */
  readonly columns = new Numbering(this)

  numberOf(text: string): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    const number = this.texts.length
    this.texts.push(text)
    this.#numbers.set(text, number)
    return number
  }

  /** The number of a text that has one to be compared by. */
  find(text: string): number | undefined {
    return this.#numbers.get(text)
  }

  /** A number for a text that is compared with no other: of equal ones each has its own. */
  carry(text: string): number {
    return this.texts.push(text) - 1
  }

  /** A number for a text that is compared with no other and is not asked for after its batch, below all others: it is not kept. */
  pass(text: string): number {
    return -1 - this.#passing.push(text)
  }

  /** The texts of the batch before have gone on to wherever they go. */
  forgetPassed(): void {
    this.#passing.length = 0
  }

  textOf(number: number): string {
    return (number < 0 ? this.#passing[-2 - number] : this.texts[number]) ?? ""
  }
}

/**
 * Numbers the texts of many columns that name the same ones, mostly in the same order or in that order backwards, as the
 * state of several pipelines does. What was beside a text before is looked at first: that takes less than to look it up.
 */
export class Numbering {
  readonly #dictionary: Dictionary
  #next = new Int32Array(0)
  #previous = new Int32Array(0)
  #last = 0

  constructor(dictionary: Dictionary) {
    this.#dictionary = dictionary
  }

  numberOf(text: string): number {
    const { texts } = this.#dictionary
    const [next, previous] = [this.#next[this.#last]!, this.#previous[this.#last]!]
    if (texts[next] === text) return this.#last = next
    if (texts[previous] === text) return this.#last = previous
    const number = this.#dictionary.numberOf(text)
    if (number >= this.#next.length) this.#grow(number)
    this.#next[this.#last] = number
    this.#previous[number] = this.#last
    return this.#last = number
  }

  /** Lets go of what it keeps beside the texts. */
  forget(): void {
    this.#next = this.#previous = new Int32Array(0)
  }

  #grow(number: number): void {
    const size = Math.max(1_024, number * 2)
    const [next, previous] = [new Int32Array(size), new Int32Array(size)]
    next.set(this.#next)
    previous.set(this.#previous)
    this.#next = next
    this.#previous = previous
  }
}

/**
 * Rows of one partition, in the order of their offsets. Columns are as {@link Column} says. A row's place is (source,
 * partition, offset): rows of equal event time are told apart by it, and no two rows have the same.
 */
export interface Batch {
  readonly source: Definition
  readonly dictionary: Dictionary
  partition: number
  length: number
  readonly offsets: Float64Array
  readonly times: Float64Array
  readonly keys: Int32Array
  readonly columns: ReadonlyArray<Float64Array>
  /** By column the integers, by row, that are infinite in it because a double does not hold them; `null` where there are none. */
  readonly large: ReadonlyArray<ReadonlyMap<number, bigint> | null> | null
  /** The watermark of the partition when the row came, before the row itself moves it. */
  readonly watermarks: Float64Array
  /** Which record of the log's batch a row was decoded from. */
  readonly records: Int32Array
  /** 1 for each row that is added, -1 for one that is taken back; `null` where all are added. */
  readonly signs: Int8Array | null
  /** Where each row was read, where that is not in this partition at its offset: see {@link behindAll}. */
  readonly places: Places | null
}

/** Where rows were read, one by one. */
export interface Places {
  readonly sources: ReadonlyArray<string>
  readonly partitions: Int32Array
  readonly offsets: Float64Array
  /** Of pairs, see {@link Place}; `null` where no row is one. */
  readonly joined: ReadonlyArray<Joined> | null
}

/** Of a pair the places of the rows that were joined to its first one. */
export type Joined = NonNullable<Place["joined"]>

/**
 * Rows that were held come from no partition of a log. Their offsets say in which order those of one event time come, and
 * begin here, behind all that a log has: what they lead to is told when the watermark is past their time.
 */
export const behindAll = 2 ** 52

export const placeOf = ({ offsets, partition, places, source: { name } }: Batch, row: number): Place =>
  places === null
    ? { source: name, partition, offset: offsets[row]! }
    : placeIn(places, row)

const placeIn = ({ joined, offsets, partitions, sources }: Places, row: number): Place => {
  const place = { source: sources[row]!, partition: partitions[row]!, offset: offsets[row]! }
  return joined === null ? place : { ...place, joined: joined[row]! }
}

export const make = (source: Definition, dictionary: Dictionary, partition: number, capacity: number): Batch => ({
  source,
  dictionary,
  partition,
  length: 0,
  offsets: new Float64Array(capacity),
  times: new Float64Array(capacity),
  keys: new Int32Array(capacity),
  columns: source.columns.map(() => new Float64Array(capacity)),
  large: null,
  watermarks: new Float64Array(capacity),
  records: new Int32Array(capacity),
  signs: null,
  places: null
})

/** Where a field stands among the columns of a source. */
export const indexOf = (source: Table, field: string): number => {
  const index = source.columns.findIndex((column) => column.name === field)
  if (index === -1) {
    const known = source.columns.map((column) => column.name).join(", ")
    throw new TypeError(`the source "${source.name}" has no field "${field}"; it has ${known}`)
  }
  return index
}

/** What a column holds in a row, of any size. */
export const storedAt = ({ columns, large }: Batch, index: number, row: number): number | bigint =>
  large?.[index]?.get(row) ?? columns[index]?.[row] ?? NaN

/** What is stored as the value that it stands for; NaN is the absent value. */
export const valueOf = (
  column: Column,
  stored: number | bigint,
  textOf: (number: number) => string
): BigDecimal.BigDecimal | number | string | boolean | null => {
  if (Number.isNaN(stored)) return null
  switch (column.kind) {
    case "decimal":
      return fromUnscaled(stored, column.scale)
    case "boolean":
      return stored === 1
    case "string":
      return textOf(Number(stored))
    default:
      return Number(stored)
  }
}

/** A row as an object, for functions. It costs an allocation a row: data-only pipelines never need one. */
export const rowAt = (batch: Batch, index: number): Row<never> => {
  const row: Record<string, unknown> = {}
  const textOf = (number: number) => batch.dictionary.textOf(number)
  batch.source.columns.forEach((column, at) => {
    row[column.name] = valueOf(column, storedAt(batch, at, index), textOf)
  })
  // The columns were derived from the same schema that the function's row type was.
  return row as Row<never>
}
