/** Windows without events: that each result is something in them, and that there are not too many. */
import { BigDecimal, Predicate } from "effect"
import * as Decimal from "../../../domain/Decimal.ts"
import * as Checked from "../Checked.ts"
import type { Value } from "../Pane.ts"
import type * as Plan from "../Plan.ts"
import { among, refuse } from "./CheckError.ts"
import { shown } from "./Declarations.ts"
import { checkKnown } from "./Trading.ts"
import { duration, longestOf, shortestAdvanceOf } from "./Windows.ts"

const node = "Panes.fill"

/** One watermark may pass all of them. */
const mostWindows = 10_000

export const fillOf = (plan: Plan.Fill, input: Checked.Results): Pick<Checked.Fill, "state" | "values" | "within"> => {
  checkBehind(input)
  const windows = Checked.windowOf({ end: input })
  checkKnown(node, windows)
  const { allowedLateness, window } = windows
  const advance = shortestAdvanceOf(window)
  if (advance === null) return refuse(node, `${window.kind === "count" ? "windows that count rows" : "sessions"} leave no window between them that could be filled; use windows that follow on one another`)
  const within = duration(`${node}, within`, plan.within)
  if (within < advance) refuse(`${node}, within`, `no window ends so soon after another: ${within} ms, where windows end ${advance} ms apart`)
  if (within / advance > mostWindows) {
    refuse(`${node}, within`, `these are more than ${mostWindows} windows behind one: ${within} ms, where windows end ${advance} ms apart; fill for a shorter time`)
  }
  const values = valuesOf(plan, new Map(Checked.valuesOf({ end: input })))
  const state = {
    // What may still change, and the last of what may not.
    entriesPerKey: Math.ceil(allowedLateness / advance) + 2,
    milliseconds: within + allowedLateness + longestOf(window),
    bytesPerEntry: 80 + 24 * values.length
  }
  return { values, within, state }
}

const checkBehind = (input: Checked.Results): void => {
  if (Checked.windowOf({ end: input }).cancels !== null) {
    refuse(node, "a window whose rows have all been taken back (Events.cancels) would be one without events again; leave one of the two out")
  }
  const before = Checked.resultStepsOf({ end: input }).find(({ _tag }) => _tag !== "compute")
  if (before === undefined) return
  const calls = { derive: "an indicator (Panes.derive)", "where-panes": "Panes.where", top: "Panes.top", fill: "another Panes.fill", compute: "" }
  refuse(node, `it fills the windows in which nothing happened, and cannot stand behind ${calls[before._tag]}; ${before._tag === "fill" ? "leave one of them out" : "put it before"}`)
}

/** An early pane comes before the windows that are filled in front of it, and would be as new as the one that knows them. */
export const checkBehindFill = (input: Checked.Results): void => {
  if (Checked.windowOf({ end: input }).trigger.on === "close" || !Checked.resultStepsOf({ end: input }).some(({ _tag }) => _tag === "fill")) return
  refuse("Panes.derive", "an indicator behind Panes.fill is computed from windows that are filled when they close, and cannot be told early; leave Pipeline.emitOnUpdate out")
}

const valuesOf = (plan: Plan.Fill, results: ReadonlyMap<string, Checked.ValueType>): ReadonlyArray<Checked.Filled> => {
  const unknown = Object.keys(plan.values).find((name) => !results.has(name))
  if (unknown !== undefined) refuse(node, `there is no result "${unknown}": ${among(unknown, [...results.keys()])}`)
  return Array.from(results, ([name, type]): Checked.Filled => {
    if (!Object.hasOwn(plan.values, name)) refuse(node, `it does not say what "${name}" is in a window without events; give Fill.previous, a constant or null`)
    const given = plan.values[name] ?? null
    if (Predicate.isObject(given) && given.fill === "previous") return { name, from: "previous" }
    return { name, from: "constant", value: given === null ? null : constantOf(name, type, given) }
  })
}

const constantOf = (name: string, type: Checked.ValueType, given: unknown): Value => {
  switch (type.kind) {
    case "decimal": {
      const text = typeof given === "number" || typeof given === "string" ? String(given) : ""
      const isOne = Decimal.fits(text, { scale: type.scale, limit: Math.floor(10 ** (mostDigits - type.scale)) })
      return isOne ? BigDecimal.scale(BigDecimal.fromStringUnsafe(text), type.scale) : refused(name, `a decimal of scale ${type.scale}`, given)
    }
    case "int":
      return Number.isSafeInteger(given) ? Number(given) + 0 : refused(name, "a whole number", given)
    case "double":
      return Number.isFinite(given) ? Number(given) + 0 : refused(name, "a number", given)
    case "string":
      return typeof given === "string" ? given : refused(name, "a string", given)
    case "boolean":
      return typeof given === "boolean" ? given : refused(name, "true or false", given)
    case "any":
      // What a function gives is one of these.
      if (typeof given === "string" || typeof given === "boolean") return given
      return Number.isFinite(given) ? Number(given) + 0 : refused(name, "a string, a number or a boolean", given)
  }
}

/** One fewer than a decimal may have, so that what is a power of 10 is among them. */
const mostDigits = 37

const refused = (name: string, what: string, given: unknown): never =>
  refuse(node, `"${name}" is ${what} in other windows, and is given ${shown(given)}; give one, Fill.previous or null`)
