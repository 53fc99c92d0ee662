/** The state of keys in windows or slices as a table of a snapshot: an entry for each, with its key, start and end. */
import type { Dictionary } from "../../records/Batch.ts"
import type { AccumulatorTable } from "../aggregates/AccumulatorTable.ts"
import type { StateReader, StateWriter } from "../State.ts"

/** One key of one window or slice, and the slot that holds its state. */
export interface KeyedEntry {
  readonly key: number
  readonly start: number
  readonly end: number
  readonly slot: number
}

/** Writes and reads tables of the slots of one pipeline. */
export class KeyedState {
  readonly #slots: AccumulatorTable
  readonly #dictionary: Dictionary

  constructor(slots: AccumulatorTable, dictionary: Dictionary) {
    this.#slots = slots
    this.#dictionary = dictionary
  }

  /** In the order of the entries, which has to follow from what they are. */
  save(name: string, entries: ReadonlyArray<KeyedEntry>, state: StateWriter): void {
    const table = state.table(name, entries.length)
    const textOf = (number: number) => this.#dictionary.textOf(number)
    table.strings("key", entries.map(({ key }) => textOf(key)))
    table.numbers("start", Float64Array.from(entries, ({ start }) => start))
    table.numbers("end", Float64Array.from(entries, ({ end }) => end))
    this.#slots.save(Int32Array.from(entries, ({ slot }) => slot), table, textOf)
  }

  /** `slotFor` gives each entry a slot of its own, or throws where there can be no such entry. */
  restore(name: string, state: StateReader, slotFor: (entry: Omit<KeyedEntry, "slot">) => number): void {
    const table = state.table(name)
    const numberOf = (text: string) => this.#dictionary.numberOf(text)
    const [starts, ends] = [table.wholeNumbers("start"), table.wholeNumbers("end")]
    const slots = new Int32Array(table.entries)
    for (const [i, text] of table.texts("key").entries()) {
      slots[i] = slotFor({ key: numberOf(text), start: starts[i]!, end: ends[i]! })
    }
    this.#slots.restore(slots, table, numberOf)
    table.end()
  }
}
