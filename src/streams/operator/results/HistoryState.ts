/** How histories are kept in a snapshot: what is final a row a key, what may still change, or is looked back at, a row a window. */
import { Schema } from "effect"
import type { Options } from "../PagedList.ts"
import { StateError, type StateReader, type StateWriter, type TableReader } from "../State.ts"
import { compareText } from "../windowed/KeyOrder.ts"
import type { Entry, Finals, History } from "./History.ts"
import { Point } from "./indicators/Point.ts"
import * as NumberColumn from "./NumberColumn.ts"
import type { Series } from "./Series.ts"
import { membersOf, valuesIn } from "./StoredValues.ts"

/** A history as it is written. */
export interface Saved {
  readonly key: string
  readonly finals: Finals
  readonly entries: ReadonlyArray<Entry>
}

export const pages = (series: ReadonlyArray<Series>): Options<History, Saved> => ({
  saved: ({ entries, finals, key }) => ({ key, finals, entries: entries.map((entry) => ({ ...entry })) }),
  order: (a, b) => compareText(a.key, b.key),
  write: (histories, state) => save(histories, series, state)
})

const save = (histories: ReadonlyArray<Saved>, series: ReadonlyArray<Series>, state: StateWriter): void => {
  const settled = histories.filter(({ finals }) => finals.end !== -Infinity)
  const table = state.table("finals", settled.length)
  table.strings("key", settled.map(({ key }) => key))
  table.numbers("end", Float64Array.from(settled, ({ finals }) => finals.end))
  table.numbers("rows", Float64Array.from(settled, ({ finals }) => finals.rows))
  for (const [place, { id, ofState }] of series.entries()) {
    for (const [index, { computed, name }] of ofState.entries()) {
      const part = table.part(name)
      for (const at of computed.fresh.keys()) {
        part.numbers(String(at), Float64Array.from(settled, ({ finals }) => finals.series[place]!.states[index]![at]!))
      }
    }
    savePoints(settled.flatMap(({ finals, key }) => finals.series[place]!.points.map((point) => ({ key, point }))), series[place]!, id, state)
  }
  saveEntries(histories.flatMap(({ entries }) => entries), state)
}

const savePoints = (points: ReadonlyArray<{ readonly key: string; readonly point: Point }>, { inputs }: Series, id: string, state: StateWriter): void => {
  const table = state.table(tableOf(id), points.length)
  table.strings("key", points.map(({ key }) => key))
  table.numbers("end", Float64Array.from(points, ({ point }) => point.end))
  for (const index of inputs.keys()) NumberColumn.save(points.map(({ point }) => point.values[index]!), table.part(String(index)))
}

const tableOf = (id: string): string => `windows of ${id}`

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
  table.strings("kind", entries.map(({ isLeftOut, pane }) => isLeftOut ? "left-out" : pane.pane))
  // Those of a window that is left out are never told.
  table.json("values", entries.map(({ isLeftOut, pane }) => membersOf(isLeftOut ? {} : pane.values)))
}

export interface Restoring {
  readonly pipeline: string
  readonly series: ReadonlyArray<Series>
  /** Of all values of a pane, in the order in which it has them. */
  readonly all: ReadonlyArray<string>
  readonly historyOf: (key: string) => History
}

export const restore = (restoring: Restoring, state: StateReader): void => {
  const points = restoring.series.map((series) => readPoints(series, state))
  for (const table of state.tables("finals")) restoreFinals(restoring, points, table)
  if (points.some(({ size }) => size > 0)) throw new StateError("the snapshot has final windows of keys that have none")
  for (const table of state.tables("windows")) restoreEntries(restoring, table)
}

/** By key. */
type Points = Map<string, Array<Point>>

const readPoints = ({ id, inputs, lookback }: Series, state: StateReader): Points => {
  const byKey: Points = new Map()
  for (const table of state.tables(tableOf(id))) {
    const [keys, ends] = [table.texts("key"), table.wholeNumbers("end")]
    const columns = inputs.map((_, index) => NumberColumn.read(table.part(String(index))))
    table.end()
    keys.forEach((key, row) => {
      const points = byKey.get(key) ?? []
      const isInOrder = points.length < lookback && (points.at(-1)?.end ?? -Infinity) <= ends[row]!
      if (!isInOrder) throw new StateError(`the snapshot is damaged: the final windows of "${key}"`)
      points.push(new Point(ends[row]!, columns.map((column) => column[row]!)))
      byKey.set(key, points)
    })
  }
  return byKey
}

const restoreFinals = ({ historyOf, series }: Restoring, points: ReadonlyArray<Points>, table: TableReader): void => {
  const [keys, ends, rows] = [table.texts("key"), table.wholeNumbers("end"), table.wholeNumbers("rows")]
  const states = series.map(({ ofState }) => ofState.map(({ computed, name }) => {
    const part = table.part(name)
    const columns = computed.fresh.map((_, at) => part.numbers(String(at)))
    part.end()
    return columns
  }))
  table.end()
  keys.forEach((key, row) => {
    const kept = states.map((columns, place) => {
      const own = points[place]!.get(key) ?? []
      points[place]!.delete(key)
      return { end: own.at(-1)?.end ?? -Infinity, points: own, states: columns.map((numbers) => numbers.map((column) => column[row]!)) }
    })
    historyOf(key).resume({ end: ends[row]!, rows: rows[row]!, series: kept })
  })
}

const restoreEntries = ({ all, historyOf, pipeline }: Restoring, table: TableReader): void => {
  const keys = table.texts("key")
  const numbers = (name: string) => table.wholeNumbers(name)
  const [start, end, revision, changes] = [numbers("start"), numbers("end"), numbers("revision"), numbers("changes")]
  const [rows, again, kinds, members] = [numbers("rows"), numbers("again"), table.texts("kind"), table.json("values")]
  table.end()
  keys.forEach((key, i) => {
    const history = historyOf(key)
    const values = valuesIn(members[i], all)
    const kind = decodeKind(kinds[i])
    const isLeftOut = kind === "left-out"
    const pane = {
      pipeline,
      key,
      start: start[i]!,
      end: end[i]!,
      pane: isLeftOut ? "late" as const : kind,
      revision: revision[i]!,
      changes: changes[i]!,
      values
    }
    history.entries.push({ pane, rows: rows[i]!, again: again[i]!, isLeftOut, points: history.pointsOf(values, pane, isLeftOut) })
  })
}

const decodeKind = Schema.decodeUnknownSync(Schema.Literals(["on-time", "late", "left-out"]))
