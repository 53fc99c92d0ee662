/** The values of an expression over the rows of a batch, stored as those of a column are. */
import { largest, type Type } from "../../pipeline/check/Expressions.ts"
import type { Batch } from "../../records/Batch.ts"

/** What is evaluated: the rows of a batch, or panes whose results are laid out as columns. */
export type Columns = Pick<Batch, "columns" | "dictionary" | "large" | "length"> & Partial<Pick<Batch, "absent">>

/** Rows of a batch in which `keep` is 0 are passed over. */
export interface Rows {
  readonly batch: Columns
  readonly keep: Uint8Array | null
  /** A row has a value that does not fit, for this reason. */
  readonly refuse: (row: number, why: string) => void
}

/** All rows, of which none is refused: what is compared may be of any size. */
export const all = (batch: Columns): Rows => ({ batch, keep: null, refuse: () => {} })

export interface Evaluator {
  readonly type: Type
  /** The vector is good until the next call. */
  readonly evaluate: (rows: Rows) => Vector
}

/** Integers that a double does not hold exactly, by row: there the column is infinite. */
export type Large = ReadonlyMap<number, bigint>

export interface Vector {
  readonly values: Float64Array
  readonly large: Large | null
}

/** Of a field. */
export const vectorOf = ({ columns, large }: Columns, index: number): Vector => ({ values: columns[index]!, large: large?.[index] ?? null })

/** The same but for what has more than 38 digits, as a sum of rows may, or what has got another scale. */
export const bounded = (vector: Vector, { keep, refuse }: Rows): Vector => {
  if (vector.large === null) return vector
  const tooLarge = [...vector.large].filter(([row, integer]) => (keep === null || keep[row] === 1) && (integer > largest || integer < -largest))
  if (tooLarge.length === 0) return vector
  const values = vector.values.slice()
  for (const [row] of tooLarge) {
    refuse(row, "more than 38 digits")
    values[row] = NaN
  }
  return { values, large: vector.large }
}

/** The integer in a row, of any size; what is absent has none. */
export const integerAt = ({ large, values }: Vector, row: number): bigint => large?.get(row) ?? BigInt(values[row]!)

/** The values as doubles, those that are large as the nearest ones. */
export const nearest = ({ large, values }: Vector): Float64Array => {
  if (large === null || large.size === 0) return values
  const doubles = values.slice()
  for (const [row, integer] of large) doubles[row] = Number(integer)
  return doubles
}

/** Room for a vector that is used again and again: the rows of the next batch replace those of this one. */
export class Room {
  #values = new Float64Array(0)

  for(length: number): Float64Array {
    if (this.#values.length < length) this.#values = new Float64Array(length * 2)
    return this.#values
  }
}
