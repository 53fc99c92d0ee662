/** The rows of several branches of a plan as rows of one. */
import type { Definition } from "../../../streams/pipeline/Source.ts"
import type { Scope } from "./Expression.ts"
import type { Step } from "./Program.ts"
import { shift } from "./Shift.ts"
import type { Side } from "./Side.ts"

/** The order of rows has room for one digit of the source, and one of the branch. */
export const mostBranches = 10

export interface United {
  /** What the rows of all are. */
  readonly scope: Scope
  /** The columns that all have in the end. */
  readonly selectOf: (side: Side) => Step
  /**
   * By which rows are first and last: event time, source, partition, offset, and last the branch, of a row that comes by two of
   * them. As one decimal of 37 digits.
   */
  readonly placeOf: (side: Side, branch: number) => string
}

export const unitedOf = (definition: Definition, sides: ReadonlyArray<Side>): United => {
  const sources = [...new Set(sides.map(({ source }) => source.name))].sort()
  const held = definition.columns.map(({ name }, index) => [name, `u${index}`] as const)
  const names = new Map(held)
  return {
    scope: { definition, nameOf: (field) => names.get(field) ?? field },
    selectOf: ({ scope }) => ({
      _tag: "select",
      columns: { key: "key", moment: "moment", place: "place", ...Object.fromEntries(held.map(([name, column]) => [column, scope.nameOf(name)])) }
    }),
    placeOf: ({ source }, branch) => [
      `CAST(time + ${shift} AS DECIMAL(16, 0)) * 1000000000000000000000BD`,
      `${sources.indexOf(source.name)}00000000000000000000BD`,
      "CAST(partition AS DECIMAL(19, 0)) * 10000000000000000BD",
      "CAST(offset AS DECIMAL(19, 0)) * 10",
      String(branch)
    ].join(" + ")
  }
}
