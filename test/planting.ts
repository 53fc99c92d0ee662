/**
 * The sources with a mistake in them: one text replaced, which has to be there exactly once. What imports the mistake, be it
 * by way of others, is copied with it; all else is there once for all mistakes, compiled and warm.
 */
import { execFileSync } from "node:child_process"
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { afterAll, expect } from "vitest"

const root = join(import.meta.dirname, "..")

export interface Replacement {
  /** Under `src/`, or what the machine is made of that decodes records: `../wasm/decoding/…`. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** Where a module lies that is named from `src/`. */
export type Place = (file: string) => string

/** Sources as they are, or a copy of some of them in front of others. */
interface Sources {
  readonly text: (file: string) => string
  readonly place: Place
}

const real: Sources = {
  text: (file) => readFileSync(real.place(file), "utf8"),
  place: (file) => join(root, "src", file)
}

/**
 * Makes copies of modules in these folders, as they are named from `src/`, which are gone when the tests of the file have
 * run. The texts that are replaced `always` are so in each.
 */
export const planting = (folders: ReadonlyArray<string>, always: ReadonlyArray<Replacement> = []) => {
  // A copy has to lie inside the project, where its imports are found. Its own .gitignore hides it,
  // and the dot in its name hides it from the compiler, should a killed run leave it behind.
  const copies = mkdtempSync(join(root, ".mutants-"))
  writeFileSync(join(copies, ".gitignore"), "*\n")
  afterAll(() => rmSync(copies, { recursive: true }), 120_000)

  const importers = importersIn(folders)
  const copied = (name: string, replacements: ReadonlyArray<Replacement>, behind: Sources): Sources => {
    const files = replacements.map(({ file }) => file.startsWith(machine.source) ? machine.made : file)
    const texts = new Map(withImporters(files, importers).map((file) => [file, behind.text(file)]))
    for (const replacement of replacements) {
      const { file, find, replace } = replacement
      if (file.startsWith(machine.source)) {
        texts.set(machine.made, madeWith(replacement, join(copies, name)))
        continue
      }
      const text = texts.get(file)!
      expect(text.split(find).length - 1, `occurrences of \`${find}\` in ${file}`).toBe(1)
      texts.set(file, text.replace(find, () => replace))
    }
    const place: Place = (file) => texts.has(file) ? join(copies, name, "src", file) : behind.place(file)
    for (const [file, text] of texts) {
      mkdirSync(dirname(place(file)), { recursive: true })
      writeFileSync(place(file), text.replace(imports, (statement, from: string) => {
        const imported = relative(dirname(place(file)), place(importedBy(file, from)))
        return statement.replace(`"${from}"`, JSON.stringify(imported.startsWith(".") ? imported : `./${imported}`))
      }))
    }
    return { text: (file) => texts.get(file) ?? behind.text(file), place }
  }
  const sound = copied("sound", always, real)
  return (name: string, ...replacements: ReadonlyArray<Replacement>): Place => copied(name, replacements, sound).place
}

/** What decodes records, as it is written and as it is made of that. */
const machine = { source: "../wasm/decoding", made: "streams/records/machineCode.ts" }

/** What is made with a mistake in what it is made of. */
const madeWith = ({ file, find, replace }: Replacement, folder: string): string => {
  cpSync(real.place(machine.source), folder, { recursive: true })
  const place = join(folder, relative(machine.source, file))
  const text = readFileSync(place, "utf8")
  expect(text.split(find).length - 1, `occurrences of \`${find}\` in ${file}`).toBe(1)
  writeFileSync(place, text.replace(find, () => replace))
  execFileSync(process.execPath, [join(root, "wasm/main.ts"), folder, join(folder, "made.ts")])
  return readFileSync(join(folder, "made.ts"), "utf8")
}

/** What is left of a statement when types are erased, and the path in it. */
const imports = /^(?:import|export) (?!type )(?:[^";]*\sfrom )?"(\.[^"]+)"/gm

/** The module that another imports by a path, named from `src/` as that is, whichever way the path goes. */
const importedBy = (file: string, from: string): string => relative("src", join("src", dirname(file), from))

/** Of each module those that import it. */
const importersIn = (folders: ReadonlyArray<string>): ReadonlyMap<string, ReadonlyArray<string>> => {
  const importers = new Map<string, Array<string>>()
  for (const folder of folders) {
    for (const name of globSync("**/*.ts", { cwd: real.place(folder) })) {
      const file = join(folder, name)
      for (const [, from] of real.text(file).matchAll(imports)) {
        const imported = importedBy(file, from!)
        importers.set(imported, [...importers.get(imported) ?? [], file])
      }
    }
  }
  return importers
}

/** These, what imports them, what imports that, and so on. */
const withImporters = (files: ReadonlyArray<string>, importers: ReadonlyMap<string, ReadonlyArray<string>>): ReadonlyArray<string> => {
  const found = new Set(files)
  for (const file of found) for (const importer of importers.get(file) ?? []) found.add(importer)
  return [...found]
}
