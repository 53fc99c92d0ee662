/** Planted mistakes are texts of the sources: whoever changes one is told here, and not by the suites that take minutes. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { mutants } from "./laws/mutants.ts"
import { mistakes } from "./simulation/planted.ts"
import * as Fence from "./simulation/plantedFence.ts"

const root = join(import.meta.dirname, "../src")

it.each([["the laws", mutants], ["the simulation", mistakes], ["the simulated group", Fence.mistakes]])("each mistake of %s can be planted in one place", (_, planted) => {
  expect(planted.length).toBeGreaterThan(10)
  const places = planted.map(({ file, find, mistake }) => [mistake, readFileSync(join(root, file), "utf8").split(find).length - 1])
  expect(places.filter(([, count]) => count !== 1)).toEqual([])
})
