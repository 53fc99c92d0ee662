/** Checks the parsed values of the field of a source that holds its event time as a string. */
import { Predicate } from "effect"
import type { EventTime } from "../pipeline/EventTime.ts"
import type { FieldReader } from "./FieldReader.ts"
import { type Place, readTime } from "./Iso8601.ts"
import { unread } from "./TextUse.ts"

export class TimeStringReader {
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
