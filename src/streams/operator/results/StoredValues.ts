/** Values of panes as they are kept in a snapshot: by name, so that their order in a declaration may change. */
import { BigDecimal, Schema } from "effect"
import type { Values } from "../../pipeline/Pane.ts"
import { compareText } from "../windowed/KeyOrder.ts"

/** Sorted by name; a decimal or a large integer stands in an array of its own, since a string is a value too. */
export const membersOf = (values: Values): Schema.Json =>
  Object.entries(values)
    .sort(([a], [b]) => compareText(a, b))
    .map(([name, value]) => [name, BigDecimal.isBigDecimal(value) ? [`${value.value}e${value.scale}`] : typeof value === "bigint" ? [String(value)] : value])

/** The values of these names, in their order. */
export const valuesIn = (members: unknown, names: ReadonlyArray<string>): Values => {
  const found = new Map(decodeMembers(members).map(([name, value]) =>
    [name, typeof value === "object" && value !== null ? readNumber(value[0]) : value]))
  return Object.fromEntries(names.map((name) => [name, found.get(name) ?? null]))
}

const decodeMembers = Schema.decodeUnknownSync(Schema.Array(Schema.Tuple([
  Schema.String,
  Schema.Union([Schema.Finite, Schema.String, Schema.Boolean, Schema.Null, Schema.Tuple([Schema.String])])
])))

/** A decimal has its scale behind an `e`, a large integer has none. */
const readNumber = (text: string) => {
  const [value = "0", scale] = text.split("e")
  return scale === undefined ? BigInt(value) : BigDecimal.make(BigInt(value), Number(scale))
}
