import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import * as FastCheck from "fast-check"
import { readFileSync } from "node:fs"
import * as PricingData from "../../../src/adapters/yahoo/PricingData.ts"
import * as Streamer from "../../../src/adapters/yahoo/Streamer.ts"
import { encode, frameOf } from "./frames.ts"

const recorded = JSON.parse(
  readFileSync(new URL("../../fixtures/yahoo/streamer-frame-aapl.json", import.meta.url), "utf8")
)

const message = FastCheck.record({
  id: FastCheck.string({ minLength: 1, maxLength: 20, unit: "grapheme-ascii" }),
  price: FastCheck.float({ noNaN: true, noDefaultInfinity: true }),
  time: FastCheck.integer({ min: -4_000_000_000_000, max: 4_000_000_000_000 }),
  marketHours: FastCheck.option(FastCheck.nat(3), { nil: undefined }),
  dayVolume: FastCheck.option(FastCheck.maxSafeNat(), { nil: undefined })
})

describe("PricingData", () => {
  it("reads a recorded frame", () => {
    const { id, marketHours, price, time } = recorded.decoded
    assert.deepStrictEqual(
      Streamer.decode(recorded.envelope),
      Option.some({ id, price, time, marketHours, dayVolume: undefined })
    )
  })

  it("reads back what is written, whatever other fields stand between", () => {
    FastCheck.assert(FastCheck.property(message, (message) => {
      assert.deepStrictEqual(Streamer.decode(frameOf(message)), Option.some(message))
    }))
  })

  it("neither throws nor makes up a price, whatever bytes come", () => {
    FastCheck.assert(FastCheck.property(FastCheck.uint8Array({ maxLength: 60 }), (bytes) => {
      const price = PricingData.decode(bytes)
      if (Option.isSome(price)) assert.isTrue(Number.isFinite(price.value.price))
    }))
    FastCheck.assert(FastCheck.property(message, FastCheck.nat(100), (message, length) => {
      const bytes = encode(message)
      // Cut anywhere, a message either lacks what comes last or is no message.
      const cut = PricingData.decode(bytes.subarray(0, Math.min(length, bytes.length)))
      if (Option.isSome(cut)) assert.strictEqual(cut.value.price, message.price)
    }))
    for (const frame of ["", "{}", "null", "[", `{"message":1}`, `{"message":"%"}`, `{"type":"heartbeat"}`]) {
      assert.deepStrictEqual(Streamer.decode(frame), Option.none())
    }
  })

  it("takes no price that is not a number", () => {
    for (const price of [NaN, Infinity, -Infinity]) {
      const bytes = encode({ id: "A", price, time: 1, marketHours: 1, dayVolume: 1 })
      assert.deepStrictEqual(PricingData.decode(bytes), Option.none())
    }
  })
})
