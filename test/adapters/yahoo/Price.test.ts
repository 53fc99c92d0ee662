import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import * as Decimal from "../../../src/domain/Decimal.ts"
import * as Price from "../../../src/adapters/yahoo/Price.ts"

describe("Price.toText", () => {
  it("takes the tail off what was widened from a float32, and leaves every digit that was meant", () => {
    const rows: ReadonlyArray<readonly [number, string]> = [
      [251.36000061035156, "251.36"],
      [164.97999572753906, "164.98"],
      [137.18499755859375, "137.185"],
      [Math.fround(24.535), "24.535"],
      [Math.fround(1.13702), "1.13702"],
      [Math.fround(0.00000912), "0.00000912"],
      [1.0489877, "1.0489877"],
      [94745.078125, "94745.08"],
      [16777.216796875, "16777.217"],
      [185.65020751953125, "185.6502"],
      [226, "226"],
      [150_123_456, "150123456"],
      [Math.fround(163_512_345), "163512352"],
      [163_512_345.67, "163512345.67"],
      [163_512_345.123_456_7, "163512345.1234567"],
      [5_600_000_123.456_789, "5600000123.4568"],
      [-37.630001068115234, "-37.63"],
      [1.5e-7, "0.00000015"],
      [0.1 + 0.2, "0.3"]
    ]
    for (const [price, text] of rows) assert.strictEqual(Price.toText(price), text)
  })

  const decimal = FastCheck.tuple(FastCheck.integer({ min: -999_999, max: 999_999 }), FastCheck.nat(8))

  it("gives back every decimal of up to six digits, sent as a float32 or as a double", () => {
    FastCheck.assert(FastCheck.property(decimal, ([unscaled, scale]) => {
      const text = Decimal.formatUnscaled(BigInt(unscaled), scale)
      assert.strictEqual(Price.toText(Math.fround(Number(text))), text)
      assert.strictEqual(Price.toText(Number(text)), text)
    }))
  })

  it("is the same float32 again, in no more than nine digits", () => {
    const price = FastCheck.float({ min: 1, max: Math.fround(90_000_000), noNaN: true })
    FastCheck.assert(FastCheck.property(price, (price) => {
      const text = Price.toText(price)
      assert.strictEqual(Math.fround(Number(text)), price)
      assert.isAtMost(text.replace(".", "").length, 9)
    }))
  })

  it("rounds what has more decimals than a price, half up and away from zero", () => {
    FastCheck.assert(FastCheck.property(FastCheck.integer({ min: -999_999, max: 999_999 }), (unscaled) => {
      const price = Math.fround(Number(Decimal.formatUnscaled(BigInt(unscaled), 9)))
      assert.strictEqual(
        Price.toText(price),
        Decimal.formatUnscaled(Decimal.divideHalfUp(BigInt(unscaled), 10n), 8)
      )
    }))
  })
})
