/** What the results of a window without events are: see `Panes.fill`. */
import type { Decimal } from "../../domain/Decimal.ts"

/** The result that the last window with events has. */
export interface Previous {
  readonly fill: "previous"
}

/** Carries a result on: as the last window with events of the key has it, `null` where it has none. */
export const previous: Previous = { fill: "previous" }

/** A decimal may be written as a string, and is exact. */
type Constant<V> = V extends Decimal ? number | string : V extends bigint ? number : V

/** By result what it is: carried on, a constant of its kind, or `null`. Every result has to be named. */
export type Of<Values> = { readonly [Name in keyof Values]: Previous | Constant<Values[Name]> | null }

/** Nothing where all names are those of results, else what is wrong, which ends the compiler's complaint. */
export type Known<Values, Given> = string extends keyof Given ? unknown
  : [Exclude<keyof Given, keyof Values>] extends [never] ? unknown
  : `there is no result "${Exclude<keyof Given, keyof Values> & string}"`

/** The results behind it: `null` is among what they may be where it is given. */
export type Filled<Values, Given extends Of<Values>> = {
  readonly [Name in keyof Values]: null extends Given[Name] ? Values[Name] | null : Values[Name]
}
