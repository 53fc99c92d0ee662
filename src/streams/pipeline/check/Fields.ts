/** Fields of a source: that they exist, and are of the kind that is needed. */
import type { Field } from "../Checked.ts"
import type { Column, Table } from "../Column.ts"
import type { Definition } from "../Source.ts"
import { among, refuse } from "./CheckError.ts"

export const fieldOf = (node: string, { columns, name, untyped = [] }: Table, field: unknown): Field => {
  const index = columns.findIndex((column) => column.name === field)
  const column = columns[index]
  if (column === undefined) {
    if (typeof field === "string" && untyped.includes(field)) {
      return refuse(node, `the result "${field}" is what a function gives, of a kind that an expression cannot know; compute it in the function`)
    }
    const isNone = name === null ? `there is no result "${String(field)}"` : `the source "${name}" has no field "${String(field)}"`
    return refuse(node, `${isNone}: ${among(field, columns.map((each) => each.name))}`)
  }
  return { index, column }
}

/** What a table's columns are called. */
export const nounOf = ({ name }: Table): "field" | "result" => name === null ? "result" : "field"

/** A field whose values can be added and compared. */
export const numberOf = (node: string, definition: Definition, name: unknown): Field => {
  const field = fieldOf(node, definition, name)
  if (isNumber(field.column)) return field
  return refuse(node, `it needs a number, and the field "${field.column.name}" is a ${field.column.kind}`)
}

export const isNumber = ({ kind }: Column): boolean => kind === "decimal" || kind === "int" || kind === "double"

/** A field's name is a member of a row, in which a struct may have the same. */
export const checkFieldName = (node: string, name: string, { columns }: Definition): void => {
  if (name === "" || name === "__proto__" || name.includes(".")) refuse(node, `${JSON.stringify(name)} cannot be the name of a field; choose another`)
  if (columns.some((column) => column.name === name || column.path[0]?.name === name)) refuse(node, "there is another field of this name; choose another")
}
