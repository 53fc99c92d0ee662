/** Rows of a batch as objects in which every field is in its place: those of a struct in an object of their own. */
import type { Column, Member } from "../pipeline/Column.ts"
import type { Values } from "../pipeline/Row.ts"
import { type Batch, storedAt, valueOf } from "./Batch.ts"

type Node =
  | { readonly _tag: "field"; readonly name: string; readonly column: Column; readonly index: number }
  | { readonly _tag: "struct"; readonly name: string; readonly optional: boolean; readonly members: Array<Node> }

export class StructReader {
  readonly #members: ReadonlyArray<Node>

  constructor(columns: ReadonlyArray<Column>) {
    const members: Array<Node> = []
    columns.forEach((column, index) => {
      const structs = column.path.slice(0, -1)
      const name = column.path.at(-1)?.name ?? column.name
      structs.reduce(structIn, members).push({ _tag: "field", name, column, index })
    })
    this.#members = members
  }

  read(batch: Batch, row: number): Values {
    const textOf = (number: number) => batch.dictionary.textOf(number)
    const valuesOf = (members: ReadonlyArray<Node>): Values => {
      const values: { [name: string]: Values[string] } = {}
      for (const node of members) {
        if (node._tag === "field") values[node.name] = valueOf(node.column, storedAt(batch, node.index, row), textOf)
        else values[node.name] = absentIfEmpty(node, valuesOf(node.members))
      }
      return values
    }
    return valuesOf(this.#members)
  }
}

/** A row only says of which fields there is a value: a struct that may be absent and has none is absent. */
const absentIfEmpty = ({ optional }: { readonly optional: boolean }, values: Values): Values | null =>
  optional && Object.values(values).every((value) => value === null) ? null : values

const structIn = (members: Array<Node>, { name, optional }: Member): Array<Node> => {
  const known = members.find((node) => node._tag === "struct" && node.name === name)
  if (known?._tag === "struct") return known.members
  const struct: Node = { _tag: "struct", name, optional, members: [] }
  members.push(struct)
  return struct.members
}
