/** The ratios of the last release, in a file of the repository: whether what is measured now is worse. */
import { readFileSync, writeFileSync } from "node:fs"
import manifest from "../package.json" with { type: "json" }
import type { Measured } from "./Benchmark.ts"

const file = new URL("release.json", import.meta.url)

interface Release {
  readonly version: string
  readonly date: string
  /** Medians, by the name of the row. */
  readonly ratios: { readonly [row: string]: number }
}

/** What this file's own writer has written. */
const read = (): Release => JSON.parse(readFileSync(file, "utf8")) as Release

/** Writes down what was measured; of what was not, the release's ratios stay as they are. */
export const write = (measured: ReadonlyArray<Measured>): void => {
  const ratios = Object.fromEntries(measured.flatMap(({ better, name, value }) => better === undefined ? [] : [[name, Number(value.toPrecision(3))]]))
  const release: Release = { version: manifest.version, date: new Date().toISOString().slice(0, 10), ratios: { ...read().ratios, ...ratios } }
  writeFileSync(file, `${JSON.stringify(release, null, 2)}\n`)
}

/** A quarter: less is said by chance, on a machine that has other things to do. */
export const tolerance = 1.25

/** How many times as bad as that of the release, the median and the better quartile of its rounds; `null` where nothing is to be compared. */
export interface Compared {
  readonly row: Measured
  readonly released: number
  readonly worse: number
  readonly atLeast: number
}

export const compare = (measured: ReadonlyArray<Measured>): ReadonlyArray<Compared> => {
  const { ratios } = read()
  return measured.flatMap((row) => {
    const { better, name, rounds, value } = row
    const released = ratios[name]
    if (better === undefined || released === undefined) return []
    const timesAsBad = (ratio: number) => better === "less" ? ratio / released : released / ratio
    return [{ row, released, worse: timesAsBad(value), atLeast: quartile(rounds.map(timesAsBad)) }]
  })
}

/** A ratio is worse where three rounds out of four say that it is, by more than the tolerance. */
export const isWorse = ({ atLeast }: Compared): boolean => atLeast > tolerance

/** A quarter of the values lie below it. */
const quartile = (values: ReadonlyArray<number>): number => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 4)] ?? NaN
