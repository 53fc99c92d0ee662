/**
 * From the bytes of a JSON record to typed columns, with the rules of courant's own decoder: types are those of the
 * schema, nothing is rounded, and one field that does not fit makes the record unusable. Decimals become their unscaled
 * integers, which is what keeps sums exact and cheap.
 *
 * Apart from `from_json`, Spark's VARIANT says of what type a value was in the JSON, and keeps decimals as they stood.
 */
import type { Storage } from "../../../domain/Decimal.ts"
import type { Column } from "../../../streams/pipeline/Column.ts"
import type { Definition } from "../../../streams/pipeline/Source.ts"
import { isSafe } from "./Numbers.ts"
import * as Pattern from "./Pattern.ts"
import * as Sql from "./Sql.ts"

/** Columns of a plan by their names, each computed from those of the step before. */
export type Columns = Readonly<Record<string, string>>

export interface Decoded {
  /** Step by step, from a column of VARIANT, which is the prefix and `json`: an array that begins with the record. */
  readonly steps: ReadonlyArray<Columns>
  /** What a field is called. */
  readonly nameOf: (field: string) => string
  /** Whether all fields are as the schema says. */
  readonly isValid: string
}

/** `prefix` tells the columns of several sources apart. */
export const decode = (source: Definition, prefix: string): Decoded => {
  const fields = source.columns.map((column, index): Field => ({
    column,
    name: `${prefix}${index}_${column.name.replaceAll(/\W/g, "_")}`
  }))
  const step = (of: (field: Field) => string | null, suffix = ""): Columns =>
    Object.fromEntries(fields.flatMap((field) => {
      const sql = of(field)
      return sql === null ? [] : [[`${field.name}${suffix}`, sql]]
    }))
  return {
    nameOf: (wanted) => fields.find(({ column }) => column.name === wanted)?.name ?? wanted,
    steps: [
      step(({ column }) => `variant_get(${prefix}_json, ${Sql.text(pathOf(column.name))}, 'variant')`, "_json"),
      step(({ name }) => `schema_of_variant(${name}_json)`, "_type"),
      step(rawOf, "_raw"),
      step(wideOf, "_wide"),
      step(narrowOf, "_narrow"),
      step(valueOf)
    ],
    isValid: Sql.and(fields.map(({ column, name }) =>
      column.optional ? `(${name}_json IS NULL OR ${name}_type = 'VOID' OR ${name} IS NOT NULL)` : `${name} IS NOT NULL`))
  }
}

interface Field {
  readonly column: Column
  /** Of the column in the plan that holds its value in the end. */
  readonly name: string
}

/** The path of a member, whose name may be anything but a quotation mark. */
const pathOf = (member: string): string => {
  if (/^[A-Za-z_]\w*$/.test(member)) return `$[0].${member}`
  if (/["\\]/.test(member)) throw new TypeError(`Spark has no path to the field ${JSON.stringify(member)}`)
  return `$[0]["${member}"]`
}

const isNumber = (name: string): string => `${name}_type RLIKE '^(BIGINT|DOUBLE|DECIMAL)'`

/** The value as it was in the JSON, where it was of the right type there. */
const rawOf = ({ column: { kind }, name }: Field): string => {
  const get = (as: string) => `variant_get(${name}_json, '$', '${as}')`
  switch (kind) {
    case "string":
      return `IF(${Sql.and([`${name}_type = 'STRING'`, isWellFormed(get("string"))])}, ${get("string")}, NULL)`
    case "boolean":
      return `IF(${name}_type = 'BOOLEAN', ${get("boolean")}, NULL)`
    case "decimal":
      // A number in exponent notation is a DOUBLE here, and its text the shortest decimal that stands for it.
      return `IF(${name}_type = 'STRING' OR ${isNumber(name)}, ${get("string")}, NULL)`
    case "int":
    case "double":
      return `IF(${isNumber(name)}, ${get("double")}, NULL)`
  }
}

/** An escape of half of a surrogate pair without its other half, and without a backslash that makes it none. */
const unpaired = "(?<!\\\\)(\\\\\\\\)*(\\\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\\\u[dD][c-fC-F])" +
  "|(?<!\\\\u[dD][89abAB][0-9a-fA-F]{2})\\\\u[dD][c-fC-F][0-9a-fA-F]{2})"

/** Java writes a question mark for what has no form in UTF-8: only a record that has one can have had the other. */
const isWellFormed = (text: string): string =>
  `NOT (contains(${text}, '?') AND CAST(value AS STRING) RLIKE ${Sql.text(unpaired)})`

/** A decimal's text with 22 decimals, and with no more than it may have: the same number, where none is lost. */
const wideOf = ({ column, name }: Field): string | null =>
  column.kind === "decimal" ? `try_cast(${name}_raw AS DECIMAL(38, 22))` : null

const narrowOf = ({ column, name }: Field): string | null =>
  column.kind === "decimal"
    ? `try_cast(${name}_wide AS DECIMAL(${String(Math.trunc(column.limit)).length + column.scale}, ${column.scale}))`
    : null

const valueOf = ({ column, name }: Field): string => {
  const raw = `${name}_raw`
  if (column.kind !== "string" && column.accepts !== null) throw uncheckable(column.name)
  switch (column.kind) {
    case "boolean":
      return raw
    case "string": {
      if (column.patterns === null) throw uncheckable(column.name)
      const matches = column.patterns.map((pattern) => `${raw} RLIKE ${Sql.text(Pattern.toJava(pattern, column.name))}`)
      if (column.literals !== null) matches.push(`${raw} IN (${column.literals.map(Sql.text).join(", ")})`)
      return matches.length === 0 ? raw : `IF(${Sql.and(matches)}, ${raw}, NULL)`
    }
    case "decimal":
      // Spark rounds to 22 decimals on the way, and what is rounded twice is another number now and then.
      if (column.round !== undefined) throw new TypeError(`the field "${column.name}" is rounded as it is read, for which Spark has too few decimals`)
      return unscaledOf(name, column)
    case "int": {
      const whole = [`${raw} = floor(${raw})`, isWhole(name), `abs(${raw}) <= ${Sql.double(Number.MAX_SAFE_INTEGER)}`]
      return `IF(${Sql.and([...whole, ...within(raw, column)])}, CAST(${raw} AS BIGINT), NULL)`
    }
    case "double":
      // JSON knows no infinity, but 1e400 comes to one; and minus zero is zero.
      return `IF(${Sql.and([`abs(${raw}) < ${Sql.infinity}`, ...within(raw, column)])}, ${raw} + 0D, NULL)`
  }
}

/** The double that is nearest to a number with many decimals may be whole where the number is not. */
const isWhole = (name: string): string =>
  `(${name}_type NOT LIKE 'DECIMAL%' OR variant_get(${name}_json, '$', 'string') RLIKE '^-?[0-9]+([.]0*)?\\\\z')`

const within = (raw: string, { maximum, minimum }: { readonly minimum: number; readonly maximum: number }) => [
  ...(Number.isFinite(minimum) ? [`${raw} >= ${Sql.double(minimum)}`] : []),
  ...(Number.isFinite(maximum) ? [`${raw} <= ${Sql.double(maximum)}`] : [])
]

const plainNumber = "^-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]{1,3})?\\z"

/**
 * A number that is smaller than 22 decimals can say came to 0 on the way: one has to have been 0 in the text. Beyond 2^53 it
 * has to be an integer that a double gives back.
 */
const unscaledOf = (name: string, column: Storage & { readonly isWide?: true }): string => {
  const { isWide = false, limit, minimum, scale } = column
  const unscaled = `CAST(${name}_narrow * ${10 ** scale}BD AS ${isWide ? "DECIMAL(38, 0)" : "BIGINT"})`
  const fits = Sql.and([
    `${name}_raw RLIKE ${Sql.text(plainNumber)}`,
    minimum === undefined ? `abs(${name}_narrow) <= ${limit}` : `${name}_narrow BETWEEN ${minimum} AND ${limit}`,
    `${name}_narrow = ${name}_wide`,
    `(${name}_wide <> 0 OR NOT ${name}_raw RLIKE '^[^eE]*[1-9]')`,
    ...isWide || isSafe(column) ? [] : [`CAST(CAST(${unscaled} AS DOUBLE) AS BIGINT) = ${unscaled}`]
  ])
  return `IF(${fits}, ${unscaled}, NULL)`
}

const uncheckable = (field: string): TypeError =>
  new TypeError(`the field "${field}" has a check that only a function in this process can make`)
