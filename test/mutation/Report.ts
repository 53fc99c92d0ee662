/** What a run comes to: the score by folder, and the survivors with the reason why each may live. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { Mutant } from "./Mutant.ts"
import type { Verdict } from "./Pool.ts"
import { folders } from "./Sample.ts"

export interface Result extends Mutant {
  readonly verdict: Verdict
  readonly seconds: number
}

/** Of 100 mutants so many have to be noticed. */
export const leastScore = 85

/** By the mutants' ids. */
export type Sentences = { readonly [id: string]: { readonly mutant: string; readonly lives: string } }

const known: Sentences = JSON.parse(readFileSync(join(import.meta.dirname, "survivors.json"), "utf8"))

export const report = (results: ReadonlyArray<Result>, population: number, sentences: Sentences = known) => {
  const line = (name: string, some: ReadonlyArray<Result>) => {
    const noticed = some.filter(({ verdict }) => verdict !== null).length
    return `${name.padEnd(24)} ${String(noticed).padStart(4)} of ${String(some.length).padStart(4)}  ${scoreOf(some).toFixed(1)} %`
  }
  const survivors = results.filter(({ verdict }) => verdict === null)
  const unexplained = survivors.filter(({ id }) => sentences[id] === undefined)
  const idle = Object.keys(sentences).filter((id) => !survivors.some((mutant) => mutant.id === id))
  const text = [
    `noticed, of a sample of ${results.length} out of ${population} mutants:`,
    ...folders.map((folder) => line(folder, results.filter(({ file }) => file.startsWith(`${folder}/`)))),
    line("all", results),
    ...unexplained.map((mutant) => `no sentence says why this may live: ${mutant.id} ${nameOf(mutant)}`),
    ...idle.map((id) => `its sentence is of no use any more: ${id}`)
  ].join("\n")
  return { text, isGood: scoreOf(results) >= leastScore && unexplained.length === 0 }
}

const scoreOf = (results: ReadonlyArray<Result>): number =>
  results.length === 0 ? 0 : 100 * results.filter(({ verdict }) => verdict !== null).length / results.length

/** A mutant in a line. */
export const nameOf = ({ file, line, original, replacement }: Mutant): string =>
  `${file}:${line} \`${brief(original)}\` → \`${brief(replacement)}\``

const brief = (text: string): string => {
  const flat = text.replaceAll(/\s+/g, " ")
  return flat.length > 60 ? `${flat.slice(0, 57)}...` : flat
}
