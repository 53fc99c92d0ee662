/** One of two values, row by row. What is not picked is not looked at, so that nothing of it is refused. */
import type { Type } from "../../pipeline/check/Expressions.ts"
import { converted } from "./Arithmetic.ts"
import { bounded, type Evaluator, integerAt, Room, type Rows, type Vector } from "./Vector.ts"

/** The smaller of two numbers, or the larger where the sign is -1; one that is absent is passed over. */
export const extreme = (type: Type, first: Evaluator, second: Evaluator, sign: 1 | -1, isBounded: boolean): Evaluator => {
  // The one that is passed over may have more digits at the scale of both than fit.
  const [left, right] = [converted(type, first, false), converted(type, second, false)]
  const room = new Room()
  const evaluate = (rows: Rows): Vector => {
    const [a, b] = [left.evaluate(rows), right.evaluate(rows)]
    const picks = new Uint8Array(rows.batch.length)
    for (let row = 0; row < picks.length; row++) {
      const [x, y] = [a.values[row]!, b.values[row]!]
      // One that is infinite is more than a double holds exactly, which the other one may be all the same: a price that ends in zeros.
      const isLarge = x === x && y === y && (a.large?.has(row) === true || b.large?.has(row) === true)
      const isFirst = isLarge ? (integerAt(a, row) - integerAt(b, row)) * BigInt(sign) <= 0n : (x - y) * sign <= 0
      picks[row] = y !== y || isFirst ? 1 : 0
    }
    const vector = picked(room, picks, a, b)
    return isBounded ? bounded(vector, rows) : vector
  }
  return { type, evaluate }
}

/** The first value, or the second where there is none. */
export const coalesce = (type: Type, first: Evaluator, second: Evaluator, isBounded: boolean): Evaluator => {
  const [left, right] = [converted(type, first, isBounded), converted(type, second, isBounded)]
  const room = new Room()
  const evaluate = (rows: Rows): Vector => {
    const a = left.evaluate(rows)
    const isThere = new Uint8Array(rows.batch.length)
    for (let row = 0; row < isThere.length; row++) isThere[row] = Number.isNaN(a.values[row]) ? 0 : 1
    return picked(room, isThere, a, right.evaluate(among(rows, isThere, 0)))
  }
  return { type, evaluate }
}

/** The first value where the mask is 1, and the second elsewhere. */
export const conditional = (
  type: Type,
  mask: (rows: Rows) => Uint8Array,
  values: { readonly value: Evaluator; readonly otherwise: Evaluator },
  isBounded: boolean
): Evaluator => {
  const [left, right] = [converted(type, values.value, isBounded), converted(type, values.otherwise, isBounded)]
  const room = new Room()
  const evaluate = (rows: Rows): Vector => {
    const holds = mask(rows)
    return picked(room, holds, left.evaluate(among(rows, holds, 1)), right.evaluate(among(rows, holds, 0)))
  }
  return { type, evaluate }
}

/** Those of the rows that have this bit in a mask. */
const among = (rows: Rows, mask: Uint8Array, bit: 0 | 1): Rows => {
  const keep = new Uint8Array(mask.length)
  for (let row = 0; row < keep.length; row++) keep[row] = mask[row] === bit && (rows.keep === null || rows.keep[row] === 1) ? 1 : 0
  return { ...rows, keep }
}

/** The first value where the mask is 1, and the second elsewhere. */
const picked = (room: Room, mask: Uint8Array, first: Vector, second: Vector): Vector => {
  const [x, y] = [first.values, second.values]
  const out = room.for(mask.length)
  for (let row = 0; row < mask.length; row++) out[row] = mask[row] === 1 ? x[row]! : y[row]!
  if (first.large === null && second.large === null) return { values: out, large: null }
  const large = new Map<number, bigint>()
  for (let row = 0; row < mask.length; row++) {
    if (out[row] === Infinity || out[row] === -Infinity) large.set(row, integerAt(mask[row] === 1 ? first : second, row))
  }
  return { values: out, large: large.size === 0 ? null : large }
}
