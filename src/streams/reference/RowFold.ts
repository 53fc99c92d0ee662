/** The meaning of a pipeline that ends in events: of all events those that pass, each with its place. See `BatchFold`. */
import type { Column } from "../pipeline/Column.ts"
import type { AnyOfRows } from "../pipeline/Pipeline.ts"
import type { Row, Values } from "../pipeline/Row.ts"
import { definitionOf, originOf } from "../pipeline/Checked.ts"
import { type Event, keyOf, rowOf, through, timeOf } from "./BatchFold.ts"

/** The events of each partition have to be in the order of their offsets. */
export const foldRows = ({ checked: { end, name } }: AnyOfRows, events: ReadonlyArray<Event>): ReadonlyArray<Row> => {
  const { definition: source } = originOf(end).source
  const definition = definitionOf(end)
  return events.flatMap(({ fields: given, offset, partition, preAggregated }): ReadonlyArray<Row> => {
    const row = rowOf(source, given)
    const time = timeOf(source, row)
    if (preAggregated === true || keyOf(source, row) === null || time === null) return []
    const fields = through(end, row)
    if (fields === "left-out" || fields === "refused") return []
    const key = keyOf(definition, fields)
    if (key === null) return []
    const values = structOf(definition.columns, 0, fields)
    return [{ pipeline: name, place: { source: definition.name, partition, offset }, key, time, values }]
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
