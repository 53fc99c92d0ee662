/**
 * What is kept of a key's windows, so that each can be compared with the one before it.
 *
 * Windows that may still change are kept one by one, in the order of their ends. Of those that are final the newest value
 * of each result is enough, and how many rows were in all of them: that is the anchor. A window that begins more than the
 * horizon after the one before it begins a chain of its own: it is compared with nothing, and so counts nothing that
 * came before.
 */
import { BigDecimal } from "effect"
import type { Decimal } from "../../../domain/Decimal.ts"
import type { Pane, Value, Values } from "../../pipeline/Pane.ts"

export interface Entry {
  /** As it was emitted last, with what was derived for it. */
  pane: Pane
  /** Rows of the window itself. */
  rows: number
  /** Of each result that something is derived from. */
  inputs: ReadonlyArray<Decimal | null>
  /** How many times more it was emitted than the window that it was made from. */
  again: number
}

/** A window as far as it is compared. */
export interface Compared {
  readonly start: number
  readonly end: number
}

export interface Former {
  readonly end: number
  readonly value: Decimal
}

/** What lies before a window. */
export interface Before {
  /** Rows in all windows of its chain. */
  readonly rows: number
  /** Of each result the nearest window that had a value. */
  readonly values: ReadonlyArray<Former | null>
}

/** What is kept of the windows that are final. */
export interface Finals {
  /** End of the newest; `-Infinity` before the first. */
  readonly end: number
  readonly rows: number
  readonly values: ReadonlyArray<Former | null>
}

export class History {
  readonly key: string
  /** Where its operator keeps it. */
  place = -1
  readonly #distance: (window: Compared, end: number) => number
  readonly #horizon: number
  readonly #of: ReadonlyArray<string>
  /** Windows that may still change, in the order of their ends. */
  readonly entries: Array<Entry> = []
  #end = -Infinity
  #rows = 0
  #values: ReadonlyArray<Former | null>

  /** `distance` says how far a window lies behind the end of another; `of` are the results that are compared. */
  constructor(options: {
    readonly key: string
    readonly distance: (window: Compared, end: number) => number
    readonly horizon: number
    readonly of: ReadonlyArray<string>
  }) {
    this.key = options.key
    this.#distance = options.distance
    this.#horizon = options.horizon
    this.#of = options.of
    this.#values = options.of.map(() => null)
  }

  /** End of the newest final window. */
  get finalEnd(): number {
    return this.#end
  }

  inputsOf(values: Values): ReadonlyArray<Decimal | null> {
    return this.#of.map((name) => toDecimal(values[name] ?? null))
  }

  /** What lies before a window. */
  before(window: Compared): Before {
    let rows = 0
    let isChained = true
    let next = window
    const values: Array<Former | null> = this.#of.map(() => null)
    const note = (inputs: ReadonlyArray<Decimal | null>, end: number) =>
      inputs.forEach((value, index) => {
        if (value !== null && values[index] === null) values[index] = { end, value }
      })
    for (let index = this.indexBefore(window) - 1; index >= 0 && isChained; index--) {
      const { inputs, pane, rows: own } = this.entries[index]!
      isChained = this.#distance(next, pane.end) <= this.#horizon
      if (!isChained) break
      rows += own
      note(inputs, pane.end)
      next = pane
    }
    if (isChained && this.#distance(next, this.#end) <= this.#horizon) {
      rows += this.#rows
      this.#values.forEach((former, index) => {
        values[index] ??= former
      })
    }
    return { rows, values: values.map((former) => former !== null && this.#distance(window, former.end) <= this.#horizon ? former : null) }
  }

  /** How many entries end before a window. */
  indexBefore({ end }: Compared): number {
    let index = this.entries.length
    while (index > 0 && this.entries[index - 1]!.pane.end >= end) index--
    return index
  }

  find({ end, start }: Compared): Entry | undefined {
    return this.entries.find(({ pane }) => pane.start === start && pane.end === end)
  }

  remove(entry: Entry): void {
    this.entries.splice(this.entries.indexOf(entry), 1)
  }

  /** Puts it where its end belongs. */
  insert(entry: Entry): void {
    this.entries.splice(this.indexBefore(entry.pane), 0, entry)
  }

  /** Lets go of the entries that are final, and keeps what those after them are compared with. */
  settle(isFinal: (end: number) => boolean): void {
    while (this.entries.length > 0 && isFinal(this.entries[0]!.pane.end)) {
      const { inputs, pane, rows } = this.entries.shift()!
      const isChained = this.#distance(pane, this.#end) <= this.#horizon
      this.#rows = rows + (isChained ? this.#rows : 0)
      this.#values = inputs.map((value, index) => value !== null ? { end: pane.end, value } : isChained ? this.#values[index]! : null)
      this.#end = pane.end
    }
  }

  get finals(): Finals {
    return { end: this.#end, rows: this.#rows, values: this.#values }
  }

  /** Takes up where another left off. */
  resume({ end, rows, values }: Finals): void {
    this.#end = end
    this.#rows = rows
    this.#values = values
  }
}

const toDecimal = (value: Value): Decimal | null => {
  if (BigDecimal.isBigDecimal(value)) return value
  if (typeof value === "bigint") return BigDecimal.make(value, 0)
  return typeof value === "number" && Number.isFinite(value) ? BigDecimal.fromNumberUnsafe(value) : null
}
