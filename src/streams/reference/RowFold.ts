/** The meaning of a pipeline that ends in events: of all events those that pass, each with its place. See `EventFold`. */
import type { Column } from "../pipeline/Column.ts"
import type { AnyOfRows } from "../pipeline/Pipeline.ts"
import type { Row, Values } from "../pipeline/Row.ts"
import { definitionOf } from "../pipeline/Checked.ts"
import { flow } from "./BatchFold.ts"
import { type Event, placeOf } from "./EventFold.ts"

/** The events of each partition have to be in the order of their offsets. */
export const foldRows = ({ checked: { end, name } }: AnyOfRows, events: ReadonlyArray<Event>): ReadonlyArray<Row> => {
  const { columns } = definitionOf(end)
  return flow(end, events).items.map((item): Row => {
    const { fields, key, time } = item
    return { pipeline: name, place: placeOf(item), key, time, values: structOf(columns, 0, fields) }
  })
}

/** The fields of a struct that lies so deep, each in its place; one that may be absent and has no value is absent. */
const structOf = (columns: ReadonlyArray<Column>, depth: number, fields: Event["fields"]): Values =>
  Object.fromEntries([...Map.groupBy(columns, ({ path }) => path[depth]!.name)].map(([name, inside]) => {
    const [{ name: path, path: members }] = inside as [Column]
    if (members.length === depth + 1) return [name, fields[path] ?? null]
    const isAbsent = members[depth]!.optional && inside.every(({ name }) => (fields[name] ?? null) === null)
    return [name, isAbsent ? null : structOf(inside, depth + 1, fields)]
  }))
