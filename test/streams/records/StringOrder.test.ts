/** Strings are in the order of their bytes in UTF-8. */
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { byCodePoints } from "../../../src/streams/records/StringOrder.ts"

it("compares as databases do, and equals are equal", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "é", "\uFFFD", "\u{1F600}"), maxLength: 3 })
  fc.assert(fc.property(text, text, (a, b) => {
    expect(Math.sign(byCodePoints(a, b))).toBe(Math.sign(Buffer.from(a).compare(Buffer.from(b))))
    expect(byCodePoints(a, `${a}`)).toBe(0)
  }))
})
