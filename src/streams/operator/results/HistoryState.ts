/** How histories are kept in a snapshot: what is final a row a key, what may still change a row a window. */
import { BigDecimal, Schema } from "effect"
import type { Decimal } from "../../../domain/Decimal.ts"
import type { Pane } from "../../pipeline/Pane.ts"
import type { Options } from "../PagedList.ts"
import type { StateReader, StateWriter, TableReader } from "../State.ts"
import { compareText } from "../windowed/KeyOrder.ts"
import type { Entry, Finals, Former, History } from "./History.ts"

/** A history as it is written. */
export interface Saved {
  readonly key: string
  readonly finals: Finals
  readonly entries: ReadonlyArray<Entry>
}

/** `names` are those of what is derived, in the order of the histories' values. */
export const pages = (names: ReadonlyArray<string>): Options<History, Saved> => ({
  saved: ({ entries, finals, key }) => ({ key, finals, entries: entries.map((entry) => ({ ...entry })) }),
  order: (a, b) => compareText(a.key, b.key),
  write: (histories, state) => save(histories, names, state)
})

const save = (histories: ReadonlyArray<Saved>, names: ReadonlyArray<string>, state: StateWriter): void => {
  const finals = histories.filter(({ finals }) => finals.end !== -Infinity).map(({ finals, key }) => ({ key, ...finals }))
  const table = state.table("finals", finals.length)
  table.strings("key", finals.map(({ key }) => key))
  table.numbers("end", Float64Array.from(finals, ({ end }) => end))
  table.numbers("rows", Float64Array.from(finals, ({ rows }) => rows))
  for (const [index, name] of names.entries()) {
    const part = table.part(name)
    const formers = finals.map(({ values }) => values[index] ?? null)
    part.numbers("end", Float64Array.from(formers, (former) => former?.end ?? NaN))
    part.strings("value", formers.map((former) => former === null ? null : written(former.value)))
  }
  saveEntries(histories.flatMap(({ entries }) => entries), state)
}

const saveEntries = (entries: ReadonlyArray<Entry>, state: StateWriter): void => {
  const table = state.table("windows", entries.length)
  const numbers = (name: string, of: (entry: Entry) => number) => table.numbers(name, Float64Array.from(entries, of))
  table.strings("key", entries.map(({ pane }) => pane.key))
  numbers("start", ({ pane }) => pane.start)
  numbers("end", ({ pane }) => pane.end)
  numbers("revision", ({ pane }) => pane.revision)
  numbers("changes", ({ pane }) => pane.changes)
  numbers("rows", ({ rows }) => rows)
  numbers("again", ({ again }) => again)
  table.strings("kind", entries.map(({ pane }) => pane.pane))
  table.json("values", entries.map(({ pane }) => membersOf(pane)))
}

/** Sorted by name; a decimal or a large integer stands in an array of its own, since a string is a value too. */
const membersOf = ({ values }: Pane): Schema.Json =>
  Object.entries(values)
    .sort(([a], [b]) => compareText(a, b))
    .map(([name, value]) => [name, BigDecimal.isBigDecimal(value) ? [written(value)] : typeof value === "bigint" ? [String(value)] : value])

export interface Restoring {
  readonly pipeline: string
  /** Of what is derived. */
  readonly names: ReadonlyArray<string>
  /** Of all values of a pane, in the order in which it has them. */
  readonly all: ReadonlyArray<string>
  readonly historyOf: (key: string) => History
}

export const restore = (restoring: Restoring, state: StateReader): void => {
  for (const table of state.tables("finals")) restoreFinals(restoring, table)
  for (const table of state.tables("windows")) restoreEntries(restoring, table)
}

const restoreFinals = ({ historyOf, names }: Restoring, table: TableReader): void => {
  const [keys, ends, rows] = [table.texts("key"), table.wholeNumbers("end"), table.wholeNumbers("rows")]
  const values = names.map((name) => {
    const part = table.part(name)
    const [formerEnds, texts] = [part.numbers("end"), part.strings("value")]
    part.end()
    return texts.map((text, i): Former | null => text === null ? null : { end: formerEnds[i]!, value: read(text) })
  })
  table.end()
  keys.forEach((key, i) => historyOf(key).resume({ end: ends[i]!, rows: rows[i]!, values: values.map((column) => column[i] ?? null) }))
}

const restoreEntries = ({ all, historyOf, pipeline }: Restoring, table: TableReader): void => {
  const keys = table.texts("key")
  const numbers = (name: string) => table.wholeNumbers(name)
  const [start, end, revision, changes] = [numbers("start"), numbers("end"), numbers("revision"), numbers("changes")]
  const [rows, again, kinds, members] = [numbers("rows"), numbers("again"), table.texts("kind"), table.json("values")]
  table.end()
  keys.forEach((key, i) => {
    const history = historyOf(key)
    const found = new Map(decodeMembers(members[i]).map(([name, value]) =>
      [name, typeof value === "object" && value !== null ? readNumber(value[0]) : value]))
    const values = Object.fromEntries(all.map((name) => [name, found.get(name) ?? null]))
    const pane = {
      pipeline,
      key,
      start: start[i]!,
      end: end[i]!,
      pane: decodeKind(kinds[i]),
      revision: revision[i]!,
      changes: changes[i]!,
      values
    }
    history.entries.push({ pane, rows: rows[i]!, again: again[i]!, inputs: history.inputsOf(values) })
  })
}

const decodeKind = Schema.decodeUnknownSync(Schema.Literals(["on-time", "late"]))

const decodeMembers = Schema.decodeUnknownSync(Schema.Array(Schema.Tuple([
  Schema.String,
  Schema.Union([Schema.Finite, Schema.String, Schema.Boolean, Schema.Null, Schema.Tuple([Schema.String])])
])))

/** A decimal to the digit: its integer and its scale. */
const written = ({ scale, value }: Decimal): string => `${value}e${scale}`

/** A decimal has its scale behind an `e`, a large integer has none. */
const readNumber = (text: string): Decimal | bigint => text.includes("e") ? read(text) : BigInt(text)

const read = (text: string): Decimal => {
  const [value = "0", scale = "0"] = text.split("e")
  return BigDecimal.make(BigInt(value), Number(scale))
}
