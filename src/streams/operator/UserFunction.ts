/** Functions of the user's own: what they throw ends the run, and the error says whose function it was and which row it had. */
import { resultRowsName } from "../pipeline/check/ResultRows.ts"
import { type Batch, placeOf } from "../records/Batch.ts"

/** `what` is the function, with its pipeline and node; `null` for the row of one that is given none. */
export const thrownBy = (what: string, row: string | null, cause: unknown): Error =>
  new Error(`${what} threw an error${row === null ? "" : ` over ${row}`}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })

/** A row in a message: by where it was read, or by the window that it is the result of. */
export const rowIn = (batch: Batch, row: number): string => {
  const { offset, partition, source } = placeOf(batch, row)
  if (source === resultRowsName) return `the result of a window that ends at ${offset}`
  return `the row at offset ${offset} of partition ${partition} of "${source}"`
}
