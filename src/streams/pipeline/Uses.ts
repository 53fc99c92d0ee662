/**
 * What is done with the fields of a source. Equal texts have one number, so that it is enough to compare numbers; but where a
 * text is only handed on, to find the number that it has already would cost more than all else that is done to it.
 */
import { type Aggregate, type Checked, type DeriveFields, endsInEvents, type Events, fieldsOfCancels, fieldsRead, isOrdering, type Select, type Source, type ToEvents } from "./Checked.ts"
import { fieldsOf, type Node, partsOf } from "./Expression.ts"

/** Nothing is done with a field's values; they are handed on as they are, at once or by a node that keeps them; or anything may be. */
export type Use = "unread" | "passed" | "carried" | "compared"

/** Of a source, named by its fingerprint, field by field, apart from its key and its time. */
export const usesOf = (pipelines: ReadonlyArray<Checked>, source: string): (field: string) => Use => {
  const [read, compared] = [fieldsRead(pipelines, source), fieldsCompared(pipelines, source)]
  const handedOn = pipelines.filter((checked) => reads(checked, source)).some(holds) ? "carried" : "passed"
  return (field) => read?.has(field) === false ? "unread" : compared?.has(field) === false ? handedOn : "compared"
}

/** `undefined` where any may be compared. */
const fieldsCompared = (pipelines: ReadonlyArray<Checked>, source: string): ReadonlySet<string> | undefined => {
  const fields = new Set<string>()
  for (const checked of pipelines) {
    if (!reads(checked, source)) continue
    const comparisons = comparisonsIn(checked)
    if (comparisons === undefined) return undefined
    for (const [node, compared] of comparisons) {
      if (node._tag === "source" && node.fingerprint === source) for (const field of compared) fields.add(field)
    }
  }
  return fields
}

const reads = ({ nodes }: Checked, source: string): boolean => nodes.some((node) => node._tag === "source" && node.fingerprint === source)

const holds = ({ nodes }: Checked): boolean => nodes.some((node) => isOrdering(node) || node._tag === "window")

/** Of the fields that a node computes: nobody can ask for one of them before it. */
export const usesBehind = (checked: Checked, of: DeriveFields): (field: string) => Use => {
  const compared = comparisonsIn(checked)?.get(of)
  const handedOn = holds(checked) ? "carried" : "passed"
  return (field) => compared?.has(field) === false ? handedOn : "compared"
}

/** By node the fields of its rows that are compared behind it; `undefined` where anything may be. */
const comparisonsIn = (checked: Checked): ReadonlyMap<Events, ReadonlySet<string>> | undefined => {
  const comparisons = new Map<Events, ReadonlySet<string>>()
  if (endsInEvents(checked)) collect(checked.end, new Set(), comparisons)
  for (const node of checked.nodes) {
    if (node._tag !== "window") continue
    // Their fields are results, which have other names.
    if (node.preAggregated !== null) return undefined
    collect(node.input, new Set([...node.aggregates.flatMap(comparedInWindow), ...node.cancels === null ? [] : fieldsOfCancels(node.cancels.rows)]), comparisons)
  }
  return comparisons
}

/** A value that is chosen goes into the result as it is. */
const comparedInWindow = ({ by, field, op, where }: Aggregate): ReadonlyArray<string> => {
  const isChosen = op === "first" || op === "last" || op === "minBy" || op === "maxBy"
  const fields = [by, isChosen ? null : field].flatMap((each) => each === null ? [] : [each.column.name])
  return where === null ? fields : [...fields, ...comparedIn(where)]
}

const collect = (node: Events, behind: ReadonlySet<string>, comparisons: Map<Events, ReadonlySet<string>>): void => {
  comparisons.set(node, new Set([...comparisons.get(node) ?? [], ...behind]))
  if (node._tag === "source" || node._tag === "to-events") return
  collect(node.input, new Set(node._tag === "select" ? under(node.fields, behind) : [...behind, ...comparedBy(node, behind)]), comparisons)
  if (node._tag === "union") collect(node.other, behind, comparisons)
  if (node._tag === "as-of" || node._tag === "interval") collect(node.other, new Set(under(node.select, behind)), comparisons)
}

/** Those of some fields that are selected by other names. */
const under = (selected: Select["fields"], behind: ReadonlySet<string>): ReadonlyArray<string> =>
  selected.flatMap(({ field, name }) => behind.has(name) ? [field.column.name] : [])

/** What is computed from a field is compared as that is. Rows are joined by their keys, which always are. */
const comparedBy = (node: Exclude<Events, Select | Source | ToEvents>, behind: ReadonlySet<string>): ReadonlyArray<string> => {
  switch (node._tag) {
    case "where":
      return comparedIn(node.condition)
    case "key-by":
      return node.definition.key
    case "derive-fields":
      return node.values.flatMap(({ expression, name }) => behind.has(name) ? fieldsOf(expression) : comparedIn(expression))
    case "distinct":
    case "lookup":
      return node.by.map(({ column }) => column.name)
    case "in-session":
      return node.window.calendars.by === null ? [] : [node.window.calendars.by]
    case "filter":
    case "in-order":
    case "as-of":
    case "interval":
    case "union":
      return []
  }
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
