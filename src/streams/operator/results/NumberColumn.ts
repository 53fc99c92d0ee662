/**
 * Numbers of a snapshot as they are: a decimal by its integer and its scale, a double as itself, an integer of any size.
 * What tells them apart stands where the scale does.
 */
import { BigDecimal } from "effect"
import { type TableReader, StateError, type TableWriter } from "../State.ts"
import type { Numeric } from "./indicators/Point.ts"

/** In place of a scale, which is above both. */
const [isDouble, isInteger] = [-1, -2]

export const save = (values: ReadonlyArray<Numeric>, part: TableWriter): void => {
  const wholes = values.map((value) => BigDecimal.isBigDecimal(value) ? value.value : typeof value === "bigint" ? value : null)
  part.numbers("scale", Float64Array.from(values, (value) =>
    BigDecimal.isBigDecimal(value) ? value.scale : typeof value === "bigint" ? isInteger : isDouble))
  part.numbers("double", Float64Array.from(values, (value) => typeof value === "number" ? value : 0))
  const small = Float64Array.from(wholes, (whole) => whole !== null && isSafe(whole) ? Number(whole) : 0)
  part.integers("whole", small, new Map(wholes.flatMap((whole, row) => whole === null || isSafe(whole) ? [] : [[row, whole] as const])))
}

const isSafe = (whole: bigint): boolean => BigInt.asIntN(54, whole) === whole && Number.isSafeInteger(Number(whole))

export const read = (part: TableReader): ReadonlyArray<Numeric> => {
  const [scales, doubles] = [part.wholeNumbers("scale"), part.finiteNumbers("double")]
  const { large, small } = part.integers("whole")
  part.end()
  return Array.from(scales, (scale, row): Numeric => {
    if (scale === isDouble) return doubles[row]!
    const whole = large.get(row) ?? BigInt(small[row]!)
    if (scale === isInteger) return whole
    if (scale < 0) throw new StateError("the snapshot is damaged: the scale of a number")
    return BigDecimal.make(whole, scale)
  })
}
