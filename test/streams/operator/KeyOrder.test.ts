/** Keys are sorted by their strings, in code units, while the dictionary grows and when it is another. */
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { KeyOrder } from "../../../src/streams/operator/windowed/KeyOrder.ts"
import { Dictionary } from "../../../src/streams/records/Batch.ts"

const texts = fc.array(fc.oneof(fc.string({ maxLength: 2 }), fc.constantFrom("a", "A", "é", "\u{1F600}", "\uFFFD")), { maxLength: 12 })

it("sorts as the strings compare", () => {
  fc.assert(fc.property(fc.array(fc.record({ texts, isOther: fc.boolean() }), { maxLength: 12 }), (steps) => {
    const order = new KeyOrder()
    let dictionary = new Dictionary()
    for (const { isOther, texts } of steps) {
      if (isOther) dictionary = new Dictionary()
      const keys = [...new Set(texts.map((text) => dictionary.numberOf(text)))]
      const sorted = order.sort(keys, dictionary).map((key) => dictionary.textOf(key))
      expect(sorted).toEqual([...new Set(texts)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)))
    }
  }))
})
