/** Which calendar a row has: one for all, or the one that a field of it names, or one for those that have none at their time. */
import type { Calendar } from "../../../domain/TradingCalendar.ts"
import { calendarsOf } from "../../pipeline/check/Trading.ts"
import type { Trading } from "../../pipeline/Window.ts"
import { type Batch, type Dictionary, isAbsent } from "../../records/Batch.ts"
import { TradingHours } from "./TradingHours.ts"

export class RowCalendars {
  /** One for each calendar. */
  readonly all: ReadonlyArray<TradingHours>
  readonly #by: string | null
  readonly #byValue: ReadonlyMap<string, TradingHours>
  readonly #otherwise: TradingHours | null
  readonly #unknown: TradingHours | null
  /** By the numbers of texts in a dictionary. */
  #byNumber: { readonly dictionary: Dictionary; readonly hours: Map<number, TradingHours | null> } | null = null

  constructor(window: Trading) {
    const { calendars } = window
    const known = new Map(calendarsOf(calendars).map((calendar) => [calendar, new TradingHours(calendar, window)]))
    const hoursOf = (calendar: Calendar | null) => calendar === null ? null : known.get(calendar) ?? null
    this.all = [...known.values()]
    this.#by = calendars.by
    this.#byValue = new Map(calendars.by === null ? [] : Object.entries(calendars.calendars).map(([value, calendar]) => [value, known.get(calendar)!]))
    this.#otherwise = hoursOf(calendars.by === null ? calendars.calendar : calendars.otherwise)
    this.#unknown = hoursOf(calendars.by === null ? null : calendars.unknown)
  }

  /** Values of the field that name one. */
  get values(): ReadonlyArray<string> {
    return [...this.#byValue.keys()]
  }

  /** The calendar by the value of its field; `null` where that names none. */
  named(value: string | null): TradingHours | null {
    return value === null ? this.#otherwise : this.#byValue.get(value) ?? null
  }

  /** Those of the rows of a batch, each at its time. */
  of(batch: Batch): (row: number) => TradingHours | null {
    const named = this.#namedBy(batch)
    const unknown = this.#unknown
    if (unknown === null) return named
    return (row) => {
      const hours = named(row)
      if (hours !== null && hours.isNear(batch.times[row]!)) return hours
      return hours === null || hours.find(batch.times[row]!) === "unknown" ? unknown : hours
    }
  }

  #namedBy(batch: Batch): (row: number) => TradingHours | null {
    const otherwise = this.#otherwise
    if (this.#by === null) return () => otherwise
    const { columns, dictionary, source } = batch
    const column = columns[source.columns.findIndex(({ name }) => name === this.#by)]!
    if (isAbsent(batch, column)) return () => otherwise
    if (this.#byNumber?.dictionary !== dictionary) this.#byNumber = { dictionary, hours: new Map() }
    const { hours } = this.#byNumber
    return (row) => {
      const number = column[row]!
      if (number !== number) return otherwise
      const known = hours.get(number)
      if (known !== undefined) return known
      const found = this.named(dictionary.textOf(number))
      hours.set(number, found)
      return found
    }
  }
}
