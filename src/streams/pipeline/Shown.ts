/** How a pipeline would like to be shown to people. None of it changes what is computed, so it is in no fingerprint. */
import { DateTime, Option, Predicate } from "effect"
import * as Checked from "./Checked.ts"
import { among, CheckError } from "./check/CheckError.ts"
import { optionsOf, shown } from "./check/Declarations.ts"

export interface Shown {
  /** In the place of the pipeline's name. */
  readonly title?: string
  /** IANA name of the zone in which its times are shown: without it that of the exchange over `ticks` and `bars`, of the calendar of its windows, else UTC. */
  readonly timeZone?: string
  /** By the name of a value. */
  readonly values?: { readonly [name: string]: ShownValue | undefined }
}

export interface ShownValue {
  /** In the place of the value's name. */
  readonly title?: string
  /** Such as `USD` or `°C`. */
  readonly unit?: string
  /** So many decimals are shown, from 0 to 20. */
  readonly decimals?: number
  /** How it is drawn, `null` where it is not. Of `candle` there are four: `open`, `high`, `low` and `close`. */
  readonly plot?: Plot | null
}

export type Plot = typeof plots[number]

const plots = ["line", "bars", "candle"] as const

/** The names of all that a pane or a row of the pipeline has. */
const namesIn = (checked: Checked.Checked): ReadonlyArray<string> =>
  Checked.endsInResults(checked)
    ? Checked.valuesOf(checked).map(([name]) => name)
    // What does not end in results ends in events.
    : Checked.definitionOf((checked as Checked.Checked<Checked.Events>).end).columns.map(({ name }) => name)

const call = "Pipeline.shown"

/** Throws a {@link CheckError} where it names what the pipeline has not, and a `TypeError` where it is no such object at all. */
export const checkShown = (checked: Checked.Checked, given: Shown): Shown => {
  const refuse = (why: string): never => {
    throw new CheckError({ pipeline: checked.name, node: call, why })
  }
  const { timeZone, title, values = {} } = optionsOf(call, given, ["title", "timeZone", "values"])
  if (title !== undefined && typeof title !== "string") refuse(`a title is a text, and this is ${shown(title)}`)
  if (timeZone !== undefined && !isZone(timeZone)) refuse(`there is no time zone ${shown(timeZone)}; give one such as "America/New_York"`)
  if (!Predicate.isObject(values) || Array.isArray(values)) refuse(`its values are an object by their names, and these are ${shown(values)}`)
  const names = namesIn(checked)
  const what = Checked.endsInResults(checked) ? "result" : "field"
  for (const [name, value] of Object.entries(values)) {
    if (!names.includes(name)) refuse(`there is no ${what} "${name}": ${among(name, names)}`)
    const { decimals, plot, title, unit } = optionsOf(`${call}: "${name}"`, value ?? {}, ["title", "unit", "decimals", "plot"])
    for (const text of [title, unit]) if (text !== undefined && typeof text !== "string") refuse(`"${name}" has ${shown(text)} for a text`)
    if (decimals !== undefined && !(Number.isInteger(decimals) && decimals >= 0 && decimals <= 20)) {
      refuse(`"${name}" has ${shown(decimals)} decimals; give a whole number from 0 to 20`)
    }
    if (plot !== undefined && plot !== null && !plots.includes(plot)) refuse(`"${name}" is drawn as ${shown(plot)}: ${among(plot, plots)}`)
  }
  return given
}

const isZone = (name: unknown): boolean => typeof name === "string" && Option.isSome(DateTime.zoneMakeNamed(name))
