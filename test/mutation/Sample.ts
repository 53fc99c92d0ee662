/** Which mutants a run is about: as many as it is to have, those with the smallest ids of all. */
import { readdirSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import { type Mutant, mutated } from "./Mutant.ts"
import { isProgram, mutantsOf } from "./Mutator.ts"

export const root = join(import.meta.dirname, "../..")

/** What is mutated. */
export const folders: ReadonlyArray<string> = ["src/streams/operator", "src/streams/records", "src/streams/reference"]

export interface Population {
  /** Mutants that there are. */
  readonly size: number
  /** The files' names. */
  readonly sources: ReadonlySet<string>
  /** By file and line. */
  readonly sample: ReadonlyArray<Mutant>
}

/** The ids are hashes, so that those of the sample lie anywhere. An edit changes the sample only by its own lines. */
export const draw = (size: number): Population => {
  const sources = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts") && file !== "machineCode.ts")
      .map((file) => `${folder}/${file}`)
      .sort())
    .map((file) => [file, readFileSync(join(root, file), "utf8")] as const)
  const texts = new Map(sources)
  const all = sources.flatMap(([file, source]) => mutantsOf(file, source))
  const sample: Array<Mutant> = []
  for (const mutant of all.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    if (sample.length === size) break
    if (isProgram(mutated(texts.get(mutant.file) ?? "", mutant))) sample.push(mutant)
  }
  return {
    size: all.length,
    sources: new Set(sources.map(([file]) => basename(file, ".ts"))),
    sample: sample.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.start - b.start))
  }
}
