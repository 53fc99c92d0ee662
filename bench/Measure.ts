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

/**
 * Milliseconds of each contender, one round after the other, the first two rounds for warming
 * up. The machine's speed drifts, and a round is short against the drift: so the ratio of
 * two contenders is the median of the rounds' ratios.
 */
export const inTurn = <Name extends string>(
  rounds: number,
  contenders: { readonly [K in Name]: () => void }
): { readonly [K in Name]: ReadonlyArray<number> } => {
  const times = Object.fromEntries(Object.keys(contenders).map((name) => [name, new Array<number>()])) as {
    [K in Name]: Array<number> // `Object.fromEntries` forgets the names that it was given.
  }
  for (let round = -1; round <= rounds; round++) {
    for (const name in contenders) {
      const start = performance.now()
      contenders[name]()
      const millis = performance.now() - start
      if (round > 0) times[name].push(millis)
    }
  }
  return times
}

/** The median over the rounds of what a round's times give. */
export const medianOf = (rounds: ReadonlyArray<number>): number => median(rounds)

/** By how much `slow` takes longer than `fast`, round by round. */
export const ratio = (slow: ReadonlyArray<number>, fast: ReadonlyArray<number>): number =>
  median(slow.map((millis, round) => millis / (fast[round] ?? NaN)))

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
    console.log(`${name.padEnd(66)}${shown.padStart(10)} ${unit.padEnd(12)}${wanted.padEnd(16)}${verdict}`.trimEnd())
  }
}

/** What absolute figures depend on. */
export const machine = () => ({
  cpu: `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}`,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  date: new Date().toISOString().slice(0, 10)
})
