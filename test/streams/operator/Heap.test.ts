/** A heap gives its items in order, whatever was pushed and popped before. */
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { Heap } from "../../../src/streams/operator/windowed/Heap.ts"

it("the smallest comes first", () => {
  fc.assert(fc.property(fc.array(fc.option(fc.nat(50)), { maxLength: 200, size: "max" }), (steps) => {
    const heap = new Heap<number>((a, b) => a - b)
    const model: Array<number> = []
    for (const step of steps) {
      if (step === null) expect(heap.pop()).toBe(model.shift())
      else {
        heap.push(step)
        model.push(step)
        model.sort((a, b) => a - b)
      }
      expect(heap.smallest).toBe(model[0])
    }
    for (const item of model) expect(heap.pop()).toBe(item)
    expect([heap.pop(), heap.smallest]).toEqual([undefined, undefined])
  }))
})

it("looks at few items for each", () => {
  let compared = 0
  const heap = new Heap<number>((a, b) => {
    compared++
    return a - b
  })
  const count = 4_096
  for (let item = count; item > 0; item--) heap.push(item)
  for (let item = 1; item <= count; item++) expect(heap.pop()).toBe(item)
  expect(compared).toBeLessThan(3 * count * Math.log2(count))
})
