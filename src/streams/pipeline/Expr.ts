/**
 * Conditions as data: what a pipeline filters by, or an aggregate looks at, in a form that
 * any engine can evaluate. A condition on an absent value is false, except `isNot`, which
 * asks whether the value is anything but the given one, and `not`.
 *
 * @example
 * ```ts
 * import { Expr } from "courant"
 *
 * const block = Expr.and(Expr.gte("size", 10_000), Expr.isNot("priceForming", false))
 * ```
 */
import { Predicate } from "effect"
import type { Decimal } from "../../domain/Decimal.ts"
import { shown } from "./check/Declarations.ts"

export type Comparison = "eq" | "ne" | "lt" | "lte" | "gt" | "gte"

/** The literal that a field is compared with; a decimal field takes a text or a number. */
export type Literal = string | number | boolean

export type Node =
  | { readonly op: Comparison; readonly field: string; readonly value: Literal }
  | { readonly op: "isNot"; readonly field: string; readonly value: Literal }
  | { readonly op: "and" | "or"; readonly all: ReadonlyArray<Node> }
  | { readonly op: "not"; readonly that: Node }

/** A condition over rows that have the fields of `Row`. */
export interface Expr<in Row> {
  readonly node: Node
  /** Never set: it lets the compiler hold the fields against those of a source. */
  readonly _row?: (row: Row) => void
}

type Ordered = Decimal | number | null

/** The fields that a literal can equal: booleans and strings those of their kind, and a number's string a number too. */
type ComparedWith<Value> = Value extends boolean ? boolean | null : Value extends number ? Ordered : Ordered | string

/** Rows in which the field `Name` holds a `Type`. */
export type Has<Name extends string, Type> = { readonly [K in Name]: Type }

/**
 * Nothing where rows have the fields that are needed, else what is wrong with them in words:
 * it becomes the last line of the compiler's complaint.
 */
export type Fits<Row, Needed> = Row extends Needed ? unknown : {
  readonly [Name in keyof Needed & string]: Name extends keyof Row
    ? Row[Name] extends Needed[Name] ? never : `the field "${Name}" is of another kind`
    : `there is no field "${Name}"`
}[keyof Needed & string]

/** The data of a condition that another call is given, which is refused where it was not made here. */
export const nodeOf = (call: string, condition: Expr<never>): Node => {
  if (Predicate.isObject(condition) && Predicate.isObject(condition.node)) return condition.node
  throw new TypeError(`${call} needs conditions made with Expr, such as Expr.gt("size", 0), and is given ${shown(condition)}`)
}

const compare = <Name extends string, Type>(op: Comparison, field: Name, value: Literal): Expr<Has<Name, Type>> => ({
  node: { op, field, value }
})

/** Compares with a literal of the field's kind; a number may be written as a string, and is exact so. */
export const eq = <const Name extends string, const Value extends Literal>(field: Name, value: Value) =>
  compare<Name, ComparedWith<Value>>("eq", field, value)
export const ne = <const Name extends string, const Value extends Literal>(field: Name, value: Value) =>
  compare<Name, ComparedWith<Value>>("ne", field, value)
export const lt = <const Name extends string>(field: Name, value: number | string) =>
  compare<Name, Ordered>("lt", field, value)
export const lte = <const Name extends string>(field: Name, value: number | string) =>
  compare<Name, Ordered>("lte", field, value)
export const gt = <const Name extends string>(field: Name, value: number | string) =>
  compare<Name, Ordered>("gt", field, value)
export const gte = <const Name extends string>(field: Name, value: number | string) =>
  compare<Name, Ordered>("gte", field, value)

/** True for any other value and for an absent one: SQL's `IS DISTINCT FROM`. */
export const isNot = <const Name extends string, const Value extends Literal>(
  field: Name,
  value: Value
): Expr<Has<Name, ComparedWith<Value>>> => ({
  node: { op: "isNot", field, value }
})

/** Rows that have the fields of every one of some conditions. */
type All<Conditions extends ReadonlyArray<Expr<never>>> = {
  readonly [K in keyof Conditions]: Conditions[K] extends Expr<infer Row> ? (row: Row) => void : never
}[number] extends (row: infer Rows) => void ? Rows : never

export const and = <const Conditions extends ReadonlyArray<Expr<never>>>(
  ...all: Conditions
): Expr<All<Conditions>> => ({
  node: { op: "and", all: all.map((condition) => nodeOf("Expr.and", condition)) }
})

export const or = <const Conditions extends ReadonlyArray<Expr<never>>>(
  ...all: Conditions
): Expr<All<Conditions>> => ({
  node: { op: "or", all: all.map((condition) => nodeOf("Expr.or", condition)) }
})

export const not = <Row>(that: Expr<Row>): Expr<Row> => ({ node: { op: "not", that: nodeOf("Expr.not", that) } })
