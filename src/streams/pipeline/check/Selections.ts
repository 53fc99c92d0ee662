/** Fields that are kept, under their own names or others: what rows are then. */
import type * as Checked from "../Checked.ts"
import type { Column } from "../Column.ts"
import type * as Plan from "../Plan.ts"
import type { Definition } from "../Source.ts"
import { refuse } from "./CheckError.ts"
import { checkFieldName, fieldOf } from "./Fields.ts"

const node = "Events.select"

export const selectionOf = (given: Definition, pairs: Plan.Select["fields"]): Pick<Checked.Select, "definition" | "fields"> => {
  if (pairs.length === 0) refuse(node, "it needs the fields that are kept, such as [\"symbol\", \"time\"]")
  const fields = pairs.map(([name, field]) => ({ name, field: fieldOf(node, given, field) }))
  const columns = fields.map(({ field: { column }, name }) => named(column, name))
  columns.forEach((column, index) => {
    const others = columns.filter((_, other) => other !== index)
    // A field that keeps its name is where it was, in its struct if it was in one.
    if (column.name !== fields[index]!.field.column.name) checkFieldName(`${node}, the field "${column.name}"`, column.name, { ...given, columns: others })
    else if (others.some(({ name }) => name === column.name)) refuse(node, `it names "${column.name}" twice`)
  })
  const nameOf = (what: string, field: string, instead: string): string =>
    fields.find(({ field: { column } }) => column.name === field)?.name ??
      refuse(node, `the ${what} of these rows is "${field}", and it is left out: keep it${instead}`)
  const { eventTime, key } = given
  return {
    fields,
    definition: {
      ...given,
      columns,
      key: key.map((field) => nameOf("key", field, ", or put Events.keyBy before it")),
      eventTime: { ...eventTime, field: nameOf("event time", eventTime.field, "") }
    }
  }
}

const named = (column: Column, name: string): Column =>
  column.name === name ? column : { ...column, name, path: [{ name, optional: column.optional }] }
