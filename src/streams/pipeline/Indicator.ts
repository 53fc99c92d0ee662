/**
 * Indicators: what is computed of a window's values and of those of the windows of its key before it. Each is a value of
 * `Panes.derive`, and plain data; the names that it looks at are held against the results that it meets.
 *
 * They follow TA-Lib: an EMA begins with the mean of its first windows, RSI, ATR and ADX are smoothed as Wilder's are, a
 * deviation is that of the population. Where there are not windows enough yet the result is `null`. A window in which one
 * of the values is missing is left out: the result is `null` there, and those behind it are what they would be without it.
 *
 * @example
 * ```ts
 * import { Indicator } from "courant"
 *
 * const average = Indicator.ema("close", 12)
 * const range = Indicator.atr({ high: "high", low: "low", close: "close" }, 14)
 * ```
 */
import type { Decimal } from "../../domain/Decimal.ts"
import { optionsOf } from "./check/Declarations.ts"
import type { Expr, Ref, Type } from "./Expr.ts"

/** Names of results. */
interface Closing<out C extends string = string> {
  readonly close: C
}

interface Bars<out H extends string = string, out L extends string = string, out C extends string = string> extends Closing<C> {
  readonly high: H
  readonly low: L
}

interface Traded<out V extends string = string> {
  readonly volume: V
}

/** How many windows are looked at, this one among them; of what is smoothed by itself, how slowly. */
interface Length {
  readonly n: number
}

/** Lengths of two averages, and of that of their difference. */
export interface Macd {
  readonly fast: number
  readonly slow: number
  readonly signal: number
}

/** How many windows the extremes are of, and over how many %K and then %D are averaged. */
export interface Stochastic {
  readonly fastK: number
  readonly slowK: number
  readonly slowD: number
}

interface Of<F extends string, O, P> {
  readonly function: F
  readonly of: O
  readonly parameters: P
}

/** An indicator as data, as the engines read it. */
export type Spec =
  // What has no parameters says nothing of them.
  | Omit<Of<"previous" | "percentChange", string, never>, "parameters">
  | Omit<Of<"obv", Closing & Traded, never>, "parameters">
  | Of<OfLength, string, Length>
  | Of<"macd" | "macdSignal" | "macdHistogram", string, Macd>
  | Of<"bollingerUpper" | "bollingerLower", string, Length & { readonly deviations: number }>
  | Of<"atr" | "cci" | "adx", Bars, Length>
  | Of<"stochasticK" | "stochasticD", Bars, Stochastic>
  | Of<"mfi", Bars & Traded, Length>

/** Functions of one value over a number of windows. */
type OfLength = "sma" | "wma" | "ema" | "rsi" | "roc" | "momentum" | "standardDeviation" | "highest" | "lowest"

export type Function = Spec["function"]

/** An indicator over results that are called `Names` and are numbers. `Out` says what comes out: a number, unless it is said. */
export type Over<Names extends string, Out = Type<number | null>> = Expr<Out, Names, never, never, never, never, Spec>

/** What it is over is said where it is called, and nowhere else: there is nothing in it but its data. */
const made = (spec: Spec): never => ({ node: spec }) as never

const ofLength = <const F extends OfLength>(name: F) => <const N extends string>(of: N, n: number): Over<N> =>
  made({ function: name, of, parameters: { n } })

const picked = (name: "highest" | "lowest") => <const N extends string>(of: N, n: number): Over<N, Ref<N>> =>
  made({ function: name, of, parameters: { n } })

/** The mean of the last `n` windows. */
export const sma = ofLength("sma")

/** The mean of the last `n` windows, of which the newest counts `n` times and each before it once less. */
export const wma = ofLength("wma")

/** The exponential average: it begins with the mean of the first `n` windows, and moves towards each next by 2/(n+1) of the way. */
export const ema = ofLength("ema")

/** Wilder's relative strength: the share of what went up in all that went up or down, from 0 to 100. */
export const rsi = ofLength("rsi")

/** By how many per cent a value differs from that of `n` windows before; `null` where that is 0. */
export const roc = ofLength("roc")

/** By how much a value differs from that of `n` windows before. */
export const momentum = ofLength("momentum")

/** The standard deviation of the last `n` windows, taken as all there are. */
export const standardDeviation = ofLength("standardDeviation")

/** The largest of the last `n` windows, as it is. */
export const highest = picked("highest")

/** The smallest of the last `n` windows, as it is. */
export const lowest = picked("lowest")

/** The value of the nearest window before that had one, as it is. */
export const previous = <const N extends string>(of: N): Over<N, Ref<N>> => made({ function: "previous", of })

/** By how many per cent a value differs from the nearest before, HALF_UP to 4 decimals; `null` where that is 0. */
export const percentChange = <const N extends string>(of: N): Over<N, Type<Decimal | null>> => made({ function: "percentChange", of })

const macds = (name: "macd" | "macdSignal" | "macdHistogram") => <const N extends string>(of: N, lengths: Macd): Over<N> =>
  made({ function: name, of, parameters: { ...optionsOf(`Indicator.${name}`, lengths, ["fast", "slow", "signal"]) } })

/** A fast exponential average less a slow one; from the window on in which there is a signal too. */
export const macd = macds("macd")

/** The exponential average of the MACD. */
export const macdSignal = macds("macdSignal")

/** The MACD less its signal. */
export const macdHistogram = macds("macdHistogram")

const bollinger = (name: "bollingerUpper" | "bollingerLower") => <const N extends string>(of: N, n: number, deviations: number): Over<N> =>
  made({ function: name, of, parameters: { n, deviations } })

/** The mean of the last `n` windows, and so many standard deviations above it. */
export const bollingerUpper = bollinger("bollingerUpper")

/** The mean of the last `n` windows, and so many standard deviations below it. */
export const bollingerLower = bollinger("bollingerLower")

const overBars = (name: "atr" | "cci" | "adx") =>
<const H extends string, const L extends string, const C extends string>(of: Bars<H, L, C>, n: number): Over<H | L | C> =>
  made({ function: name, of, parameters: { n } })

/** Wilder's average of the true range: of how far a window reaches, with the close before it. */
export const atr = overBars("atr")

/** How far the typical price is from its mean, in mean deviations times 0.015. */
export const cci = overBars("cci")

/** Wilder's average directional movement: how much of the range went one way, from 0 to 100. */
export const adx = overBars("adx")

const stochastics = (name: "stochasticK" | "stochasticD") =>
<const H extends string, const L extends string, const C extends string>(of: Bars<H, L, C>, lengths: Stochastic): Over<H | L | C> =>
  made({ function: name, of, parameters: { ...optionsOf(`Indicator.${name}`, lengths, ["fastK", "slowK", "slowD"]) } })

/** The slow %K: where the close lies between the extremes, in per cent, averaged; from the window on in which there is a %D too. */
export const stochasticK = stochastics("stochasticK")

/** The slow %D: the mean of the last slow %K. */
export const stochasticD = stochastics("stochasticD")

/** On-balance volume: all volume so far, that of windows that closed lower counted against it. */
export const obv = <const C extends string, const V extends string>(of: Closing<C> & Traded<V>): Over<C | V> =>
  made({ function: "obv", of })

/** The money flow: the share of what was paid at rising typical prices in all that was paid, from 0 to 100. */
export const mfi = <const H extends string, const L extends string, const C extends string, const V extends string>(
  of: Bars<H, L, C> & Traded<V>,
  n: number
): Over<H | L | C | V> => made({ function: "mfi", of, parameters: { n } })
