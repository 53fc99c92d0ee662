/** Sums of integers against big integers, across the bound of exact doubles. */
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { ExactSum } from "../../../src/streams/operator/aggregates/ExactSum.ts"
import { StateReader, StateWriter } from "../../../src/streams/operator/State.ts"

const most = Number.MAX_SAFE_INTEGER

const integer = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constantFrom(most, -most, most - 1, 2 ** 52, -(2 ** 52)))

const step = fc.oneof(
  fc.record({ does: fc.constant("add" as const), slot: fc.nat(2), a: integer }),
  fc.record({ does: fc.constant("product" as const), slot: fc.nat(2), a: integer, b: integer }),
  fc.record({ does: fc.constantFrom("merge" as const, "subtract" as const), slot: fc.nat(2), other: fc.nat(2) }),
  fc.record({ does: fc.constantFrom("reset" as const, "write" as const), slot: fc.nat(2) })
)

const written = (sum: ExactSum, slots: Int32Array): ExactSum => {
  const writer = new StateWriter()
  sum.save("s", slots, writer.table("t", slots.length))
  const read = new ExactSum()
  read.grow(3)
  const table = new StateReader([writer.bytes!]).table("t")
  read.restore("s", slots, table)
  table.end()
  return read
}

it("a sum is exact whatever it was made of, and a double where that is exact", () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    let sum = new ExactSum()
    sum.grow(3)
    const model = [0n, 0n, 0n]
    for (const each of steps) {
      const { slot } = each
      if (each.does === "add") {
        sum.add(slot, each.a)
        model[slot]! += BigInt(each.a)
      } else if (each.does === "product") {
        sum.addProduct(slot, each.a, each.b)
        model[slot]! += BigInt(each.a) * BigInt(each.b)
      } else if (each.does === "merge") {
        sum.merge(slot, each.other)
        model[slot]! += model[each.other]!
      } else if (each.does === "subtract") {
        sum.subtract(slot, each.other)
        model[slot]! -= model[each.other]!
      } else if (each.does === "reset") {
        sum.reset(slot)
        model[slot] = 0n
      } else sum = written(sum, Int32Array.of(0, 1, 2))
      for (const [at, total] of model.entries()) {
        expect(sum.total(at)).toBe(total)
        expect(sum.small(at)).toBe(total <= BigInt(most) && total >= -BigInt(most) ? Number(total) : undefined)
      }
    }
  }), { numRuns: 1_000 })
})
