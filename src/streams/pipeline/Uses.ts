/**
 * What is done with the fields of a source. Equal texts have one number, so that it is enough to compare numbers; but where a
 * text is only handed on, to find the number that it has already would cost more than all else that is done to it.
 */
import { type Checked, type DeriveFields, endsInEvents, type Events, fieldsRead } from "./Checked.ts"
import { fieldsOf, type Node, partsOf } from "./Expression.ts"

/** Nothing is done with a field's values, they are handed on as they are, or anything may be. */
export type Use = "unread" | "carried" | "compared"

/** Of a source, named by its fingerprint, field by field, apart from its key and its time. */
export const usesOf = (pipelines: ReadonlyArray<Checked>, source: string): (field: string) => Use => {
  const [read, compared] = [fieldsRead(pipelines, source), fieldsCompared(pipelines, source)]
  return (field) => read?.has(field) === false ? "unread" : compared?.has(field) === false ? "carried" : "compared"
}

/** `undefined` where any may be compared. */
const fieldsCompared = (pipelines: ReadonlyArray<Checked>, source: string): ReadonlySet<string> | undefined => {
  const fields = new Set<string>()
  for (const checked of pipelines) {
    if (!checked.nodes.some((node) => node._tag === "source" && node.fingerprint === source)) continue
    const own = endsInEvents(checked) ? comparedBehind(checked.end, (node) => node._tag === "source") : undefined
    if (own === undefined) return undefined
    for (const field of own) fields.add(field)
  }
  return fields
}

/** Of the fields that a node computes: nobody can ask for one of them before it. */
export const usesBehind = (checked: Checked, of: DeriveFields): (field: string) => Use => {
  const compared = endsInEvents(checked) ? comparedBehind(checked.end, (node) => node === of) : undefined
  return (field) => compared?.has(field) === false ? "carried" : "compared"
}

/** From the end back to a node: what is computed from a field is compared as that is. */
const comparedBehind = (end: Events, isReached: (node: Events) => boolean): ReadonlySet<string> | undefined => {
  const compared = new Set<string>()
  for (let node = end; !isReached(node); node = node.input) {
    switch (node._tag) {
      case "filter":
        break
      case "where":
        for (const field of comparedIn(node.condition)) compared.add(field)
        break
      case "key-by":
        for (const field of node.definition.key) compared.add(field)
        break
      case "derive-fields":
        for (const { expression, name } of node.values) {
          for (const field of compared.has(name) ? fieldsOf(expression) : comparedIn(expression)) compared.add(field)
        }
        break
      default:
        return undefined
    }
  }
  return compared
}

const comparedIn = (node: Node): ReadonlyArray<string> => {
  switch (node.op) {
    case "eq":
    case "ne":
    case "isNot":
      return [node.field]
    case "compare":
      return fieldsOf(node)
    default:
      return partsOf(node).flatMap(comparedIn)
  }
}
