/** What a process that tries mutants is told, and what it says. */
import type { Group } from "./Check.ts"
import type { Mutant } from "./Mutant.ts"

export interface CheckName {
  readonly group: Group
  readonly name: string
}

export interface Place {
  /** Path from the root of the project. */
  readonly file: string
  readonly start: number
}

/** Runs checks, in this order, until one fails. */
export interface Order {
  readonly asks: "attempt"
  /** `null` for the program as it is. */
  readonly mutant: Mutant | null
  readonly checks: ReadonlyArray<CheckName>
}

/** Asks how long each check of a group takes, and which of some places it comes by. */
export interface Survey {
  readonly asks: "survey"
  readonly group: Group
  readonly places: ReadonlyArray<Place>
}

export type Word =
  | { readonly says: "begins"; readonly check: CheckName }
  | { readonly says: "fails"; readonly check: CheckName | null; readonly why: string }
  | { readonly says: "passes" }
  | { readonly says: "surveyed"; readonly checks: ReadonlyArray<Surveyed> }

export interface Surveyed {
  readonly name: string
  readonly milliseconds: number
  /** Numbers of the places that it comes by. */
  readonly places: ReadonlyArray<number>
}
