/**
 * The engine with a mistake in it breaks the law that is there to notice it. Each mistake is
 * planted in a copy of the real source: one replacement, which has to match exactly once.
 */
import { describe, expect, it } from "vitest"
import * as AggregateLaws from "../../src/testing/AggregateLaws.ts"
import type { Effort } from "../../src/testing/EngineLaw.ts"
import { engineOf, jobOptions, type MakeEngine } from "../../src/testing/Harness.ts"
import * as Laws from "../../src/testing/Laws.ts"
import { planting } from "../planting.ts"
import { type Mutant, mutants } from "./mutants.ts"
import * as Checked from "../../src/streams/pipeline/Checked.ts"

interface Subject {
  readonly makeEngine: MakeEngine
  readonly makeSlots: AggregateLaws.MakeSlots
}

/** Pages of two entries: of a state that is small there are many all the same. */
const smallPages = { file: "streams/operator/Paged.ts", find: "const bits = 10", replace: "const bits = 1" }

const copyWith = planting(["domain", "streams"], [smallPages])

/** The engine out of a copy of the sources in which a text has been replaced. */
const planted = async (
  name: string,
  mutant: Pick<Mutant, "file" | "find" | "replace">
): Promise<Subject> => {
  const placeOf = copyWith(name, mutant)
  const { Job }: typeof import("../../src/streams/engine/Job.ts") = await import(placeOf("streams/engine/Job.ts"))
  const slots = placeOf("streams/operator/aggregates/AccumulatorTable.ts")
  const { AccumulatorTable }: typeof import("../../src/streams/operator/aggregates/AccumulatorTable.ts") = await import(slots)
  return {
    makeEngine: (pipelines, partitions, options) => engineOf(new Job(pipelines, jobOptions(partitions, options))),
    makeSlots: (pipeline) => new AccumulatorTable(pipeline.name, Checked.windowOf(pipeline.checked).aggregates)
  }
}

type Check = (subject: Subject, effort: Partial<Effort>) => void

/** All laws, each held against what it is about. */
const laws: ReadonlyArray<readonly [statement: string, check: Check]> = [
  ...Object.entries(Laws.laws).map(([statement, law]) =>
    [statement, ({ makeEngine }: Subject, effort: Partial<Effort>) => law(makeEngine, effort)] as const
  ),
  ...Object.entries(AggregateLaws.laws).map(([statement, law]) =>
    [statement, ({ makeSlots }: Subject, effort: Partial<Effort>) => law(makeSlots, effort)] as const
  )
]

const lawOf = ({ law }: Pick<Mutant, "law">) => {
  const found = laws.filter(([statement]) => statement.startsWith(law))
  expect(found, `laws that begin with "${law}"`).toHaveLength(1)
  return found[0]!
}

// The same samples each time: whether a mistake is noticed must not be a matter of luck.
const effort = { seed: Number(process.env["COURANT_SEED"] ?? 42), shrink: false, times: 1 }

describe("a mistake in the engine is noticed", () => {
  it("and an engine without one keeps every law", async () => {
    const name = "export class Job {"
    const sound = await planted("sound", { file: "streams/engine/Job.ts", find: name, replace: name })
    for (const [, check] of laws) check(sound, { ...effort, times: 0.02 })
  }, 300_000)

  it.each(mutants)("$mistake: $law…", async (mutant) => {
    const broken = await planted(`mutant-${mutants.indexOf(mutant)}`, mutant)
    const [statement, check] = lawOf(mutant)
    const found = soonFailure(check, broken, mutant) ?? failure(() => check(broken, { ...effort, times: mutant.times ?? effort.times }))
    expect(found, `"${statement}" does not notice it`).toBeInstanceOf(Error)
    // A mistake that only makes the code crash proves nothing of the law. An operator that refuses its own state is no crash.
    expect(found?.cause).not.toBeInstanceOf(ReferenceError)
    if (found?.cause instanceof TypeError) expect(found.cause.name).toBe("StateError")
  }, 300_000)
})

/** That of the one sample which has found the mistake before, if it still does. */
const soonFailure = (check: Check, broken: Subject, { sample }: Mutant): Error | undefined =>
  sample === undefined ? undefined : failure(() => check(broken, { ...effort, sample }))

const failure = (run: () => void): Error | undefined => {
  try {
    run()
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
