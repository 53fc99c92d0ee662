/** Values of a table as columns of a plan hold them. */
import { stored } from "../../../domain/Decimal.ts"
import type { Column } from "../../../streams/pipeline/Column.ts"
import type { Value } from "../../../streams/pipeline/Table.ts"
import * as Sql from "./Sql.ts"

/** More would be more conditions than a plan has room for, each of which every row is held against. */
export const mostRows = 1_000

export const toSql = (column: Column, value: Value): string => {
  const isWide = column.kind === "decimal" && column.isWide === true
  if (value === null) return `CAST(NULL AS ${isWide ? "DECIMAL(38, 0)" : types[column.kind]})`
  switch (column.kind) {
    case "string":
      return Sql.text(String(value))
    case "boolean":
      return String(value)
    case "double":
      return Sql.double(Number(value))
    case "int":
      return integer(Number(value))
    case "decimal": {
      // The table's schema has taken it, and so it fits.
      const unscaled = typeof value === "object" ? stored(value, column)! : NaN
      return isWide ? `${unscaled}BD` : integer(Number(unscaled))
    }
  }
}

const integer = (value: number): string => `CAST('${value}' AS BIGINT)`

const types: { readonly [K in Column["kind"]]: string } = { string: "STRING", boolean: "BOOLEAN", double: "DOUBLE", int: "BIGINT", decimal: "BIGINT" }
