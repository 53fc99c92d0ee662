/** What was measured, as a table in Markdown. */
import { medianOf, ratio } from "../Measure.ts"
import type { Usage } from "./Usage.ts"
import type { Outcome } from "./Work.ts"

export interface Row {
  readonly name: string
  readonly version: string
  readonly kind: string
  readonly cpu: number
  /** CPU against courant's, the median of the rounds' ratios. */
  readonly ratio: number
  readonly wall: number
  readonly memory: number
}

/** Those with times, the least CPU first. */
export const rowsOf = (outcomes: ReadonlyArray<Outcome>): ReadonlyArray<Row> => {
  const measured = outcomes.flatMap(([contender, verdict]) => verdict._tag === "Measured" ? [{ contender, usages: verdict.usages }] : [])
  const courant = measured[0]?.usages ?? []
  return measured.map(({ contender: { kind, name, version }, usages }) => ({
    name,
    version,
    kind,
    cpu: medianOf(of(usages, "cpu")),
    ratio: ratio(of(usages, "cpu"), of(courant, "cpu")),
    wall: medianOf(of(usages, "wall")),
    memory: medianOf(of(usages, "memory"))
  })).toSorted((one, other) => one.cpu - other.cpu)
}

const of = (usages: ReadonlyArray<Usage>, what: keyof Usage) => usages.map((usage) => usage[what])

export const table = (rows: ReadonlyArray<Row>): string =>
  [
    "| contender | version | kind | CPU | against courant | wall | memory |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...rows.map(({ cpu, kind, memory, name, ratio, version, wall }) =>
      `| ${name} | ${version} | ${kind} | ${shown(cpu)} s | ${ratio < 10 ? ratio.toPrecision(2) : Math.round(ratio)} x | ${wall.toFixed(1)} s | ${Math.round(memory)} MiB |`)
  ].join("\n")

/** Windows alone may take a few hundredths of a second. */
const shown = (seconds: number): string => seconds < 1 ? seconds.toPrecision(2) : seconds.toFixed(2)

/** Those without, and why. */
export const notes = (outcomes: ReadonlyArray<Outcome>): ReadonlyArray<string> =>
  outcomes.flatMap(([{ name }, verdict]) => {
    if (verdict._tag === "Differs") return [`${name} differs from courant, and has no time: ${verdict.difference}`]
    if (verdict._tag === "LeftOut") return [`${name} is left out: ${verdict.reason}`]
    return []
  })
