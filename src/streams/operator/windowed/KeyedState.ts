/** The state of keys in windows or slices as a table of a snapshot: an entry for each, with its key, start and end. */
import type { Dictionary } from "../../records/Batch.ts"
import type { AccumulatorTable } from "../aggregates/AccumulatorTable.ts"
import type { SlotEntry } from "../SlotPages.ts"
import type { StateReader, StateWriter } from "../State.ts"
import { compareText } from "./KeyOrder.ts"

/** One key of one window or slice. */
export interface KeyedOwner {
  readonly key: string
  readonly start: number
  readonly end: number
}

export const byStartAndKey = (a: KeyedOwner, b: KeyedOwner): number => a.start - b.start || a.end - b.end || compareText(a.key, b.key)

export const save = (
  name: string,
  entries: ReadonlyArray<SlotEntry<KeyedOwner>>,
  { dictionary, slots, state }: { readonly slots: AccumulatorTable; readonly dictionary: Dictionary; readonly state: StateWriter }
): void => {
  const { length } = entries
  const table = state.table(name, length)
  const keys: Array<string> = []
  const [starts, ends, places] = [new Float64Array(length), new Float64Array(length), new Int32Array(length)]
  for (let i = 0; i < length; i++) {
    const { owner, slot } = entries[i]!
    keys.push(owner.key)
    starts[i] = owner.start
    ends[i] = owner.end
    places[i] = slot
  }
  table.strings("key", keys)
  table.numbers("start", starts)
  table.numbers("end", ends)
  slots.save(places, table, (number) => dictionary.textOf(number))
}

/** `slotFor` gives each entry a slot of its own, or throws where there can be no such entry. */
export const restore = (
  name: string,
  { dictionary, slots, state }: { readonly slots: AccumulatorTable; readonly dictionary: Dictionary; readonly state: StateReader },
  slotFor: (entry: { readonly key: number; readonly start: number; readonly end: number }) => number
): void => {
  const numberOf = (text: string) => dictionary.numberOf(text)
  for (const table of state.tables(name)) {
    const [starts, ends] = [table.wholeNumbers("start"), table.wholeNumbers("end")]
    const found = new Int32Array(table.entries)
    for (const [i, text] of table.texts("key").entries()) {
      found[i] = slotFor({ key: dictionary.columns.numberOf(text), start: starts[i]!, end: ends[i]! })
    }
    slots.restore(found, table, numberOf)
    table.end()
  }
}
