/**
 * How a field of a source is stored: every column is a `Float64Array`.
 *
 * Integers and doubles stand as they are, exact decimals as their unscaled integer (one that a double holds), booleans
 * as 0 and 1, strings as their number in a dictionary, and an absent value as NaN. One
 * representation keeps the loops of the engine monomorphic and a batch flat. The few values of a
 * wide decimal that a double does not hold exactly stand beside it, and are infinite in it.
 */
import { Cause, Option, Order, Predicate, Schema, SchemaAST } from "effect"
import { isWide, type Rounding, type Storage, storageAnnotation } from "../../domain/Decimal.ts"
import type { Data } from "./Fingerprint.ts"

export type Column = {
  /** The names of its path, with dots between them: `trade.price`. */
  readonly name: string
  /** From the record down to the value. */
  readonly path: ReadonlyArray<Member>
  /** Whether a row may lack the value: because it, or an object around it, may be absent or null. */
  readonly optional: boolean
  /** A check of the field's Schema that the ranges below do not already say; `null` where there is none. */
  readonly accepts: ((value: unknown) => boolean) | null
  /** The field's checks as data; `null` in the place of one that is a function, which nobody can tell from another. */
  readonly checks: ReadonlyArray<Data>
} & (
  | {
    readonly kind: "decimal"
    readonly scale: number
    readonly limit: number
    /** The smallest value, if it is not minus the limit. */
    readonly minimum?: number
    /** How a value with more decimals is rounded as it is read. */
    readonly round?: Rounding
    /** The unscaled integer may be one that no double holds, and has up to 38 digits then. Beyond 2^53 - 1 it stands beside the column. */
    readonly isWide?: true
  }
  | {
    readonly kind: "int"
    readonly minimum: number
    readonly maximum: number
    /** Of results that are sums: the integer may be beyond 2^53 - 1, and has up to 38 digits then. */
    readonly isWide?: true
  }
  | { readonly kind: "double"; readonly minimum: number; readonly maximum: number }
  | { readonly kind: "boolean" }
  | {
    readonly kind: "string"
    /** The sources of the regular expressions that its checks are; `null` where a check is something else. */
    readonly patterns: ReadonlyArray<string> | null
    /** The only strings that it may be; `null` where it may be any. */
    readonly literals: ReadonlyArray<string> | null
  }
)

/** What expressions look at: the fields of a source's rows, or the results of windows, which have no source. */
export interface Table {
  readonly name: string | null
  readonly columns: ReadonlyArray<Column>
  /** Results that a user's own function gives: nobody knows their kind. */
  readonly untyped?: ReadonlyArray<string>
}

/** A member of a JSON object. One that is optional may be left out or null, which is the same. */
export interface Member {
  readonly name: string
  readonly optional: boolean
}

/** The columns of a struct of strings, numbers, booleans, exact decimals, string literals, and structs of these. */
export const fromSchema = (schema: Schema.Constraint): ReadonlyArray<Column> => {
  const columns = columnsOf([], schema.ast)
  const twice = columns.find(({ name }, index) => columns.findIndex((other) => other.name === name) < index)
  if (twice !== undefined) throw new TypeError(`two fields are called "${twice.name}"`)
  return columns
}

const columnsOf = (path: ReadonlyArray<Member>, ast: SchemaAST.AST): ReadonlyArray<Column> => {
  const what = path.length === 0 ? "the schema" : `the field "${nameOf(path)}"`
  if (ast._tag !== "Objects" || ast.encoding !== undefined || ast.indexSignatures.length > 0) {
    throw new TypeError(`${what} is no struct of fields with names`)
  }
  if (ast.checks !== undefined) {
    throw new TypeError(`${what} has a check over several fields, which no engine makes: use Events.where or Events.filter`)
  }
  if (path.length > 0 && ast.propertySignatures.length === 0) throw new TypeError(`${what} is a struct without fields`)
  return ast.propertySignatures.flatMap(({ name, type }) => {
    const { optional, values } = presentIn(type)
    const inner = [...path, { name: String(name), optional }]
    const [only] = values
    return values.length === 1 && only?._tag === "Objects" ? columnsOf(inner, only) : [columnOf(inner, values)]
  })
}

const nameOf = (path: ReadonlyArray<Member>): string => path.map(({ name }) => name).join(".")

/** What a field is where it is anything, and whether it may be absent or null. */
const presentIn = (ast: SchemaAST.AST) => {
  const members = membersOf(ast)
  const values = members.filter(({ _tag }) => _tag !== "Null" && _tag !== "Undefined")
  return { values, optional: ast.context?.isOptional === true || values.length < members.length }
}

const membersOf = (ast: SchemaAST.AST): ReadonlyArray<SchemaAST.AST> =>
  ast._tag === "Union" && ast.checks === undefined && ast.encoding === undefined ? ast.types.flatMap(membersOf) : [ast]

/** A record in which whatever may be absent is so as its schema writes it: null, or not there. To a source both mean the same. */
export const withAbsent = (schema: Schema.Constraint, record: unknown): unknown => withAbsentOf(schema.ast, record)

const withAbsentOf = (ast: SchemaAST.AST, record: unknown): unknown => {
  if (ast._tag !== "Objects" || !Predicate.isObject(record)) return record
  const absent = { ...record }
  for (const { name, type } of ast.propertySignatures) {
    const { optional, values } = presentIn(type)
    const value = record[name]
    if (value !== undefined && value !== null) absent[name] = values.length === 1 ? withAbsentOf(values[0]!, value) : value
    else if (optional) {
      delete absent[name]
      const written = membersOf(type).find(({ _tag }) => _tag === "Null" || _tag === "Undefined")
      if (written !== undefined) absent[name] = written._tag === "Null" ? null : undefined
    }
  }
  return absent
}

const columnOf = (path: ReadonlyArray<Member>, values: ReadonlyArray<SchemaAST.AST>): Column => {
  const base = { name: nameOf(path), path, optional: path.some(({ optional }) => optional), checks: values.flatMap(checksOf) }
  const literals = values.flatMap((ast) => ast._tag === "Literal" && Predicate.isString(ast.literal) ? [ast.literal] : [])
  if (literals.length > 0 && literals.length === values.length) {
    const known = new Set<unknown>(literals)
    return { ...base, accepts: (value) => known.has(value), kind: "string", patterns: [], literals }
  }
  const [ast] = values
  if (ast === undefined || values.length > 1) throw unsupported(base.name, "Union")
  const accepts = ast.checks === undefined ? null : checkOf(base.name, ast)
  // Nothing but a decimal has it. Effect would look for it at the last check, of which a decimal may have some.
  const storage = ast.annotations?.[storageAnnotation] as Storage | undefined
  if (storage !== undefined) return { ...base, accepts, kind: "decimal", ...storage, ...isWide(storage) ? { isWide: true } : {} }
  if (ast.encoding !== undefined) throw unsupported(base.name, "a transformation")
  switch (ast._tag) {
    case "String":
      return { ...base, accepts, kind: "string", patterns: patternsOf(ast), literals: null }
    case "Boolean":
      return { ...base, accepts, kind: "boolean" }
    case "Number": {
      const { complete, integer, maximum, minimum } = rangeOf(ast)
      return { ...base, accepts: complete ? null : accepts, kind: integer ? "int" : "double", minimum, maximum }
    }
    default:
      throw unsupported(base.name, ast._tag)
  }
}

/** A check may be a function of the user's own, which may throw. */
const checkOf = (field: string, ast: SchemaAST.AST): (value: unknown) => boolean => {
  const is = Schema.is(Schema.make<Schema.Codec<unknown>>(ast))
  return (value) => {
    try {
      return is(value)
    } catch (error) {
      // Effect tells what was thrown by the cause of its own error.
      const thrown = error instanceof Error && Cause.isCause(error.cause) ? Cause.squash(error.cause) : error
      const what = Predicate.isString(value) ? JSON.stringify(value) : Predicate.isNumber(value) ? value : "a value"
      throw new Error(`the check of the field "${field}" threw an error over ${what}: ${thrown instanceof Error ? thrown.message : String(thrown)}`, { cause: error })
    }
  }
}

const unsupported = (name: string, what: string): TypeError =>
  new TypeError(
    `the field "${name}" (${what}) has no column: fields are String, Int, Finite, Boolean, Decimal, Literals of strings, ` +
      "structs of these, and either of them with NullOr or optional"
  )

/** By how Effect's own checks describe themselves; those of a group one by one. */
const checksOf = (ast: SchemaAST.AST): ReadonlyArray<Data> =>
  filtersOf(ast).map(({ annotations }) =>
    Option.getOrNull(Option.map(decodeRepresentation(annotations?.["representation"]), ({ id, payload }): Data => [id, payload])))

/** Its checks, those of groups one by one. */
const filtersOf = (ast: SchemaAST.AST): ReadonlyArray<SchemaAST.Filter<never>> => {
  const leaves = (check: SchemaAST.Check<never>): ReadonlyArray<SchemaAST.Filter<never>> =>
    check._tag === "FilterGroup" ? check.checks.flatMap(leaves) : [check]
  // The checks of any AST take values of its own type; for reading their annotations the type does not matter.
  return ((ast.checks ?? []) as ReadonlyArray<SchemaAST.Check<never>>).flatMap(leaves)
}

const decodeRepresentation = Schema.decodeUnknownOption(Schema.Struct({ id: Schema.String, payload: Schema.Json }))

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
  for (const { annotations } of filtersOf(ast)) {
    const constraint: unknown = annotations?.["arbitraryConstraint"]
    if (!Predicate.isObject(constraint)) {
      range.complete = false
      continue
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
  return range
}
