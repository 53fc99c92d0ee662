/**
 * What the laws of engines have in common. A law is a plain function that throws where an
 * engine breaks it, so that a suite can make tests of the laws and a broken engine can be
 * shown to break one.
 */
import * as fc from "fast-check"
import type { MakeEngine } from "./Harness.ts"

/** Throws where the engine breaks the law: the message has the smallest counterexample and the seed that repeats it. */
export type EngineLaw = (make: MakeEngine, effort?: Partial<Effort>) => void

export type EngineLaws = { readonly [statement: string]: EngineLaw }

export interface Effort {
  /** How many times as many samples as usual. */
  readonly times: number
  /** Repeats a run: the seed that a failure printed. */
  readonly seed: number | undefined
  /** Only this one of the samples, as a failure counts them: `after 37 tests`. All of them, where it is undefined. */
  readonly sample: number | undefined
  /** Looks for the smallest counterexample, rather than stopping at the first. */
  readonly shrink: boolean
}

/** `COURANT_RUNS=10` takes ten times as many samples; `COURANT_SEED=…` repeats a failed run. */
export const usual: Effort = {
  times: Number(process.env["COURANT_RUNS"] ?? 1),
  seed: process.env["COURANT_SEED"] === undefined ? undefined : Number(process.env["COURANT_SEED"]),
  sample: undefined,
  shrink: true
}

/** What fast-check is told of an effort, for a law of so many samples. */
export const parametersOf = (runs: number, effort: Partial<Effort> | undefined): Pick<fc.Parameters, "endOnFailure" | "numRuns" | "path" | "seed"> => {
  const { sample, seed, shrink, times } = { ...usual, ...effort }
  return {
    ...(sample === undefined ? { numRuns: Math.ceil(runs * times) } : { numRuns: 1, path: String(sample - 1) }),
    endOnFailure: !shrink,
    ...(seed === undefined ? {} : { seed })
  }
}

/** A law of every sample: `check` throws where it does not hold. `runs` is how many samples are usual. */
export const law = <Sample>(
  runs: number,
  samples: fc.Arbitrary<Sample>,
  check: (make: MakeEngine, sample: Sample) => void
): EngineLaw =>
(make, effort) => fc.assert(fc.property(samples, (sample) => check(make, sample)), parametersOf(runs, effort))
