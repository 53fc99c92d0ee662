/** Exact numbers in SQL: integers of up to 38 digits, a scale that the plan knows, and JSON at the end. */
import { meanExtraScale } from "../../../domain/Decimal.ts"
import * as Sql from "./Sql.ts"

/** Of columns of integers. Where 38 digits do not do, Spark's own check of overflows ends the query. */
export const sum = (values: string, filter: string): string => `sum(${whole(values)})${filter}`

export const sumOfProducts = (left: string, right: string, filter: string): string =>
  `sum(${whole(left)} * ${whole(right)})${filter}`

const whole = (values: string): string => `CAST(${values} AS DECIMAL(16, 0))`

/** A quotient of integers to 4 decimals, in the names of two that Spark is to divide. */
export interface Quotient {
  readonly dividend: string
  readonly divisor: string
}

/**
 * What {@link halfUp} rounds: twice the quotient's dividend and once its divisor, over twice its divisor. Spark's own `/`
 * rounds to a scale that it chooses, and has nothing to round where the remainder is taken away before.
 */
export const doubled = ({ dividend, divisor }: Quotient) => ({
  over: `CAST(${2 * 10 ** meanExtraScale} * abs(CAST(${dividend} AS DECIMAL(38, 0))) + abs(${divisor}) AS DECIMAL(38, 0))`,
  under: `CAST(2 * abs(${divisor}) AS DECIMAL(38, 0))`,
  sign: `IF((${dividend} < 0) = (${divisor} < 0), 1, -1)`
})

/** An integer: the quotient times 10^4, rounded HALF_UP; null where there is nothing to divide by. */
export const halfUp = (over: string, under: string, sign: string): string =>
  `IF(${under} = 0, NULL, ${sign} * CAST((${over} - ${over} % ${under}) / ${under} AS DECIMAL(37, 0)))`

/** Of exact totals, the nearest double. */
export const meanDouble = ({ dividend, divisor }: Quotient): string =>
  `IF(${divisor} = 0, NULL, CAST(${dividend} AS DOUBLE) / CAST(${divisor} AS DOUBLE))`

/** Doubles that have left their range say nothing. */
export const finite = (double: string): string => `IF(abs(${double}) < ${Sql.infinity}, ${double}, NULL)`

/** An integer that JSON's readers take for what it is; one beyond that ends the query, as it ends a run in process. */
export const safeInteger = (value: string, result: string): string => {
  const message = Sql.text(`the sum "${result}" is beyond what an integer can hold`)
  return `IF(abs(${value}) > ${Number.MAX_SAFE_INTEGER}, raise_error(${message}), CAST(${value} AS BIGINT))`
}

/** Plain notation without trailing zeros of `unscaled / 10^scale`. */
export const plain = (unscaled: string, scale: number): string =>
  scale === 0
    ? `CAST(${unscaled} AS STRING)`
    : `regexp_replace(CAST(CAST(concat(${unscaled}, 'E-${scale}') AS DECIMAL(38, ${scale})) AS STRING), '[.]?0+$', '')`
