/** Averages over windows, and how far values lie from them. */
import { ofDoubles, type OfState, type OfWindows, type State } from "./Computed.ts"

export const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** Of all there are, around their mean. As differences from the first: where all are the same, it is 0. */
const deviation = (values: ReadonlyArray<number>): number => {
  const differences = values.map((value) => value - values[0]!)
  const middle = mean(differences)
  return Math.sqrt(mean(differences.map((difference) => (difference - middle) * (difference - middle))))
}

export const sma = (n: number): OfWindows => ofDoubles(n, mean)

/** The oldest counts once, the next twice, and so on. */
export const wma = (n: number): OfWindows =>
  ofDoubles(n, (values) => values.reduce((sum, value, index) => sum + value * (index + 1), 0) / (n * (n + 1) / 2))

export const standardDeviation = (n: number): OfWindows => ofDoubles(n, deviation)

/** `deviations` are below the mean where they are below 0. */
export const bollinger = (n: number, deviations: number): OfWindows =>
  ofDoubles(n, (values) => mean(values) + deviations * deviation(values))

/** How many values there were, up to `n`, and their average; before there are `n`, their sum. */
export type Ema = readonly [count: number, average: number]

export const nextEma = (n: number, [count, average]: Ema, value: number): Ema => {
  if (count >= n) return [n, average + (value - average) * (2 / (n + 1))]
  const sum = average + value
  return count + 1 < n ? [count + 1, sum] : [n, sum / n]
}

export const ema = (n: number): OfState => ({
  kind: "state",
  fresh: [0, 0],
  next: ([count, average]: State, [value]) => nextEma(n, [count!, average!], value!),
  of: ([count, average]) => count! < n ? null : average!
})

/**
 * The fast average begins with its own number of windows before the slow one has its first value, as TA-Lib has it: so
 * both have their first in the same window.
 */
export const macd = (
  { fast, signal, slow }: { readonly fast: number; readonly slow: number; readonly signal: number },
  of: (macd: number, signal: number) => number
): OfState => ({
  kind: "state",
  // How many windows, up to the slow ones; the fast average, the slow one; how many differences, and their average.
  fresh: [0, 0, 0, 0, 0, 0],
  next: ([count, fastCount, fastAverage, slowAverage, signalCount, signalAverage]: State, [value]) => {
    const isSkipped = count! < slow - fast
    const nextFast = isSkipped ? [fastCount!, fastAverage!] as const : nextEma(fast, [fastCount!, fastAverage!], value!)
    const nextSlow = nextEma(slow, [count!, slowAverage!], value!)
    const nextSignal = nextSlow[0] < slow
      ? [signalCount!, signalAverage!] as const
      : nextEma(signal, [signalCount!, signalAverage!], nextFast[1] - nextSlow[1])
    return [nextSlow[0], ...nextFast, nextSlow[1], ...nextSignal]
  },
  of: ([, , fastAverage, slowAverage, signalCount, signalAverage]) =>
    signalCount! < signal ? null : of(fastAverage! - slowAverage!, signalAverage!)
})
