/** Rows of a batch as objects in which every field is in its place: those of a struct in an object of their own. */
import { fromUnscaled } from "../../domain/Decimal.ts"
import type { Column, Member } from "../pipeline/Column.ts"
import type { Values } from "../pipeline/Row.ts"
import type { Batch } from "./Batch.ts"

/** What is to be known of a column, in one shape for all kinds of them: of others each look would have to find out which. */
interface Field {
  readonly _tag: "field"
  readonly name: string
  readonly kind: Column["kind"]
  readonly scale: number
  readonly index: number
}

interface Struct {
  readonly _tag: "struct"
  readonly name: string
  readonly optional: boolean
  readonly members: Array<Node>
}

type Node = Field | Struct

export class StructReader {
  readonly #members: ReadonlyArray<Node>

  constructor(columns: ReadonlyArray<Column>) {
    const members: Array<Node> = []
    columns.forEach((column, index) => {
      const structs = column.path.slice(0, -1)
      const name = column.path.at(-1)?.name ?? column.name
      structs.reduce(structIn, members).push({ _tag: "field", name, kind: column.kind, scale: column.kind === "decimal" ? column.scale : 0, index })
    })
    this.#members = members
  }

  read(batch: Batch, row: number): Values {
    return valuesOf(this.#members, batch, row)
  }
}

const valuesOf = (members: ReadonlyArray<Node>, batch: Batch, row: number): Values => {
  const values: { [name: string]: Values[string] } = {}
  for (const node of members) {
    values[node.name] = node._tag === "field" ? valueAt(node, batch, row) : absentIfEmpty(node, valuesOf(node.members, batch, row))
  }
  return values
}

/** What `valueOf` gives of a column: most of a pipeline's time is spent here where each row has many fields. */
const valueAt = ({ index, kind, scale }: Field, { columns, dictionary, large }: Batch, row: number): Values[string] => {
  const stored = columns[index]![row]!
  if (stored !== stored) return null
  switch (kind) {
    case "decimal":
      return fromUnscaled(large?.[index]?.get(row) ?? stored, scale)
    case "boolean":
      return stored === 1
    case "string":
      return dictionary.textOf(stored)
    default:
      return large === null ? stored : Number(large[index]?.get(row) ?? stored)
  }
}

/** A row only says of which fields there is a value: a struct that may be absent and has none is absent. */
const absentIfEmpty = ({ optional }: { readonly optional: boolean }, values: Values): Values | null =>
  optional && Object.values(values).every((value) => value === null) ? null : values

const structIn = (members: Array<Node>, { name, optional }: Member): Array<Node> => {
  const known = members.find((node) => node._tag === "struct" && node.name === name)
  if (known?._tag === "struct") return known.members
  const struct: Struct = { _tag: "struct", name, optional, members: [] }
  members.push(struct)
  return struct.members
}
