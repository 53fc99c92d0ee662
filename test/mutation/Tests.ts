/** Which files of tests a mutant is held against, after the checks. */
import { readdirSync } from "node:fs"
import { basename, join } from "node:path"
import type { Mutant } from "./Mutant.ts"
import { root } from "./Sample.ts"

/** Beside the tests of a folder itself. */
const others: { readonly [folder: string]: ReadonlyArray<string> } = {
  operator: ["test/streams/reference/BatchFold.test.ts"],
  records: ["test/streams/engine/Ingest.test.ts", "test/streams/engine/SourceReader.test.ts"],
  reference: []
}

const filesIn = (folder: string): ReadonlyArray<string> => {
  const path = `test/streams/${folder}`
  return readdirSync(join(root, path)).filter((file) => file.endsWith(".test.ts")).map((file) => `${path}/${file}`)
}

const byFolder = new Map(Object.entries(others).map(([folder, others]) => [folder, [...filesIn(folder), ...others]]))

export const allTests: ReadonlyArray<string> = [...byFolder.values()].flat()

/** Those of its folder; of the tests that are called after one source, only its own. */
export const testsOf = ({ file }: Mutant, sources: ReadonlySet<string>): ReadonlyArray<string> => {
  const own = basename(file, ".ts")
  return (byFolder.get(file.split("/")[2] ?? "") ?? []).filter((test) => {
    const name = basename(test, ".test.ts")
    return name === own || !sources.has(name)
  })
}
