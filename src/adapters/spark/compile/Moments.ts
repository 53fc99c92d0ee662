/**
 * Variance, covariance and correlation in SQL, as the engine in process has them: exact sums first, and the same doubles
 * made of them in the same order. Where a product of sums has more than 38 digits, Spark's own check ends the query.
 */
import type { Population } from "../../../streams/pipeline/Aggregate.ts"
import * as Numbers from "./Numbers.ts"
import type { Values } from "./Results.ts"

/** Names an aggregate. */
type Add = (aggregate: string) => string

/** The clause that leaves out rows without these values. */
type Where = (...present: ReadonlyArray<string>) => string

type Pair = readonly [one: Values, other: Values]

export const quotient = (add: Add, pair: Pair, { of, where }: { readonly of: Population; readonly where: Where }): string => {
  const present = where(...presentOf(pair))
  const rows = add(`count(1)${present}`)
  const other = of === "population" ? rows : `(${rows} - 1)`
  const [one, two] = pair
  const scale = scaleOf(one) + scaleOf(two)
  const together = `CAST(concat(CAST(${spread(add, pair, present)} AS STRING), 'E-${scale}') AS DOUBLE)`
  return `IF(${rows} < ${of === "population" ? 1 : 2}, NULL, ${together} / (CAST(${rows} AS DOUBLE) * CAST(${other} AS DOUBLE)))`
}

export const correlation = (add: Add, pair: Pair, where: Where): string => {
  const present = where(...presentOf(pair))
  const [one, other] = pair
  const [ofOne, ofOther] = [spread(add, [one, one], present), spread(add, [other, other], present)]
  const root = `sqrt(CAST(${ofOne} AS DOUBLE) * CAST(${ofOther} AS DOUBLE))`
  const exact = `least(1D, greatest(-1D, CAST(${spread(add, pair, present)} AS DOUBLE) / ${root}))`
  return `IF(${ofOne} = 0 OR ${ofOther} = 0, NULL, ${exact})`
}

/** How two columns vary together, times the square of the number of rows: an integer. */
const spread = (add: Add, [one, other]: Pair, present: string): string => {
  const products = add(Numbers.sumOfProducts(one.sql, other.sql, present))
  const sums = [one, other].map(({ sql }) => add(Numbers.sum(sql, present)))
  return `(${add(`count(1)${present}`)} * ${products} - ${sums.join(" * ")})`
}

const presentOf = ([one, other]: Pair): ReadonlyArray<string> => [...new Set([one.sql, other.sql])]

const scaleOf = ({ column }: Values): number => column.kind === "decimal" ? column.scale : 0
