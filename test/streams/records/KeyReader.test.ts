/** Keys of one integer are told apart by all of it, whatever came before. */
import { Schema } from "effect"
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { Source } from "../../../src/index.ts"
import { Dictionary } from "../../../src/streams/records/Batch.ts"
import { KeyReader } from "../../../src/streams/records/KeyReader.ts"

const orders = Source.make("orders", { schema: Schema.Struct({ id: Schema.optionalKey(Schema.Int), at: Schema.Int }), key: "id", eventTime: "at" })

/** Many of them have their last bits in common, beyond 32 of them too. */
const integers = fc.tuple(fc.integer({ min: -2, max: 2 }), fc.constantFrom(0, 1, 256, 1_024, 2 ** 31, 2 ** 32, 2 ** 52)).map(([of, unit]) => of * unit + 0)

it("each has the number of its text", () => {
  fc.assert(fc.property(fc.array(integers, { size: "medium" }), (values) => {
    const dictionary = new Dictionary()
    const keys = new KeyReader(orders.definition, dictionary)
    for (const value of values) expect(dictionary.textOf(keys.numberOf([Float64Array.of(value), Float64Array.of(0)], 0))).toBe(String(value))
  }))
})

it("one that is absent has none, also where there was one before", () => {
  const keys = new KeyReader(orders.definition, new Dictionary())
  expect([0, NaN, 0, NaN].map((value) => keys.numberOf([Float64Array.of(value), Float64Array.of(0)], 0))).toEqual([0, -1, 0, -1])
})
