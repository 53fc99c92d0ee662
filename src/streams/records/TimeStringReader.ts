/** Reads the field of a source that holds its event time as a string. */
import { Predicate } from "effect"
import type { EventTime } from "../pipeline/EventTime.ts"
import { type FieldReader, unread } from "./FieldReader.ts"
import { type Place, readTime } from "./Iso8601.ts"
import type { MemberReader } from "./ObjectReader.ts"

const quote = 34

export class TimeStringReader implements MemberReader {
  readonly #field: FieldReader
  readonly #time: Place
  readonly #assumesUtc: boolean
  readonly #isRead: boolean

  /**
   * `time` is where the milliseconds go. Unless somebody reads the string itself it is not numbered, which would cost a
   * string a row: times hardly come twice.
   */
  constructor(field: FieldReader, time: Place, eventTime: EventTime & { readonly unit: "iso8601" }, isRead: boolean) {
    this.#field = field
    this.#time = time
    this.#assumesUtc = eventTime.withoutZone === "UTC"
    // A check of the Schema's looks at the string.
    this.#isRead = isRead || field.column.accepts !== null
  }

  lack(values: Float64Array, index: number): void {
    this.#time.values[this.#time.index] = NaN
    this.#field.lack(values, index)
  }

  read(bytes: Uint8Array, at: number, end: number, values: Float64Array, index: number): number {
    if (bytes[at] !== quote) return -1
    const to = readTime(bytes, at + 1, end, this.#assumesUtc, this.#time)
    if (to === -1 || bytes[to] !== quote) return -1
    if (this.#isRead) return this.#field.read(bytes, at, end, values, index)
    values[index] = unread
    return to + 1
  }

  /** The stored form of a parsed JSON value; NaN where it is no such time, or not one that the field may be. */
  store(value: unknown): number {
    if (!Predicate.isString(value)) return NaN
    const bytes = encoder.encode(value)
    if (readTime(bytes, 0, bytes.length, this.#assumesUtc, this.#time) !== bytes.length) return NaN
    return this.#isRead ? this.#field.store(value) : unread
  }

  get expected(): string {
    return `a time such as 2024-11-25T14:30:00.123Z${this.#assumesUtc ? ", with or without its zone" : ", with Z or an offset"}`
  }
}

const encoder = new TextEncoder()
