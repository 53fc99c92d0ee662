/** Which files of tests a mutant is held against, after the checks. */
import { readdirSync } from "node:fs"
import { basename, join } from "node:path"
import type { Mutant } from "./Mutant.ts"
import { root } from "./Sample.ts"

const folders: ReadonlyArray<string> = ["operator", "records", "reference"]

/** Tests in other folders that are about a source, by its name. */
const elsewhere: { readonly [source: string]: ReadonlyArray<string> } = {
  Records: ["test/streams/engine/Ingest.test.ts"],
  Router: ["test/streams/engine/Ingest.test.ts"]
}

const filesIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(join(root, "test/streams", folder)).filter((file) => file.endsWith(".test.ts")).map((file) => `test/streams/${folder}/${file}`)

const byFolder = new Map(folders.map((folder) => [folder, filesIn(folder)]))

/** What holds the engine against the fold is about the operators too. */
const inFolder = (folder: string): ReadonlyArray<string> => [
  ...byFolder.get(folder) ?? [],
  ...folder === "operator" ? byFolder.get("reference") ?? [] : []
]

export const allTests: ReadonlyArray<string> = [...new Set([...[...byFolder.values()].flat(), ...Object.values(elsewhere).flat()])]

/** Those of its folder; of the tests that are called after one source, only its own. */
export const testsOf = ({ file }: Mutant, sources: ReadonlySet<string>): ReadonlyArray<string> => {
  const [own, folder = ""] = [basename(file, ".ts"), file.split("/")[2]]
  const near = inFolder(folder).filter((test) => {
    const name = basename(test, ".test.ts")
    return name === own || name === "BatchFold" || !sources.has(name)
  })
  return [...near, ...elsewhere[own] ?? []]
}
