/** The rule that holds functions to a screen notices one that is longer anywhere in the sources, and lets the others be. */
import { expect, it } from "vitest"
import { makeTree } from "./linter.ts"

const { complaints, plant } = makeTree()

const folders = [
  "",
  "domain/",
  "streams/engine/",
  "streams/operator/windowed/",
  "analytics/",
  "adapters/sqlite/",
  "adapters/spark/rest/",
  "adapters/dashboard/page/",
  "cli/commands/",
  "testing/"
]

/** A function of so many lines, its first and last among them, beside blank ones and comments, which do not count. */
const functionOf = (lines: number): string =>
  [
    "export const planted = (call) => {",
    ...Array.from({ length: lines - 2 }, (_, i) => `  call(${i})\n\n  // Why.`),
    "}"
  ].join("\n")

it("a function of more than 70 lines is noticed wherever it is, and none of 70 is", () => {
  for (const folder of folders) {
    // The scripts of the page are no TypeScript.
    for (const ending of ["ts", "js"]) {
      plant(`${folder}long.${ending}`, functionOf(71))
      plant(`${folder}fitting.${ending}`, functionOf(70))
    }
  }
  const long = folders.flatMap((folder) => [`${folder}long.js`, `${folder}long.ts`])
  expect([...complaints("max-lines-per-function").keys()].sort()).toEqual(long.sort())
})
