/** How fillings are kept in a snapshot: what is carried on a row a key, what may still change a row a window. */
import { StateError, type StateReader, type StateWriter, type TableReader } from "../State.ts"
import type { Options } from "../PagedList.ts"
import { compareText } from "../windowed/KeyOrder.ts"
import type { Entry, Filling, Reached } from "./Filling.ts"
import { membersOf, valuesIn } from "./StoredValues.ts"

/** A filling as it is written. */
export interface Saved {
  readonly key: string
  readonly anchor: Reached | null
  readonly entries: ReadonlyArray<Entry>
}

export const pages: Options<Filling, Saved> = {
  saved: ({ anchor, entries, key }) => ({ key, anchor, entries: entries.map((entry) => ({ ...entry })) }),
  order: (a, b) => compareText(a.key, b.key),
  write: (fillings, state) => {
    saveAnchors(fillings.flatMap(({ anchor, key }) => anchor === null ? [] : [{ key, ...anchor }]), state)
    saveEntries(fillings.flatMap(({ entries, key }) => entries.map((entry) => ({ key, ...entry }))), state)
  }
}

const saveAnchors = (anchors: ReadonlyArray<Reached & { readonly key: string }>, state: StateWriter): void => {
  const table = state.table("anchors", anchors.length)
  table.strings("key", anchors.map(({ key }) => key))
  table.numbers("end", Float64Array.from(anchors, ({ end }) => end))
  table.numbers("rows", Float64Array.from(anchors, ({ rows }) => rows))
  table.json("values", anchors.map(({ values }) => membersOf(values)))
}

const saveEntries = (entries: ReadonlyArray<Entry & { readonly key: string }>, state: StateWriter): void => {
  const table = state.table("windows", entries.length)
  const numbers = (name: string, of: (entry: Entry) => number) => table.numbers(name, Float64Array.from(entries, of))
  table.strings("key", entries.map(({ key }) => key))
  numbers("start", ({ start }) => start)
  numbers("end", ({ end }) => end)
  numbers("changes", ({ changes }) => changes)
  numbers("revision", ({ revision }) => revision)
  numbers("isFilled", ({ own }) => Number(own === null))
  numbers("rows", ({ own }) => own?.rows ?? 0)
  table.json("values", entries.map(({ own }) => membersOf(own?.values ?? {})))
}

export interface Restoring {
  /** Of all values of a pane, in the order in which it has them. */
  readonly names: ReadonlyArray<string>
  readonly fillingOf: (key: string) => Filling
}

export const restore = (restoring: Restoring, state: StateReader): void => {
  for (const table of state.tables("anchors")) restoreAnchors(restoring, table)
  const fillings = new Set<Filling>()
  for (const table of state.tables("windows")) for (const filling of restoreEntries(restoring, table)) fillings.add(filling)
  for (const filling of fillings) filling.recompute()
}

const restoreAnchors = ({ fillingOf, names }: Restoring, table: TableReader): void => {
  const [keys, ends, rows, members] = [table.texts("key"), table.wholeNumbers("end"), table.wholeNumbers("rows"), table.json("values")]
  table.end()
  keys.forEach((key, i) => {
    fillingOf(key).anchor = { end: ends[i]!, rows: rows[i]!, values: valuesIn(members[i], names) }
  })
}

const restoreEntries = ({ fillingOf, names }: Restoring, table: TableReader): ReadonlyArray<Filling> => {
  const [keys, members] = [table.texts("key"), table.json("values")]
  const [starts, ends, changes] = [table.wholeNumbers("start"), table.wholeNumbers("end"), table.wholeNumbers("changes")]
  const [revisions, filled, rows] = [table.wholeNumbers("revision"), table.wholeNumbers("isFilled"), table.wholeNumbers("rows")]
  table.end()
  return keys.map((key, i) => {
    const filling = fillingOf(key)
    const end = ends[i]!
    const values = valuesIn(members[i], names)
    const own = filled[i] === 1 ? null : { rows: rows[i]!, values }
    if (own === null && filling.last === null) throw new StateError(`the snapshot has a filled window of "${key}" without one before it`)
    if (end <= (filling.entries.at(-1)?.end ?? -Infinity)) throw new StateError(`the snapshot is damaged: the windows of "${key}"`)
    filling.entries.push({ start: starts[i]!, end, own, after: { end, rows: 0, values }, changes: changes[i]!, revision: revisions[i]! })
    return filling
  })
}
