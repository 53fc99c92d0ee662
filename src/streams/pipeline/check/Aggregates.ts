/** Aggregates: that each looks at fields of the kind it needs, and what its results are. */
import { Predicate } from "effect"
import { meanExtraScale } from "../../../domain/Decimal.ts"
import type { Op, Settings, Spec } from "../Aggregate.ts"
import type { Aggregate, Field, ValueType } from "../Checked.ts"
import type { Definition } from "../Source.ts"
import { among, refuse } from "./CheckError.ts"
import { conditionOf } from "./Expressions.ts"
import { shown } from "./Declarations.ts"
import { fieldOf, numberOf } from "./Fields.ts"

/** Pre-aggregated records, with the field of theirs that each result is. */
export interface PreAggregated {
  readonly definition: Definition
  readonly fields: { readonly [result: string]: string }
}

export const aggregatesOf = (
  specs: { readonly [result: string]: Spec },
  definition: Definition,
  preAggregated: PreAggregated | null
): ReadonlyArray<Aggregate> => {
  const names = Object.keys(specs)
  if (names.length === 0) refuse("Aggregate.into", "it needs a result, such as { rows: Aggregate.count }")
  for (const name of Object.keys(preAggregated?.fields ?? {})) {
    if (!names.includes(name)) {
      refuse("Pipeline.acceptPreAggregated", `there is no result "${name}": ${among(name, names)}`)
    }
  }
  return Object.entries(specs).map(([name, spec]) => {
    const aggregate = aggregateOf(name, spec, definition)
    // A result may be called as a member that every object inherits.
    if (preAggregated === null || !Object.hasOwn(preAggregated.fields, name)) return aggregate
    const field = fieldOf(nodeOf(name), preAggregated.definition, preAggregated.fields[name])
    const type: ValueType = aggregate.op === "count" ? { kind: "int", isWide: true } : aggregate.type
    return { ...aggregate, preAggregated: preAggregatedOf(aggregate, field), type }
  })
}

const nodeOf = (name: string): string => `the aggregate "${name}"`

/** A result's name is a member of an object, and one name of JavaScript's is none. */
export const checkName = (node: string, name: string): void => {
  if (name === "" || name === "__proto__") refuse(node, `${JSON.stringify(name)} cannot be the name of a result; choose another`)
}

const aggregateOf = (name: string, spec: Spec, definition: Definition): Aggregate => {
  const node = nodeOf(name)
  checkName(node, name)
  const where = spec.where === undefined ? null : conditionOf(node, definition, spec.where)
  const parts = fieldsOf(node, spec, definition)
  const settings = settingsOf(node, spec)
  return { name, op: spec.op, ...parts, settings, where, custom: spec.custom ?? null, preAggregated: null, type: typeOf(spec.op, parts) }
}

interface Parts {
  readonly field: Field | null
  readonly by: Field | null
}

const fieldsOf = (node: string, { by, custom, field, op }: Spec, definition: Definition): Parts => {
  switch (op) {
    case "count":
      return { field: null, by: null }
    case "custom":
      if (custom === undefined) refuse(node, "it has no functions; make it with Aggregate.custom")
      return { field: null, by: null }
    case "sum":
    case "mean":
    case "min":
    case "max":
    case "variance":
    case "standardDeviation":
    case "quantile":
      return { field: numberOf(node, definition, field), by: null }
    case "countDistinct":
      return { field: narrow(node, op, fieldOf(node, definition, field)), by: null }
    case "first":
    case "last":
      return { field: fieldOf(node, definition, field), by: null }
    case "minBy":
    case "maxBy":
      return { field: fieldOf(node, definition, field), by: numberOf(node, definition, by) }
    case "weightedMean":
    case "covariance":
    case "correlation":
      return { field: numberOf(node, definition, field), by: numberOf(node, definition, by) }
    default:
      return refuse(node, `there is no aggregate "${String(op)}"`)
  }
}

/** A field whose integers a double holds, which this operation counts on. */
const narrow = (node: string, op: Op, field: Field): Field => {
  const { column } = field
  if (column.kind !== "decimal" || column.isWide !== true) return field
  return refuse(node, `${op} takes numbers of up to 2^53 - 1 in their last decimal, and the field "${column.name}" may have 38 digits: ` +
    "put Expr.toDouble around it, or give it fewer decimals with Expr.divide")
}

/** What an operation has to be told, and nothing else. */
const settingsOf = (node: string, { op, settings = {} }: Spec): Settings => {
  switch (op) {
    case "variance":
    case "standardDeviation":
    case "covariance": {
      const { of } = settings
      if (of === "sample" || of === "population") return { of }
      return refuse(node, `it is of a "sample" or of a "population", and not of ${shown(of)}`)
    }
    case "countDistinct": {
      const { atMost } = settings
      if (atMost !== undefined && Number.isInteger(atMost) && atMost >= 1 && atMost <= mostDistinct) return { atMost }
      return refuse(node, `it counts up to a whole number of values, from 1 to ${mostDistinct}, and not ${shown(atMost)}`)
    }
    case "quantile": {
      const { error, quantile } = settings
      if (!Predicate.isNumber(quantile) || !(quantile >= 0 && quantile <= 1)) {
        return refuse(node, `its share is a number from 0 to 1, such as 0.99, and not ${shown(quantile)}`)
      }
      if (Predicate.isNumber(error) && error >= smallestError && error <= 0.5) return { quantile, error }
      return refuse(node, `its error is a share of the value, from ${smallestError} to 0.5, and not ${shown(error)}`)
    }
    default:
      return {}
  }
}

/** Different values of which a set is kept: as many as two of JavaScript's arrays hold with ease. */
const mostDistinct = 10_000_000

/** Of a quantile: with this one a power of two has half a million buckets. */
const smallestError = 0.000_001

const typeOf = (op: Op, { by, field }: Parts): ValueType => {
  if (op === "count" || op === "countDistinct") return { kind: "int" }
  if (doubles.includes(op)) return { kind: "double" }
  if (field === null) return { kind: "any" }
  const { column } = field
  if (op === "mean" || op === "weightedMean") {
    return column.kind === "decimal" && by?.column.kind !== "double"
      ? { kind: "decimal", scale: column.scale + meanExtraScale }
      : { kind: "double" }
  }
  if (column.kind === "decimal") return { kind: "decimal", scale: column.scale }
  return op === "sum" && column.kind === "int" ? { kind: "int", isWide: true } : { kind: column.kind }
}

/** What is a double whatever it is made from. */
const doubles: ReadonlyArray<Op> = ["variance", "standardDeviation", "covariance", "correlation", "quantile"]

/** What can be made of a result for part of a window and nothing else: a mean, say, would need its count too. */
const mergeable: ReadonlyArray<Op> = ["count", "sum", "min", "max", "first", "last"]

/** A field whose values are results of this aggregate: of its kind, and exact at its scale. */
const preAggregatedOf = ({ field, name, op, type }: Aggregate, given: Field): Field => {
  const node = nodeOf(name)
  const { column } = given
  if (!mergeable.includes(op)) refuse(node, `${op} cannot be made from pre-aggregated values; leave it out of their fields`)
  if (column.kind !== type.kind) {
    refuse(node, `it is of kind ${type.kind}, and the pre-aggregated field "${column.name}" is a ${column.kind}`)
  }
  if (column.kind !== "decimal" || field?.column.kind !== "decimal") return given
  const { scale } = field.column
  if (column.scale > scale) {
    refuse(node, `the pre-aggregated field "${column.name}" has ${column.scale} decimals, and the field "${field.column.name}" ` +
      `holds ${scale}: give "${field.column.name}" as many`)
  }
  // At its own scale each of its values is as exact as it came; at a larger one it might need more digits.
  if (column.scale === scale || column.limit * 10 ** scale <= Number.MAX_SAFE_INTEGER) return given
  return refuse(node, `the pre-aggregated field "${column.name}" reaches ${column.limit}, which at the ${scale} decimals of ` +
    `"${field.column.name}" is beyond exact integers: give it a smaller limit`)
}

/** Bytes of state of one key in one slice: its rows, its pre-aggregated records, and what each aggregate keeps. */
export const bytesOf = (aggregates: ReadonlyArray<Aggregate>): number =>
  aggregates.reduce((bytes, aggregate) => bytes + bytesEach(aggregate), 16)

/** A sum of doubles is kept in two of them. */
const sumBytes = (field: Field | null): number => field?.column.kind === "double" ? 16 : 8

/** A sum of products is kept in two doubles; where these are of doubles, what they round is in two more. */
const productBytes = (isDouble: boolean): number => isDouble ? 32 : 16

const isDouble = (...fields: ReadonlyArray<Field | null>): boolean => fields.some((field) => field?.column.kind === "double")

/** Tables of different numbers double as they fill; they begin with room for 8. */
const roomFor = (numbers: number): number => Math.max(8, 2 ** Math.ceil(Math.log2(numbers)))

/** Into so many parts every power of two is cut for an error, which is half of the first part: see `QuantileSketch`. */
export const partsFor = (error: number): number => 2 ** Math.max(0, Math.ceil(-Math.log2(error)) - 1)

/** Of both signs, and zero. Of doubles there are 2,047 exponents, and of integers as many as the largest has bits. */
const bucketsOf = (field: Field | null, error: number): number => 2 * exponentsOf(field) * partsFor(error) + 1

const exponentsOf = (field: Field | null): number => {
  if (isDouble(field)) return 2_047
  return field?.column.kind === "decimal" ? Math.max(53, Math.ceil(Math.log2(field.column.limit * 10 ** field.column.scale))) : 53
}

const bytesEach = ({ by, field, op, preAggregated, settings, where }: Aggregate): number => {
  switch (op) {
    case "count":
      return where === null && preAggregated === null ? 0 : 8
    case "sum":
    case "mean":
      return 8 + sumBytes(field)
    case "weightedMean":
      return isDouble(field, by) ? 32 : 8 + (by?.column.kind === "decimal" && by.column.scale > 0 ? 16 : 8)
    case "variance":
    case "standardDeviation":
      return 8 + sumBytes(field) + productBytes(isDouble(field))
    case "covariance":
      return 8 + 2 * Math.max(sumBytes(field), sumBytes(by)) + productBytes(isDouble(field, by))
    case "correlation":
      return 8 + 2 * Math.max(sumBytes(field), sumBytes(by)) + 3 * productBytes(isDouble(field, by))
    case "countDistinct":
      return 8 + 16 * roomFor(settings.atMost ?? 0)
    case "quantile":
      return 8 + 24 * roomFor(bucketsOf(field, settings.error ?? 0))
    case "first":
    case "last":
    case "minBy":
    case "maxBy":
      return 40
    default:
      return 8
  }
}
