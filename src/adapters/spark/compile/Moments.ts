/**
 * Variance, covariance and correlation in SQL, as the engine in process has them: exact sums first, and the same doubles
 * made of them in the same order. Where a product of sums has more than 38 digits, Spark's own check ends the query.
 */
import type { Population } from "../../../streams/pipeline/Aggregate.ts"
import type { Columns } from "./Decode.ts"
import * as Numbers from "./Numbers.ts"
import type { Values } from "./Results.ts"

/** Where aggregates get names, and columns that are made of them. */
interface Names {
  add(aggregate: string): string
  addSteps(steps: ReadonlyArray<Columns>): void
}

/** The clause that leaves out rows without these values. */
type Where = (...present: ReadonlyArray<string>) => string

type Pair = readonly [one: Values, other: Values]

export const quotient = (names: Names, pair: Pair, { of, where }: { readonly of: Population; readonly where: Where }): string => {
  const { products, rows, spread } = spreadOf(names, pair, where(...presentOf(pair)))
  const other = of === "population" ? rows : `(${rows} - 1)`
  const [one, two] = pair
  const { steps, value } = division(`${of}_${products}`, { dividend: spread, divisor: `${rows} * ${other}`, scale: scaleOf(one) + scaleOf(two) })
  names.addSteps(steps)
  return value
}

/**
 * The double that is read from the quotient's digits: 40 more decimals than it has, and one that says whether anything is
 * left over. Long division, in parts that 38 digits have room for. The divisor is 0 or more; where it is 0, or nothing is
 * divided, there is null.
 */
const division = (name: string, { dividend, divisor, scale }: { readonly dividend: string; readonly divisor: string; readonly scale: number }) => {
  const column = (part: string) => `${name}_${part}`
  const [over, under, top] = [column("over"), column("under"), column("top")]
  const part = (digit: string, rest: string, of: string, more: string): Columns => ({
    [column(digit)]: `CAST(${Numbers.wholes(of, under)} AS DECIMAL(38, 0))`,
    [column(rest)]: `CAST((${of} % ${under}) * ${more} AS DECIMAL(38, 0))`
  })
  const steps: ReadonlyArray<Columns> = [
    {
      [over]: `CAST(abs(${dividend}) AS DECIMAL(38, 0))`,
      [under]: `nullif(CAST(${divisor} AS DECIMAL(38, 0)), 0)`,
      [column("sign")]: `IF(${dividend} < 0, -1D, 1D)`
    },
    { [top]: `CAST(${Numbers.wholes(over, million)} AS DECIMAL(38, 0))` },
    part("first", "rest", top, million),
    { [column("low")]: `CAST(${column("rest")} + ${over} % ${million} AS DECIMAL(38, 0))` },
    part("second", "more", column("low"), decimals),
    part("third", "most", column("more"), decimals),
    part("fourth", "left", column("most"), "1BD")
  ]
  const digits = [
    `CAST(${column("first")} AS STRING)`,
    ...[["second", 6], ["third", 20], ["fourth", 20]].map(([digit, places]) =>
      `lpad(CAST(${column(String(digit))} AS STRING), ${places}, '0')`),
    `IF(${column("left")} = 0, '0', '1')`,
    `'E-${41 + scale}'`
  ]
  return { steps, value: `${column("sign")} * CAST(concat(${digits.join(", ")}) AS DOUBLE)` }
}

const million = "1000000BD"
const decimals = `1${"0".repeat(20)}BD`

export const correlation = (names: Names, [one, other]: Pair, where: Where): string => {
  const present = where(...presentOf([one, other]))
  const spread = (pair: Pair) => spreadOf(names, pair, present).spread
  const [ofOne, ofOther] = [spread([one, one]), spread([other, other])]
  const root = `sqrt(CAST(${ofOne} AS DOUBLE) * CAST(${ofOther} AS DOUBLE))`
  const quotient = `CAST(${spread([one, other])} AS DOUBLE) / ${root}`
  return `IF(${ofOne} = 0 OR ${ofOther} = 0, NULL, least(1D, greatest(-1D, ${quotient})))`
}

/** How two columns vary together, times the square of the number of rows: an integer. */
const spreadOf = (names: Names, [one, other]: Pair, present: string) => {
  const rows = names.add(`count(1)${present}`)
  const products = names.add(Numbers.sumOfProducts(Numbers.whole(one.sql, one.column), Numbers.whole(other.sql, other.column), present))
  const sums = [one, other].map(({ column, sql }) => names.add(Numbers.sum(Numbers.whole(sql, column), present)))
  return { products, rows, spread: `(${rows} * ${products} - ${sums.join(" * ")})` }
}

const presentOf = ([one, other]: Pair): ReadonlyArray<string> => [...new Set([one.sql, other.sql])]

const scaleOf = ({ column }: Values): number => column.kind === "decimal" ? column.scale : 0
