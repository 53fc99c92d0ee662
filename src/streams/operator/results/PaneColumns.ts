/** Results of panes laid out as columns are, so that expressions are evaluated over them as over rows. */
import { BigDecimal } from "effect"
import { fromUnscaled, isDouble } from "../../../domain/Decimal.ts"
import { scaleOf, type Type } from "../../pipeline/check/Expressions.ts"
import type { Column, Table } from "../../pipeline/Column.ts"
import type { Pane, Value } from "../../pipeline/Pane.ts"
import { Dictionary } from "../../records/Batch.ts"
import { type Columns, integerAt, type Vector } from "../expressions/Vector.ts"

/** Unless told otherwise their texts are numbered anew each time, so that none is kept. */
export const columnsOf = ({ columns }: Table, panes: ReadonlyArray<Pick<Pane, "values">>, dictionary = new Dictionary()): Columns => {
  const vectors = columns.map((column) => vectorOf(column, panes, dictionary))
  const hasLarge = vectors.some(({ large }) => large !== null)
  return {
    dictionary,
    length: panes.length,
    columns: vectors.map(({ values }) => values),
    large: hasLarge ? vectors.map(({ large }) => large) : null
  }
}

const vectorOf = (column: Column, panes: ReadonlyArray<Pick<Pane, "values">>, dictionary: Dictionary): Vector => {
  const large = new Map<number, bigint>()
  const values = Float64Array.from(panes, (pane, row) => {
    const stored = storedOf(column, pane.values[column.name] ?? null, dictionary)
    if (typeof stored === "number") return stored
    // An integer is a `bigint` from 2^53 on, also where a double holds it.
    if (column.kind === "decimal" ? isDouble(stored) : Number.isSafeInteger(Number(stored))) return Number(stored)
    large.set(row, stored)
    return stored > 0n ? Infinity : -Infinity
  })
  return { values, large: large.size === 0 ? null : large }
}

const storedOf = (column: Column, value: Value, dictionary: Dictionary): number | bigint => {
  if (value === null) return NaN
  if (BigDecimal.isBigDecimal(value)) return BigDecimal.scale(value, column.kind === "decimal" ? column.scale : 0).value
  if (typeof value === "string") return dictionary.numberOf(value)
  return typeof value === "boolean" ? Number(value) : value
}

/** What an expression has given for a pane. */
export const valueAt = (type: Type, vector: Vector, row: number, { dictionary }: Columns): Value => {
  const stored = vector.values[row]!
  if (Number.isNaN(stored)) return null
  switch (type.kind) {
    case "decimal":
      return fromUnscaled(integerAt(vector, row), scaleOf(type))
    case "int":
      return vector.large?.get(row) ?? stored
    case "string":
      return dictionary.textOf(stored)
    case "boolean":
      return stored === 1
    case "double":
      return stored
  }
}
