/** One of two values, row by row. */
import type { Type } from "../../pipeline/check/Expressions.ts"
import { converted } from "./Arithmetic.ts"
import { bounded, type Evaluator, integerAt, Room, type Rows, type Vector } from "./Vector.ts"

/** The smaller of two numbers, or the larger where the sign is -1; one that is absent is passed over. */
export const extreme = (type: Type, first: Evaluator, second: Evaluator, sign: 1 | -1, isBounded: boolean): Evaluator => {
  // The one that is passed over may have more digits at the scale of both than fit.
  const [left, right] = [converted(type, first, false), converted(type, second, false)]
  const { evaluate } = picked(type, left, right, (a, b, row) => {
    const [x, y] = [a.values[row]!, b.values[row]!]
    if (x !== x || y !== y) return y !== y
    // Two that are infinite are larger than a double holds.
    return x === y && !Number.isFinite(x) ? (integerAt(a, row) - integerAt(b, row)) * BigInt(sign) <= 0n : (x - y) * sign <= 0
  })
  return isBounded ? { type, evaluate: (rows) => bounded(evaluate(rows), rows) } : { type, evaluate }
}

/** The first value, or the second where there is none. */
export const coalesce = (type: Type, first: Evaluator, second: Evaluator, isBounded: boolean): Evaluator =>
  picked(type, converted(type, first, isBounded), lazily(converted(type, second, isBounded)), ({ values }, _, row) => !Number.isNaN(values[row]))

/** The first value where the mask is 1, and the second elsewhere. */
export const conditional = (
  type: Type,
  mask: (rows: Rows) => Uint8Array,
  values: { readonly value: Evaluator; readonly otherwise: Evaluator },
  isBounded: boolean
): Evaluator => {
  let holds: Uint8Array = new Uint8Array(0)
  const [left, right] = [lazily(converted(type, values.value, isBounded)), lazily(converted(type, values.otherwise, isBounded))]
  const inner = picked(type, left, right, (_a, _b, row) => holds[row] === 1)
  return {
    type,
    evaluate: (rows) => {
      holds = mask(rows)
      return inner.evaluate(rows)
    }
  }
}

/** An operand, and the rows in which it does not fit, which matter only where it is picked. */
interface Lazy extends Evaluator {
  readonly refused: Map<number, string>
}

const lazily = ({ evaluate, type }: Evaluator): Lazy => {
  const refused = new Map<number, string>()
  return {
    type,
    refused,
    evaluate: (rows) => {
      refused.clear()
      return evaluate({ ...rows, refuse: (row, why) => refused.set(row, why) })
    }
  }
}

const picked = (
  type: Type,
  left: Evaluator | Lazy,
  right: Evaluator | Lazy,
  isFirst: (a: Vector, b: Vector, row: number) => boolean
): Evaluator => {
  const room = new Room()
  const evaluate = (rows: Rows): Vector => {
    const [a, b] = [left.evaluate(rows), right.evaluate(rows)]
    const out = room.for(rows.batch.length)
    const large = new Map<number, bigint>()
    for (let row = 0; row < rows.batch.length; row++) {
      const [of, vector] = isFirst(a, b, row) ? [left, a] : [right, b]
      const why = "refused" in of ? of.refused.get(row) : undefined
      if (why !== undefined) rows.refuse(row, why)
      const value = out[row] = vector.values[row]!
      if (vector.large !== null && (value === Infinity || value === -Infinity)) large.set(row, integerAt(vector, row))
    }
    return { values: out, large: large.size === 0 ? null : large }
  }
  return { type, evaluate }
}
