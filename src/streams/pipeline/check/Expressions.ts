/**
 * Gives expressions their types: of what kind a value is, with how many decimals, and how large it may be. What cannot be
 * computed exactly, or means nothing, is refused.
 */
import { BigDecimal, DateTime, Option, Predicate } from "effect"
import type { Column, Table } from "../Column.ts"
import type { Condition, Literal, Node } from "../Expression.ts"
import { checkCompared, checkLiteral } from "./Conditions.ts"
import { refuse } from "./CheckError.ts"
import { fieldOf, nounOf } from "./Fields.ts"

/** Of a decimal or an integer `bound` is the largest magnitude that it may have, as an unscaled integer. */
export type Type = { readonly optional: boolean } & Kind

export type Kind =
  | {
    readonly kind: "decimal"
    readonly scale: number
    readonly bound: bigint
    /** Each value is one that a double holds exactly, as those of a source are, though there are others within the bound. */
    readonly isNarrow?: true
  }
  | { readonly kind: "int"; readonly bound: bigint }
  | { readonly kind: "double" | "string" | "boolean" }

/** What a decimal holds at most: 38 digits, as Spark's do. */
export const mostDigits = 38
export const largest = 10n ** BigInt(mostDigits) - 1n

export const safe = BigInt(Number.MAX_SAFE_INTEGER)

/** The type of an expression over the rows, or the results, of a node. */
export const typeOf = (call: string, table: Table, node: Node): Type => new Typing(call, table).of(node)

/** That an expression is a condition over them. */
export const conditionOf = (call: string, table: Table, node: Node): Node => {
  new Typing(call, table).condition(node)
  return node
}

/** The column that holds the values of a type. */
export const columnOf = (name: string, type: Type): Column => {
  const base = { name, path: [{ name, optional: type.optional }], optional: type.optional, accepts: null, checks: [] }
  switch (type.kind) {
    case "decimal": {
      const limit = Number(type.bound / 10n ** BigInt(type.scale)) + 1
      return { ...base, kind: "decimal", scale: type.scale, limit, ...type.bound > safe && type.isNarrow !== true ? { isWide: true } : {} }
    }
    case "int":
      return { ...base, kind: "int", minimum: -Number(type.bound), maximum: Number(type.bound), ...type.bound > safe ? { isWide: true } : {} }
    case "double":
      return { ...base, kind: "double", minimum: -Infinity, maximum: Infinity }
    case "string":
      return { ...base, kind: "string", patterns: [], literals: null }
    case "boolean":
      return { ...base, kind: "boolean" }
  }
}

/** The type of what a column holds. */
export const typeIn = (column: Column): Type => {
  const { optional } = column
  switch (column.kind) {
    case "decimal":
      if (column.isWide === true) return { optional, kind: "decimal", scale: column.scale, bound: wideBound(column) }
      return { optional, kind: "decimal", scale: column.scale, bound: BigInt(column.limit) * 10n ** BigInt(column.scale), isNarrow: true }
    case "int":
      return { optional, kind: "int", bound: column.isWide === true ? largest : integerBound(column.minimum, column.maximum) }
    default:
      return { optional, kind: column.kind }
  }
}

/** A limit that is no exact integer is that of 38 digits. */
const wideBound = ({ limit, scale }: { readonly limit: number; readonly scale: number }): bigint =>
  Number.isSafeInteger(limit) ? atMost(BigInt(limit) * 10n ** BigInt(scale)) : largest

/** A column of integers without a range has that of safe ones. */
const integerBound = (minimum: number, maximum: number): bigint => {
  const most = Math.max(Math.abs(minimum), Math.abs(maximum))
  return Number.isSafeInteger(most) ? BigInt(most) : safe
}

const conditions: ReadonlyArray<Condition["op"]> = ["and", "or", "not", "isNull", "compare", "isNot", "eq", "ne", "lt", "lte", "gt", "gte"]

/** Nothing but `Panes.derive` has windows before. */
const indicator = "an indicator is a value of Panes.derive alone; what it gives there is a result to the next node"
const noCondition = "it needs a condition made with Expr, such as Expr.gt(\"size\", 0)"

class Typing {
  readonly #call: string
  readonly #table: Table

  constructor(call: string, table: Table) {
    this.#call = call
    this.#table = table
  }

  of(node: Node): Type {
    if (!Predicate.isObject(node)) return this.#refuse(`it needs an expression made with Expr, such as Expr.subtract("ask", "bid")`)
    if ("function" in node) return this.#refuse(indicator)
    switch (node.op) {
      case "field":
        return typeIn(fieldOf(this.#call, this.#table, node.field).column)
      case "literal":
        return { optional: false, ...kindOf(node.value) }
      case "add":
      case "subtract":
      case "multiply":
      case "least":
      case "greatest":
        return this.#binary(node.op, node)
      case "divide":
        return this.#divide(node)
      case "negate":
      case "abs":
        return this.#number(node.op, node.of)
      case "toDouble":
        return { kind: "double", optional: this.#number(node.op, node.of).optional }
      case "coalesce": {
        const [value, instead] = [this.of(node.value), this.of(node.instead)]
        return { ...this.#either("coalesce", value, instead, node.instead), optional: value.optional && instead.optional }
      }
      case "conditional": {
        this.condition(node.condition)
        const [value, otherwise] = [this.of(node.value), this.of(node.otherwise)]
        return { ...this.#either("conditional", value, otherwise, node.otherwise), optional: value.optional || otherwise.optional }
      }
      case "lower":
      case "upper":
        return this.#text(node.op, node.of)
      case "concat": {
        if (node.all.length === 0) this.#refuse("Expr.concat needs at least one text")
        return { kind: "string", optional: node.all.map((each) => this.#text("concat", each)).some(({ optional }) => optional) }
      }
      case "substring": {
        this.#place("substring", "beginning", node.from)
        if (node.length !== null) this.#place("substring", "length", node.length)
        return this.#text("substring", node.of)
      }
      case "extract": {
        const groups = this.#groups("extract", node.pattern)
        this.#place("extract", "group", node.group)
        if (node.group > groups) this.#refuse(`Expr.extract has no group ${node.group} in its pattern, which has ${groups}`)
        return { ...this.#text("extract", node.of), optional: true }
      }
      case "split": {
        if (this.#groups("split", node.pattern) > 0) this.#refuse("Expr.split takes a pattern without groups; write (?:…) instead of (…)")
        this.#place("split", "part", node.part)
        return { ...this.#text("split", node.of), optional: true }
      }
      case "hour":
      case "dayOfWeek":
        return this.#time(node)
      default:
        return this.#boolean(node)
    }
  }

  #boolean(node: Condition): Type {
    // A file without types may hand over anything.
    if (!conditions.includes(node.op)) this.#refuse(`there is no expression "${String(node.op)}"`)
    this.condition(node)
    return { kind: "boolean", optional: false }
  }

  /** That it is true or false, and compares what can be compared. */
  condition(node: Node): void {
    if (!Predicate.isObject(node)) this.#refuse(noCondition)
    if ("function" in node) this.#refuse(indicator)
    switch (node.op) {
      case "and":
      case "or":
        for (const part of node.all) this.condition(part)
        return
      case "not":
        return this.condition(node.that)
      case "isNull":
        this.of(node.of)
        return
      case "compare":
        return checkCompared(this.#call, node, this.of(node.left), this.of(node.right))
      case "eq":
      case "ne":
      case "lt":
      case "lte":
      case "gt":
      case "gte":
      case "isNot":
        return checkLiteral(this.#call, this.#table, node)
      default:
        if (node.op === undefined || this.of(node).kind !== "boolean") this.#refuse(noCondition)
    }
  }

  #binary(op: "add" | "subtract" | "multiply" | "least" | "greatest", node: Node & { readonly left: Node; readonly right: Node }): Type {
    const [left, right] = this.#pair(op, node)
    const isChoice = op === "least" || op === "greatest"
    const optional = isChoice ? left.optional && right.optional : left.optional || right.optional
    if (left.kind === "double" || right.kind === "double") return { kind: "double", optional }
    if (isChoice) return { ...common(left, right), optional }
    if (left.kind === "int" && right.kind === "int") {
      const bound = op === "multiply" ? left.bound * right.bound : left.bound + right.bound
      return { kind: "int", bound: left.bound > safe || right.bound > safe ? atMost(bound) : bound > safe ? safe : bound, optional }
    }
    const scale = op === "multiply" ? scaleOf(left) + scaleOf(right) : Math.max(scaleOf(left), scaleOf(right))
    if (scale > mostDigits) this.#refuse(`Expr.${op} would need ${scale} decimals, and ${mostDigits} are the most; round one of the two with Expr.divide`)
    const bound = op === "multiply" ? left.bound * right.bound : scaled(left, scale) + scaled(right, scale)
    return { kind: "decimal", scale, bound: atMost(bound), optional }
  }

  #divide(node: Node & { readonly op: "divide" }): Type {
    const [left, right] = this.#pair("divide", node)
    if (node.scale === null) {
      if (left.kind === "decimal" || right.kind === "decimal") this.#refuse("Expr.divide needs the decimals of a quotient of decimals, such as { scale: 4 }")
      return { kind: "double", optional: true }
    }
    if (!Number.isInteger(node.scale) || node.scale < 0 || node.scale > mostDigits) {
      this.#refuse(`Expr.divide: its scale is to be a whole number of decimals from 0 to ${mostDigits}`)
    }
    if (left.kind === "double" || right.kind === "double") this.#refuse("Expr.divide: a quotient of doubles has no scale; leave it out")
    // The divisor is the smallest that there is, one in its last decimal.
    const bound = "bound" in left ? left.bound * 10n ** BigInt(node.scale + scaleOf(right)) / 10n ** BigInt(scaleOf(left)) + 1n : largest
    return { kind: "decimal", scale: node.scale, bound: atMost(bound), optional: true }
  }

  /** Two numbers that go together: a literal beside a double is one. */
  #pair(op: string, { left, right }: { readonly left: Node; readonly right: Node }): readonly [Numeric, Numeric] {
    const [a, b] = [this.#number(op, left), this.#number(op, right)]
    if (a.kind === "double" && b.kind === "decimal" && right.op !== "literal") return this.#mixed(op)
    if (b.kind === "double" && a.kind === "decimal" && left.op !== "literal") return this.#mixed(op)
    return [a, b]
  }

  #mixed(op: string): never {
    return this.#refuse(`Expr.${op} is given a decimal and a double, whose result is not exact: say so with Expr.toDouble around the decimal`)
  }

  #either(op: string, a: Type, b: Type, second: Node): Kind {
    if (isNumber(a) && isNumber(b)) {
      if (a.kind !== "double" && b.kind !== "double") return common(a, b)
      if (a.kind === "decimal" || (b.kind === "decimal" && second.op !== "literal")) return this.#mixed(op)
      return { kind: "double" }
    }
    if (a.kind !== b.kind) this.#refuse(`Expr.${op} needs two values of one kind, and is given a ${a.kind} and a ${b.kind}`)
    return a
  }

  #number(op: string, node: Node): Numeric {
    const type = this.of(node)
    return isNumber(type) ? type : this.#refuse(`Expr.${op} needs a number, and ${this.#shown(node)} is a ${type.kind}`)
  }

  #text(op: string, node: Node): Type {
    const type = this.of(node)
    if (type.kind !== "string") this.#refuse(`Expr.${op} needs a text, and ${this.#shown(node)} is a ${type.kind}`)
    return type
  }

  #time({ of, op, timeZone }: Node & { readonly op: "hour" | "dayOfWeek" }): Type {
    const type = this.#number(op, of)
    if (type.kind !== "int") this.#refuse(`Expr.${op} needs an integer of milliseconds since the epoch, and ${this.#shown(of)} is a ${type.kind}`)
    if (!isZone(timeZone)) this.#refuse(`Expr.${op}: there is no time zone ${JSON.stringify(timeZone)}; one is named like "America/New_York"`)
    return { kind: "int", bound: 23n, optional: type.optional }
  }

  #place(op: string, part: string, value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) this.#refuse(`Expr.${op}: its ${part} is to be a whole number, 0 or more`)
  }

  /** How many groups a pattern has. */
  #groups(op: string, pattern: string): number {
    try {
      // The alternative to it finds nothing anywhere, with as many groups.
      return (new RegExp(`${pattern}|`, "u").exec("")?.length ?? 1) - 1
    } catch {
      return this.#refuse(`Expr.${op}: ${JSON.stringify(pattern)} is no regular expression`)
    }
  }

  #shown(node: Node): string {
    return node.op === "field" ? `the ${nounOf(this.#table)} "${node.field}"` : node.op === "literal" ? JSON.stringify(node.value) : `what Expr.${node.op} gives`
  }

  #refuse(why: string): never {
    return refuse(this.#call, why)
  }
}

type Numeric = Type & { readonly kind: "decimal" | "int" | "double" }

const isNumber = (type: Type): type is Numeric => type.kind === "decimal" || type.kind === "int" || type.kind === "double"

type Exact = Kind & { readonly bound: bigint }

export const scaleOf = (type: Kind): number => type.kind === "decimal" ? type.scale : 0

const scaled = (type: Exact, scale: number): bigint => type.bound * 10n ** BigInt(scale - scaleOf(type))

/** What is larger than 38 digits is refused where it comes. */
const atMost = (bound: bigint): bigint => bound > largest ? largest : bound

/** A kind that holds the values of both. */
const common = (a: Exact, b: Exact): Kind => {
  if (a.kind === "int" && b.kind === "int") return { kind: "int", bound: a.bound > b.bound ? a.bound : b.bound }
  const scale = Math.max(scaleOf(a), scaleOf(b))
  const [x, y] = [scaled(a, scale), scaled(b, scale)]
  const isNarrow = [a, b].every((type) => scaled(type, scale) <= safe || (type.kind === "decimal" && type.isNarrow === true && type.scale === scale))
  return { kind: "decimal", scale, bound: atMost(x > y ? x : y), ...isNarrow ? { isNarrow } : {} }
}

/** A number is what its shortest text says. */
const kindOf = (value: Literal): Kind => {
  if (Predicate.isString(value)) return { kind: "string" }
  if (Predicate.isBoolean(value)) return { kind: "boolean" }
  if (Number.isSafeInteger(value)) return { kind: "int", bound: BigInt(Math.abs(value)) }
  const { scale, value: unscaled } = decimalOf(value)
  return scale > mostDigits || unscaled > largest || unscaled < -largest
    ? { kind: "double" }
    : { kind: "decimal", scale, bound: unscaled < 0n ? -unscaled : unscaled }
}

/** A number of an expression, exactly what its shortest text says. */
export const decimalOf = (value: number): BigDecimal.BigDecimal => plain(BigDecimal.fromNumberUnsafe(value))

/** With as many decimals as it needs, and no fewer than none. */
export const plain = (decimal: BigDecimal.BigDecimal): BigDecimal.BigDecimal => {
  const exact = BigDecimal.normalize(decimal)
  return exact.scale < 0 ? BigDecimal.scale(exact, 0) : exact
}

/** Without one a calendar takes that of the machine, on which no result may depend. */
const isZone = (timeZone: unknown): boolean => typeof timeZone === "string" && Option.isSome(DateTime.zoneMakeNamed(timeZone))
