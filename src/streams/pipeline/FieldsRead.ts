/** Which fields of their sources pipelines look at, beside the key and the time. */
import type { Checked } from "./Checked.ts"
import type { Node } from "./Expr.ts"

/** `undefined` where functions are handed whole rows. */
export const fieldsRead = (pipelines: ReadonlyArray<Checked>): ReadonlySet<string> | undefined => {
  const fields = new Set<string>()
  for (const node of pipelines.flatMap(({ nodes }) => nodes)) {
    if (node._tag === "filter") return undefined
    if (node._tag === "where") addFields(node.condition, fields)
    if (node._tag !== "window") continue
    for (const { by, custom, field, preAggregated, where } of node.aggregates) {
      if (custom !== null) return undefined
      for (const read of [field, by, preAggregated]) if (read !== null) fields.add(read.column.name)
      if (where !== null) addFields(where, fields)
    }
  }
  return fields
}

const addFields = (node: Node, fields: Set<string>): void => {
  switch (node.op) {
    case "and":
    case "or":
      return node.all.forEach((part) => addFields(part, fields))
    case "not":
      return addFields(node.that, fields)
    default:
      fields.add(node.field)
  }
}
