/** Keys are sorted by their strings, in code units, while the dictionary grows and when it is another. */
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { KeyOrder } from "../../../src/streams/operator/windowed/KeyOrder.ts"
import { Dictionary } from "../../../src/streams/records/Batch.ts"

const sort = (order: KeyOrder, keys: ReadonlyArray<number>, dictionary: Dictionary): ReadonlyArray<number> => {
  const work = order.sort(keys, dictionary)
  let next = work.next()
  while (next.done !== true) next = work.next()
  return [...next.value]
}

const texts = fc.array(fc.oneof(fc.string({ maxLength: 2 }), fc.constantFrom("a", "A", "é", "\u{1F600}", "\uFFFD")), { maxLength: 12 })

it("sorts as the strings compare", () => {
  fc.assert(fc.property(fc.array(fc.record({ texts, isOther: fc.boolean() }), { maxLength: 12 }), (steps) => {
    const order = new KeyOrder()
    let dictionary = new Dictionary()
    for (const { isOther, texts } of steps) {
      if (isOther) dictionary = new Dictionary()
      const keys = [...new Set(texts.map((text) => dictionary.numberOf(text)))]
      const sorted = sort(order, keys, dictionary).map((key) => dictionary.textOf(key))
      expect(sorted).toEqual([...new Set(texts)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)))
    }
  }))
})

it("ranks the strings of a dictionary once, and then looks at none", () => {
  let looked = 0
  const dictionary = new Dictionary()
  for (const text of ["b", "c", "a", "d"]) dictionary.numberOf(text)
  const watched = new Proxy(dictionary.texts, {
    get: (texts, name) => {
      looked++
      return Reflect.get(texts, name)
    }
  })
  const order = new KeyOrder()
  const other = Object.defineProperty(dictionary, "texts", { get: () => watched })
  expect(sort(order, [0, 1, 2, 3], other)).toEqual([2, 0, 1, 3])
  looked = 0
  expect(sort(order, [3, 1, 2], other)).toEqual([2, 1, 3])
  expect(looked).toBe(0)
})
