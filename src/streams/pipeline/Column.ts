/**
 * How a field of a source is stored: every column is a `Float64Array`.
 *
 * Integers and doubles stand as they are, exact decimals as their unscaled integer, booleans
 * as 0 and 1, texts as their number in a dictionary, and an absent value as NaN. One
 * representation keeps the loops of the engine monomorphic and a batch flat.
 */
import { Option, Order, Predicate, Schema, SchemaAST } from "effect"
import { type Storage, storageAnnotation } from "../../domain/Decimal.ts"

export type Column = {
  readonly name: string
  readonly optional: boolean
  /** A check of the field's Schema that the ranges below do not already say; `null` where there is none. */
  readonly accepts: ((value: unknown) => boolean) | null
} & (
  | { readonly kind: "decimal"; readonly scale: number; readonly limit: number }
  | { readonly kind: "int" | "double"; readonly minimum: number; readonly maximum: number }
  | { readonly kind: "boolean" }
  | {
    readonly kind: "string"
    /** The sources of the regular expressions that its checks are; `null` where a check is something else. */
    readonly patterns: ReadonlyArray<string> | null
  }
)

/** Columns are derived from a flat struct of texts, numbers, booleans and exact decimals. */
export const fromFields = (fields: Schema.Struct.Fields): ReadonlyArray<Column> =>
  Object.entries(fields).map(([name, field]) => fromField(name, field))

const fromField = (name: string, field: Schema.Constraint): Column => {
  const { ast } = field
  const base = { name, optional: ast.context?.isOptional === true }
  const accepts = ast.checks === undefined ? null : Schema.is(field)
  const storage = SchemaAST.resolveAt<Storage>(storageAnnotation)(ast)
  if (storage !== undefined) return { ...base, accepts, kind: "decimal", ...storage }
  if (ast.encoding !== undefined) throw unsupported(name, "a transformation")
  switch (ast._tag) {
    case "String":
      return { ...base, accepts, kind: "string", patterns: patternsOf(ast) }
    case "Boolean":
      return { ...base, accepts, kind: "boolean" }
    case "Number": {
      const { complete, integer, maximum, minimum } = rangeOf(ast)
      return { ...base, accepts: complete ? null : accepts, kind: integer ? "int" : "double", minimum, maximum }
    }
    default:
      throw unsupported(name, ast._tag)
  }
}

const unsupported = (name: string, what: string): TypeError =>
  new TypeError(
    `the field "${name}" (${what}) has no column: a source is a flat struct of String, Int, Number, Boolean and Decimal fields`
  )

/** Regular expressions can be evaluated elsewhere too, which functions cannot. */
const patternsOf = (ast: SchemaAST.AST): ReadonlyArray<string> | null => {
  const patterns = (ast.checks ?? []).map(({ annotations }) => decodePattern(annotations?.["representation"]))
  return patterns.every(Option.isSome) ? patterns.map(({ value }) => value.payload.source) : null
}

/** How `Schema.isPattern` describes itself. */
const decodePattern = Schema.decodeUnknownOption(
  Schema.Struct({
    id: Schema.Literal("effect/schema/isPattern"),
    payload: Schema.Struct({ source: Schema.String, flags: Schema.Literal("") })
  })
)

/**
 * The range that a number's checks describe, which the decoder compares without a call.
 * It is `complete` where the checks say nothing else.
 */
const rangeOf = (ast: SchemaAST.AST) => {
  const range = { complete: true, integer: false, minimum: -Infinity, maximum: Infinity }
  const visit = (check: SchemaAST.Check<never>): void => {
    if (check._tag === "FilterGroup") return check.checks.forEach(visit)
    const constraint: unknown = check.annotations?.["arbitraryConstraint"]
    if (!Predicate.isObject(constraint)) {
      range.complete = false
      return
    }
    for (const [name, value] of Object.entries(constraint)) {
      // Nothing that the decoder reads is infinite or NaN, so "finite" needs no look.
      if (value === undefined || value === "finite" || (name === "order" && value === Order.Number)) continue
      if (name === "number" && value === "integer") range.integer = true
      else if (name === "minimum" && Predicate.isNumber(value)) range.minimum = Math.max(range.minimum, value)
      else if (name === "maximum" && Predicate.isNumber(value)) range.maximum = Math.min(range.maximum, value)
      else range.complete = false
    }
  }
  // The checks of any AST take values of its own type; for reading their annotations the type does not matter.
  for (const check of (ast.checks ?? []) as ReadonlyArray<SchemaAST.Check<never>>) visit(check)
  return range
}
