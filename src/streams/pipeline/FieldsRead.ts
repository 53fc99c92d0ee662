/** Which fields of their source pipelines look at, beside its key and its time. */
import type { Node } from "./Expr.ts"
import type { Any as AnyPipeline } from "./Pipeline.ts"

/** `undefined` where functions are handed whole rows. */
export const fieldsRead = (pipelines: ReadonlyArray<AnyPipeline>): ReadonlySet<string> | undefined => {
  const fields = new Set<string>()
  for (const { aggregates, source } of pipelines) {
    for (const filter of source.filters) {
      if (filter._tag === "function") return undefined
      addFields(filter.node, fields)
    }
    for (const { by, field, op, where } of Object.values(aggregates)) {
      if (op === "custom") return undefined
      if (field !== undefined) fields.add(field)
      if (by !== undefined) fields.add(by)
      if (where !== undefined) addFields(where, fields)
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
