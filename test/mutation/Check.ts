/**
 * What a mutant has to pass to live, in this process: the rules' cases, the laws, the golden traces. A group is loaded when
 * the first of its checks is wanted.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { unknownToFold } from "../laws/unknownToFold.ts"

export interface Check {
  readonly name: string
  /** Throws where a mutant is noticed. */
  readonly run: () => void | Promise<void>
}

/** The same samples each time: whether a mutant is noticed is no matter of luck. */
export const seed = 11

/** Laws are tried with few samples at first, and with more where that was not enough. */
const efforts: ReadonlyArray<number> = [0.05]

const cases = async (): Promise<ReadonlyArray<Check>> => {
  const { cases, check, engineRun, foldRun } = await import("../../src/testing/Conformance.ts")
  const { makeJob } = await import("../../src/testing/Harness.ts")
  const runs = { "row by row": engineRun(makeJob, 1), "all at once": engineRun(makeJob, Infinity), "batch fold": foldRun }
  return cases.flatMap((subject) =>
    Object.entries(runs)
      .filter(([name]) => name !== "batch fold" || unknownToFold(subject) === undefined)
      .map(([name, run]) => ({ name: `${subject.name}, ${name}`, run: () => check(subject, run) })))
}

const laws = async (): Promise<ReadonlyArray<Check>> => {
  const AggregateLaws = await import("../../src/testing/AggregateLaws.ts")
  const { makeJob } = await import("../../src/testing/Harness.ts")
  const { laws } = await import("../../src/testing/Laws.ts")
  return efforts.flatMap((times, index) => {
    const effort = { seed, shrink: false, times }
    return [
      // A law without samples is held once.
      ...Object.entries(laws).filter(([, law]) => index === 0 || law.length > 1).map(([name, law]) => ({ name: `${name} (${times})`, run: () => law(makeJob, effort) })),
      ...Object.entries(AggregateLaws.laws).map(([name, law]) =>
        ({ name: `${name} (${times})`, run: () => law(AggregateLaws.makeSlots, effort) }))
    ]
  })
}

/** Those of one partition that no program of its own gives, in one of the ways in which they come about. */
const traces = async (): Promise<ReadonlyArray<Check>> => {
  const { traces } = await import("../golden/traces.ts")
  const { difference, without } = await import("../golden/recording.ts")
  const gained = [{ member: "changes", allows: Number.isSafeInteger }]
  return traces.filter(({ isProgram, name }) => isProgram !== true && /-over-1\b/.test(name)).map(({ name, ways }) => ({
    name,
    run: async () => {
      const recording = JSON.parse(readFileSync(join(import.meta.dirname, "../golden/traces", `${name}.json`), "utf8"))
      const lines = await Object.values(ways).at(-1)!()
      const found = difference(recording, lines.map((line) => without(gained, line)))
      if (found !== null) throw new Error(found)
    }
  }))
}

const groups = { case: cases, law: laws, trace: traces }

export type Group = keyof typeof groups

export const groupNames = Object.keys(groups) as ReadonlyArray<Group>

export const load = (group: Group): Promise<ReadonlyArray<Check>> => groups[group]()
