/** The rules' cases: the engine in process and the batch fold come to what was worked out by hand. */
import { describe, expect, it } from "vitest"
import * as Conformance from "../../src/testing/Conformance.ts"
import { makeJob } from "../../src/testing/Harness.ts"
import { unknownToFold } from "./unknownToFold.ts"

const { engineRun, foldRun } = Conformance

const rowByRow = engineRun(makeJob, 1)
const allAtOnce = engineRun(makeJob, Infinity)

Conformance.suite("in process, row by row", rowByRow)
Conformance.suite("in process, all at once", allAtOnce)
Conformance.suite("batch fold", foldRun, { skip: unknownToFold })

describe("the cases", () => {
  it("are many, with a name of their own and a reason each", () => {
    const all = Conformance.cases
    expect(all.length).toBeGreaterThan(100)
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
    for (const { why } of all) expect(why).toMatch(/^.{15,}\.$/)
  })
})
