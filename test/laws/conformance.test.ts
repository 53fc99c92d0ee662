/** The rules' cases: the engine in process and the batch fold come to what was worked out by hand. */
import { describe, expect, it } from "vitest"
import * as Conformance from "../../src/testing/Conformance.ts"
import { makeJob } from "../../src/testing/Harness.ts"

const { engineRun, foldRun } = Conformance

const rowByRow = engineRun(makeJob, 1)
const allAtOnce = engineRun(makeJob, Infinity)

/** The fold is given events: what is none of its source is the decoder's to say. */
const unknownToFold = ({ name, rows }: Conformance.Case.Case) => {
  if (name === "times-without-a-zone-are-refused") return "the batch fold is given strings that are times"
  return rows.some(({ kind }) => kind === "idle") ? "the batch fold knows of no decisions" : undefined
}

Conformance.suite("in process, row by row", rowByRow)
Conformance.suite("in process, all at once", allAtOnce)
Conformance.suite("batch fold", foldRun, { skip: unknownToFold })

const unmerged = { cases: Conformance.percentChange, skip: () => "windows after a revised one are not told once more yet" }

Conformance.suite("in process, changes", rowByRow, unmerged)
Conformance.suite("batch fold, changes", foldRun, unmerged)

describe("the cases", () => {
  it("are many, with a name of their own and a reason each", () => {
    const all = [...Conformance.cases, ...Conformance.percentChange, ...Conformance.open]
    expect(all.length).toBeGreaterThan(100)
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
    for (const { why } of all) expect(why).toMatch(/^.{15,}\.$/)
  })

  it("are open only where an engine disagrees", async () => {
    for (const subject of Conformance.open) {
      const runs = await Promise.allSettled([allAtOnce, foldRun].map((run) => Conformance.check(subject, run)))
      expect([subject.name, runs.some(({ status }) => status === "rejected")]).toEqual([subject.name, true])
    }
  })
})
