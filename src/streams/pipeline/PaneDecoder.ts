/**
 * Panes back out of their written form. There a decimal is a text, as a text is: which of the two it was, the pipeline
 * knows, whose results have the types of their fields. So a sink gets the same values as from the engine itself.
 */
import { BigDecimal, Option, Schema } from "effect"
import { longestOf } from "./check/Trading.ts"
import * as Checked from "./Checked.ts"
import * as Pane from "./Pane.ts"
import { type Any as AnyPipeline, isOfPanes } from "./Pipeline.ts"
import type { Window } from "./Window.ts"

/** Why a record is not taken for a pane of the pipelines. */
export type Refusal =
  | "no-pane"
  | "other-pipeline"
  /** Its windows or its results are not the pipeline's: it was written by a former one of this name. */
  | "former-pipeline"

/** Panes of these pipelines from lines as `Pane.toJson` writes them. */
export const make = (pipelines: ReadonlyArray<AnyPipeline>): (line: Uint8Array) => Pane.Pane | Refusal => {
  const known = new Map(pipelines.filter(isOfPanes).map(({ checked, name }) => [name, { isWindow: windowsOf(Checked.windowOf(checked).window), types: typesOf(checked) }]))
  return (line) => {
    const encoded = Option.getOrNull(decode(text.decode(line)))
    if (encoded === null) return "no-pane"
    const pipeline = known.get(encoded.pipeline)
    if (pipeline === undefined) return "other-pipeline"
    const values = valuesOf(pipeline.types, encoded)
    return values === null || !pipeline.isWindow(encoded.end - encoded.start) ? "former-pipeline" : { ...encoded, values }
  }
}

const text = new TextDecoder()

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Pane.Encoded))

/** `any` is what a user's own function gives: its texts stay texts. */
type Type = "decimal" | "int" | "number" | "string" | "boolean" | "any"

/** The results of a pipeline in the order in which the engine gives them. */
const typesOf = (checked: Checked.Checked<Checked.Results>): ReadonlyMap<string, Type> =>
  new Map(Checked.valuesOf(checked).map(([name, { kind }]) => [name, kind === "double" ? "number" : kind]))

/** `null` where they are not the results of the pipeline. A retracted window has no values that count. */
const valuesOf = (types: ReadonlyMap<string, Type>, { pane, values }: Pane.Encoded): Pane.Values | null => {
  const names = Object.keys(values)
  if (pane === "retracted" && names.length === 0) return values
  if (names.length !== types.size) return null
  const decoded: { [name: string]: Pane.Value } = {}
  for (const [name, type] of types) {
    const value = Object.hasOwn(values, name) ? valueOf(type, values[name]) : undefined
    if (value === undefined) return null
    decoded[name] = value
  }
  return decoded
}

const plainInteger = /^-?\d+$/
const plainDecimal = /^-?\d+(?:\.\d+)?$/

/** Undefined where it is of another type. */
const valueOf = (type: Type, value: Pane.Encoded["values"][string] | undefined): Pane.Value | undefined => {
  if (value === null || type === "any") return value
  if (type === "int") return typeof value === "number" ? value : largeInteger(value)
  if (type !== "decimal") return typeof value === type ? value : undefined
  return typeof value === "string" && plainDecimal.test(value) ? BigDecimal.fromStringUnsafe(value) : undefined
}

/** Only what is no safe integer is written as a string. */
const largeInteger = (value: string | boolean | undefined): bigint | undefined => {
  if (typeof value !== "string" || !plainInteger.test(value)) return undefined
  const integer = BigInt(value)
  return Number.isSafeInteger(Number(integer)) ? undefined : integer
}

/** Whether windows of this kind may have these bounds, as far as their length says it. */
const windowsOf = (window: Window): (length: number) => boolean => {
  switch (window.kind) {
    case "tumbling":
    case "hopping":
      return (length) => length === window.size
    case "cumulative":
      return (length) => length % window.step === 0 && length <= window.size
    case "session":
      return (length) => length >= window.gap
    case "count":
      return (length) => length > 0 && length <= window.within
    case "calendar":
      return (length) => length > 0
    case "trading": {
      const longest = longestOf(window)
      return (length) => length > 0 && length <= longest
    }
  }
}
