/**
 * Of processes that want one place at most one has it, whatever goes wrong; and what is planted in the sources is found. A
 * failure prints its seed: `npm run simulate -- --world group --seed SEED` repeats it.
 */
import { describe, expect, it } from "vitest"
import { planting } from "../planting.ts"
import { simulate } from "./group/GroupSimulation.ts"
import { mistakes } from "./plantedFence.ts"

const world = "../test/simulation/group"

const copyOf = planting(["domain", "streams", "testing", "adapters/kafka", world])

const first = Number(process.env["COURANT_SEED"] ?? 1)

/** One of so many seeds finds each mistake. */
const enough = 400

const seeds = (count: number) => Array.from({ length: count }, (_, index) => first + index)

it("one has the place, its predecessors do nothing any more, and it is soon followed", () => {
  const seconds = 20 * Number(process.env["COURANT_RUNS"] ?? 1)
  const end = performance.now() + seconds * 1_000
  for (let seed = first; performance.now() < end; seed++) {
    const { problems } = simulate(seed)
    if (problems.length > 0) expect.fail(`seed ${seed}: ${problems.join("; ")}`)
  }
}, 3_600_000)

it("a seed is the same run each time", () => {
  for (const seed of seeds(5)) expect(simulate(seed)).toEqual(simulate(seed))
  expect(new Set(seeds(5).map((seed) => simulate(seed).trace)).size).toBe(5)
}, 300_000)

describe("a mistake is found", () => {
  it.each(mistakes)("$mistake", async (planted) => {
    const copy: { readonly simulate: typeof simulate } =
      await import(copyOf(`mistake-${mistakes.indexOf(planted)}`, planted)(`${world}/GroupSimulation.ts`))
    const found = seeds(enough).find((seed) => copy.simulate(seed).problems.length > 0)
    expect(found, `none of ${enough} seeds finds it`).toBeDefined()
  }, 600_000)
})
