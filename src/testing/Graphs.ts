/** What a pipeline is drawn at random as: any conditions and functions before its windows, any values derived behind them. */
import * as fc from "fast-check"
import { horizon } from "../streams/pipeline/Checked.ts"
import type { Node } from "../streams/pipeline/Expr.ts"
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

/** Which result, by its number among those that have numbers, each node behind the windows is derived from. */
export const derivations = fc.oneof(fc.constant([]), fc.array(fc.array(fc.nat(100), { minLength: 1, maxLength: 2 }), { maxLength: 3 }))

/** Later nodes may derive from what earlier ones have derived. */
export const derived = (
  results: Plan.Results,
  derivations: ReadonlyArray<ReadonlyArray<number>>,
  numeric: ReadonlyArray<string>
): Plan.Results => {
  const known = [...numeric]
  return derivations.reduce((input, of, node): Plan.Results => {
    const values = of.map((number, index) => [`derived${node}_${index}`, known[number % known.length]!] as const)
    known.push(...values.map(([name]) => name))
    return {
      _tag: "derive",
      input,
      values: Object.fromEntries(values.map(([name, of]) => [name, { function: "percentChange", of }] as const)),
      within: horizon
    }
  }, results)
}

/** The same aggregates, declared in another order. */
export const reordered = <A>(aggregates: { readonly [name: string]: A }, order: ReadonlyArray<string>): { readonly [name: string]: A } =>
  Object.fromEntries(order.map((name) => [name, aggregates[name]!]))
