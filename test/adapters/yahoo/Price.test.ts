import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import * as Decimal from "../../../src/domain/Decimal.ts"
import * as Price from "../../../src/adapters/yahoo/Price.ts"

describe("Price.toText", () => {
  it("takes the tail off what was widened from a float32", () => {
    const rows: ReadonlyArray<readonly [number, number | undefined, string]> = [
      [251.36000061035156, 2, "251.36"],
      [164.97999572753906, 2, "164.98"],
      [137.18499755859375, 2, "137.19"],
      [94745.078125, 2, "94745.08"],
      [1.0489877, 4, "1.049"],
      [185.65020751953125, undefined, "185.6502"],
      [226, 2, "226"],
      [-37.630001068115234, 2, "-37.63"],
      [1.5e-7, undefined, "0.00000015"],
      [0.000001, 12, "0.000001"]
    ]
    for (const [price, hint, text] of rows) assert.strictEqual(Price.toText(price, hint), text)
  })

  const decimal = FastCheck.tuple(FastCheck.integer({ min: -999_999, max: 999_999 }), FastCheck.nat(4))

  it("gives back every decimal of up to six digits, sent as a float32 or as a double", () => {
    FastCheck.assert(FastCheck.property(decimal, ([unscaled, scale]) => {
      const text = Decimal.formatUnscaled(BigInt(unscaled), scale)
      assert.strictEqual(Price.toText(Math.fround(Number(text)), scale), text)
      assert.strictEqual(Price.toText(Number(text), scale), text)
      assert.strictEqual(Price.toText(Math.fround(Number(text)), undefined), text)
    }))
  })

  it("rounds half up, away from zero, as the domain's own arithmetic does", () => {
    FastCheck.assert(FastCheck.property(decimal, ([unscaled, scale]) => {
      const hint = Math.max(0, scale - 1)
      const rounded = scale === 0 ? BigInt(unscaled) : Decimal.divideHalfUp(BigInt(unscaled), 10n)
      assert.strictEqual(
        Price.toText(Math.fround(Number(Decimal.formatUnscaled(BigInt(unscaled), scale))), hint),
        Decimal.formatUnscaled(rounded, hint)
      )
    }))
  })
})
