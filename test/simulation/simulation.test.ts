/**
 * The simulation finds nothing, is the same twice, and finds what is planted: mistakes in copies of the sources, each within
 * a number of seeds. A failure prints its seed: `npm run simulate -- --world program --seed SEED` repeats it.
 */
import { describe, expect, it } from "vitest"
import { type Outcome, shrink, simulate } from "../../src/testing/simulation/Simulation.ts"
import { planting } from "../planting.ts"
import { mistakes, type Planted } from "./planted.ts"

const copyOf = planting(["domain", "streams", "testing"])

const first = Number(process.env["COURANT_SEED"] ?? 1)

/** One of so many seeds finds each mistake. */
const enough = 400

const seeds = (count: number) => Array.from({ length: count }, (_, index) => first + index)

it("whatever goes wrong on the way, what is left is what an undisturbed run leaves", () => {
  const seconds = 60 * Number(process.env["COURANT_RUNS"] ?? 1)
  const end = performance.now() + seconds * 1_000
  for (let seed = first; performance.now() < end; seed++) {
    const { problems } = simulate(seed)
    if (problems.length > 0) expect.fail(`seed ${seed}: ${problems.join("; ")}`)
  }
}, 3_600_000)

it("a seed is the same run each time", () => {
  for (const seed of seeds(10)) expect(simulate(seed)).toEqual(simulate(seed))
  expect(new Set(seeds(10).map((seed) => simulate(seed).trace)).size).toBe(10)
}, 300_000)

interface Copy {
  readonly simulate: (seed: number) => Outcome
  readonly shrink: typeof shrink
}

const copyWith = async (name: string, planted: Planted): Promise<Copy> => {
  const module: Copy = await import(copyOf(name, planted)("testing/simulation/Simulation.ts"))
  return module
}

describe("a mistake is found", () => {
  it.each(mistakes)("$mistake", async (planted) => {
    const copy = await copyWith(`mistake-${mistakes.indexOf(planted)}`, planted)
    const found = seeds(enough).find((seed) => copy.simulate(seed).problems.length > 0)
    expect(found, `none of ${enough} seeds finds it`).toBeDefined()
  }, 1_800_000)

  it("and made smaller, it is still found", async () => {
    const copy = await copyWith("smaller", mistakes[0]!)
    const found = seeds(enough).find((seed) => copy.simulate(seed).problems.length > 0)!
    const limits = copy.shrink(found)
    expect(limits.faults).toBeLessThanOrEqual(simulate(found).faults)
    expect(limits.events).toBeLessThan(120)
  }, 1_800_000)
})
