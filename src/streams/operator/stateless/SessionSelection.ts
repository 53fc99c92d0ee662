/**
 * Leaves out the rows outside of the sessions of their calendars, but for what windows look at to take back others. A row without a calendar, or at a time of which its calendar
 * knows nothing, is refused, unless it is no record that could be.
 */
import { areRecords, definitionOf, type InSession } from "../../pipeline/Checked.ts"
import type { Batch } from "../../records/Batch.ts"
import type { Refusal } from "../../records/Refusal.ts"
import type { Mask } from "../expressions/Comparison.ts"
import { maskOf } from "../expressions/Evaluator.ts"
import type { Rows } from "../Operator.ts"
import { RowCalendars } from "../windowed/RowCalendars.ts"
import type { TradingHours } from "../windowed/TradingHours.ts"
import { Refusing } from "./Refusing.ts"
import { RowStep } from "./RowStep.ts"

export class SessionSelection extends RowStep {
  readonly #by: string | null
  readonly #areRecords: boolean
  readonly #calendars: RowCalendars
  /** What comes through whatever its time. */
  readonly #through: ReadonlyArray<Mask>
  /** By which others may name a row; `null` where none does. */
  readonly #named: number | null

  constructor(node: InSession) {
    super(JSON.stringify([node.fingerprint, node.named?.index]))
    this.#by = node.window.calendars.by
    this.#areRecords = areRecords(node)
    this.#calendars = new RowCalendars(node.window)
    this.#named = node.named?.index ?? null
    this.#through = node.through.map((condition) => maskOf(definitionOf(node.input), condition))
  }

  protected changed(rows: Rows): Rows {
    const { batch, keep } = rows
    const refusing = new Refusing(rows)
    const hoursOf = this.#calendars.of(batch)
    const through = this.#through.map((mask) => mask(rows)).filter((mask) => mask.includes(1))
    for (let row = 0; row < batch.length; row++) {
      if (keep !== null && keep[row] === 0) continue
      const hours = hoursOf(row)
      const found = hours === null ? "unknown" : hours.find(batch.times[row]!)
      if (found === "in" || through.some((mask) => mask[row] === 1) || (found === "out" && this.#hasId(batch, row))) continue
      if (found === "out" || !this.#areRecords) refusing.leaveOut(row)
      else refusing.refuse(row, { reason: "no-calendar", detail: this.#why(batch, row, hours) })
    }
    return refusing.rowsOf(batch)
  }

  /** The windows leave it out, and remember its id. */
  #hasId({ columns }: Batch, row: number): boolean {
    return this.#named !== null && !Number.isNaN(columns[this.#named]![row]!)
  }

  #why({ columns, dictionary, source, times }: Batch, row: number, hours: TradingHours | null): Refusal["detail"] {
    if (hours !== null) {
      const { definition: { from, to }, name } = hours.calendar
      return `the calendar ${name} knows the sessions from ${from} to ${to}, and its time is ${new Date(times[row]!).toISOString()}`
    }
    const value = columns[source.columns.findIndex(({ name }) => name === this.#by)]![row]!
    return value !== value ? `"${this.#by}", which names its calendar, is missing or null` : `"${this.#by}" is ${JSON.stringify(dictionary.textOf(value))}, which names none of its calendars (${this.#calendars.values.join(", ")})`
  }
}
