/** Takes rows out of a batch again, so that a refused record has none. */
import type { Batch } from "./Batch.ts"

/** The rows are in ascending order. What lies beside the columns goes with them. */
export const takeOut = (batch: Batch, rows: ReadonlyArray<number>): void => {
  if (rows.length === 0) return
  const { columns, keys, length, records, times } = batch
  for (const column of [...columns, times, keys, records]) {
    rows.forEach((row, index) => column.copyWithin(row - index, row + 1, rows[index + 1] ?? length))
  }
  if (batch.large !== null) batch.large = batch.large.map((values) => values === null ? null : without(values, rows))
  batch.length = length - rows.length
}

const without = (values: ReadonlyMap<number, bigint>, rows: ReadonlyArray<number>): ReadonlyMap<number, bigint> => {
  const kept = new Map<number, bigint>()
  for (const [row, value] of values) {
    const before = rows.filter((each) => each < row).length
    if (rows[before] !== row) kept.set(row - before, value)
  }
  return kept
}
