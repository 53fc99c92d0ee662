/** Exact numbers in SQL: integers of up to 38 digits, a scale that the plan knows, and JSON at the end. */
import { meanExtraScale, type Storage } from "../../../domain/Decimal.ts"
import type { Column } from "../../../streams/pipeline/Column.ts"
import * as Sql from "./Sql.ts"

/** Of integers. Where 38 digits do not do, Spark's own check of overflows ends the query. */
export const sum = (values: string, filter: string): string => `sum(${values})${filter}`

export const sumOfProducts = (left: string, right: string, filter: string): string =>
  `sum(${left} * ${right})${filter}`

/** A column of unscaled integers: up to 2^53, those of 64 bits that a double holds, or 38 digits. */
export const whole = (values: string, column?: Column): string => {
  if (column?.kind !== "decimal") return `CAST(${values} AS DECIMAL(16, 0))`
  if (column.isWide === true) return values
  return `CAST(${values} AS DECIMAL(${isSafe(column) ? 16 : 19}, 0))`
}

/** Whether a double holds each integer up to the limit. */
export const isSafe = ({ limit, scale }: Storage): boolean => limit * 10 ** scale <= Number.MAX_SAFE_INTEGER

/** A quotient of integers to 4 decimals, in the names of two that Spark is to divide. */
export interface Quotient {
  readonly dividend: string
  readonly divisor: string
}

/** Columns that one quotient is made of, each from those before. */
export interface Division {
  readonly terms: Readonly<Record<"over" | "under" | "unit" | "sign", string>>
  readonly parts: Readonly<Record<"high" | "rest", string>>
  readonly mean: string
}

/**
 * The quotient times 10^4, rounded HALF_UP to an integer of up to 37 digits; null where there is nothing to divide by.
 * HALF_UP is twice the dividend and once the divisor over twice the divisor, without the remainder: of what is behind the point,
 * so that a dividend may have all of 38 digits.
 *
 * Spark's own `/` has 32 digits before the point and rounds behind it. So it is given what divides exactly, and where the
 * divisor is small, in two parts: the millions of the quotient, and the rest.
 */
export const halfUp = (name: string, { dividend, divisor }: Quotient): Division => {
  const [over, under, unit, rest] = [`${name}_over`, `${name}_under`, `${name}_unit`, `${name}_rest`]
  const wide = `CAST(${under} * ${unit} AS DECIMAL(38, 0))`
  const before = `(${name}_high * ${unit} + ${asInteger(wholes(rest, under))})`
  const behind = asInteger(wholes(`(${2 * 10 ** meanExtraScale}BD * (${rest} % ${under}) + ${under})`, `(2BD * ${under})`))
  return {
    terms: {
      over: `abs(${asInteger(dividend)})`,
      under: `nullif(${asInteger(`abs(${divisor})`)}, 0)`,
      unit: `IF(abs(${divisor}) < 1000000, 1000000BD, 1BD)`,
      sign: `IF((${dividend} < 0) = (${divisor} < 0), 1, -1)`
    },
    parts: { high: asInteger(wholes(over, wide)), rest: asInteger(`${over} % ${wide}`) },
    mean: `${name}_sign * CAST(${10 ** meanExtraScale}BD * ${before} + ${behind} AS DECIMAL(37, 0))`
  }
}

const asInteger = (value: string): string => `CAST(${value} AS DECIMAL(38, 0))`

/** How often one goes into the other: up to 32 digits. */
export const wholes = (dividend: string, divisor: string): string => `(${dividend} - ${dividend} % ${divisor}) / ${divisor}`

/** Of exact totals, the nearest double. */
export const meanDouble = ({ dividend, divisor }: Quotient): string =>
  `IF(${divisor} = 0, NULL, CAST(${dividend} AS DOUBLE) / CAST(${divisor} AS DOUBLE))`

/** Doubles that have left their range say nothing. */
export const finite = (double: string): string => `IF(abs(${double}) < ${Sql.infinity}, ${double}, NULL)`

/** An integer as JSON has it: a number where its readers take that for what it is, else a string. */
export const integer = (value: string): string =>
  `IF(abs(${value}) > ${Number.MAX_SAFE_INTEGER}, CAST(CAST(${value} AS STRING) AS VARIANT), CAST(CAST(${value} AS BIGINT) AS VARIANT))`

/** Plain notation without trailing zeros of `unscaled / 10^scale`. */
export const plain = (unscaled: string, scale: number): string =>
  scale === 0
    ? `CAST(${unscaled} AS STRING)`
    : `regexp_replace(CAST(CAST(concat(${unscaled}, 'E-${scale}') AS DECIMAL(38, ${scale})) AS STRING), '[.]?0+$', '')`
