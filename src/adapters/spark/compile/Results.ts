/** The results of a pipeline as aggregates over the rows of a window, and as values of a pane. */
import { meanExtraScale } from "../../../domain/Decimal.ts"
import type { Aggregate, Field } from "../../../streams/pipeline/Checked.ts"
import type { Column } from "../../../streams/pipeline/Column.ts"
import { mostDigits } from "../../../streams/pipeline/check/Expressions.ts"
import type { Columns } from "./Decode.ts"
import * as Expression from "./Expression.ts"
import * as Moments from "./Moments.ts"
import * as Numbers from "./Numbers.ts"
import * as Sql from "./Sql.ts"

/** What rows have beside their fields: `pre_aggregated`, whether one is a pre-aggregated record, and `place`, which orders them. */
export interface Rows {
  readonly event: Expression.Scope
  readonly preAggregated: Expression.Scope | null
}

export interface Results {
  /** By the names under which the values refer to them. */
  readonly aggregates: Columns
  /** What values are made of, step by step, from the aggregates. */
  readonly steps: ReadonlyArray<Columns>
  /** Of a pane, in their order; null where there is none. */
  readonly values: ReadonlyArray<readonly [result: string, sql: string]>
  /** How many rows are in the window. */
  readonly changes: string
}

/** Throws a `TypeError` that says what of a result Spark cannot compute. */
export const of = (aggregates: ReadonlyArray<Aggregate>, rows: Rows): Results => {
  const chosen = new Aggregates()
  const values = aggregates.map((aggregate) => {
    const { name: result, preAggregated } = aggregate
    const input = preAggregated === null ? eventsOnly(aggregate, rows) : withPreAggregated(aggregate, preAggregated, rows)
    const value = valueOf(aggregate, input, chosen)
    const isUnknown = rows.preAggregated !== null && preAggregated === null
    return [result, isUnknown ? `IF(${chosen.add("bool_or(pre_aggregated)")}, NULL, ${value})` : value] as const
  })
  const changes = chosen.add("count(1)")
  return { aggregates: chosen.all, steps: chosen.steps, values, changes }
}

/** One aggregate that two results are made of is computed once. */
class Aggregates {
  readonly #names = new Map<string, string>()
  readonly #steps: Array<Record<string, string>> = []

  add(sql: string): string {
    const known = this.#names.get(sql)
    if (known !== undefined) return known
    const name = `a${this.#names.size}`
    this.#names.set(sql, name)
    return name
  }

  /** The name of the quotient of two aggregates, times 10^4 and rounded HALF_UP. */
  mean(quotient: Numbers.Quotient): string {
    const name = `mean_${quotient.dividend}_${quotient.divisor}`
    const { mean, parts, terms } = Numbers.halfUp(name, quotient)
    this.addSteps([prefixed(name, terms), prefixed(name, parts), { [name]: mean }])
    return name
  }

  /** Columns from aggregates, and from those of the steps before. */
  addSteps(steps: ReadonlyArray<Columns>): void {
    for (const [step, columns] of steps.entries()) this.#steps[step] = { ...this.#steps[step], ...columns }
  }

  get all(): Columns {
    return Object.fromEntries([...this.#names].map(([sql, name]) => [name, sql]))
  }

  get steps(): ReadonlyArray<Columns> {
    return this.#steps
  }
}

const prefixed = (name: string, columns: Columns): Columns =>
  Object.fromEntries(Object.entries(columns).map(([column, sql]) => [`${name}_${column}`, sql]))

/** What an aggregate looks at: SQL of values with their kind, and which rows count. */
interface Input {
  readonly result: string
  readonly values: Values
  readonly by: Values
  /** Rows that take part, whatever their values; `null` for all. */
  readonly condition: string | null
  /** Of a count over pre-aggregated records: how many rows one stands for. */
  readonly weight: string | null
}

export interface Values {
  readonly sql: string
  readonly column: Column
}

const eventsOnly = ({ by, field: of, name: result, where }: Aggregate, { event, preAggregated }: Rows): Input => {
  const conditions = [
    ...(preAggregated === null ? [] : ["NOT pre_aggregated"]),
    ...(where === null ? [] : [Expression.toCondition(where, event)])
  ]
  const condition = conditions.length === 0 ? null : Sql.and(conditions)
  return { result, condition, weight: null, values: field(of, event), by: field(by, event) }
}

/** A pre-aggregated value takes the place of what would have been computed from the field, whatever the condition. */
const withPreAggregated = ({ field: of, name: result, op, where }: Aggregate, from: Field, { event, preAggregated }: Rows): Input => {
  const own = where === null ? null : Expression.toCondition(where, event)
  const given = field(from, preAggregated ?? event)
  if (op === "count") {
    const weight = `IF(pre_aggregated, coalesce(${given.sql}, 0), ${own === null ? "1" : `IF(${own}, 1, 0)`})`
    return { result, condition: null, weight, values: given, by: given }
  }
  const events = field(of, event)
  const scale = scaleOf(events.column)
  const chosen = own === null ? events.sql : `IF(${own}, ${events.sql}, NULL)`
  const values = { sql: `IF(pre_aggregated, ${scaled(given, scale)}, ${chosen})`, column: wider(events.column, given.column) }
  return { result, condition: null, weight: null, values, by: values }
}

/** Pre-aggregated values of the same scale may be larger than those of events. */
const wider = (events: Column, given: Column): Column =>
  events.kind === "decimal" && given.kind === "decimal" && events.scale === given.scale
    ? { ...events, limit: Math.max(events.limit, given.limit), ...given.isWide === true ? { isWide: true } : {} }
    : events

const scaled = ({ column, sql }: Values, scale: number): string =>
  scaleOf(column) === scale ? sql : `${sql} * ${10 ** (scale - scaleOf(column))}`

const scaleOf = (column: Column): number => column.kind === "decimal" ? column.scale : 0

const nothing: Values = { sql: "NULL", column: { name: "", path: [], kind: "boolean", optional: true, accepts: null, checks: [] } }

const field = (of: Field | null, { nameOf }: Expression.Scope): Values =>
  of === null ? nothing : { sql: nameOf(of.column.name), column: of.column }

const valueOf = ({ op, settings }: Aggregate, input: Input, aggregates: Aggregates): string => {
  const { by, condition, result, values: { column, sql } } = input
  const kind = column.kind
  const whole = wholeOf(input.values)
  const where = (...present: ReadonlyArray<string>) => {
    const all = [...(condition === null ? [] : [condition]), ...present.map((values) => `${values} IS NOT NULL`)]
    return all.length === 0 ? "" : ` FILTER (WHERE ${Sql.and(all)})`
  }
  const add = (aggregate: string) => aggregates.add(aggregate)
  const { of = "sample" } = settings
  switch (op) {
    case "count":
      return input.weight === null ? add(`count(1)${where()}`) : Numbers.integer(add(Numbers.sum(Numbers.whole(input.weight), "")))
    case "sum":
      if (kind === "double") return Numbers.finite(add(`sum(${sql})${where()}`))
      return kind === "int"
        ? Numbers.integer(add(Numbers.sum(whole, where())))
        : written(add(Numbers.sum(whole, where())), column)
    case "mean": {
      if (kind === "double") return Numbers.finite(add(`avg(${sql})${where()}`))
      const totals = { dividend: add(Numbers.sum(whole, where())), divisor: add(`count(${sql})${where()}`) }
      return meanOf(totals, column, aggregates)
    }
    case "min":
    case "max":
      return written(add(`${op}(${sql})${where()}`), column)
    case "first":
      return written(add(`min_by(${sql}, place)${where(sql)}`), column)
    case "last":
      return written(add(`max_by(${sql}, place)${where(sql)}`), column)
    case "minBy":
      return written(add(`min_by(${sql}, struct(${by.sql}, place))${where(sql, by.sql)}`), column)
    case "maxBy":
      // Of equal ones the earliest counts.
      return written(add(`max_by(${sql}, struct(${by.sql}, -place))${where(sql, by.sql)}`), column)
    case "weightedMean": {
      const both = where(sql, by.sql)
      if (kind === "double" || by.column.kind === "double") {
        if (kind === "decimal" || by.column.kind === "decimal") {
          throw new TypeError(`"${result}" mixes decimals with doubles`)
        }
        const products = add(`sum(CAST(${sql} AS DOUBLE) * CAST(${by.sql} AS DOUBLE))${both}`)
        const weights = add(`sum(CAST(${by.sql} AS DOUBLE))${both}`)
        return Numbers.finite(`IF(${weights} = 0, NULL, ${products} / ${weights})`)
      }
      const totals = { dividend: add(Numbers.sumOfProducts(whole, wholeOf(by), both)), divisor: add(Numbers.sum(wholeOf(by), both)) }
      return meanOf(totals, column, aggregates)
    }
    case "variance":
      return Moments.quotient(aggregates, [input.values, input.values], { of, where })
    case "standardDeviation":
      return `sqrt(${Moments.quotient(aggregates, [input.values, input.values], { of, where })})`
    case "covariance":
      return Moments.quotient(aggregates, [input.values, by], { of, where })
    case "correlation":
      return Moments.correlation(aggregates, [input.values, by], where)
    case "countDistinct": {
      // Of the two zeros of doubles there is one.
      const different = add(`size(collect_set(${kind === "double" ? `${sql} + 0D` : sql})${where()})`)
      return `IF(${different} > ${settings.atMost}, NULL, ${different})`
    }
    case "quantile":
      throw new TypeError(`"${result}" is a quantile`)
    case "custom":
      throw new TypeError(`"${result}" is computed by functions of JavaScript`)
  }
}

const wholeOf = ({ column, sql }: Values): string => Numbers.whole(sql, column)

const meanOf = (totals: Numbers.Quotient, column: Column, aggregates: Aggregates): string => {
  if (column.kind !== "decimal") return Numbers.meanDouble(totals)
  const scale = column.scale + meanExtraScale
  if (scale > mostDigits) throw new TypeError(`the mean of "${column.name}" has ${scale} decimals, and Spark's decimals at most ${mostDigits}`)
  return Numbers.plain(aggregates.mean(totals), scale)
}

/** As it stands in the JSON of a pane: decimals are texts there. */
const written = (value: string, column: Column): string =>
  column.kind === "decimal" ? Numbers.plain(value, column.scale) : value
