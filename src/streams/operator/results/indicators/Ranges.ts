/** What is computed from how high and how low a window went. Values come as high, low, close. */
import { BigDecimal } from "effect"
import { mean } from "./Averages.ts"
import type { OfState, OfWindows } from "./Computed.ts"
import { toDouble } from "./Point.ts"

/** How far a window reaches, with the close of the one before. */
const trueRange = (high: number, low: number, before: number): number =>
  Math.max(high - low, Math.abs(high - before), Math.abs(low - before))

/** Wilder's: the mean of the first `n` ranges, of which each next takes the place of an n-th. */
export const atr = (n: number): OfState => ({
  kind: "state",
  // How many windows there were, up to n + 1, the last close, and the range.
  fresh: [0, 0, 0],
  next: ([count, before, range], [high, low, close]) => {
    if (count === 0) return [1, close!, 0]
    const own = trueRange(high!, low!, before!)
    if (count! > n) return [count!, close!, (range! * (n - 1) + own) / n]
    const sum = range! + own
    return [count! + 1, close!, count === n ? sum / n : sum]
  },
  of: ([count, , range]) => count! <= n ? null : range!
})

/** Times `n` and their number all differences from the mean are differences of decimals, and exact: one that is 0 is 0. */
export const cci = (n: number): OfWindows => ({
  kind: "windows",
  length: n,
  of: (points) => {
    const sum = BigDecimal.sumAll(points.map(({ bar }) => bar))
    const times = BigDecimal.make(BigInt(n), 0)
    const distances = points.map(({ bar }) => BigDecimal.subtract(BigDecimal.multiply(bar, times), sum))
    const all = toDouble(BigDecimal.sumAll(distances.map(BigDecimal.abs)))
    return all === 0 ? 0 : toDouble(distances.at(-1)!) * n / (0.015 * all)
  }
})

/** Where the close of the last window lies between the extremes of all, in per cent; 0 where they are the same. */
const between = (windows: ReadonlyArray<ReadonlyArray<number>>): number => {
  const highest = Math.max(...windows.map(([high]) => high!))
  const lowest = Math.min(...windows.map(([, low]) => low!))
  const unit = (highest - lowest) / 100
  return unit === 0 ? 0 : (windows.at(-1)![2]! - lowest) / unit
}

interface Lengths {
  readonly fastK: number
  readonly slowK: number
  readonly slowD: number
}

/** Both begin in the same window: that in which there is a %D. */
const stochastic = ({ fastK, slowD, slowK }: Lengths, of: (slow: ReadonlyArray<number>) => number): OfWindows => ({
  kind: "windows",
  length: fastK + slowK + slowD - 2,
  of: (points) => {
    const windows = points.map(({ doubles }) => doubles)
    const fast = windows.slice(fastK - 1).map((_, index) => between(windows.slice(index, index + fastK)))
    return of(fast.slice(slowK - 1).map((_, index) => mean(fast.slice(index, index + slowK))))
  }
})

export const stochasticK = (lengths: Lengths): OfWindows => stochastic(lengths, (slow) => slow.at(-1)!)

export const stochasticD = (lengths: Lengths): OfWindows => stochastic(lengths, mean)
