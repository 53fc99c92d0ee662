/** What a pipeline is drawn at random as: any conditions and functions before its windows, any values derived behind them. */
import * as fc from "fast-check"
import { horizon } from "../streams/pipeline/Checked.ts"
import type { Node } from "../streams/pipeline/Expr.ts"
import type { Function, Spec } from "../streams/pipeline/Indicator.ts"
import * as Plan from "../streams/pipeline/Plan.ts"

/** What stands between a source and its windows, one after another. */
export type Step =
  | { readonly _tag: "where"; readonly condition: Node }
  | { readonly _tag: "filter"; readonly test: (row: never) => boolean }

interface Row {
  readonly size: number
  readonly venue: string | null
}

/** Functions over the rows of random logs. */
const tests: ReadonlyArray<(row: Row) => boolean> = [
  ({ size }) => size % 2 === 0,
  ({ venue }) => venue !== "Q",
  () => true
]

/** Half of the pipelines have none, since few rows come through many. */
export const steps = (conditions: fc.Arbitrary<Node>): fc.Arbitrary<ReadonlyArray<Step>> =>
  fc.oneof(
    fc.constant([]),
    fc.array(
      fc.oneof(
        conditions.map((condition): Step => ({ _tag: "where", condition })),
        fc.constantFrom(...tests).map((test): Step => ({ _tag: "filter", test }))
      ),
      { minLength: 1, maxLength: 3 }
    )
  )

export const stepped = (rows: Plan.Events, steps: ReadonlyArray<Step>): Plan.Events =>
  steps.reduce((input, step): Plan.Events => ({ ...step, input }), rows)

/** A node behind the windows: its values, and how far apart windows may be that follow on one another. */
export interface Derivation {
  readonly values: ReadonlyArray<Drawn>
  readonly within: number
}

/** An indicator over results, which are drawn by their numbers among those that have numbers. */
interface Drawn {
  readonly of: ReadonlyArray<number>
  readonly spec: (names: ReadonlyArray<string>) => Spec
}

const lengths = fc.integer({ min: 1, max: 4 })

const lengthsOfMacd = fc.tuple(lengths, fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 3 }))
  .map(([fast, more, signal]) => ({ fast, slow: fast + more, signal }))

const short = fc.integer({ min: 1, max: 2 })

const lengthsOfStochastic = fc.record({ fastK: short, slowK: short, slowD: short })

const barOf = ([high = "", low = "", close = ""]: ReadonlyArray<string>) => ({ high, low, close })

/** One of a function, over the first results that are drawn. */
const ofOne = (name: "previous" | "percentChange") => fc.constant<Drawn["spec"]>(([of = ""]) => ({ function: name, of }))

type OfLength = "sma" | "wma" | "ema" | "rsi" | "roc" | "momentum" | "standardDeviation" | "highest" | "lowest"

const ofLength = (name: OfLength) => lengths.map((n): Drawn["spec"] => ([of = ""]) => ({ function: name, of, parameters: { n } }))

const ofMacd = (name: "macd" | "macdSignal" | "macdHistogram") =>
  lengthsOfMacd.map((parameters): Drawn["spec"] => ([of = ""]) => ({ function: name, of, parameters }))

const ofBand = (name: "bollingerUpper" | "bollingerLower") =>
  fc.record({ n: lengths, deviations: fc.constantFrom(1, 2.5) }).map((parameters): Drawn["spec"] => ([of = ""]) => ({ function: name, of, parameters }))

const ofBars = (name: "atr" | "cci" | "adx") => lengths.map((n): Drawn["spec"] => (names) => ({ function: name, of: barOf(names), parameters: { n } }))

const ofStochastic = (name: "stochasticK" | "stochasticD") =>
  lengthsOfStochastic.map((parameters): Drawn["spec"] => (names) => ({ function: name, of: barOf(names), parameters }))

const drawn: { readonly [F in Function]: fc.Arbitrary<Drawn["spec"]> } = {
  previous: ofOne("previous"),
  percentChange: ofOne("percentChange"),
  sma: ofLength("sma"),
  wma: ofLength("wma"),
  ema: ofLength("ema"),
  rsi: ofLength("rsi"),
  roc: ofLength("roc"),
  momentum: ofLength("momentum"),
  standardDeviation: ofLength("standardDeviation"),
  highest: ofLength("highest"),
  lowest: ofLength("lowest"),
  macd: ofMacd("macd"),
  macdSignal: ofMacd("macdSignal"),
  macdHistogram: ofMacd("macdHistogram"),
  bollingerUpper: ofBand("bollingerUpper"),
  bollingerLower: ofBand("bollingerLower"),
  atr: ofBars("atr"),
  cci: ofBars("cci"),
  adx: ofBars("adx"),
  stochasticK: ofStochastic("stochasticK"),
  stochasticD: ofStochastic("stochasticD"),
  obv: fc.constant(([close = "", volume = ""]) => ({ function: "obv", of: { close, volume } })),
  mfi: lengths.map((n) => (names) => ({ function: "mfi", of: { ...barOf(names), volume: names[3] ?? "" }, parameters: { n } }))
}

const picks = fc.array(fc.nat(100), { minLength: 4, maxLength: 4 })

const withins = fc.oneof({ weight: 3, arbitrary: fc.constant(horizon) }, { weight: 1, arbitrary: fc.nat(12) })

const valueOf = (spec: fc.Arbitrary<Drawn["spec"]>): fc.Arbitrary<Drawn> => fc.record({ of: picks, spec })

/** A value of each function there is. */
export const everyIndicator: fc.Arbitrary<Derivation> = fc.record({ values: fc.tuple(...Object.values(drawn).map(valueOf)), within: withins })

/** Any indicators, of windows that are near enough as a rule. */
export const derivation: fc.Arbitrary<Derivation> =
  fc.record({ values: fc.array(fc.oneof(...Object.values(drawn).map(valueOf)), { minLength: 1, maxLength: 3 }), within: withins })

/** Any indicators over any results. */
export const derivations: fc.Arbitrary<ReadonlyArray<Derivation>> = fc.oneof(fc.constant([]), fc.array(derivation, { maxLength: 3 }))

/** Later nodes may derive from what earlier ones have derived. */
export const derived = (results: Plan.Results, derivations: ReadonlyArray<Derivation>, numeric: ReadonlyArray<string>, name = "derived"): Plan.Results => {
  const known = [...numeric]
  return derivations.reduce((input, { values, within }, node): Plan.Results => {
    const named = values.map(({ of, spec }, index) => [`${name}${node}_${index}`, spec(of.map((number) => known[number % known.length]!))] as const)
    known.push(...named.map(([name]) => name))
    return { _tag: "derive", input, values: Object.fromEntries(named), within }
  }, results)
}

/** The same aggregates, declared in another order. */
export const reordered = <A>(aggregates: { readonly [name: string]: A }, order: ReadonlyArray<string>): { readonly [name: string]: A } =>
  Object.fromEntries(order.map((name) => [name, aggregates[name]!]))
