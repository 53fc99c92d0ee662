/** A program that does the same work: what it is, and how it is had. */
import type { Effect } from "effect"
import type { ServiceProblem } from "../../services/tool/Problem.ts"

export interface Contender {
  readonly name: string
  readonly version: string
  /** It takes events as they come, has all of them at once, or was written by hand for this work alone. */
  readonly kind: "stream" | "batch" | "by hand"
  /** How often it does the work in one run, where once would be too short to be measured. */
  readonly times?: number
  /** Fetches and builds it, once; a problem is the reason why it is left out. */
  readonly prepare: Effect.Effect<Program, ServiceProblem>
}

/** Its command line with what the work tells it, such as a file of ticks; it prints its results. */
export type Program = (...told: ReadonlyArray<string>) => readonly [string, ...ReadonlyArray<string>]
