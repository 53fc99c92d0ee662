/** Timings that are compared only with each other: taken in turn, in one run, and told as medians. */
import { cpus, totalmem } from "node:os"

export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** What the figure should be at least or at most, where there is such a goal. */
  readonly goal?: { readonly atLeast: number } | { readonly atMost: number }
}

/** Milliseconds, and microseconds of this process's CPU, that something took. */
export interface Took {
  readonly millis: number
  readonly cpu: number
}

/** From now until it is called. */
export const stopwatch = () => {
  const cpu = process.cpuUsage()
  const began = performance.now()
  return (): Took => {
    const { system, user } = process.cpuUsage(cpu)
    return { millis: performance.now() - began, cpu: user + system }
  }
}

/** Microseconds of this process's CPU, garbage collection included: other programs take the machine's time. */
export const cpuOf = (run: () => void): number => {
  const took = stopwatch()
  run()
  return took().cpu
}

const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? NaN
}

/** What something costs each time it is run. */
type Contender = () => number | Promise<number>

/**
 * What each contender costs, one round after the other, the first of them for warming up, each beginning with another one. The
 * machine's speed drifts, and a round is short against the drift: so the ratio of two contenders is the median of the rounds'
 * ratios.
 */
export const inTurn = async <Name extends string>(
  { rounds, warmUp = 2 }: { readonly rounds: number; readonly warmUp?: number },
  contenders: { readonly [K in Name]: Contender }
): Promise<{ readonly [K in Name]: ReadonlyArray<number> }> => {
  const names = Object.keys(contenders) as Array<Name> // of `contenders`
  const costs = Object.fromEntries(names.map((name) => [name, new Array<number>()])) as { [K in Name]: Array<number> } // as well
  for (let round = -warmUp; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + warmUp + round) % names.length]!
      const cost = await contenders[name]()
      if (round >= 0) costs[name].push(cost)
    }
  }
  return costs
}

/** The median over the rounds of what a round's times give. */
export const medianOf = (rounds: ReadonlyArray<number>): number => median(rounds)

/** By how much `slow` takes longer than `fast`, round by round. */
export const ratios = (slow: ReadonlyArray<number>, fast: ReadonlyArray<number>): ReadonlyArray<number> =>
  slow.map((cost, round) => cost / (fast[round] ?? NaN))

/** The median of these. */
export const ratio = (slow: ReadonlyArray<number>, fast: ReadonlyArray<number>): number => median(ratios(slow, fast))

const holds = ({ goal, value }: Figure): boolean | null =>
  goal === undefined ? null : "atLeast" in goal ? value >= goal.atLeast : value <= goal.atMost

/** What cannot be told misses its goal, too. */
export const isMissed = (figure: Figure): boolean => holds(figure) === false

export const print = (figures: ReadonlyArray<Figure>): void => {
  for (const figure of figures) {
    const { goal, name, unit, value } = figure
    const wanted = goal === undefined ? "" : "atLeast" in goal ? `at least ${goal.atLeast}` : `at most ${goal.atMost}`
    const shown = value >= 100 ? Math.round(value).toLocaleString("en-US") : value.toPrecision(3)
    const verdict = { true: "met", false: "MISSED", null: "" }[String(holds(figure))] ?? ""
    console.log(`${name.padEnd(86)}${shown.padStart(10)} ${unit.padEnd(12)}${wanted.padEnd(16)}${verdict}`.trimEnd())
  }
}

/** What absolute figures depend on. */
export const machine = () => ({
  cpu: `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}`,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  date: new Date().toISOString().slice(0, 10)
})
