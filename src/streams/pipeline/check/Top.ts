/** The first of a window: that windows of all keys close together, and are ranked by a number that there is. */
import * as Checked from "../Checked.ts"
import type * as Plan from "../Plan.ts"
import { among, refuse } from "./CheckError.ts"
import { shown } from "./Declarations.ts"
import { longestOf, shortestAdvanceOf } from "./Windows.ts"

const node = "Panes.top"

/** All of them are told once more with every revision. */
const mostRanks = 10_000

export const checkTop = ({ by, n, order }: Plan.Top, input: Checked.Results): void => {
  const { trigger, window } = Checked.windowOf({ end: input })
  const types = new Map(Checked.valuesOf({ end: input }))
  if (!(Number.isInteger(n) && n >= 1 && n <= mostRanks)) refuse(node, `it takes the first of a window, from 1 to ${mostRanks} of them, and is given ${shown(n)}`)
  const type = types.get(by)
  if (type === undefined) return refuse(node, `there is no result "${String(by)}": ${among(by, [...types.keys()])}`)
  if (type.kind === "string" || type.kind === "boolean") refuse(node, `it ranks by a number, and "${by}" is a ${type.kind}`)
  if (order !== "ascending" && order !== "descending") refuse(node, `its order is "descending" or "ascending", and not ${shown(order)}`)
  if (types.has(Checked.rank)) refuse(node, `it adds the result "${Checked.rank}", and there is another of this name; call that one something else`)
  if (window.kind === "session" || window.kind === "count") {
    const what = window.kind === "session" ? "sessions" : "windows of so many rows"
    refuse(node, `each key has ${what} of its own, which cannot be ranked together; use windows that are the same for all keys`)
  }
  if (trigger.on === "update") refuse(node, "a rank is among all keys of a window that has closed; leave Pipeline.emitOnUpdate out")
  checkBehindTop(node, "another", input)
}

/** Where in the key the fields stand that are the same of keys which are ranked together, in its order. */
export const partsOf = ({ per }: Plan.Top, input: Checked.Results): ReadonlyArray<number> => {
  const { key } = Checked.definitionOf(Checked.windowOf({ end: input }).input)
  for (const field of per) {
    if (key.includes(field)) continue
    if (key.length === 0) return refuse(node, `it ranks per "${String(field)}", and all rows are of one key; put Events.keyBy before the windows`)
    return refuse(node, `it ranks per field of the key, and "${String(field)}" is none: ${among(field, key)}`)
  }
  if (new Set(per).size < per.length) refuse(node, "it names a field of the key twice")
  if (per.length > 0 && per.length === key.length) refuse(node, "it ranks per whole key, of which a window has one result alone; leave a field out")
  return key.flatMap((field, place) => per.includes(field) ? [place] : [])
}

/** What is not among the first any more counts for nothing behind it, and has changes that nobody is told. */
export const checkBehindTop = (call: string, what: string, input: Checked.Results): void => {
  if (!Checked.resultStepsOf({ end: input }).some(({ _tag }) => _tag === "top")) return
  refuse(call, `${what} cannot stand behind Panes.top, which leaves keys out of one window and not of the next; put it before`)
}

/** Of each key the results of the windows that may still change. */
export const topBoundOf = (input: Checked.Results): Checked.StateBound => {
  const { allowedLateness, window } = Checked.windowOf({ end: input })
  const advance = shortestAdvanceOf(window)
  return {
    entriesPerKey: advance === null ? null : Math.ceil(allowedLateness / advance) + 1,
    milliseconds: allowedLateness + longestOf(window),
    bytesPerEntry: 120 + 24 * Checked.valuesOf({ end: input }).length
  }
}
