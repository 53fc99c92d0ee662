/** The results of windows as a table, so that expressions over them are checked and evaluated as those over rows. */
import type { ValueType } from "../Checked.ts"
import type { Table } from "../Column.ts"
import { columnOf, largest, safe, type Type } from "./Expressions.ts"

/** What a user's own function gives has no kind, and no column. Any result may be missing. */
export const tableOf = (results: Iterable<readonly [name: string, type: ValueType]>): Table => {
  const typed = Array.from(results, ([name, type]) => ({ name, type: typeIn(type) }))
  return {
    name: null,
    columns: typed.flatMap(({ name, type }) => type === null ? [] : [columnOf(name, type)]),
    untyped: typed.flatMap(({ name, type }) => type === null ? [name] : [])
  }
}

const typeIn = (type: ValueType): Type | null => {
  switch (type.kind) {
    case "decimal":
      return { kind: "decimal", scale: type.scale, bound: largest, optional: true }
    case "int":
      return { kind: "int", bound: type.isWide === true ? largest : safe, optional: true }
    case "any":
      return null
    default:
      return { kind: type.kind, optional: true }
  }
}

/** What an expression gives, as a result. */
export const resultType = (type: Type): ValueType => {
  switch (type.kind) {
    case "decimal":
      return { kind: "decimal", scale: type.scale }
    case "int":
      return type.bound > safe ? { kind: "int", isWide: true } : { kind: "int" }
    default:
      return { kind: type.kind }
  }
}
