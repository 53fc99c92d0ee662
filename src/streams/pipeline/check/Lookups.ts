/** Tables that rows are looked up in: that rows have the key of one, and what is taken from it. */
import * as Decimal from "../../../domain/Decimal.ts"
import { BigDecimal } from "effect"
import type * as Checked from "../Checked.ts"
import type * as Fingerprint from "../Fingerprint.ts"
import type * as Plan from "../Plan.ts"
import type { Definition } from "../Source.ts"
import type * as Table from "../Table.ts"
import { among, refuse } from "./CheckError.ts"
import { checkFieldName, fieldOf } from "./Fields.ts"

export const lookup = "Events.lookup"

/** Fields of a row that are of the kinds of the table's key: those of others are equal to none of it. */
export const byOf = (table: Table.Definition, given: Definition, by: ReadonlyArray<string>): ReadonlyArray<Checked.Field> => {
  const fields = by.map((name) => fieldOf(lookup, given, name))
  const own = fields.map(({ column }) => column.kind).join(", ")
  const theirs = table.key.map((name) => columnIn(table, name).column.kind).join(", ")
  if (own === theirs) return fields
  return refuse(lookup, `its by is of kind (${own}), and the key of the table "${table.name}", (${table.key.join(", ")}), of kind (${theirs}): no two of them are equal`)
}

/** Fields of the table, under names that the rows have room for. */
export const selectedOf = (table: Table.Definition, select: Plan.Lookup["select"], given: Definition): Checked.Lookup["select"] => {
  const all = Object.entries(select)
  if (all.length === 0) refuse(lookup, `it needs a field of the table, such as { select: { sector: "sector" } }`)
  return all.map(([name, field]) => {
    checkFieldName(`${lookup}, the field "${name}"`, name, given)
    return { name, field: columnIn(table, field) }
  })
}

const columnIn = ({ columns, name }: Table.Definition, field: string): Checked.Field => {
  const index = columns.findIndex((column) => column.name === field)
  const column = columns[index]
  if (column !== undefined) return { index, column }
  return refuse(lookup, `the table "${name}" has no field "${String(field)}": ${among(field, columns.map((each) => each.name))}`)
}

/** What of a table decides results: of each key the fields that are taken, in whatever order the rows stand. */
export const tableData = ({ key, rows }: Table.Definition, select: Checked.Lookup["select"]): Fingerprint.Data => [
  select.map(({ field: { column }, name }) => [name, column.kind, column.kind === "decimal" ? column.scale : null]),
  Object.fromEntries(rows.map((row) => [
    JSON.stringify(key.map((name) => row[name])),
    select.map(({ field: { column } }) => dataOf(row[column.name] ?? null))
  ]))
]

const dataOf = (value: Table.Value): Fingerprint.Data => BigDecimal.isBigDecimal(value) ? Decimal.format(value) : value
