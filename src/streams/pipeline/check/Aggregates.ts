/** Aggregates: that each looks at fields of the kind it needs, and what its results are. */
import { meanExtraScale } from "../../../domain/Decimal.ts"
import type { Op, Spec } from "../Aggregate.ts"
import type { Aggregate, Field, ValueType } from "../Checked.ts"
import type { Definition } from "../Source.ts"
import { among, refuse } from "./CheckError.ts"
import { conditionOf } from "./Conditions.ts"
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
    return { ...aggregate, preAggregated: preAggregatedOf(aggregate, field) }
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
  return { name, op: spec.op, ...parts, where, custom: spec.custom ?? null, preAggregated: null, type: typeOf(spec.op, parts) }
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
      return { field: numberOf(node, definition, field), by: null }
    case "first":
    case "last":
      return { field: fieldOf(node, definition, field), by: null }
    case "minBy":
    case "maxBy":
      return { field: fieldOf(node, definition, field), by: numberOf(node, definition, by) }
    case "weightedMean":
      return { field: numberOf(node, definition, field), by: numberOf(node, definition, by) }
    default:
      return refuse(node, `there is no aggregate "${String(op)}"`)
  }
}

const typeOf = (op: Op, { by, field }: Parts): ValueType => {
  if (op === "count") return { kind: "int" }
  if (field === null) return { kind: "any" }
  const { column } = field
  if (op === "mean" || op === "weightedMean") {
    return column.kind === "decimal" && by?.column.kind !== "double"
      ? { kind: "decimal", scale: column.scale + meanExtraScale }
      : { kind: "double" }
  }
  return column.kind === "decimal" ? { kind: "decimal", scale: column.scale } : { kind: column.kind }
}

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
  if (column.limit * 10 ** scale <= Number.MAX_SAFE_INTEGER) return given
  return refuse(node, `the pre-aggregated field "${column.name}" reaches ${column.limit}, which at the ${scale} decimals of ` +
    `"${field.column.name}" is beyond exact integers: give it a smaller limit`)
}

/** Bytes of state of one key in one slice: its rows, its pre-aggregated records, and what each aggregate keeps. */
export const bytesOf = (aggregates: ReadonlyArray<Aggregate>): number =>
  aggregates.reduce((bytes, aggregate) => bytes + bytesEach(aggregate), 16)

/** A sum of doubles is kept in two of them. */
const sumBytes = (field: Field | null): number => field?.column.kind === "double" ? 16 : 8

const bytesEach = ({ by, field, op, preAggregated, where }: Aggregate): number => {
  switch (op) {
    case "count":
      return where === null && preAggregated === null ? 0 : 8
    case "sum":
    case "mean":
      return 8 + sumBytes(field)
    case "weightedMean":
      return 2 * Math.max(sumBytes(field), sumBytes(by))
    case "first":
    case "last":
    case "minBy":
    case "maxBy":
      return 40
    default:
      return 8
  }
}
