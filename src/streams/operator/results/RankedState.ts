/** How the keys of windows that are ranked are kept in a snapshot: a row each, under its window. */
import type { Pane } from "../../pipeline/Pane.ts"
import { StateError, type StateReader, type StateWriter } from "../State.ts"
import { membersOf, valuesIn } from "./StoredValues.ts"
import type { InGroup, Ranked } from "./TopOperator.ts"

export type Saved = Pick<Ranked, "byOthers" | "end" | "isLeftOut" | "isTold" | "key" | "pane" | "start">

export const save = (all: ReadonlyArray<Saved>, state: StateWriter): void => {
  const table = state.table("ranked", all.length)
  const numbers = (name: string, of: (ranked: Saved) => number) => table.numbers(name, Float64Array.from(all, of))
  table.strings("key", all.map(({ key }) => key))
  numbers("start", ({ start }) => start)
  numbers("end", ({ end }) => end)
  numbers("changes", ({ pane }) => pane?.changes ?? 0)
  numbers("isKnown", ({ pane }) => Number(pane !== null))
  numbers("isLeftOut", ({ isLeftOut }) => Number(isLeftOut))
  numbers("isTold", ({ isTold }) => Number(isTold))
  numbers("byOthers", ({ byOthers }) => byOthers)
  // Those of a key that is left out are never told.
  table.json("values", all.map(({ isLeftOut, pane }) => membersOf(isLeftOut ? {} : pane?.values ?? {})))
}

export const read = (pipeline: string, names: ReadonlyArray<string>, state: StateReader): ReadonlyArray<Saved> =>
  Array.from(state.tables("ranked"), (table) => {
    const keys = table.texts("key")
    const [start, end, changes] = [table.wholeNumbers("start"), table.wholeNumbers("end"), table.wholeNumbers("changes")]
    const [known, leftOut, told] = [table.wholeNumbers("isKnown"), table.wholeNumbers("isLeftOut"), table.wholeNumbers("isTold")]
    const others = table.wholeNumbers("byOthers")
    const members = table.json("values")
    table.end()
    return keys.map((key, i): Saved => {
      const bounds = { key, start: start[i]!, end: end[i]! }
      const values = valuesIn(members[i], names)
      const pane: Pane = { pipeline, ...bounds, pane: "on-time", revision: 0, changes: changes[i]!, values }
      return { ...bounds, pane: known[i] === 1 ? pane : null, isLeftOut: leftOut[i] === 1, isTold: told[i] === 1, byOthers: others[i]! }
    })
  }).flat()

/** How far a node has come, and the groups of windows that it has still to tell once more. */
interface Progress {
  readonly now: number
  readonly revised: ReadonlyArray<InGroup>
}

export const saveProgress = ({ now, revised }: Progress, state: StateWriter): void => {
  state.table("progress", 1).numbers("now", Float64Array.of(now))
  const table = state.table("revised", revised.length)
  table.strings("group", revised.map(({ group }) => group))
  for (const name of ["start", "end"] as const) table.numbers(name, Float64Array.from(revised, (bounds) => bounds[name]))
}

export const readProgress = (state: StateReader): Progress => {
  const progress = state.table("progress")
  const [now] = progress.numbers("now")
  progress.end()
  if (now === undefined || !(Number.isSafeInteger(now) || now === -Infinity)) throw new StateError("the progress of ranked results is damaged")
  const revised = Array.from(state.tables("revised"), (table) => {
    const [groups, starts, ends] = [table.texts("group"), table.wholeNumbers("start"), table.wholeNumbers("end")]
    table.end()
    return groups.map((group, i) => ({ group, start: starts[i]!, end: ends[i]! }))
  }).flat()
  return { now, revised }
}
