/** Copies of the sources with a mistake in them: one text replaced, which has to be there exactly once. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, expect } from "vitest"

const root = join(import.meta.dirname, "..")

export interface Replacement {
  /** Under `src/`. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** Makes copies of these folders, as they are named from `src/`, which are gone when the tests of the file have run. */
export const planting = (...folders: ReadonlyArray<string>) => {
  // A copy has to lie inside the project, where its imports are found. Its own .gitignore hides it,
  // and the dot in its name hides it from the compiler, should a killed run leave it behind.
  const copies = mkdtempSync(join(root, ".mutants-"))
  writeFileSync(join(copies, ".gitignore"), "*\n")
  afterAll(() => rmSync(copies, { recursive: true }), 120_000)

  /** The `src/` of the copy in which the texts have been replaced. */
  return (name: string, ...replacements: ReadonlyArray<Replacement>): string => {
    const copy = join(copies, name, "src")
    for (const folder of folders) cpSync(join(root, "src", folder), join(copy, folder), { recursive: true })
    for (const { file, find, replace } of replacements) {
      const source = readFileSync(join(copy, file), "utf8")
      expect(source.split(find).length - 1, `occurrences of \`${find}\` in ${file}`).toBe(1)
      writeFileSync(join(copy, file), source.replace(find, () => replace))
    }
    return copy
  }
}
