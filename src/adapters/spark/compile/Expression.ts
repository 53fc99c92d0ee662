/**
 * Expressions as SQL. Exact numbers are unscaled integers of up to 38 digits, `DECIMAL(38, 0)` on the way, whose scale the
 * compiler knows; what does not fit is told beside the value, as it is in process.
 */
import { BigDecimal } from "effect"
import type { Column } from "../../../streams/pipeline/Column.ts"
import type { Comparison, Literal, Node } from "../../../streams/pipeline/Expression.ts"
import { decimalOf, largest, mostDigits, plain, safe, scaleOf, type Type, typeIn, typeOf } from "../../../streams/pipeline/check/Expressions.ts"
import type { Definition } from "../../../streams/pipeline/Source.ts"
import * as Condition from "./Condition.ts"
import * as Numbers from "./Numbers.ts"
import * as Sql from "./Sql.ts"

/** Rows of a node: what they are, and the names of their columns in the plan. */
export interface Scope {
  readonly definition: Definition
  readonly nameOf: (field: string) => string
}

/** What a column is computed with, and whether something on the way does not fit: never null, or absent where all does. */
export interface Computed {
  readonly sql: string
  readonly fails: string | null
}

/** The value of an expression as the column holds it. Throws a `TypeError` for what Spark cannot compute alike. */
export const toColumn = (node: Node, column: Column, scope: Scope): Computed => {
  const { fails, sql } = new Compiler(scope, true).value(node)
  const isNarrow = column.kind === "int" || (column.kind === "decimal" && column.isWide !== true)
  return { sql: isNarrow ? `try_cast(${sql} AS BIGINT)` : sql, fails }
}

/** A condition as SQL that is never null. */
export const toCondition = (node: Node, scope: Scope): string => new Compiler(scope, false).condition(node)

/** An exact number with `bound` for the largest magnitude that it may have, as an unscaled integer. */
interface Value extends Computed {
  readonly type: Type
  readonly bound: bigint
}

class Compiler {
  readonly #scope: Scope
  /** Where each part has to fit; what is only compared may be of any size that Spark has room for. */
  readonly #isBounded: boolean

  constructor(scope: Scope, isBounded: boolean) {
    this.#scope = scope
    this.#isBounded = isBounded
  }

  value(node: Node): Value {
    const type = typeOf("Expr", this.#scope.definition, node)
    switch (node.op) {
      case "field":
        return this.#field(node.field, type)
      case "literal":
        return literal(node.value, type)
      case "add":
      case "subtract":
      case "multiply":
        return this.#calculated(node.op, type, this.value(node.left), this.value(node.right))
      case "divide":
        return this.#quotient(type, this.value(node.left), this.value(node.right))
      case "least":
      case "greatest": {
        const [left, right] = [this.value(node.left), this.value(node.right)]
        return { ...joined(type, left, right), sql: `${node.op}(${as(type, left)}, ${as(type, right)})` }
      }
      case "negate":
      case "abs": {
        const of = this.value(node.of)
        const sql = node.op === "abs" ? `abs(${of.sql})` : `(-${of.sql})`
        return { ...of, type, sql: type.kind === "double" ? `(${sql} + 0D)` : sql }
      }
      case "toDouble":
        return this.#made(type, (of) => double(of), this.value(node.of))
      case "coalesce": {
        const [value, instead] = [this.value(node.value), this.value(node.instead)]
        const fails = instead.fails === null ? value.fails : either(value.fails, `((${value.sql}) IS NULL AND ${instead.fails})`)
        return { ...joined(type, value, instead), sql: `coalesce(${as(type, value)}, ${as(type, instead)})`, fails }
      }
      case "conditional":
        return this.#chosen(type, toCondition(node.condition, this.#scope), this.value(node.value), this.value(node.otherwise))
      case "concat":
        return this.#made(type, (...all) => `concat(${all.map(({ sql }) => sql).join(", ")})`, ...node.all.map((each) => this.value(each)))
      case "substring": {
        const length = node.length === null ? "" : `, ${node.length}`
        return this.#made(type, ({ sql }) => `substring(${sql}, ${node.from + 1}${length})`, this.value(node.of))
      }
      case "hour":
      case "dayOfWeek":
        return { ...this.#made(type, ({ sql }) => wallClock(node.op, sql, node.timeZone), this.value(node.of)), bound: 23n }
      case "lower":
      case "upper":
      case "extract":
      case "split":
        throw new TypeError(`Expr.${node.op}: the words of JavaScript and of Spark for it are not the same for every text`)
      default:
        return { type, sql: toCondition(node, this.#scope), fails: null, bound: 0n }
    }
  }

  #field(name: string, type: Type): Value {
    const [held, sql] = [typeIn(this.#column(name)), this.#scope.nameOf(name)]
    return { type, fails: null, ..."bound" in held ? { sql: whole(sql), bound: held.bound } : { sql, bound: 0n } }
  }

  #column(name: string): Column {
    const column = this.#scope.definition.columns.find((column) => column.name === name)
    if (column === undefined) throw new TypeError(`there is no field "${name}"`)
    return column
  }

  /** Of parts that are all computed: it does not fit where one of them does not. */
  #made(type: Type, sql: (...parts: ReadonlyArray<Value & object>) => string, ...parts: ReadonlyArray<Value>): Value {
    return { type, sql: sql(...parts), bound: 0n, fails: parts.reduce<string | null>((all, { fails }) => either(all, fails), null) }
  }

  #calculated(op: "add" | "subtract" | "multiply", type: Type, left: Value, right: Value): Value {
    const fails = either(left.fails, right.fails)
    if (type.kind === "double") return { type, fails, bound: 0n, sql: finite(`(${double(left)} ${signs[op]} ${double(right)})`) }
    const [a, b] = op === "multiply" ? [left, right] : [scaled(left, scaleOf(type)), scaled(right, scaleOf(type))]
    const bound = op === "multiply" ? a.bound * b.bound : a.bound + b.bound
    return this.#fitted({ type, fails, bound, sql: `try_${op}(${a.sql}, ${b.sql})` }, `(${left.sql} IS NULL OR ${right.sql} IS NULL)`)
  }

  /** Where there may be too many digits to go on with, it says so; `isAbsent` is where there is nothing to begin with. */
  #fitted(value: Value, isAbsent: string): Value {
    const { bound, fails, sql, type } = value
    const most = this.#isBounded && type.kind === "int" ? safe : largest
    if (bound <= most) return value
    if (!this.#isBounded) throw tooLong("a comparison")
    const tooLarge = `(NOT ${isAbsent} AND coalesce(abs(${sql}) > ${most}BD, true))`
    return { ...value, bound: most, fails: either(fails, tooLarge) }
  }

  /** HALF_UP: twice the dividend and once the divisor over twice the divisor, without the remainder. */
  #quotient(type: Type, left: Value, right: Value): Value {
    const fails = either(left.fails, right.fails)
    if (type.kind === "double") return { type, fails, bound: 0n, sql: finite(`try_divide(${double(left)}, ${double(right)})`) }
    const [up, down] = [10n ** BigInt(scaleOf(type) + scaleOf(right.type)), 10n ** BigInt(scaleOf(left.type))]
    const [over, under] = [2n * left.bound * up + right.bound * down, 2n * right.bound * down]
    const bound = left.bound * up / down + 1n
    if (over > largest || under > largest || bound >= 10n ** 32n) throw tooLong("Expr.divide")
    const dividend = whole(`2BD * ${up}BD * abs(${left.sql}) + ${down}BD * abs(${right.sql})`)
    const divisor = `nullif(${whole(`2BD * ${down}BD * abs(${right.sql})`)}, 0)`
    const sign = `IF((${left.sql} < 0) = (${right.sql} < 0), 1, -1)`
    return { type, fails, bound, sql: whole(`${sign} * ${whole(Numbers.wholes(dividend, divisor))}`) }
  }

  #chosen(type: Type, condition: string, value: Value, otherwise: Value): Value {
    const fails = value.fails === null && otherwise.fails === null
      ? null
      : `IF(${condition}, ${value.fails ?? "false"}, ${otherwise.fails ?? "false"})`
    return { ...joined(type, value, otherwise), sql: `IF(${condition}, ${as(type, value)}, ${as(type, otherwise)})`, fails }
  }

  condition(node: Node): string {
    switch (node.op) {
      case "and":
        return Sql.and(node.all.map((part) => this.condition(part)))
      case "or":
        return Sql.or(node.all.map((part) => this.condition(part)))
      case "not":
        return `(NOT ${this.condition(node.that)})`
      case "isNull":
        return `((${this.value(node.of).sql}) IS NULL)`
      case "compare":
        return this.#compared(node.by, this.value(node.left), node.right)
      case "eq":
      case "ne":
      case "lt":
      case "lte":
      case "gt":
      case "gte":
      case "isNot":
        return Condition.toSql(node.op, this.#scope.nameOf(node.field), this.#column(node.field), node.value)
      default:
        return `coalesce(${this.value(node).sql}, false)`
    }
  }

  #compared(by: Comparison | "isNot", left: Value, other: Node): string {
    // A number may be compared with a text of one.
    const isNumeral = other.op === "literal" && typeof other.value === "string" && left.type.kind !== "string"
    const right = isNumeral ? exactly(BigDecimal.fromStringUnsafe(String(other.value))) : this.value(other)
    const kinds = [left.type.kind, right.type.kind]
    if (kinds.includes("double")) {
      if ([left, right].some(({ bound, type }) => type.kind === "int" && bound > safe)) {
        throw new TypeError("a comparison in it is of doubles with integers that they may not hold")
      }
      return Condition.comparing(by, double(left), double(right))
    }
    if (!kinds.some((kind) => kind === "decimal" || kind === "int")) return Condition.comparing(by, left.sql, right.sql)
    const scale = Math.max(scaleOf(left.type), scaleOf(right.type))
    const [a, b] = [left, right].map((value) => scaled(value, scale))
    if (a!.bound > largest || b!.bound > largest) throw tooLong("a comparison")
    return Condition.comparing(by, a!.sql, b!.sql)
  }
}

const tooLong = (what: string): TypeError => new TypeError(`${what} in it may need more than ${mostDigits} digits on the way, which Spark has no room for`)

const signs = { add: "+", subtract: "-", multiply: "*" } as const

const either = (a: string | null, b: string | null): string | null => a === null ? b : b === null ? a : `(${a} OR ${b})`

/** Of a value that is one of two, in the type of both. */
const joined = (type: Type, a: Value, b: Value): Value => {
  const [x, y] = "bound" in type ? [scaled(a, scaleOf(type)).bound, scaled(b, scaleOf(type)).bound] : [0n, 0n]
  const bound = x > y ? x : y
  if (bound > largest) throw tooLong("a choice")
  return { type, sql: "NULL", fails: either(a.fails, b.fails), bound }
}

/** A value of the other kind of number becomes one of this. */
const as = (type: Type, value: Value): string =>
  type.kind === "double" ? double(value) : "bound" in type ? scaled(value, scaleOf(type)).sql : value.sql

const scaled = (value: Value, scale: number): Value => {
  const by = scale - scaleOf(value.type)
  if (by === 0) return value
  const bound = value.bound * 10n ** BigInt(by)
  // Where Spark has no room for it there is nothing, and whoever asks is to look whether there was something before.
  return { ...value, bound, sql: `try_multiply(${value.sql}, ${10n ** BigInt(by)}BD)` }
}

const whole = (sql: string): string => `CAST(${sql} AS DECIMAL(38, 0))`

/** The double that is nearest: of a text Java reads that one. */
const double = ({ sql, type }: Value): string =>
  type.kind === "double" ? sql : `CAST(concat(CAST(${sql} AS STRING), 'E-${scaleOf(type)}') AS DOUBLE)`

/** Doubles beyond their range say nothing, and there is one zero. */
const finite = (sql: string): string => `(${[Sql.infinity, `-${Sql.infinity}`, "CAST('NaN' AS DOUBLE)"].reduce((all, none) => `nullif(${all}, ${none})`, sql)} + 0D)`

const literal = (value: Literal, type: Type): Value => {
  const of = (sql: string, bound = 0n): Value => ({ type, sql, bound, fails: null })
  if (typeof value === "string") return of(Sql.text(value))
  if (typeof value === "boolean") return of(String(value))
  if (!("bound" in type)) return of(Sql.double(value))
  return { ...exactly(decimalOf(value)), type }
}

const exactly = (decimal: BigDecimal.BigDecimal): Value => {
  const { scale, value } = plain(decimal)
  const bound = value < 0n ? -value : value
  return { type: { kind: "decimal", scale, bound, optional: false }, sql: whole(`'${value}'`), bound, fails: null }
}

/** In a time zone, of milliseconds since the epoch, where a date can name them; a week's first day is Monday. */
const wallClock = (op: "hour" | "dayOfWeek", time: string, timeZone: string): string => {
  const local = `from_utc_timestamp(timestamp_millis(CAST(${time} AS BIGINT)), ${Sql.text(timeZone)})`
  const part = op === "hour" ? `hour(${local})` : `weekday(${local}) + 1`
  return `IF(abs(${time}) > 8640000000000000BD, NULL, ${whole(part)})`
}
