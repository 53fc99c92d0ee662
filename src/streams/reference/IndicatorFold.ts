/**
 * The meaning of each indicator, in the most obvious way: of all windows of a key that follow on one another, from the
 * first to the last, and of the list of their values. It shares no code with the engine.
 */
import { BigDecimal } from "effect"
import { type Decimal, divideHalfUp, fromUnscaled } from "../../domain/Decimal.ts"
import type { Spec } from "../pipeline/Indicator.ts"
import type { Value } from "../pipeline/Pane.ts"
import { decimal, less, type Numeric, toNumber } from "./Numbers.ts"

type Numbers = ReadonlyArray<number>

/** One for each window; `null` where there are not windows enough yet. */
type Results = ReadonlyArray<number | null>

/** Its value for each of the windows; `of` gives the values of a result, of which none is missing. */
export const indicate = (spec: Spec, of: (result: string) => ReadonlyArray<Numeric>): ReadonlyArray<Value> => {
  switch (spec.function) {
    case "previous":
      return of(spec.of).map((_, i, all) => all[i - 1] ?? null)
    case "percentChange":
      return of(spec.of).map((now, i, all) => i === 0 ? null : percent(all[i - 1]!, now))
    case "highest":
      return overLast(of(spec.of), spec.parameters.n, (last) => last.reduce((best, value) => less(best, value) ? value : best))
    case "lowest":
      return overLast(of(spec.of), spec.parameters.n, (last) => last.reduce((best, value) => less(value, best) ? value : best))
    default:
      return numbers(spec, (result) => of(result).map(toNumber), of).map((value) => value !== null && Number.isFinite(value) ? value + 0 : null)
  }
}

type OfNumbers = Exclude<Spec, { readonly function: "previous" | "percentChange" }>

const numbers = (spec: OfNumbers, of: (result: string) => Numbers, exact: (result: string) => ReadonlyArray<Numeric>): Results => {
  switch (spec.function) {
    case "atr":
      return atr(of(spec.of.high), of(spec.of.low), of(spec.of.close), spec.parameters.n)
    case "adx":
      return adx(of(spec.of.high), of(spec.of.low), of(spec.of.close), spec.parameters.n)
    case "cci":
      return cci(bars(exact(spec.of.high), exact(spec.of.low), exact(spec.of.close)), spec.parameters.n)
    case "stochasticK":
      return stochastic(of(spec.of.high), of(spec.of.low), of(spec.of.close), spec.parameters).map(([k]) => k)
    case "stochasticD":
      return stochastic(of(spec.of.high), of(spec.of.low), of(spec.of.close), spec.parameters).map(([, d]) => d)
    case "obv":
      return obv(of(spec.of.close), of(spec.of.volume))
    case "mfi":
      return mfi(bars(exact(spec.of.high), exact(spec.of.low), exact(spec.of.close)), of(spec.of.volume), spec.parameters.n)
    default:
      return ofOne(spec, of(spec.of))
  }
}

const ofOne = (spec: Extract<OfNumbers, { readonly of: string }>, values: Numbers): Results => {
  switch (spec.function) {
    case "sma":
      return overLast(values, spec.parameters.n, mean)
    case "wma":
      return overLast(values, spec.parameters.n, weighted)
    case "ema":
      return ema(values, spec.parameters.n)
    case "rsi":
      return rsi(values, spec.parameters.n)
    case "roc":
      return overLast(values, spec.parameters.n + 1, (last) => (last.at(-1)! / last[0]! - 1) * 100)
    case "momentum":
      return overLast(values, spec.parameters.n + 1, (last) => last.at(-1)! - last[0]!)
    case "standardDeviation":
      return overLast(values, spec.parameters.n, deviation)
    case "bollingerUpper":
      return overLast(values, spec.parameters.n, (last) => mean(last) + spec.parameters.deviations * deviation(last))
    case "bollingerLower":
      return overLast(values, spec.parameters.n, (last) => mean(last) - spec.parameters.deviations * deviation(last))
    case "macd":
      return macd(values, spec.parameters).map(([line]) => line)
    case "macdSignal":
      return macd(values, spec.parameters).map(([, signal]) => signal)
    case "macdHistogram":
      return macd(values, spec.parameters).map(([line, signal]) => line === null || signal === null ? null : line - signal)
    // Those pick a value as it is: see above.
    case "highest":
    case "lowest":
      return []
  }
}

/** Of each `n` values that follow on one another. */
const overLast = <A, B>(values: ReadonlyArray<A>, n: number, of: (last: ReadonlyArray<A>) => B): ReadonlyArray<B | null> =>
  values.map((_, i) => i + 1 < n ? null : of(values.slice(i + 1 - n, i + 1)))

const mean = (values: Numbers): number => {
  let sum = 0
  for (const value of values) sum += value
  return sum / values.length
}

const weighted = (values: Numbers): number => {
  let [sum, weights] = [0, 0]
  values.forEach((value, i) => {
    sum += value * (i + 1)
    weights += i + 1
  })
  return sum / weights
}

const deviation = (values: Numbers): number => {
  const [first = 0] = values
  const middle = mean(values.map((value) => value - first))
  let squares = 0
  for (const value of values) squares += (value - first - middle) ** 2
  return Math.sqrt(squares / values.length)
}

const ema = (values: Numbers, n: number): Results => {
  const results: Array<number | null> = []
  let average = 0
  values.forEach((value, i) => {
    if (i + 1 < n) return results.push(null)
    average = i + 1 === n ? mean(values.slice(0, n)) : average + (value - average) * (2 / (n + 1))
    return results.push(average)
  })
  return results
}

interface Macd {
  readonly fast: number
  readonly slow: number
  readonly signal: number
}

/** The fast average begins as late as the slow one, and both lines where the signal does. */
const macd = (values: Numbers, { fast, signal, slow }: Macd): ReadonlyArray<readonly [line: number | null, signal: number | null]> => {
  const slows = ema(values, slow)
  const fasts = ema(values.slice(slow - fast), fast)
  const first = slow - 1
  const lines = slows.slice(first).map((average, i) => fasts[first - (slow - fast) + i]! - average!)
  const signals = ema(lines, signal)
  return values.map((_, i) => {
    const own = signals[i - first] ?? null
    return own === null ? [null, null] : [lines[i - first]!, own]
  })
}

/** Wilder's: the mean of the first `n`, of which each next takes the place of an n-th. */
const wilder = (values: Numbers, n: number): Results => {
  const results: Array<number | null> = []
  let average = 0
  values.forEach((value, i) => {
    if (i + 1 < n) return results.push(null)
    average = i + 1 === n ? mean(values.slice(0, n)) : (average * (n - 1) + value) / n
    return results.push(average)
  })
  return results
}

/** What is computed from each value and the one before it, from the second on. */
const steps = <A>(values: ReadonlyArray<A>, of: (now: A, before: A) => number): Numbers =>
  values.slice(1).map((value, i) => of(value, values[i]!))

const rsi = (values: Numbers, n: number): Results => {
  const gains = wilder(steps(values, (now, before) => now > before ? now - before : 0), n)
  const losses = wilder(steps(values, (now, before) => now < before ? before - now : 0), n)
  return values.map((_, i) => {
    const [gain, loss] = [gains[i - 1] ?? null, losses[i - 1] ?? null]
    if (gain === null || loss === null) return null
    return gain + loss === 0 ? 0 : 100 * (gain / (gain + loss))
  })
}

const trueRanges = (high: Numbers, low: Numbers, close: Numbers): Numbers =>
  high.slice(1).map((top, i) => Math.max(top - low[i + 1]!, Math.abs(top - close[i]!), Math.abs(low[i + 1]! - close[i]!)))

const atr = (high: Numbers, low: Numbers, close: Numbers, n: number): Results =>
  close.length === 0 ? [] : [null, ...wilder(trueRanges(high, low, close), n)]

/** Three times the typical prices: decimals, of which equal ones are equal. */
const bars = (high: ReadonlyArray<Numeric>, low: ReadonlyArray<Numeric>, close: ReadonlyArray<Numeric>): ReadonlyArray<Decimal> =>
  close.map((last, i) => BigDecimal.sum(BigDecimal.sum(decimal(high[i]!), decimal(low[i]!)), decimal(last)))

/** Of the distances, and so of their mean, all are as many times too large as there are windows. */
const cci = (prices: ReadonlyArray<Decimal>, n: number): Results =>
  overLast(prices, n, (last) => {
    const total = last.reduce(BigDecimal.sum)
    const distances = last.map((price) => BigDecimal.subtract(BigDecimal.multiply(price, decimal(n)), total))
    const sum = toNumber(distances.map(BigDecimal.abs).reduce(BigDecimal.sum))
    return sum === 0 ? 0 : toNumber(distances.at(-1)!) * n / (0.015 * sum)
  })

interface Stochastic {
  readonly fastK: number
  readonly slowK: number
  readonly slowD: number
}

/** %K begins where %D does. */
const stochastic = (high: Numbers, low: Numbers, close: Numbers, { fastK, slowD, slowK }: Stochastic): ReadonlyArray<readonly [k: number | null, d: number | null]> => {
  const fast = close.map((last, i) => {
    const [top, bottom] = [Math.max(...high.slice(Math.max(0, i + 1 - fastK), i + 1)), Math.min(...low.slice(Math.max(0, i + 1 - fastK), i + 1))]
    return top === bottom ? 0 : (last - bottom) / ((top - bottom) / 100)
  }).slice(fastK - 1)
  const k = overLast(fast, slowK, mean).slice(slowK - 1) as Numbers
  const d = overLast(k, slowD, mean)
  return close.map((_, i) => {
    const at = i - (fastK - 1) - (slowK - 1)
    return d[at] == null ? [null, null] : [k[at]!, d[at]]
  })
}

const obv = (close: Numbers, volume: Numbers): Results => {
  let sum = 0
  return close.map((price, i) => {
    const before = close[i - 1]
    if (before === undefined || price > before) sum += volume[i]!
    else if (price < before) sum -= volume[i]!
    return sum
  })
}

const mfi = (prices: ReadonlyArray<Decimal>, volume: Numbers, n: number): Results =>
  prices.map((_, last) => {
    if (last < n) return null
    let [rising, falling] = [0, 0]
    for (let i = last + 1 - n; i <= last; i++) {
      const flow = toNumber(prices[i]!) / 3 * volume[i]!
      if (less(prices[i - 1]!, prices[i]!)) rising += flow
      if (less(prices[i]!, prices[i - 1]!)) falling += flow
    }
    return rising + falling === 0 ? 0 : 100 * (rising / (rising + falling))
  })

/** Of moves the first `n - 1` are added up, and of the sum each next takes the place of an n-th. */
const smoothed = (moves: Numbers, n: number): Numbers => {
  let sum = 0
  return moves.map((move, i) => {
    sum = i < n - 1 ? sum + move : sum - sum / n + move
    return sum
  })
}

const adx = (high: Numbers, low: Numbers, close: Numbers, n: number): Results => {
  const [up, down] = [steps(high, (now, before) => now - before), steps(low, (now, before) => before - now)]
  const ups = smoothed(up.map((move, i) => move > 0 && move > down[i]! ? move : 0), n)
  const downs = smoothed(down.map((move, i) => move > 0 && move > up[i]! ? move : 0), n)
  const ranges = smoothed(trueRanges(high, low, close), n)
  const results: Array<number | null> = close.slice(0, n).map(() => null)
  let average = 0
  for (let i = n - 1; i < ranges.length; i++) {
    const [upwards, downwards] = [100 * (ups[i]! / ranges[i]!), 100 * (downs[i]! / ranges[i]!)]
    const own = ranges[i] === 0 || upwards + downwards === 0 ? null : 100 * (Math.abs(downwards - upwards) / (upwards + downwards))
    const seen = i - (n - 1)
    if (seen < n) average += own ?? 0
    else if (own !== null) average = (average * (n - 1) + own) / n
    if (seen === n - 1) average /= n
    results.push(seen < n - 1 ? null : average)
  }
  return results
}

const percent = (before: Numeric, now: Numeric): Decimal | null => {
  const [then, current] = [decimal(before), decimal(now)]
  if (then.value === 0n) return null
  const change = BigDecimal.multiply(BigDecimal.subtract(current, then), BigDecimal.make(100n, 0))
  const scale = Math.max(change.scale, then.scale)
  const [dividend, divisor] = [BigDecimal.scale(change, scale + 4).value, BigDecimal.scale(then, scale).value]
  return fromUnscaled(divisor > 0n ? divideHalfUp(dividend, divisor) : divideHalfUp(-dividend, -divisor), 4)
}
