/** One work that contenders do in turn: their results are compared with courant's before their times are told. */
import { Effect, type Scope } from "effect"
import { problem, type ServiceProblem } from "../../services/tool/Problem.ts"
import * as Compare from "./Compare.ts"
import type { Contender, Program } from "./Contender.ts"
import type { Usage } from "./Usage.ts"

export interface Work {
  readonly name: string
  readonly contenders: ReadonlyArray<Contender>
  /** Makes what all share, and tells how a program is run on it. */
  readonly ground: (ticks: number) => Effect.Effect<Run, ServiceProblem, Scope.Scope>
}

/** Runs a program once, and gives what it has printed. */
export type Run = (program: Program, contender: Contender) => Effect.Effect<{ readonly text: string; readonly usage: Usage }, ServiceProblem>

export type Verdict =
  | { readonly _tag: "Measured"; readonly usages: ReadonlyArray<Usage> }
  /** Its results are not courant's: it has no time. */
  | { readonly _tag: "Differs"; readonly difference: string }
  /** It is not to be had here, or did not run. */
  | { readonly _tag: "LeftOut"; readonly reason: string }

export type Outcome = readonly [Contender, Verdict]

interface Standing {
  readonly contender: Contender
  readonly program: Program
  readonly usages: Array<Usage>
  difference?: string
  reason?: string
}

/** Courant comes first. Round 0 is for the files to be in memory; its results are compared, too. */
export const measure = Effect.fnUntraced(function*(run: Run, prepared: ReadonlyArray<readonly [Contender, Program]>, rounds: number) {
  const standings = prepared.map(([contender, program]): Standing => ({ contender, program, usages: [] }))
  let expected: Compare.Results | undefined
  for (let round = 0; round <= rounds; round++) {
    for (const standing of standings) {
      if (standing.difference !== undefined || standing.reason !== undefined) continue
      const ran = yield* Effect.result(run(standing.program, standing.contender))
      if (ran._tag === "Failure") {
        if (expected === undefined) return yield* problem(`courant could not do the work: ${ran.failure.message}`)
        standing.reason = ran.failure.message
        yield* Effect.logWarning(`round ${round}: ${standing.contender.name}: ${standing.reason}`)
        continue
      }
      const { text, usage } = ran.success
      const told = differenceOf(text, expected)
      expected ??= Compare.read(text)
      if (told !== undefined) standing.difference = told
      else if (round > 0) standing.usages.push(usage)
      yield* Effect.logInfo(`round ${round}: ${standing.contender.name} ${told ?? `${usage.cpu.toFixed(2)} s of CPU`}`)
    }
  }
  return standings.map(({ contender, difference, reason, usages }): Outcome => {
    if (difference !== undefined) return [contender, { _tag: "Differs", difference }]
    if (reason !== undefined) return [contender, { _tag: "LeftOut", reason }]
    return [contender, { _tag: "Measured", usages }]
  })
})

const differenceOf = (text: string, expected: Compare.Results | undefined): string | undefined => {
  try {
    const actual = Compare.read(text)
    return expected === undefined ? undefined : Compare.difference(expected, actual)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
