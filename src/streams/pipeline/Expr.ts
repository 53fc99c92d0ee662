/**
 * Expressions as data: what a pipeline filters by, what an aggregate looks at, and fields that are computed from others, in a
 * form that any engine can evaluate. Where a value is asked for, a text names a field, a number is itself, and every other
 * literal is `Expr.literal`; what a field is compared with is a literal.
 *
 * Arithmetic on decimals and integers is exact: a sum has the larger scale of the two, a product the sum of the scales, a
 * quotient the scale that it is given, rounded HALF_UP. What does not fit 38 digits, or an integer 2^53 - 1, is no value: the
 * row is refused. Decimals and doubles do not mix; `Expr.toDouble` says where exactness ends.
 *
 * An absent value makes what is computed from it absent, except `coalesce`, `least` and `greatest`, which pass over it. A
 * condition on an absent value is false, except `isNull`, `isNot`, which asks whether the value is anything but the given
 * one, and `not`.
 *
 * @example
 * ```ts
 * import { Expr } from "courant"
 *
 * const block = Expr.and(Expr.gte("size", 10_000), Expr.isNot("priceForming", false))
 * const spread = Expr.divide(Expr.subtract("ask", "bid"), "bid", { scale: 6 })
 * ```
 */
import { Predicate } from "effect"
import type { Decimal } from "../../domain/Decimal.ts"
import { optional, optionsOf, shown } from "./check/Declarations.ts"
import type { Comparison, Literal, Node } from "./Expression.ts"

export type { Comparison, Literal, Node } from "./Expression.ts"

/**
 * An expression over rows. `Out` says what comes out, in terms of the row's fields; the others are the names of the fields
 * that it needs, by what they have to be: numbers, what a text can be compared with, booleans, texts, or anything. What an
 * indicator gives is of the same interface with data of another kind: only so is a wrong name told in two lines where both
 * are taken.
 */
export interface Expr<
  out Out,
  out Numbers extends string = never,
  out Comparables extends string = never,
  out Booleans extends string = never,
  out Texts extends string = never,
  out Fields extends string = never,
  out Data = Node
> {
  readonly node: Data
  /** Never there: these carry the types. */
  readonly _types: readonly [Out, Numbers, Comparables, Booleans, Texts, Fields]
}

/** One that is true or false. */
export type Condition<
  N extends string = never,
  C extends string = never,
  B extends string = never,
  T extends string = never,
  F extends string = never
> = Expr<Type<boolean>, N, C, B, T, F>

/** An expression over rows of a type. */
export type Of<R, Out = unknown, Data = Node> = Expr<
  Out,
  Names<R, Numeric>,
  Names<R, Numeric | string>,
  Names<R, boolean | null>,
  Names<R, string | null>,
  Names<R, Scalar>,
  Data
>

/** A condition over rows of a type. */
export type ConditionOf<R> = Of<R, Type<boolean>>

export type Numeric = Decimal | number | bigint | null
export type Scalar = Numeric | string | boolean

/** The fields of a row that hold a kind of values. */
export type Names<R, Kind> = Extract<{ readonly [N in keyof R]-?: R[N] extends Kind ? N : never }[keyof R], string>

/** What comes out is of this type. */
export interface Type<out T> {
  readonly type: T
}

/** What comes out is what this field holds. */
export interface Ref<out F extends string> {
  readonly ref: F
}

/** What comes out is a number: a decimal where one of these is. */
export interface Arithmetic<out Parts> {
  readonly arithmetic: Parts
}

/** What comes out is one of these. */
export interface Either<out Parts> {
  readonly either: Parts
}

/** What comes out is the first unless that is absent, and the second then. */
export interface Instead<out First, out Second> {
  readonly instead: readonly [First, Second]
}

/** What comes out is of this type, and absent where one of these is. */
export interface Made<out T, out Parts> {
  readonly made: T
  readonly parts: Parts
}

/** The type of what comes out over rows of a type. */
export type Result<Out, R> = Out extends Type<infer T> ? T
  : Out extends Ref<infer F> ? F extends keyof R ? R[F] : never
  : Out extends Arithmetic<infer Parts> ? Calculated<Result<Parts, R>>
  : Out extends Either<infer Parts> ? Unified<Result<Parts, R>>
  : Out extends Instead<infer First, infer Second> ? Unified<NonNullable<Result<First, R>> | Result<Second, R>>
  : Out extends Made<infer T, infer Parts> ? T | Extract<Result<Parts, R>, null>
  : never

/** Integers are as large as those that they are made of may be. */
type Calculated<V> = ([Extract<V, Decimal>] extends [never] ? number | Extract<V, bigint> : Decimal) | Extract<V, null>

/** Integers beside decimals become decimals. */
type Unified<V> = [Extract<V, Decimal>] extends [never] ? V : Exclude<V, number | bigint>

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

type Any = Expr<unknown, string, string, string, string, string>

/** What it is of is said where it is called, and nowhere else: there is nothing in it but its data. */
const made = (node: Node): never => ({ node }) as never

/** An expression of data, such as a program has made of a text: its fields are held against a source when it meets one. */
export const make = (node: Node): Expr<never> => made(node)

/** The data of an expression that another call is given, which is refused where it was not made here. */
export const nodeOf = (call: string, expression: Any): Node => {
  if (isExpr(expression)) return expression.node
  throw new TypeError(`${call} needs conditions made with Expr, such as Expr.gt("size", 0), and is given ${shown(expression)}`)
}

/** A text is a field, a number is itself, and everything else was made here. */
const operand = (call: string, given: string | number | Any): Node => {
  if (typeof given === "string") return { op: "field", field: given }
  if (typeof given === "number") return { op: "literal", value: given }
  if (isExpr(given)) return given.node
  throw new TypeError(`${call} needs a field, a number or what Expr makes, such as Expr.literal("N"), and is given ${shown(given)}`)
}

/** A text, a number or a boolean as it stands. */
export const literal = <const V extends Literal>(value: V): Expr<Type<V extends string ? string : V extends number ? number : boolean>> => {
  if (!Predicate.isString(value) && !Predicate.isBoolean(value) && !Number.isFinite(value)) {
    throw new TypeError(`Expr.literal needs a text, a number or a boolean, and is given ${shown(value)}`)
  }
  return made({ op: "literal", value })
}

/** The value of a field of any kind, where a text alone would be a literal. */
export const field = <const F extends string>(name: F): Expr<Ref<F>, never, never, never, never, F> => made(operand("Expr.field", name))

// Conditions.

interface Compare {
  <const N extends string, C extends string = never, B extends string = never, T extends string = never, F extends string = never>(
    left: N | Expr<unknown, N, C, B, T, F>,
    right: number | string
  ): Condition<N, C, B, T, F>
  <const N extends string, const M extends string, C extends string = never, B extends string = never, T extends string = never, F extends string = never>(
    left: N | Expr<unknown, N, C, B, T, F>,
    right: Expr<unknown, M, C, B, T, F>
  ): Condition<N | M, C, B, T, F>
}

interface Equal {
  <const N extends string, C extends string = never, B extends string = never, T extends string = never, F extends string = never>(
    left: N | Expr<unknown, N, C, B, T, F>,
    right: number
  ): Condition<N, C, B, T, F>
  <const C extends string, N extends string = never, B extends string = never, T extends string = never, F extends string = never>(
    left: C | Expr<unknown, N, C, B, T, F>,
    right: string
  ): Condition<N, C, B, T, F>
  <const B extends string, N extends string = never, C extends string = never, T extends string = never, F extends string = never>(
    left: B | Expr<unknown, N, C, B, T, F>,
    right: boolean
  ): Condition<N, C, B, T, F>
  <const F extends string, N extends string = never, C extends string = never, B extends string = never, T extends string = never>(
    left: F | Expr<unknown, N, C, B, T, F>,
    right: Expr<unknown, N, C, B, T, F>
  ): Condition<N, C, B, T, F>
}

/** A field against a literal is the commonest condition, and engines have a quick way for it. */
const compare = (by: Comparison | "isNot") => (left: string | Any, right: Literal | Any) => {
  const other = isExpr(right) ? right.node : right
  if (typeof left === "string" && !Predicate.isObject(other)) return made({ op: by, field: left, value: other })
  return made({ op: "compare", by, left: operand(`Expr.${by}`, left), right: valueOf(other) })
}

const valueOf = (node: Node | Literal): Node => Predicate.isObject(node) ? node : { op: "literal", value: node }

/** An indicator's data, which is of no row alone, has no operation. */
const isExpr = (given: unknown): given is Any =>
  Predicate.isObject(given) && Predicate.isObject(given["node"]) && "op" in given["node"]

/**
 * Compares with a literal of the field's kind, or with another expression; a number may be written as a string, and is exact
 * so.
 */
export const eq: Equal = compare("eq")
export const ne: Equal = compare("ne")
export const lt: Compare = compare("lt")
export const lte: Compare = compare("lte")
export const gt: Compare = compare("gt")
export const gte: Compare = compare("gte")

/** True for any other value and for an absent one: SQL's `IS DISTINCT FROM`. */
export const isNot: Equal = compare("isNot")

type Conditions<N extends string, C extends string, B extends string, T extends string, F extends string> = ReadonlyArray<Condition<N, C, B, T, F>>

/** True where every one of some conditions is; of none it is true. */
export const and = <N extends string = never, C extends string = never, B extends string = never, T extends string = never, F extends string = never>(
  ...all: Conditions<N, C, B, T, F>
): Condition<N, C, B, T, F> => made({ op: "and", all: all.map((condition) => nodeOf("Expr.and", condition)) })

/** True where one of some conditions is; of none it is false. */
export const or = <N extends string = never, C extends string = never, B extends string = never, T extends string = never, F extends string = never>(
  ...all: Conditions<N, C, B, T, F>
): Condition<N, C, B, T, F> => made({ op: "or", all: all.map((condition) => nodeOf("Expr.or", condition)) })

/** True where the condition is not, so also where it is false for want of a value. */
export const not = <N extends string = never, C extends string = never, B extends string = never, T extends string = never, F extends string = never>(
  that: Condition<N, C, B, T, F>
): Condition<N, C, B, T, F> => made({ op: "not", that: nodeOf("Expr.not", that) })

/** True where there is no value. */
export const isNull = <const F extends string, N extends string = never, C extends string = never, B extends string = never, T extends string = never>(
  of: F | Expr<unknown, N, C, B, T, F>
): Condition<N, C, B, T, F> => made({ op: "isNull", of: operand("Expr.isNull", of) })

/** True where there is a value. */
export const isNotNull = <const F extends string, N extends string = never, C extends string = never, B extends string = never, T extends string = never>(
  of: F | Expr<unknown, N, C, B, T, F>
): Condition<N, C, B, T, F> => made({ op: "not", that: { op: "isNull", of: operand("Expr.isNotNull", of) } })

// Numbers.

interface Binary {
  <
    const L extends string = never,
    const R extends string = never,
    C extends string = never,
    B extends string = never,
    T extends string = never,
    F extends string = never,
    OL = Ref<L>,
    OR = Ref<R>
  >(left: L | Expr<OL, L, C, B, T, F>, right: R | Expr<OR, R, C, B, T, F>): Expr<Arithmetic<OL | OR>, L | R, C, B, T, F>
  <const L extends string = never, C extends string = never, B extends string = never, T extends string = never, F extends string = never, OL = Ref<L>>(
    left: L | Expr<OL, L, C, B, T, F>,
    right: number
  ): Expr<Arithmetic<OL>, L, C, B, T, F>
  <const R extends string = never, C extends string = never, B extends string = never, T extends string = never, F extends string = never, OR = Ref<R>>(
    left: number,
    right: R | Expr<OR, R, C, B, T, F>
  ): Expr<Arithmetic<OR>, R, C, B, T, F>
}

type Given = string | number | Any

const binary = (op: "add" | "subtract" | "multiply" | "least" | "greatest"): Binary => (left: Given, right: Given) => made({ op, left: operand(`Expr.${op}`, left), right: operand(`Expr.${op}`, right) })

/** The sum, with the larger scale of the two. */
export const add = binary("add")
/** The difference, with the larger scale of the two. */
export const subtract = binary("subtract")
/** The product, whose scale is the sum of the scales. */
export const multiply = binary("multiply")

interface Divide {
  <
    const L extends string = never,
    const R extends string = never,
    C extends string = never,
    B extends string = never,
    T extends string = never,
    F extends string = never
  >(left: L | Expr<unknown, L, C, B, T, F>, right: R | Expr<unknown, R, C, B, T, F>, options: Scale): Expr<Type<Decimal | null>, L | R, C, B, T, F>
  <const L extends string = never, C extends string = never, B extends string = never, T extends string = never, F extends string = never>(
    left: L | Expr<unknown, L, C, B, T, F>,
    right: number,
    options: Scale
  ): Expr<Type<Decimal | null>, L, C, B, T, F>
  <const R extends string = never, C extends string = never, B extends string = never, T extends string = never, F extends string = never>(
    left: number,
    right: R | Expr<unknown, R, C, B, T, F>,
    options: Scale
  ): Expr<Type<Decimal | null>, R, C, B, T, F>
  <
    const L extends string = never,
    const R extends string = never,
    C extends string = never,
    B extends string = never,
    T extends string = never,
    F extends string = never
  >(left: L | Expr<unknown, L, C, B, T, F>, right: R | Expr<unknown, R, C, B, T, F>): Expr<Type<number | null>, L | R, C, B, T, F>
  <const L extends string = never, C extends string = never, B extends string = never, T extends string = never, F extends string = never>(
    left: L | Expr<unknown, L, C, B, T, F>,
    right: number
  ): Expr<Type<number | null>, L, C, B, T, F>
}

export interface Scale {
  /** Decimals of the quotient, from 0 to 38. */
  readonly scale: number
}

/**
 * The quotient of decimals or integers, rounded HALF_UP to a scale; of doubles, which have none, the nearest double. Absent
 * where the divisor is 0.
 */
export const divide: Divide = (left: Given, right: Given, options?: Scale) => made({
    op: "divide",
    left: operand("Expr.divide", left),
    right: operand("Expr.divide", right),
    scale: optional("Expr.divide", options, ["scale"])?.scale ?? null
  })

interface Unary {
  <const N extends string = never, C extends string = never, B extends string = never, T extends string = never, F extends string = never, O = Ref<N>>(
    of: N | Expr<O, N, C, B, T, F>
  ): Expr<Arithmetic<O>, N, C, B, T, F>
}

const unary = (op: "negate" | "abs"): Unary => (of: Given) => made({ op, of: operand(`Expr.${op}`, of) })

export const negate = unary("negate")
/** The value without its sign. */
export const abs = unary("abs")

/** The nearest double of a decimal or an integer. */
export const toDouble = <const N extends string = never, C extends string = never, B extends string = never, T extends string = never, F extends string = never, O = Ref<N>>(
  of: N | Expr<O, N, C, B, T, F>
): Expr<Made<number, O>, N, C, B, T, F> => made({ op: "toDouble", of: operand("Expr.toDouble", of) })

/** The smaller of two numbers; one that is absent is passed over. */
export const least = binary("least")
/** The larger of two numbers; one that is absent is passed over. */
export const greatest = binary("greatest")

// Any kind of value.

/** The value, or another of its kind where there is none. */
export const coalesce = <
  const V extends string = never,
  const W extends string = never,
  N extends string = never,
  C extends string = never,
  B extends string = never,
  T extends string = never,
  OV = Ref<V>,
  OW = Ref<W>
>(value: V | Expr<OV, N, C, B, T, V>, instead: W | Expr<OW, N, C, B, T, W>): Expr<Instead<OV, OW>, N, C, B, T, V | W> => made({ op: "coalesce", value: operand("Expr.coalesce", value), instead: operand("Expr.coalesce", instead) })

/** The one value where a condition holds, and the other, of the same kind, where it does not. */
export const conditional = <
  const V extends string = never,
  const W extends string = never,
  N extends string = never,
  C extends string = never,
  B extends string = never,
  T extends string = never,
  F extends string = never,
  OV = Ref<V>,
  OW = Ref<W>
>(
  condition: Condition<N, C, B, T, F>,
  then: V | Expr<OV, N, C, B, T, V>,
  otherwise: W | Expr<OW, N, C, B, T, W>
): Expr<Either<OV | OW>, N, C, B, T, V | W | F> => made({
    op: "conditional",
    condition: nodeOf("Expr.conditional", condition),
    value: operand("Expr.conditional", then),
    otherwise: operand("Expr.conditional", otherwise)
  })

// Texts.

type Text<O, T extends string, N extends string, C extends string, B extends string, F extends string> = T | Expr<O, N, C, B, T, F>

interface TextOf {
  <const T extends string = never, N extends string = never, C extends string = never, B extends string = never, F extends string = never, O = Ref<T>>(
    of: Text<O, T, N, C, B, F>
  ): Expr<Made<string, O>, N, C, B, T, F>
}

const textOf = (op: "lower" | "upper"): TextOf => (of: Given) => made({ op, of: operand(`Expr.${op}`, of) })

/** In small letters, whatever the language. */
export const lower = textOf("lower")
/** In capital letters, whatever the language. */
export const upper = textOf("upper")

interface Concat {
  <const T extends string = never, U extends string = never, N extends string = never, C extends string = never, B extends string = never, F extends string = never>(
    ...all: ReadonlyArray<T | Expr<Type<string>, N, C, B, U, F>>
  ): Expr<Made<string, Ref<T>>, N, C, B, T | U, F>
  /** Where no field stands by its name the compiler would take any text for one. */
  <U extends string = never, N extends string = never, C extends string = never, B extends string = never, F extends string = never>(
    ...all: ReadonlyArray<Expr<unknown, N, C, B, U, F>>
  ): Expr<Type<string | null>, N, C, B, U, F>
  <const T extends string = never, U extends string = never, N extends string = never, C extends string = never, B extends string = never, F extends string = never>(
    ...all: ReadonlyArray<T | Expr<unknown, N, C, B, U, F>>
  ): Expr<Type<string | null>, N, C, B, T | U, F>
}

/** Texts one behind the other. */
export const concat: Concat = (...all: ReadonlyArray<string | Any>) => made({ op: "concat", all: all.map((each) => operand("Expr.concat", each)) } as const)

/** The characters (Unicode code points) of a text from a place on, the first of which is 0; as many as there are, or `length` of them. */
export const substring = <const T extends string = never, N extends string = never, C extends string = never, B extends string = never, F extends string = never, O = Ref<T>>(
  of: Text<O, T, N, C, B, F>,
  from: number,
  options?: { readonly length: number }
): Expr<Made<string, O>, N, C, B, T, F> => made({ op: "substring", of: operand("Expr.substring", of), from, length: optional("Expr.substring", options, ["length"])?.length ?? null })

/**
 * What a regular expression of JavaScript (with the flag `u`) finds first in a text: the whole of it, or what a group of it
 * has found. Absent where it finds nothing.
 */
export const extract = <const T extends string = never, N extends string = never, C extends string = never, B extends string = never, F extends string = never, O = Ref<T>>(
  of: Text<O, T, N, C, B, F>,
  pattern: string | RegExp,
  options?: { readonly group: number }
): Expr<Type<string | null>, N, C, B, T, F> => made({
    op: "extract",
    of: operand("Expr.extract", of),
    pattern: sourceOf("Expr.extract", pattern),
    group: optional("Expr.extract", options, ["group"])?.group ?? 0
  })

/** A part of a text that a regular expression splits, the first of which is 0; absent where there is none. */
export const split = <const T extends string = never, N extends string = never, C extends string = never, B extends string = never, F extends string = never, O = Ref<T>>(
  of: Text<O, T, N, C, B, F>,
  pattern: string | RegExp,
  part: number
): Expr<Type<string | null>, N, C, B, T, F> => made({ op: "split", of: operand("Expr.split", of), pattern: sourceOf("Expr.split", pattern), part })

/** An expression is data, and so is its pattern: flags of its own it has none. */
const sourceOf = (call: string, pattern: string | RegExp): string => {
  if (typeof pattern === "string") return pattern
  if (pattern instanceof RegExp && (pattern.flags === "" || pattern.flags === "u")) return pattern.source
  throw new TypeError(`${call} needs a regular expression without flags, and is given ${pattern instanceof RegExp ? String(pattern) : shown(pattern)}`)
}

// Times.

interface TimeOf {
  <const N extends string = never, C extends string = never, B extends string = never, T extends string = never, F extends string = never, O = Ref<N>>(
    of: N | Expr<O, N, C, B, T, F>,
    options: { readonly timeZone: string }
  ): Expr<Made<number, O>, N, C, B, T, F>
}

const timeOf = (op: "hour" | "dayOfWeek"): TimeOf => (of: Given, options: { readonly timeZone: string }) => made({ op, of: operand(`Expr.${op}`, of), timeZone: optionsOf(`Expr.${op}`, options, ["timeZone"]).timeZone })

/** The hour, from 0 to 23, that it is in a time zone at a time in milliseconds since the epoch. */
export const hour = timeOf("hour")
/** The day of the week, from 1 for Monday to 7 for Sunday, that it is in a time zone at a time in milliseconds since the epoch. */
export const dayOfWeek = timeOf("dayOfWeek")
