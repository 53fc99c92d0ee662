/** The canonical string of a row's key and its time in milliseconds, as SQL over the decoded fields of a source. */
import type { Column } from "../../../streams/pipeline/Column.ts"
import type { Definition } from "../../../streams/pipeline/Source.ts"
import * as Sql from "./Sql.ts"

type NameOf = (field: string) => string

/** Null where a row lacks a field of its key. */
export const keyOf = (definition: Definition, nameOf: NameOf): string => {
  const parts = fieldsOf(definition)
  const [only] = parts
  if (only === undefined) return "''"
  if (parts.length === 1) return plain(only, nameOf(only.name))
  return `concat('[', ${parts.map((part) => quoted(part, nameOf(part.name))).join(", ',', ")}, ']')`
}

/** The fields that it is made of, in their order. */
export const fieldsOf = ({ columns, key }: Definition): ReadonlyArray<Column> =>
  key.flatMap((field) => columns.filter(({ name }) => name === field))

const plain = ({ kind }: Column, name: string): string => kind === "string" ? name : `CAST(${name} AS STRING)`

const quoted = (column: Column, name: string): string =>
  column.kind === "string" ? `concat('"', IF(${name} RLIKE ${needsEscapes}, ${escaped(name)}, ${name}), '"')` : plain(column, name)

const needsEscapes = Sql.text("[\\x00-\\x1f\"\\\\]")

/** As JSON.stringify does it; Spark's own JSON spells some control characters otherwise. */
const escaped = (name: string): string =>
  ["\\", "\"", ...Array.from({ length: 32 }, (_, code) => String.fromCharCode(code))].reduce(
    (sql, character) => `replace(${sql}, ${literal(character)}, ${Sql.text(JSON.stringify(character).slice(1, -1))})`,
    name
  )

const literal = (character: string): string =>
  character < " " ? `chr(${character.charCodeAt(0)})` : Sql.text(character)

/** Null where a row has no time. What is finer than a millisecond belongs to the millisecond that it is in. */
export const timeOf = ({ columns, eventTime: { field, unit } }: Definition, nameOf: NameOf): string => {
  const name = nameOf(field)
  if (unit === "milliseconds") return name
  const column = columns.find(({ name }) => name === field)
  const scale = column?.kind === "decimal" ? column.scale : 0
  if (scale <= 3) return `${name} * ${10 ** (3 - scale)}L`
  const unitOf = `${10 ** (scale - 3)}L`
  return `(${name} - pmod(${name}, ${unitOf})) DIV ${unitOf}`
}

/** What has to hold of the fields that the key and the time are made of, and that need not be there. */
export const present = ({ columns, eventTime, key }: Definition, nameOf: NameOf): ReadonlyArray<string> =>
  columns.filter(({ name, optional }) => optional && (key.includes(name) || name === eventTime.field)).map(({ name }) => `${nameOf(name)} IS NOT NULL`)
