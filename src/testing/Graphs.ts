/** What a pipeline is drawn at random as: any conditions and functions before its windows, any values derived behind them. */
import * as fc from "fast-check"
import { horizon } from "../streams/pipeline/Checked.ts"
import type { Node } from "../streams/pipeline/Expr.ts"
import type { Spec } from "../streams/pipeline/Indicator.ts"
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

const barAndVolumeOf = (names: ReadonlyArray<string>) => ({ ...barOf(names), volume: names[3] ?? "" })

const specs: fc.Arbitrary<Drawn["spec"]> = fc.oneof(
  fc.constantFrom("previous", "percentChange").map((name): Drawn["spec"] => ([of = ""]) => ({ function: name, of })),
  fc.tuple(
    fc.constantFrom("sma", "wma", "ema", "rsi", "roc", "momentum", "standardDeviation", "highest", "lowest"),
    lengths
  ).map(([name, n]): Drawn["spec"] => ([of = ""]) => ({ function: name, of, parameters: { n } })),
  fc.tuple(fc.constantFrom("macd", "macdSignal", "macdHistogram"), lengthsOfMacd)
    .map(([name, parameters]): Drawn["spec"] => ([of = ""]) => ({ function: name, of, parameters })),
  fc.tuple(fc.constantFrom("bollingerUpper", "bollingerLower"), lengths, fc.constantFrom(1, 2.5))
    .map(([name, n, deviations]): Drawn["spec"] => ([of = ""]) => ({ function: name, of, parameters: { n, deviations } })),
  fc.tuple(fc.constantFrom("atr", "cci", "adx"), lengths)
    .map(([name, n]): Drawn["spec"] => (names) => ({ function: name, of: barOf(names), parameters: { n } })),
  fc.tuple(fc.constantFrom("stochasticK", "stochasticD"), lengthsOfStochastic)
    .map(([name, parameters]): Drawn["spec"] => (names) => ({ function: name, of: barOf(names), parameters })),
  lengths.map((n): Drawn["spec"] => (names) => ({ function: "mfi", of: barAndVolumeOf(names), parameters: { n } })),
  fc.constant<Drawn["spec"]>(([close = "", volume = ""]) => ({ function: "obv", of: { close, volume } }))
)

/** Any indicators over any results, of windows that are near enough as a rule. */
export const derivations: fc.Arbitrary<ReadonlyArray<Derivation>> = fc.oneof(
  fc.constant([]),
  fc.array(
    fc.record({
      values: fc.array(fc.record({ of: fc.array(fc.nat(100), { minLength: 4, maxLength: 4 }), spec: specs }), { minLength: 1, maxLength: 3 }),
      within: fc.oneof({ weight: 3, arbitrary: fc.constant(horizon) }, { weight: 1, arbitrary: fc.nat(12) })
    }),
    { maxLength: 3 }
  )
)

/** Later nodes may derive from what earlier ones have derived. */
export const derived = (results: Plan.Results, derivations: ReadonlyArray<Derivation>, numeric: ReadonlyArray<string>): Plan.Results => {
  const known = [...numeric]
  return derivations.reduce((input, { values, within }, node): Plan.Results => {
    const named = values.map(({ of, spec }, index) => [`derived${node}_${index}`, spec(of.map((number) => known[number % known.length]!))] as const)
    known.push(...named.map(([name]) => name))
    return { _tag: "derive", input, values: Object.fromEntries(named), within }
  }, results)
}

/** The same aggregates, declared in another order. */
export const reordered = <A>(aggregates: { readonly [name: string]: A }, order: ReadonlyArray<string>): { readonly [name: string]: A } =>
  Object.fromEntries(order.map((name) => [name, aggregates[name]!]))
