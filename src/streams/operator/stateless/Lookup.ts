/** Adds fields of the row that a table has for the values of a row; where it has none they are absent. */
import { stored } from "../../../domain/Decimal.ts"
import type * as Checked from "../../pipeline/Checked.ts"
import type { Column } from "../../pipeline/Column.ts"
import type { Value } from "../../pipeline/Table.ts"
import type { Batch } from "../../records/Batch.ts"
import type { Rows } from "../Operator.ts"
import { RowStep } from "./RowStep.ts"

/** A value as a column stores it, but for a string, whose number is another one in each dictionary. */
type Stored = number | bigint | string

/** By the values of a key, one after another, the selected fields of its row. */
type Level = Map<Stored, Level | ReadonlyArray<Stored>>

export class Lookup extends RowStep {
  readonly #node: Checked.Lookup
  /** `null` before the first row: a table may be large, and a copy that sees none of them does without. */
  #rows: Level | null = null

  constructor(node: Checked.Lookup) {
    super(node.fingerprint)
    this.#node = node
  }

  protected changed(rows: Rows): Rows {
    const { batch, keep } = rows
    const { dictionary, large, length } = batch
    const known = this.#rows ??= rowsOf(this.#node)
    const added = this.#node.select.map(() => new Float64Array(length).fill(NaN))
    const addedLarge = this.#node.select.map((): Map<number, bigint> | null => null)
    for (let row = 0; row < length; row++) {
      if (keep !== null && keep[row] === 0) continue
      const found = this.#find(known, batch, row)
      found?.forEach((value, at) => {
        if (typeof value !== "bigint") return added[at]![row] = typeof value === "string" ? dictionary.numberOf(value) : value
        const integers = addedLarge[at] ??= new Map()
        integers.set(row, value)
        return added[at]![row] = value > 0n ? Infinity : -Infinity
      })
    }
    return {
      ...rows,
      batch: {
        ...batch,
        source: this.#node.definition,
        absent: new Map(batch.absent),
        masks: new Map(),
        columns: [...batch.columns, ...added],
        large: large === null && addedLarge.every((integers) => integers === null) ? null : [...large ?? batch.columns.map(() => null), ...addedLarge]
      }
    }
  }

  #find(known: Level, { columns, dictionary }: Batch, row: number): ReadonlyArray<Stored> | undefined {
    let found: Level | ReadonlyArray<Stored> | undefined = known
    for (const { column, index } of this.#node.by) {
      const value = columns[index]![row]!
      // As many levels as the key has parts come before what is found.
      if (value !== value || !(found instanceof Map)) return undefined
      found = found.get(column.kind === "string" ? dictionary.textOf(value) : value)
    }
    return found instanceof Map ? undefined : found
  }
}

const rowsOf = ({ by, select, table: { key, rows } }: Checked.Lookup): Level => {
  const all: Level = new Map()
  for (const row of rows) {
    const values = by.map(({ column }, part) => storedOf(column, row[key[part]!] ?? null))
    const level = values.slice(0, -1).reduce(levelIn, all)
    level.set(values.at(-1)!, select.map(({ field: { column } }) => storedOf(column, row[column.name] ?? null)))
  }
  return all
}

const levelIn = (level: Level, value: Stored): Level => {
  const known = level.get(value)
  if (known instanceof Map) return known
  const added: Level = new Map()
  level.set(value, added)
  return added
}

const storedOf = (column: Column, value: Value): Stored => {
  if (value === null) return NaN
  switch (column.kind) {
    case "boolean":
      return value === true ? 1 : 0
    case "string":
      return String(value)
    case "decimal":
      // The table's schema has taken it, and so it fits.
      return typeof value === "object" ? stored(value, column) ?? NaN : NaN
    default:
      return Number(value)
  }
}
