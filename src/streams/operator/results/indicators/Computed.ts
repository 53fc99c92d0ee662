/** The ways in which a value is computed from the windows of a key. */
import type { Value } from "../../../pipeline/Pane.ts"
import { finiteOrNull } from "../../aggregates/Totals.ts"
import type { Point } from "./Point.ts"

export type Computed = OfWindows | OfState | OfFormer

/** Computed anew from the last windows each time: nothing is slid, so nothing drifts. */
export interface OfWindows {
  readonly kind: "windows"
  /** How many there have to be. */
  readonly length: number
  /** Of exactly so many, the oldest first. */
  readonly of: (points: ReadonlyArray<Point>) => Value
}

/** Numbers that a window makes of those that the one before has left, however many came before that. */
export type State = ReadonlyArray<number>

export interface OfState {
  readonly kind: "state"
  /** Before the first window. */
  readonly fresh: State
  readonly next: (state: State, values: ReadonlyArray<number>) => State
  readonly of: (state: State) => number | null
}

/** Looks at the window before alone, whatever this one has. */
export interface OfFormer {
  readonly kind: "former"
  readonly of: (former: Point) => Value
}

export const ofDoubles = (length: number, of: (values: ReadonlyArray<number>) => number): OfWindows => ({
  kind: "windows",
  length,
  of: (points) => of(points.map(({ doubles }) => doubles[0]!))
})

/** What is beyond the doubles, or is none, is not there. */
export const finite = (value: Value): Value => typeof value === "number" ? finiteOrNull(value) : value
