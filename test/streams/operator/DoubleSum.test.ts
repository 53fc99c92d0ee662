/** Sums of doubles against big integers, over numbers of any size. */
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { DoubleSum } from "../../../src/streams/operator/aggregates/DoubleSum.ts"
import { StateReader, StateWriter } from "../../../src/streams/operator/State.ts"

const finite = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -400, max: 400 }).map((hundredths) => hundredths / 100),
  fc.constantFrom(Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE, 2 ** 1_000, -(2 ** 1_000), 2 ** 53, 1, -1)
)

/** Whole numbers of the smallest double. */
const units = (value: number): bigint => {
  let [integer, halvings] = [value, 0]
  for (; !Number.isInteger(integer); halvings++) integer *= 2
  return BigInt(integer) << BigInt(1_074 - halvings)
}

const nearest = (values: ReadonlyArray<number>): number =>
  Number(`${values.reduce((sum, value) => sum + units(value), 0n) * 5n ** 1_074n}e-1074`) + 0

const sumOf = (values: ReadonlyArray<number>): DoubleSum => {
  const sum = new DoubleSum()
  sum.grow(2)
  sum.reset(0)
  sum.reset(1)
  for (const value of values) sum.add(0, value)
  return sum
}

const stateOf = (sum: DoubleSum): Uint8Array => {
  const writer = new StateWriter()
  sum.save("sum", Int32Array.of(0), writer.table("sums", 1))
  return writer.bytes!
}

const many = fc.array(finite, { maxLength: 30, size: "max" })

it("a sum of doubles is the double nearest to the true sum, in whatever order, and wherever it has been in between", () => {
  fc.assert(
    fc.property(many, many, fc.infiniteStream(fc.nat()), (values, gone, order) => {
      const sum = sumOf([...values, ...gone])
      for (const value of gone) sum.add(1, value)
      sum.subtract(0, 1)
      expect(sum.rounded(0)).toBe(nearest(values))
      const shuffled = values.map((value) => [value, order.next().value] as const).sort(([, a], [, b]) => a - b)
      expect(stateOf(sumOf(shuffled.map(([value]) => value)))).toEqual(stateOf(sum))
    }),
    { numRuns: 3_000 }
  )
})

it("what was written is read to the bit, and goes on from there", () => {
  fc.assert(
    fc.property(many, many, (before, after) => {
      const sum = sumOf(before)
      const read = sumOf([])
      const table = new StateReader([stateOf(sum)]).table("sums")
      read.restore("sum", Int32Array.of(0), table)
      table.end()
      for (const value of after) read.add(0, value)
      expect(read.rounded(0)).toBe(nearest([...before, ...after]))
    }),
    { numRuns: 1_000 }
  )
})
