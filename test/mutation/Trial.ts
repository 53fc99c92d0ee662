/** What a process that tries a mutant is told, and what it tells. */
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

export interface Order {
  /** `null` for the program as it is. */
  readonly mutant: Mutant | null
  /** In this order. */
  readonly checks: ReadonlyArray<CheckName>
}

/** Asks for what is known of the checks of a group before any mutant is tried. */
export interface Survey {
  readonly group: Group
  /** The places of which is asked which checks come by. */
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
