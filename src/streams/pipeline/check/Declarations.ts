/**
 * What the calls of a declaration are given. In a file without types it may be anything: a member that no call knows would
 * be ignored, and a value of another kind would end somewhere inside. Throws a `TypeError` that names the call and the part.
 */
import { Duration, Option, Predicate } from "effect"
import { among } from "./CheckError.ts"
import { isTagOfResults } from "./Results.ts"

/** A value in a message: what is short as it was written, everything else by its kind. */
export const shown = (value: unknown): string => {
  if (typeof value === "string") return JSON.stringify(value)
  if (typeof value === "function") return "a function"
  if (Array.isArray(value)) return "a list"
  if (Predicate.isPromiseLike(value)) return "a promise"
  return Predicate.isObject(value) ? "an object" : String(value)
}

/** Options that a call cannot do without. */
export const optionsOf = <Options extends object>(call: string, options: Options, known: ReadonlyArray<keyof Options & string>): Options => {
  // By its type it is an object, which nobody has checked.
  const given: unknown = options
  if (!Predicate.isObject(given)) throw new TypeError(`${call} takes an object with ${known.join(", ")}, and is given ${shown(given)}`)
  const names: ReadonlyArray<string> = known
  const unknown = Object.keys(given).find((name) => !names.includes(name))
  if (unknown !== undefined) throw new TypeError(`${call} knows no "${unknown}": ${among(unknown, names)}`)
  return options
}

/** Options that may be left out, all of them. */
export const optional = <Options extends object>(
  call: string,
  options: Options | undefined,
  known: ReadonlyArray<keyof Options & string>
): Options | undefined => options === undefined ? undefined : optionsOf(call, options, known)

/** A call that has nothing but its own arguments: options of another one's would be ignored. */
export const nothingElse = (call: string, rest: ReadonlyArray<unknown>): void => {
  if (rest.length > 0) throw new TypeError(`${call} takes no options, and is given ${shown(rest[0])}`)
}

const units: ReadonlyArray<string> = ["weeks", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds", "nanoseconds"]

/** Whole or not, below 0 or not: that is for `Check` to say, who knows what the length is for. */
export const millisOf = (call: string, part: string, length: Duration.Input): number => {
  const given: unknown = length
  const isUnits = Predicate.isObject(given) && !Duration.isDuration(given)
  if (isUnits) {
    const unknown = Object.keys(given).find((name) => !units.includes(name))
    if (unknown !== undefined) throw new TypeError(`${call}: its ${part} knows no "${unknown}": ${among(unknown, units)}`)
  }
  // What is no number counts for nothing where an object or a pair of numbers is read.
  const parts: ReadonlyArray<unknown> = isUnits ? Object.values(given) : Array.isArray(given) ? given : [given]
  const hasNumbers = parts.every((each) => each !== undefined && !Number.isNaN(each)) &&
    (!isUnits || (parts.length > 0 && parts.every(Predicate.isNumber)))
  const read = hasNumbers ? Duration.fromInput(length) : Option.none()
  if (Option.isSome(read)) return Duration.toMillis(read.value)
  throw new TypeError(`${call}: its ${part} is ${shown(given)}, which is no length of time: give milliseconds, or a text such as "5 minutes"`)
}

/** What is done to rows stands behind their source, and before windows. */
export const needsEvents = (call: string, self: unknown): void => {
  const plan: unknown = Predicate.isObject(self) ? self["plan"] : undefined
  const tag: unknown = Predicate.isObject(plan) ? plan["_tag"] : undefined
  if (tag !== undefined && !isTagOfResults(tag)) return
  const given = tag !== undefined ? "windows; put it before them, or behind Panes.toEvents"
    : Predicate.isObject(self) && "window" in self ? "windows; put it before them" : shown(self)
  throw new TypeError(`${call} needs a source, as Source.make gives it, and is given ${given}`)
}

/** What runs is a pipeline with a name, which says that it has been checked. */
export const needsNamed = (call: string, given: unknown): void => {
  if (Predicate.isObject(given) && "checked" in given) return
  throw new TypeError(`${call} needs a pipeline, and is given ${isUnnamed(given) ? unnamed : shown(given)}`)
}

const unnamed = "one without a name; put Pipeline.named(\"…\") behind it"

/** What was declared here, and is not named yet. */
export const isUnnamed = (given: unknown): boolean =>
  Predicate.isObject(given) && !("checked" in given) && "pipe" in given && ("plan" in given || "window" in given)

/** Functions of rows are called one row after another, and nobody waits for what they promise or steps through what they yield. */
export const isAsync = (call: unknown): boolean =>
  typeof call === "function" && /^\[object (?:Async|Generator)/.test(Object.prototype.toString.call(call))
